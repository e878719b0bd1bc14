"""Searching a ledger: each condition alone, paging, damaged rows, whether one entry holds."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import ASKED, exchange, feedback
from nof1.advice.ledger import database
from nof1.advice.ledger.search import Wanted, answers, find, look, pseudonyms
from nof1.advice.ledger.store import open_ledger


@pytest.fixture
def ledger(tmp_path):
    """1 and 3: answered on two days; 2: feedback on 1; 4: refused, another service and patient."""
    with open_ledger(tmp_path) as made:
        made.record(exchange(1))
        made.record(feedback(1))
        made.record(exchange(3, asked_at=ASKED + timedelta(days=1)))
        made.record(exchange(4, status=400, service="nof1-patient-view", patient="other",
                             cards=(), keep=False))  # fmt: skip
        yield made


def seqs(found):
    return [one.seq for one in found]


def test_each_condition_finds_what_fits(ledger):
    day = ASKED.date()
    mark = ledger.entry(1).patient
    for wanted, expected in (
        (Wanted(), [4, 3, 2, 1]),
        (Wanted(first=day + timedelta(days=1)), [3]),
        (Wanted(last=day), [4, 2, 1]),
        (Wanted(first=day, last=day, outcome="answered"), [1]),
        (Wanted(service="nof1-patient-view"), [4]),
        (Wanted(patient=mark), [3, 1]),
        (Wanted(outcome="refused"), [4]),
        (Wanted(outcome="overridden"), [2]),
        (Wanted(outcome="accepted"), []),
        (Wanted(outcome="forgotten"), []),
    ):
        assert seqs(find(ledger, wanted)) == expected, wanted
    assert seqs(find(ledger, Wanted(last=date(2000, 1, 1)))) == []


def test_what_was_forgotten_is_found(ledger):
    ledger.forget(datetime(2100, 1, 1, tzinfo=UTC))
    assert seqs(find(ledger, Wanted(outcome="forgotten"))) == [5]


def test_pages_follow_each_other_without_a_gap(ledger):
    first = find(ledger, Wanted(), most=3)
    rest = find(ledger, Wanted(), before=first[-1].seq, most=3)
    assert seqs([*first, *rest]) == [4, 3, 2, 1]


def test_the_last_answer_to_a_card_counts(ledger):
    ledger.record(feedback(1, outcome="accepted", reason=None))
    assert answers(ledger, ["card-1", "card-9"], 0)["card-1"].details["outcome"] == "accepted"
    assert answers(ledger, ["card-1"], 5) == {}
    assert answers(ledger, [], 0) == {}


def test_pseudonyms_lead_back_to_known_identifiers_only(ledger):
    known = pseudonyms(ledger, ["patient-canary-7", "somebody"])
    assert known[ledger.entry(1).patient] == "patient-canary-7"
    assert ledger.entry(4).patient not in known


def test_one_entry_holds_or_not(ledger, tmp_path):
    assert [look(ledger, seq)[1] for seq in (1, 2, 3, 4)] == [True] * 4
    assert look(ledger, 5) == (None, False)
    with sqlite3.connect(tmp_path / database.FILE) as connection:
        connection.execute("UPDATE nof1_entry SET status = 500 WHERE seq = 2")
        connection.execute("UPDATE nof1_entry SET details = 'no json' WHERE seq = 4")
    connection.close()
    assert look(ledger, 2)[1] is False
    assert look(ledger, 3)[1] is True  # its own hash, and the hash that entry 2 still names
    row, holds = look(ledger, 4)
    assert (row.entry, holds) == (None, False)
    assert [one.entry is None for one in find(ledger, Wanted())] == [True, False, False, False]
