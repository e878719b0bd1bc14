"""Several processes behind one address: one ledger, one memory of tokens, one set of counts."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hook_samples import sign
from nof1.advice.ledger.store import read_ledger
from nof1.core.workspace import create
from nof1.web.access.desk import open_desk
from ports import free_port
from token_samples import SIGN, clients_file, token

PATIENCE_S = 120.0


def command(workspace, port, *more):
    return [
        sys.executable, "-m", "nof1", "serve", "--workspace", str(workspace.root),
        "--insecure-http-for-development", "--workers", "2", "--port", str(port),
        "--answer-within", "300", "--json", *more,
    ]  # fmt: skip


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def serving(pid):
    """The processes that answer; a spawning parent also has a tracker of resources."""
    found = []
    for one in children(pid):
        words = Path(f"/proc/{one}/cmdline").read_bytes()
        if b"spawn_main" in words:
            found.append(one)
    return found


def ask(port, path=SIGN, body=None, bearer=None):
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def until(what):
    end = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def monitor_token(workspace):
    desk = open_desk(workspace)
    desk.accounts.add("prometheus", ["monitor"], password=None)
    secret, _ = desk.tokens.make("program:prometheus", ("monitor",), "", label="", days=1, by="me")
    desk.close()
    return secret


@pytest.fixture
def running(tmp_path):
    workspace, port = create(tmp_path / "ws"), free_port()
    base = f"http://127.0.0.1:{port}"
    clients = clients_file(tmp_path, base_url=base)
    process = subprocess.Popen(
        command(workspace, port, "--clients", str(clients)), stdout=subprocess.PIPE
    )
    assert json.loads(process.stdout.readline())["tokens"]
    yield workspace, port, base, process
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")
def test_two_processes_are_one_server(running):
    workspace, port, base, process = running
    first = until(lambda: len(serving(process.pid)) == 2 and serving(process.pid))

    tokens = [token(aud=base + SIGN, jti=f"one-{number}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:  # each token twice, on connections of their own
        statuses = list(
            pool.map(lambda one: ask(port, SIGN, sign("metformin"), one)[0], tokens * 2)
        )
    assert (statuses.count(200), statuses.count(401)) == (12, 12)

    os.kill(first[0], signal.SIGKILL)
    until(lambda: first[0] not in serving(process.pid))
    until(lambda: len(serving(process.pid)) == 2)
    again = token(aud=base + SIGN, jti="two")
    assert ask(port, SIGN, sign("metformin"), again)[0] == 200
    assert ask(port, SIGN, sign("metformin"), tokens[0])[0] == 401  # remembered by the new one too

    ledger = read_ledger(workspace.audit)
    verdict = ledger.verify()
    ledger.close()
    assert verdict.intact
    assert verdict.entries == 13
    assert ask(port, "/metrics")[0] == 401  # whoever looks at the counts needs a role
    monitor = monitor_token(workspace)
    wanted = 'nof1_answers_total{service="nof1-order-sign",status="200"}'
    lines = until(
        lambda: [
            x for x in ask(port, "/metrics", None, monitor)[1].decode().splitlines() if wanted in x
        ]
    )
    assert int(lines[0].rpartition(" ")[2]) <= 13  # what the killed one had not shared yet is lost


def test_when_one_cannot_start_none_stays(tmp_path):
    workspace = create(tmp_path / "ws")
    broken = tmp_path / "clients.json"
    broken.write_text("{}")
    done = subprocess.run(
        command(workspace, free_port(), "--clients", str(broken)), capture_output=True, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 2
    assert "clients' file" in json.loads(done.stderr)["error"]
    assert "Traceback" not in done.stderr


def test_a_demo_has_one_process(tmp_path):
    workspace = create(tmp_path / "ws", synthetic=True)
    words = [sys.executable, "-m", "nof1", "serve", "--workspace", str(workspace.root), "--demo"]
    done = subprocess.run([*words, "--workers", "2"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--workers" in done.stderr
