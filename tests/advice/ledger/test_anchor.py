"""Heads kept in a second place: what was done to the ledger since is told by its name."""

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import exchange, feedback
from nof1.advice.ledger import anchor, database
from nof1.advice.ledger.chain import START, Head
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import InputError


@pytest.fixture
def five(tmp_path):
    folder = tmp_path / "audit"
    with open_ledger(folder) as ledger:
        for number in range(1, 6):
            ledger.record(exchange(number))
    return folder


def told(folder, kept):
    with open_ledger(folder) as ledger:
        return ledger.verify(kept)


def head(folder):
    with open_ledger(folder) as ledger:
        return ledger.head()


def put_back(copy, folder):
    for path in folder.glob("ledger.db*"):
        path.unlink()
    shutil.copy(copy, folder / database.FILE)


def write(folder, *numbers):
    with open_ledger(folder) as ledger:
        for number in numbers:
            ledger.record(exchange(number))


def test_a_head_stays_contained_while_the_ledger_grows(five):
    kept = head(five)
    for number in (6, 7):
        assert told(five, kept).intact
        write(five, number)
    assert told(five, kept).anchored is True


def test_the_head_of_an_empty_ledger_is_contained_in_any_of_its_futures(tmp_path):
    kept = head(tmp_path)
    assert (kept.seq, kept.hash) == (0, START)
    write(tmp_path, 1)
    assert told(tmp_path, kept).intact


def test_an_older_copy_is_called_rolled_back_until_it_is_written_on_and_then_forked(five, tmp_path):
    shutil.copy(five / database.FILE, tmp_path / "older.db")
    write(five, 6, 7)
    kept = head(five)
    put_back(tmp_path / "older.db", five)
    verdict = told(five, kept)
    assert not verdict.intact
    assert verdict.problems == (
        "Rolled back: entry 7 was anchored, and the ledger ends at entry 5. An older copy was put "
        "back, or entries were cut off.",
    )
    write(five, 16, 17, 18)
    (problem,) = told(five, kept).problems
    assert problem.startswith("Forked: entry 7 is another one than the anchored.")


def test_a_chain_written_anew_by_the_holder_of_the_key_is_forked_or_another_ledger(five):
    kept = head(five)
    for path in five.glob("ledger.db*"):
        path.unlink()
    write(five, *range(1, 6))
    (problem,) = told(five, kept).problems
    assert problem.startswith("This is another ledger")
    with sqlite3.connect(five / database.FILE) as connection:
        connection.execute("UPDATE nof1_head SET ledger = ?", [kept.ledger])
    connection.close()
    from nof1.advice.ledger.store import read_ledger

    with read_ledger(five) as ledger:
        problems = ledger.verify(kept).problems
    assert "The signature of the head does not fit." in problems
    assert any(one.startswith("Forked: entry 5") for one in problems)


@pytest.mark.parametrize("name", ["ledger", "hash", "seq", "signed_at", "signature"])
def test_a_kept_head_that_was_altered_proves_nothing(five, name):
    kept = head(five)
    forged = replace(kept, **{name: 4 if name == "seq" else "0" * 64})
    (problem,) = told(five, forged).problems
    assert problem == "The signature of the anchored head does not fit."


def test_a_head_of_another_key_is_named(five, tmp_path):
    stranger = head(tmp_path / "other")
    (problem,) = told(five, stranger).problems
    assert problem == "The anchored head is signed with a key that is not trusted here."
    public = (tmp_path / "other" / "ledger.pub").read_bytes()
    (five / "trusted").mkdir()
    (five / "trusted/peer.pub").write_bytes(public)
    (problem,) = told(five, stranger).problems
    assert problem.startswith("This is another ledger")


def test_a_broken_chain_proves_no_anchor_behind_the_break(five):
    kept = head(five)
    with sqlite3.connect(five / database.FILE) as connection:
        connection.execute("UPDATE nof1_entry SET status = 201 WHERE seq = 2")
    connection.close()
    verdict = told(five, kept)
    assert (verdict.intact, verdict.broken_seq, verdict.anchored) == (False, 2, False)


def test_what_the_command_prints_is_read_again(five):
    kept = head(five)
    data = {"schema": "nof1/audit-head/1", "ledger": kept.to_dict(), "log": None}
    assert anchor.read(json.dumps(data).encode()) == (kept, None)
    data["log"] = {"entries": 3, "head": "a" * 64}
    found, log = anchor.read(json.dumps(data).encode())
    assert (found, log.entries) == (kept, 3)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"{}", b'{"ledger":{"seq":1}}', b'{"ledger":null}', b"\xff", b"[" * 9000],
)
def test_what_is_no_head_is_refused(raw):
    with pytest.raises(InputError, match="no head"):
        anchor.read(raw)


def test_a_head_has_the_types_of_a_head(five):
    data = head(five).to_dict() | {"seq": "5"}
    with pytest.raises(InputError):
        anchor.read(json.dumps({"ledger": data}).encode())
    assert isinstance(Head(**data), Head)


def test_feedback_is_anchored_like_any_entry(five):
    with open_ledger(five) as ledger:
        ledger.record(feedback(1))
        kept = ledger.head()
        assert ledger.verify(kept).intact
