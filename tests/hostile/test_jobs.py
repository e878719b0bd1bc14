"""Hostile jobs, messages and updates given to real sites and a real coordinator on loopback."""

import json
import time

import pytest
from bench.hostile import jobs

from nof1.core import audit
from nof1.federation.network import coordinator, resident

ACTS = list(jobs.acts())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    kept = resident.AGAIN
    with jobs.world(tmp_path_factory.mktemp("world").resolve()) as made:
        yield made
    resident.AGAIN = kept


@pytest.mark.parametrize("act", ACTS, ids=lambda one: f"{one.family}-{one.name}")
def test_a_hostile_job_or_message_is_refused_and_written_down(found, act, tmp_path):
    trap, canary, before = tmp_path / "trap", "QkCanary7731", found.entries()
    refused, why = act.run(found, trap, canary)
    assert refused, why
    assert not trap.exists()
    assert canary not in why
    assert wait(lambda: found.entries() > before)
    for folder in found.logs():
        assert audit.verify(folder).intact
        text = (folder / audit.FILE).read_text() if (folder / audit.FILE).exists() else ""
        assert canary not in text


def test_an_honest_job_is_taken(found):
    """Else refusing everything would pass."""
    for one in found.players.values():
        one.play = jobs._honest
    assert found.submit().step == "finished"


def test_of_a_flood_of_refusals_not_every_one_is_written(found, monkeypatch):
    monkeypatch.setattr(coordinator, "WRITTEN", 3)
    found.coordinator.refused = 0
    for _ in range(10):
        found.coordinator._refuse("a flood")
    entries = [one["details"] for one in audit.entries(found.logs()[-1])]
    written = [one["number"] for one in entries if one.get("why") == "a flood"]
    assert written == [1, 2, 3, 6, 9]


@pytest.mark.parametrize("name", ['a\n{"action": "forged"}', "a\r\nb", "a\x1b[2Jb", "a\u2028b"])
def test_no_line_can_be_forged_in_a_log(found, name):
    folder = found.workspaces["north"].audit
    before = len((folder / audit.FILE).read_bytes().splitlines())
    refused, _ = jobs._answer(found, found.signed(found.manifest(job=name)))
    assert refused
    lines = (folder / audit.FILE).read_bytes().split(b"\n")
    assert len(lines) - 1 == before + 1
    assert json.loads(lines[-2])["action"] == "federation decision"


def wait(ready):
    for _ in range(6000):
        if ready():
            return True
        time.sleep(0.02)
    return False
