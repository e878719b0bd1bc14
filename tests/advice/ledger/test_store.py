"""The ledger on SQLite: what is told is on disk, nothing leaks, every change is seen."""

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import CANARY, VERSIONS, exchange, feedback, request, response
from nof1.advice.ledger import database, drafts, reading
from nof1.advice.ledger.store import open_ledger
from nof1.core import audit
from nof1.core.errors import UsageError, WorkspaceError

CHANGES = {
    "status": "UPDATE nof1_entry SET status = 500 WHERE seq = 3",
    "rule": "UPDATE nof1_entry SET details = replace(details, 'interactions', 'x') WHERE seq = 3",
    "versions": "UPDATE nof1_entry SET versions = '{}' WHERE seq = 3",
    "time": "UPDATE nof1_entry SET recorded_at = '2020' WHERE seq = 3",
    "removed": "DELETE FROM nof1_entry WHERE seq = 3",
    "closed gap": "DELETE FROM nof1_entry WHERE seq = 3;"
    "UPDATE nof1_entry SET seq = seq - 1 WHERE seq > 3; UPDATE nof1_head SET seq = 4",
    "cut off": "DELETE FROM nof1_entry WHERE seq = 5",
    "cut off with the head": "DELETE FROM nof1_entry WHERE seq = 5; UPDATE nof1_head SET seq = 4,"
    "hash = (SELECT hash FROM nof1_entry WHERE seq = 4)",
    "added": "INSERT INTO nof1_entry SELECT 6, hash, hash, kind, recorded_at, asked_at, service,"
    "hook, instance, patient, person, client, status, request_hash, response_hash, versions,"
    "details FROM nof1_entry WHERE seq = 5",
    "card moved": "UPDATE nof1_card SET seq = 1 WHERE seq = 3",
    "card renamed": "UPDATE nof1_card SET uuid = 'other' WHERE seq = 3",
    "card gone": "DELETE FROM nof1_card WHERE seq = 3",
    "other key": "UPDATE nof1_head SET key = '0123456789abcdef'",
    "signature": "UPDATE nof1_head SET signature = '00'",
}


def alter(folder, statements):
    with sqlite3.connect(folder / database.FILE) as connection:
        connection.executescript(statements)
    connection.close()


@pytest.fixture
def five(tmp_path):
    with open_ledger(tmp_path) as ledger:
        for number in range(1, 6):
            ledger.record(exchange(number))
    return tmp_path


def test_what_was_recorded_is_read_again(tmp_path):
    with open_ledger(tmp_path) as ledger:
        first, second = ledger.record(exchange()), ledger.record(feedback())
        entry, answer = ledger.entries()
        assert (first.seq, second.seq, second.hash) == (1, 2, answer.hash)
        assert (entry.kind, entry.service, entry.hook) == (
            "exchange",
            "nof1-order-sign",
            "order-sign",
        )
        assert (entry.status, entry.versions) == (200, VERSIONS)
        assert entry.asked_at == "2026-05-01T08:30:00.000000+00:00"
        assert entry.details == {"cards": [{"uuid": "card-1", "rule": "interactions", "tier": 1}]}
        assert answer.details["outcome"] == "overridden"
        assert answer.previous == entry.hash
        assert ledger.showing("card-1") == (entry,)
        assert ledger.showing("card-2") == ()
        assert ledger.kept(entry, drafts.RESPONSE) == response()


def test_the_request_is_kept_without_its_token(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange())
        kept = ledger.kept(ledger.entry(1), drafts.REQUEST)
    assert kept == request().replace(b"TOKEN-CANARY", b"")


def test_no_word_about_a_patient_can_be_read_in_any_file(five):
    with open_ledger(five) as ledger:
        ledger.record(feedback())
        found = b"".join(path.read_bytes() for path in five.rglob("*") if path.is_file())
    assert b"nof1-order-sign" in found
    for word in (CANARY, "Quirinius", "patient-canary-7", "TOKEN-CANARY"):
        assert word.encode() not in found


def test_a_patient_has_the_same_name_as_in_the_audit_log(tmp_path):
    expected = audit.pseudonym(tmp_path, 42)
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange(patient="42"))
        assert ledger.entry(1).patient == expected


def test_files_are_for_their_owner_only(five):
    modes = {path.name: path.stat().st_mode & 0o777 for path in five.glob("ledger.*")}
    assert {modes["ledger.db"], modes["ledger.key"], modes["ledger.seal"]} == {0o600}


def test_an_untouched_ledger_holds(five):
    with open_ledger(five) as ledger:
        verdict = ledger.verify()
        assert (verdict.intact, verdict.entries, verdict.broken_seq) == (True, 5, None)
        assert verdict.head.hash == ledger.entry(5).hash
        assert ledger.verify(ledger.entry(2).hash).intact


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen_by_verify(five, change):
    with open_ledger(five) as ledger:  # opened before, as a running server has it
        alter(five, CHANGES[change])
        verdict = ledger.verify()
    assert verdict.problems, change
    assert verdict.broken_seq in (3, 4, 6, None)


def test_an_older_copy_put_back_is_seen_by_the_anchor_only(five):
    old = (five / database.FILE).read_bytes()
    with open_ledger(five) as ledger:
        ledger.record(exchange(6))
        anchor = ledger.head().hash
    (five / database.FILE).write_bytes(old)
    for rest in five.glob("ledger.db-*"):
        rest.unlink()
    with open_ledger(five) as ledger:
        assert ledger.verify().intact
        verdict = ledger.verify(anchor)
    assert (verdict.problems, verdict.anchored, verdict.intact) == ((), False, False)


@pytest.mark.parametrize("change", ["other key", "signature", "cut off with the head"])
def test_nothing_is_written_behind_a_head_that_is_not_authentic(five, change):
    with open_ledger(five) as ledger:
        alter(five, CHANGES[change])
        with pytest.raises(WorkspaceError, match="no signature that is trusted"):
            ledger.record(exchange(6))
    with pytest.raises(WorkspaceError, match="no signature that is trusted"):
        open_ledger(five)


def test_a_server_does_not_go_on_when_its_entries_were_replaced(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange(1))
        copy = (ledger.head(), ledger.entry(1))
        ledger.record(exchange(2))
        alter(
            tmp_path,
            f"DELETE FROM nof1_entry WHERE seq = 2; DELETE FROM nof1_card WHERE seq = 2;"
            f"DELETE FROM nof1_sealed WHERE seq = 2; UPDATE nof1_head SET seq = 1,"
            f"hash = '{copy[1].hash}', signed_at = '{copy[0].signed_at}',"
            f"signature = '{copy[0].signature}'",
        )
        with pytest.raises(WorkspaceError, match="no longer holds what this server wrote"):
            ledger.record(exchange(3))


def test_a_forged_card_row_leads_nowhere(five):
    alter(five, "UPDATE nof1_card SET seq = 1 WHERE uuid = 'card-3'")
    with open_ledger(five) as ledger:
        assert ledger.showing("card-3") == ()


@pytest.mark.parametrize("part", ["request", "response"])
def test_sealed_bytes_of_another_entry_do_not_open(five, part):
    alter(
        five,
        f"UPDATE nof1_sealed SET bytes = (SELECT bytes FROM nof1_sealed WHERE seq = 2"
        f" AND part = '{part}') WHERE seq = 1 AND part = '{part}'",
    )
    with open_ledger(five) as ledger:
        assert ledger.kept(ledger.entry(1), part) is None
        assert ledger.kept(ledger.entry(2), part) is not None


def test_a_refused_request_leaves_its_hash_only(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange(status=401, keep=False, cards=()))
        entry = ledger.entry(1)
        assert entry.status == 401
        assert entry.request_hash == drafts.hashed(request().replace(b"TOKEN-CANARY", b""))
        assert ledger.kept(entry, drafts.REQUEST) is None


def test_forgetting_deletes_the_bytes_and_the_chain_holds(five):
    with open_ledger(five) as ledger:
        sealed = _sealed(five)
        assert all(one in _all_bytes(five) for one in sealed)
        assert ledger.forget(datetime.now(UTC) - timedelta(days=1)) == 0
        assert ledger.forget(datetime.now(UTC) + timedelta(seconds=1)) == 10
        assert not any(one in _all_bytes(five) for one in sealed)
        assert ledger.kept(ledger.entry(1), drafts.REQUEST) is None
        assert [entry.kind for entry in ledger.entries(first=6)] == ["forgotten", "forgotten"]
        assert ledger.verify().intact
        assert ledger.record(exchange(8)).seq == 8


def _sealed(folder):
    with sqlite3.connect(folder / database.FILE) as connection:
        found = [row[0] for row in connection.execute("SELECT bytes FROM nof1_sealed")]
    connection.close()
    return found


def _all_bytes(folder):
    return b"".join(path.read_bytes() for path in folder.glob("ledger.db*"))


def test_pages_join_without_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ROWS", 3)
    with open_ledger(tmp_path) as ledger:
        for done in [ledger.submit(exchange(number)) for number in range(1, 8)]:
            done.result()
        assert [entry.seq for entry in ledger.entries()] == list(range(1, 8))
        assert [entry.seq for entry in ledger.entries(first=2, last=6)] == [2, 3, 4, 5, 6]
        assert ledger.verify().entries == 7


def test_an_entry_that_is_not_there(tmp_path):
    with open_ledger(tmp_path) as ledger, pytest.raises(UsageError, match="no entry 9"):
        ledger.entry(9)


def test_a_full_disk_is_loud_and_passes(tmp_path):
    with open_ledger(tmp_path) as ledger:
        ledger.record(exchange(1))
        with ledger._engine.connect() as connection:  # the writer takes this connection again
            raw = connection.connection.dbapi_connection
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(WorkspaceError, match="does not answer as it should"):
            ledger.record(exchange(2, response=os.urandom(100_000)))
        with ledger._engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA max_page_count = 100000")
        assert ledger.record(exchange(3)).seq == 2
        assert ledger.verify().intact


def test_a_closed_ledger_says_so(tmp_path):
    ledger = open_ledger(tmp_path)
    ledger.close()
    with pytest.raises(WorkspaceError, match="closed"):
        ledger.record(exchange())


CHILD = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from ledger_samples import exchange
from nof1.advice.ledger.store import open_ledger
ledger = open_ledger(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
number = 0
while True:
    waiting = []
    for _ in range(5):
        number += 1
        waiting.append(ledger.submit(exchange(number)))
    for done in waiting:
        receipt = done.result()
        print(receipt.seq, receipt.hash, flush=True)
"""


def killed(*arguments):
    """Start a process that records without end, kill it (SIGKILL), and give what it was told."""
    code = CHILD.format(tests=str(Path(__file__).parents[2]))
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(30)]
    time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split("\n")[:-1]
    child.wait()
    return [line.split() for line in [*told, *rest] if len(line.split()) == 2]


def test_a_killed_process_loses_nothing_that_was_told(tmp_path):
    told = killed(tmp_path)
    assert len(told) >= 30
    with open_ledger(tmp_path) as ledger:
        found = {str(entry.seq): entry.hash for entry in ledger.entries()}
        assert all(found[seq] == digest for seq, digest in told)
        assert ledger.verify().intact
        assert ledger.record(feedback()).seq == len(found) + 1


def fill(folder, url, numbers):
    with open_ledger(Path(folder), url) as ledger:
        return [ledger.record(exchange(number)).seq for number in numbers]


def test_two_processes_share_one_ledger(tmp_path):
    # spawned, not forked: a fork of a process with threads may hang
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        parts = [range(20), range(20, 40)]
        both = list(pool.map(fill, repeat(str(tmp_path), 2), repeat(None, 2), parts))
    assert sorted(both[0] + both[1]) == list(range(1, 41))
    with open_ledger(tmp_path) as ledger:
        assert ledger.verify().intact
        assert {entry.instance for entry in ledger.entries()} == {
            f"instance-{number}" for number in range(40)
        }
