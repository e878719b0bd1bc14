"""The demo of docs/cds-hooks.md: started as it says, and each of its curl lines run."""

import json
import re
import shlex
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn

from nof1.cli import main
from ports import free_port

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "cds-hooks.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"


def blocks(text):
    """Indented blocks of a page, without their indent."""
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.M)
    parts = [one for block in found for one in re.split(r"\n\s*\n", block)]
    return ["\n".join(line[4:] for line in part.splitlines() if line.strip()) for part in parts]


CURLS = [one for one in blocks(TEXT) if one.startswith("curl ")]
ORDER = next(one for one in blocks(TEXT) if one.startswith('{"hook": "order-sign"'))


@pytest.fixture(scope="module")
def demo():
    """The address of a running demo."""
    port = free_port()
    servers, ended = [], threading.Event()

    def run(app, **how):
        server = uvicorn.Server(uvicorn.Config(app, **how))
        servers.append(server)
        server.run()

    def start():
        with pytest.MonkeyPatch.context() as patch, suppress(SystemExit):
            patch.setattr(uvicorn, "run", run)
            main(["serve", "--demo", "--port", str(port)])
        ended.set()

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    while not (servers and servers[0].started):
        assert not ended.wait(0.05), "the demo ended before it served"
    yield f"http://127.0.0.1:{port}"
    servers[0].should_exit = True
    thread.join()


def ask(line, address, folder, card="UUID"):
    """What a curl line of the page prints."""
    words = shlex.split(line.replace(HERE, address).replace("UUID", card))
    return subprocess.run(
        [*words, "--silent", "--show-error", "--fail-with-body"],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_each_line_of_the_page_works_as_it_says(demo, tmp_path):
    (tmp_path / "order.json").write_text(ORDER)
    assert len(CURLS) == 6
    discovery, order, feedback, view, ready, metrics = CURLS
    listed = json.loads(ask(discovery, demo, tmp_path))["services"]
    assert all(f"`{one['id']}`" in TEXT for one in listed)
    cards = json.loads(ask(order, demo, tmp_path))["cards"]
    flat = " ".join(TEXT.split())
    assert cards[0]["indicator"] == "critical"
    assert f'"{cards[0]["summary"]}"' in flat
    for one in cards[0]["suggestions"]:
        assert f'"{one["label"]}"' in flat
    assert cards[-1]["source"]["topic"]["code"] == "coverage"
    assert ask(feedback, demo, tmp_path, cards[0]["uuid"]) == '{"kept":1}'
    with pytest.raises(subprocess.CalledProcessError) as refused:
        ask(feedback, demo, tmp_path, "99999999-9999-4999-8999-999999999999")
    assert "OperationOutcome" in refused.value.stdout
    assert json.loads(ask(view, demo, tmp_path))["cards"]
    assert json.loads(ask(ready, demo, tmp_path)) == {"status": "ready"}
    assert 'nof1_answers_total{service="nof1-order-sign",status="200"} 1' in ask(
        metrics, demo, tmp_path
    )
