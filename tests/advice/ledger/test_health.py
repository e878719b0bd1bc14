"""What ``nof1 doctor`` says about a ledger: well, or what is wrong and what to do."""

import shutil
import sqlite3
from collections import namedtuple
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import exchange
from nof1.advice.ledger import database, health, store
from nof1.advice.ledger.store import open_ledger
from postgres_cluster import empty_database, running_cluster  # noqa: F401

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def ten(tmp_path):
    with open_ledger(tmp_path) as ledger:
        for number in range(1, 11):
            ledger.record(exchange(number))
    return tmp_path


def alter(folder, statement):
    with sqlite3.connect(folder / database.FILE) as connection:
        connection.executescript(statement)
    connection.close()


def found(folder, url=None, **more):
    return {one.name: one for one in health.examine(folder, url, **more)}


def test_no_ledger_yet_is_well(tmp_path):
    (only,) = health.examine(tmp_path / "audit")
    assert (only.name, only.verdict) == ("ledger", "ok")
    assert not (tmp_path / "audit").exists()


def test_a_well_ledger(ten):
    told = found(ten)
    assert {one.verdict for one in told.values()} == {"ok"}
    assert set(told) == {
        "ledger", "ledger keys", "ledger disk", "ledger database", "ledger clock"
    }  # fmt: skip
    assert told["ledger"].detail == "10 entries, whole, head signed"
    assert "sqlite 3." in told["ledger database"].detail


def test_the_end_is_looked_at_and_all_when_asked(ten, monkeypatch):
    monkeypatch.setattr(health, "LAST", 4)
    alter(ten, "UPDATE nof1_entry SET status = 500 WHERE seq = 2")
    told = found(ten)["ledger"]
    assert (told.verdict, "the newest 4 hold (all: --deep)" in told.detail) == ("ok", True)
    told = found(ten, deep=True)["ledger"]
    assert (told.verdict, "Entry 2 does not hold." in told.detail) == ("FAIL", True)
    assert "nof1 audit verify" in told.detail


def test_a_head_without_its_signature(ten):
    alter(ten, "UPDATE nof1_head SET signature = '00'")
    told = found(ten)["ledger"]
    assert (told.verdict, "signature of the head" in told.detail) == ("FAIL", True)


@pytest.mark.parametrize("name", ["ledger.key", "ledger.seal", "pseudonym.key"])
def test_a_key_that_others_may_read_or_that_is_gone(ten, name):
    (ten / name).chmod(0o644)
    told = found(ten)["ledger keys"]
    assert (told.verdict, f"chmod 600 {name}" in told.detail) == ("FAIL", True)
    (ten / name).unlink()
    told = found(ten)["ledger keys"]
    assert (told.verdict, f"missing: {name}" in told.detail) == ("FAIL", True)
    assert not (ten / name).exists()


def test_keys_of_other_servers_are_counted(ten, tmp_path):
    with open_ledger(tmp_path / "other"):
        (ten / "trusted").mkdir()
    shutil.copy(tmp_path / "other/ledger.pub", ten / "trusted/peer.pub")
    assert "1 trusted of others" in found(ten)["ledger keys"].detail


def test_a_full_disk(ten, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40 - 2**20, 2**20))
    told = found(ten)["ledger disk"]
    assert (told.verdict, "free some space" in told.detail) == ("FAIL", True)


def test_another_mode_than_wal_is_told_and_not_changed(ten):
    with sqlite3.connect(ten / database.FILE) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    assert found(ten)["ledger mode"].verdict == "note"
    with open_ledger(ten):
        assert "ledger mode" not in found(ten)


def later(by):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    return Clock


def test_a_clock_that_was_set_back(ten, monkeypatch):
    monkeypatch.setattr(store, "datetime", later(-timedelta(hours=2)))
    with open_ledger(ten) as ledger:
        assert ledger.record(exchange(11)).seq == 11  # told, not refused
        assert ledger.verify().intact
    told = found(ten)["ledger clock"]
    assert told.verdict == "note"
    assert "set back once by 7,200 s, before entry 11" in told.detail


def test_a_clock_that_is_behind_now(ten, monkeypatch):
    monkeypatch.setattr(health, "datetime", later(-timedelta(hours=2)))
    told = found(ten)["ledger clock"]
    assert (told.verdict, "in the future" in told.detail) == ("FAIL", True)


def test_kept_requests_that_somebody_took_away(ten):
    alter(ten, "DELETE FROM nof1_sealed WHERE seq = 3")
    told = found(ten, deep=True)["ledger"]
    assert (told.verdict, "Of 1 answers the kept request is gone" in told.detail) == ("note", True)


def test_a_file_that_is_no_database(ten):
    (ten / database.FILE).write_bytes(b"not a database at all" * 100)
    assert found(ten)["ledger database"].verdict == "FAIL"


def test_on_postgresql(tmp_path, url):
    with open_ledger(tmp_path, url) as ledger:
        ledger.record(exchange(1))
    told = found(tmp_path, url)
    assert {one.verdict for one in told.values()} == {"ok"}
    assert told["ledger database"].detail.startswith("postgresql ")
    assert "ledger disk" not in told


def test_a_postgresql_that_cannot_be_reached(ten):
    pytest.importorskip("psycopg")
    address = "postgresql://user:SECRET@127.0.0.1:1/none?connect_timeout=2"
    told = found(ten, address)["ledger database"]
    assert (told.verdict, "Check that it runs" in told.detail) == ("FAIL", True)
    assert "SECRET" not in told.detail


def test_times_are_utc():
    assert health._moment("2026-05-01T02:00:00+02:00") == datetime(2026, 5, 1, tzinfo=UTC)
