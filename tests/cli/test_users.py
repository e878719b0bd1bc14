"""``nof1 users``: accounts from the command line, and a real server that knows them."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest

from access_samples import OTHER, PASSWORD, cheap, csrf_of
from nof1.cli import main
from nof1.core import audit
from nof1.core.workspace import create
from ports import free_port

PATIENCE_S = 120.0


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    cheap(monkeypatch)
    return create(tmp_path / "ws")


@pytest.fixture
def run(capsys, monkeypatch, workspace):
    """Runs a command, with a line on standard input; gives code, JSON (or text) and errors."""

    def call(*words, line="", as_json=True):
        monkeypatch.setattr(sys, "stdin", io.StringIO(line + "\n"))
        more = ["--json"] if as_json else []
        with pytest.raises(SystemExit) as stop:
            main(["users", *words, "-w", str(workspace.root), *more])
        out, err = capsys.readouterr()
        return stop.value.code, (json.loads(out) if as_json and out else out), err

    return call


def add(run, name="anna", *more, line=PASSWORD):
    return run("add", name, "--role", "clinician", "--password-stdin", *more, line=line)


def test_an_account_from_first_to_last(run, workspace):
    code, made, _ = add(run)
    assert (code, made["account"], made["roles"], made["patients"]) == (
        0, "local:anna", ["clinician"], 0,
    )  # fmt: skip
    assert run("role", "anna", "pharmacist", "learner")[1]["roles"] == ["learner", "pharmacist"]
    assert run("password", "anna", "--password-stdin", line=OTHER)[0] == 0
    assert run("patients", "anna", "--add", "p1", "--add", "p2", "--take", "p1")[1]["patients"] == 1
    assert run("patients", "anna", "--every")[1]["every_patient"] is True
    listed = run("list")[1]["accounts"]
    assert [(one["name"], one["tokens"]) for one in listed] == [("anna", 0)]
    assert run("remove", "anna")[0] == 0
    assert run("list", as_json=False)[1].startswith("No account yet")
    actions = [one["action"] for one in audit.entries(workspace.audit)]
    assert actions == ["account added", "roles changed", "password changed", "patients changed",
                       "patients changed", "account removed"]  # fmt: skip
    text = (workspace.audit / "audit.jsonl").read_text()
    assert not re.search(f'{PASSWORD}|{OTHER}|"p1"', text)


def test_a_program_has_tokens_and_no_password(run):
    assert run("add", "prometheus", "--program", "--role", "monitor")[0] == 0
    code, made, _ = run("token", "prometheus", "--days", "7", "--label", "scraper")
    assert (code, made["scopes"], made["label"]) == (0, "system/Service.r", "scraper")
    assert made["secret"].startswith("nof1_")
    _, text, _ = run("token", "prometheus", as_json=False)
    assert re.match(r"nof1_[\w-]{43}\nShown this once", text)
    assert "nof1_" not in run("list", as_json=False)[1]
    assert run("token", "prometheus", "--revoke", made["number"])[0] == 0
    assert run("list")[1]["accounts"][0]["tokens"] == 1
    assert run("password", "prometheus", "--password-stdin", line=OTHER)[0] == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("add", "anna", "--role", "clinician", "--password-stdin"), "short"),
        (("add", "anna", "--role", "boss", "--password-stdin"), PASSWORD),
        (("add", "Anna Smith", "--role", "clinician", "--password-stdin"), PASSWORD),
        (("add", "anna", "--program", "--role", "clinician"), ""),
        (("add", "anna", "--role", "clinician"), PASSWORD),  # nobody is at the terminal
        (("role", "nobody", "clinician"), ""),
        (("password", "nobody", "--password-stdin"), PASSWORD),
        (("remove", "nobody"), ""),
        (("token", "nobody"), ""),
        (("patients", "nobody", "--every"), ""),
        (("patients", "anna"), ""),
    ],
)
def test_what_is_not_right_is_said_and_changes_nothing(run, workspace, words, line):
    code, _, err = run(*words, line=line)
    assert code == 2
    told = json.loads(err)
    assert told["error"]
    assert not line or line not in err
    assert not list(audit.entries(workspace.audit))


def test_emergencies_are_shown_with_their_words(run, workspace):
    from nof1.web.access.desk import open_desk

    assert run("emergencies", as_json=False)[1] == "No emergency access yet.\n"
    desk = open_desk(workspace)
    desk.emergencies.begin("local:anna", "0a1b", "cover", "night shift for the ward")
    desk.close()
    (one,) = run("emergencies")[1]["emergencies"]
    assert (one["patient"], one["reason"], one["words"]) == (
        "0a1b", "cover", "night shift for the ward",
    )  # fmt: skip


@pytest.fixture
def served(tmp_path):
    """``nof1 serve --accounts`` with two processes, as an operator starts it."""
    workspace = create(tmp_path / "ws")
    words = [sys.executable, "-m", "nof1"]
    at = ["-w", str(workspace.root)]
    role = ["--role", "clinician", "--password-stdin"]
    subprocess.run([*words, "users", "add", "anna", *role, *at], input=PASSWORD, text=True,
                   check=True, capture_output=True)  # fmt: skip
    port = free_port()
    process = subprocess.Popen(
        [*words, "serve", "--insecure-http-for-development", "--accounts", "--workers", "2",
         "--port", str(port), "--json", *at],
        stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    yield json.loads(process.stdout.readline()), words, at
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_a_real_server_of_two_processes_knows_the_accounts(served):
    told, words, at = served
    url = told["url"]
    assert (told["sign_in"], told["tokens"]) == (f"{url}/sign-in", False)
    ask = {"base_url": url, "timeout": PATIENCE_S}
    for path in ("/cds-services", "/metrics", "/account"):
        assert httpx.get(url + path, timeout=PATIENCE_S).status_code == 401
    with httpx.Client(**ask) as browser:
        page = browser.get("/sign-in")
        form = {"csrf": csrf_of(page.text), "name": "anna", "password": PASSWORD}
        assert browser.post("/sign-in", data=form).status_code == 403  # without an Origin
        made = browser.post("/sign-in", data=form, headers={"origin": url})
        assert made.status_code == 303
        for _ in range(10):  # whichever process answers
            one = httpx.get(f"{url}/account", cookies=dict(browser.cookies), timeout=PATIENCE_S)
            assert one.status_code == 200
        assert browser.get("/metrics").status_code == 403  # no clinician's business
        subprocess.run([*words, "users", "role", "anna", "administrator", *at], check=True,
                       capture_output=True)  # fmt: skip
        assert browser.get("/account").status_code == 401  # at once, in both processes
    token = [*words, "users", "token", "anna", "--json", *at]
    secret = json.loads(subprocess.run(token, check=True, capture_output=True).stdout)["secret"]
    header = {"authorization": f"Bearer {secret}"}
    counts = httpx.get(f"{url}/metrics", headers=header, timeout=PATIENCE_S)
    assert "nof1_answers_total" in counts.text


def test_guesses_through_a_forged_address_are_counted_all_the_same(served):
    """X-Forwarded-For is not believed: who sends it stays who he is."""
    told, _, _ = served
    url, statuses = told["url"], []
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as browser:
        for number in range(7):
            form = {"csrf": csrf_of(browser.get("/sign-in").text), "name": "anna",
                    "password": OTHER}  # fmt: skip
            header = {"origin": url, "x-forwarded-for": f"198.51.100.{number}"}
            statuses.append(browser.post("/sign-in", data=form, headers=header).status_code)
            time.sleep(0.01)
    assert statuses == [401] * 5 + [429] * 2
