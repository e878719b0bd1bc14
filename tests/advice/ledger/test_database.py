"""Addresses of databases, and the ledger on a real PostgreSQL."""

import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import CANARY, exchange, feedback, response
from nof1.advice.ledger import drafts
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import UsageError, WorkspaceError
from postgres_cluster import TABLES, empty_database, running_cluster, sql  # noqa: F401


def test_postgresql_keeps_the_same_ledger(tmp_path, url):
    with open_ledger(tmp_path / "a", url) as ledger, open_ledger(tmp_path / "a") as local:
        for one in (exchange(1), feedback(1), exchange(2, keep=False)):
            assert ledger.record(one).seq == local.record(one).seq
        for there, here in zip(ledger.entries(), local.entries(), strict=True):
            changed = {"recorded_at", "hash", "previous"}
            assert {k: v for k, v in there.to_dict().items() if k not in changed} == {
                k: v for k, v in here.to_dict().items() if k not in changed
            }
        assert ledger.verify().intact
        assert ledger.kept(ledger.entry(1), drafts.RESPONSE) == response(1)
        assert ledger.showing("card-1") == (ledger.entry(1),)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE nof1_entry SET status = 500 WHERE seq = 1",
        "DELETE FROM nof1_entry WHERE seq = 2",
        "DELETE FROM nof1_card",
        "UPDATE nof1_head SET signature = '00'",
    ],
)
def test_changes_are_seen_there_too(tmp_path, url, change):
    with open_ledger(tmp_path, url) as ledger:
        ledger.record(exchange(1))
        ledger.record(exchange(2))
        sql(url, change)
        assert not ledger.verify().intact


def test_forgetting_there(tmp_path, url):
    with open_ledger(tmp_path, url) as ledger:
        ledger.record(exchange(1))
        assert ledger.forget(datetime.now(UTC) + timedelta(seconds=1)) == 2
        assert ledger.kept(ledger.entry(1), drafts.REQUEST) is None
        assert ledger.verify().intact


def fill(folder, url, numbers):
    with open_ledger(Path(folder), url) as ledger:
        made = [ledger.submit(exchange(number)) for number in numbers]
        return [one.result().seq for one in made]


def test_two_servers_that_start_together_agree(tmp_path, url):
    # each has its own workspace and key, and trusts the other's public key
    for mine, other in (("a", "b"), ("b", "a")):
        with open_ledger(tmp_path / mine):  # makes the keys
            (tmp_path / other / "trusted").mkdir(parents=True)
    for mine, other in (("a", "b"), ("b", "a")):
        key = (tmp_path / mine / "ledger.pub").read_bytes()
        (tmp_path / other / "trusted/peer.pub").write_bytes(key)
    folders = [str(tmp_path / "a"), str(tmp_path / "b")]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        both = list(pool.map(fill, folders, repeat(url, 2), [range(150), range(150, 300)]))
    assert sorted(both[0] + both[1]) == list(range(1, 301))
    with open_ledger(tmp_path / "a", url) as one, open_ledger(tmp_path / "b", url) as two:
        assert one.verify() == two.verify()
        assert (one.verify().intact, one.verify().entries) == (True, 300)


def test_servers_that_open_an_empty_database_at_once_make_one_ledger(tmp_path, url):
    with open_ledger(tmp_path):  # makes the keys
        pass
    for _ in range(6):
        sql(url, *(f"DROP TABLE IF EXISTS nof1_{name}" for name in TABLES))
        gate = threading.Barrier(4)

        def head(_, gate=gate):
            gate.wait(30)
            with open_ledger(tmp_path, url) as ledger:
                return ledger.head()

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(head, range(4)))) == 1


def test_a_server_that_is_not_trusted_is_shut_out(tmp_path, url):
    with open_ledger(tmp_path / "a", url) as ledger:
        ledger.record(exchange(1))
        with pytest.raises(WorkspaceError, match="no signature that is trusted"):
            open_ledger(tmp_path / "stranger", url)
        assert ledger.record(exchange(2)).seq == 2


CHILD = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from ledger_samples import exchange
from nof1.advice.ledger.store import open_ledger
ledger = open_ledger(Path(sys.argv[1]), sys.argv[2])
number = 0
while True:
    number += 1
    receipt = ledger.record(exchange(number))
    print(receipt.seq, receipt.hash, flush=True)
"""


def test_a_killed_server_loses_nothing_that_was_told(tmp_path, url):
    code = CHILD.format(tests=str(Path(__file__).parents[2]))
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), url], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(30)]
    child.send_signal(signal.SIGKILL)
    told += child.stdout.read().split("\n")[:-1]
    child.wait()
    with open_ledger(tmp_path, url) as ledger:
        found = {str(entry.seq): entry.hash for entry in ledger.entries()}
        lines = [line.split() for line in told if len(line.split()) == 2]
        assert len(lines) >= 30
        assert all(found[seq] == digest for seq, digest in lines)
        assert ledger.verify().intact


def test_a_broken_connection_is_loud_and_the_next_entry_is_kept(tmp_path, url):
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with open_ledger(tmp_path, url) as ledger:
        ledger.record(exchange(1))
        sql(url, end)  # an idle connection that died is replaced without an error
        assert ledger.record(exchange(2)).seq == 2
        import psycopg

        with psycopg.connect(url) as blocking:  # the writer waits for this lock, and is then ended
            blocking.execute("SELECT * FROM nof1_head FOR UPDATE")
            waiting = ledger.submit(exchange(3))
            while not waiting.done():  # on a busy machine it begins to wait later
                sql(url, f"{end} AND wait_event_type = 'Lock'")
                time.sleep(0.05)
            with pytest.raises(WorkspaceError, match="does not answer as it should"):
                waiting.result()
        assert ledger.record(exchange(4)).seq == 3
        assert ledger.verify().intact


def test_no_word_about_a_patient_stands_in_the_tables(tmp_path, url):
    import psycopg

    with open_ledger(tmp_path, url) as ledger:
        ledger.record(exchange(1))
        ledger.record(feedback(1))
    with psycopg.connect(url) as connection:
        rows = [connection.execute(f"SELECT * FROM nof1_{name}").fetchall() for name in TABLES]
    text = repr(rows)
    assert "nof1-order-sign" in text
    assert not any(word in text for word in (CANARY, "patient-canary-7", "TOKEN-CANARY"))


@pytest.mark.parametrize(
    "address", ["mysql://u:SECRET@h/db", "SECRET", "postgresql+asyncpg://u:SECRET@h/db", ""]
)
def test_an_address_of_another_kind_is_refused_and_not_repeated(tmp_path, address):
    with pytest.raises(UsageError, match="address") as caught:
        open_ledger(tmp_path, address)
    assert "SECRET" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_without_the_address(tmp_path):
    pytest.importorskip("psycopg")
    address = "postgresql://user:SECRET@127.0.0.1:1/none?connect_timeout=2"
    with pytest.raises(WorkspaceError, match="does not answer as it should") as caught:
        open_ledger(tmp_path, address)
    assert "SECRET" not in f"{caught.value!r} {caught.value}"


def test_a_file_that_is_no_database_is_refused(tmp_path):
    with open_ledger(tmp_path):  # makes the keys
        pass
    (tmp_path / "ledger.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkspaceError, match="does not answer as it should"):
        open_ledger(tmp_path)
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"not a database")
