"""Reading: cards that are known, the end checked quickly, and what is missing and why."""

import sqlite3
import uuid
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import exchange, feedback
from nof1.advice.ledger import database, schema
from nof1.advice.ledger.shapes import Shown
from nof1.advice.ledger.store import open_ledger, read_ledger

HOUR = timedelta(hours=1)


def alter(folder, statements):
    with sqlite3.connect(folder / database.FILE) as connection:
        connection.executescript(statements)
    connection.close()


@pytest.fixture
def filled(tmp_path):
    with open_ledger(tmp_path) as ledger:
        for number in range(1, 11):
            ledger.record(exchange(number))
    return tmp_path


def test_cards_are_known_when_they_were_shown_and_only_then(tmp_path):
    with open_ledger(tmp_path) as ledger:
        cards = tuple(Shown(str(uuid.uuid4()), "interactions", 1) for _ in range(30))
        ledger.record(exchange(cards=cards))
        unknown = str(uuid.uuid4())
        ledger.record(feedback(card=unknown))  # an outcome makes no card known
        assert [[one.seq for one in ledger.showing(card.uuid)] for card in cards] == [[1]] * 30
        assert ledger.showing(unknown) == ()
        ledger.record(exchange(2, cards=cards[:1]))  # the same request, asked again
        assert [one.seq for one in ledger.showing(cards[0].uuid)] == [1, 3]


def test_a_card_that_somebody_put_into_the_table_was_not_shown(filled):
    alter(filled, "INSERT INTO nof1_card VALUES ('forged', 3)")
    with read_ledger(filled) as ledger:
        assert ledger.showing("forged") == ()


def test_a_card_is_found_by_an_index(filled):
    text = str(schema.SHOWING.compile()).replace(":card", "'a'")
    with sqlite3.connect(filled / database.FILE) as connection:
        plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    connection.close()
    assert len([step for step in plan if step.startswith("SEARCH")]) == 2
    assert not [step for step in plan if step.startswith("SCAN")]


def test_what_became_of_cards_is_read_from_a_number_on(filled):
    with open_ledger(filled) as ledger:
        told = [ledger.record(feedback(number)).seq for number in (1, 2)]
        assert [one.seq for one in ledger.feedback()] == told
        assert [one.seq for one in ledger.feedback(first=told[1])] == told[1:]
        assert {one.kind for one in ledger.feedback()} == {"feedback"}


def test_another_server_knows_a_card_at_once(filled):
    with open_ledger(filled) as one, read_ledger(filled) as other:
        assert other.showing("card-99") == ()
        one.record(exchange(99))
        assert len(other.showing("card-99")) == 1


@pytest.mark.parametrize("last", [1, 3, 10, 99])
def test_the_end_is_checked_alone(filled, last):
    with read_ledger(filled) as ledger:
        verdict = ledger.verify_end(last)
    assert (verdict.intact, verdict.entries) == (True, 10)
    assert verdict.first == max(1, 11 - last)


@pytest.mark.parametrize(("seq", "seen"), [(3, False), (6, True), (8, True), (10, True)])
def test_a_change_in_the_end_is_seen_and_one_before_it_needs_the_whole(filled, seq, seen):
    alter(filled, f"UPDATE nof1_entry SET status = 500 WHERE seq = {seq}")
    with read_ledger(filled) as ledger:
        assert ledger.verify_end(5).intact is not seen
        assert not ledger.verify().intact


def test_the_end_hangs_on_the_entry_before_it(filled):
    alter(filled, "UPDATE nof1_entry SET hash = 'x' WHERE seq = 5")
    with read_ledger(filled) as ledger:
        assert ledger.verify_end(5).broken_seq == 6
    alter(filled, "DELETE FROM nof1_entry WHERE seq = 5")
    with read_ledger(filled) as ledger:
        assert ledger.verify_end(5).broken_seq == 6


def test_an_empty_ledger_holds(tmp_path):
    with open_ledger(tmp_path) as ledger:
        assert ledger.verify_end(5).intact
        assert ledger.verify().intact


def test_forgetting_reaches_as_far_as_it_says_and_no_further(filled):
    with open_ledger(filled) as ledger:
        first = ledger.entry(1)
        ledger.forget(datetime.now(UTC) + HOUR)
        ledger.forget(datetime.now(UTC) - HOUR)  # a later, smaller one takes nothing back
        assert ledger.missing(first, "request") == "forgotten"
        assert ledger.verify().notes == ()
        ledger.record(exchange(20, keep=False, status=412))
        refused = ledger.entry(ledger.head().seq)
        assert ledger.missing(refused, "request") == "refused"


def test_a_damaged_note_of_forgetting_forgives_nothing(filled):
    with open_ledger(filled) as ledger:
        ledger.forget(datetime.now(UTC) + HOUR)
    alter(filled, "UPDATE nof1_entry SET details = '[' WHERE kind = 'forgotten'")
    with read_ledger(filled) as ledger:
        verdict = ledger.verify()
        assert ledger.missing(ledger.entry(1), "request") == "lost"
    assert verdict.broken_seq == 11


def test_together_means_all_or_none(tmp_path, monkeypatch):
    with open_ledger(tmp_path) as ledger:
        made = [feedback(number) for number in range(1, 301)]
        receipts = [one.result() for one in ledger.submit_together(made)]
        assert [one.seq for one in receipts] == list(range(1, 301))
        good, bad = feedback(1), feedback(2, reason="two words")
        with pytest.raises(Exception, match="identifiers only"):
            ledger.submit_together([good, bad])
        assert ledger.head().seq == 300
