"""Replay: the same bytes, other bytes, or an open "cannot be compared" with its reason."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import ASKED, VERSIONS, exchange, feedback, request, response
from nof1.advice.ledger.replay import Again, Replayed, changes, replay, replay_all
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import InputError


def answered(raw, at):
    """A small service: its answer depends on the request and on the moment only."""
    asked = json.loads(raw)
    card = f"{asked['hookInstance']}-{at}"
    return json.dumps({"cards": [{"uuid": card, "for": asked["context"]["patientId"]}]}).encode()


def again(entry, raw):
    return Again(200, answered(raw, datetime.fromisoformat(entry.asked_at)), VERSIONS)


def with_versions(versions):
    return lambda entry, raw: Again(200, again(entry, raw).body, versions)


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path) as made:
        for number in range(1, 4):
            at = ASKED + timedelta(days=number)
            body = answered(request(number), at)
            made.record(exchange(number, response=body, asked_at=at))
        made.record(feedback(1))
        yield made


def test_all_past_answers_are_built_again(ledger):
    done = list(replay_all(ledger, ledger.entries(), again))
    assert done == [Replayed(seq, "same", equal_now=True) for seq in (1, 2, 3)]


def test_another_moment_gives_another_answer_and_its_place_is_told(ledger):
    other = ledger.entry(3)
    made = replay(ledger, ledger.entry(2), lambda _, raw: again(other, raw))
    old, new = (answered(request(2), ASKED + timedelta(days=day)) for day in (2, 3))
    place = next(at for at in range(len(old)) if old[at] != new[at])
    assert (made.state, made.why, made.first_difference) == ("different", "bytes", place)
    assert made.reason == f"The same versions, but other bytes from byte {place} on."


def test_a_longer_answer_differs_at_the_old_end(ledger):
    def longer(entry, raw):
        return Again(200, again(entry, raw).body + b" ", VERSIONS)

    made = replay(ledger, ledger.entry(1), longer)
    assert made.first_difference == len(answered(request(1), ASKED + timedelta(days=1)))


@pytest.mark.parametrize(
    ("now", "name", "then_and_now"),
    [
        ({**VERSIONS, "rules": "b" * 64}, "rules", ("a" * 64, "b" * 64)),
        ({**VERSIONS, "model/bleed": "1"}, "model/bleed", (None, "1")),
        ({"nof1": "0.1.0", "rules": "a" * 64}, "knowledge", ("2026-05-01", None)),
    ],
)
@pytest.mark.parametrize("equal", [True, False])
def test_other_versions_are_never_the_same_and_never_a_fault(
    ledger, now, name, then_and_now, equal
):
    def newer(entry, raw):
        return Again(200, again(entry, raw).body + (b"" if equal else b" "), now)

    made = replay(ledger, ledger.entry(1), newer)
    assert (made.state, made.why, made.equal_now) == ("not_comparable", "versions", equal)
    (changed,) = made.changed
    assert (changed.name, changed.then, changed.now) == (name, *then_and_now)
    assert name in made.reason
    assert (made.first_difference is None) is equal


def test_a_replaced_record_and_a_changed_code_are_told_in_words():
    then = {"record": "1-aa", "code": "c" * 64, "nof1": "1"}
    code, record = map(str, changes(then, then | {"record": "2-bb", "code": "d" * 64}))
    assert record == ("record (then 1-aa, now 2-bb: the record of then was replaced by an import)")
    assert code == f"code (then {'c' * 12}, now {'d' * 12}: nof1's own files were changed)"
    (unknown,) = changes({}, {"code": "d" * 64})
    assert str(unknown) == f"code (then none noted, now {'d' * 12})"


def test_of_the_libraries_only_those_that_differ_are_named():
    (found,) = changes({"libraries": "a=1,b=2,c=3"}, {"libraries": "a=1,b=9,d=4"})
    assert (found.then, found.now) == ("b=2,c=3", "b=9,d=4")


def test_feedback_has_no_answer(ledger):
    made = replay(ledger, ledger.entry(4), again)
    assert (made.state, made.why) == ("not_comparable", "kind")


@pytest.mark.parametrize("error", [InputError("Quirinius"), RuntimeError("Quirinius")])
def test_no_answer_now_is_a_difference_and_the_rest_goes_on(ledger, error):
    def refuses(entry, raw):
        if entry.seq == 2:
            raise error
        return again(entry, raw)

    first, made, last = replay_all(ledger, ledger.entries(), refuses)
    assert (first.state, last.state) == ("same", "same")
    assert (made.state, made.equal_now) == ("different", False)
    assert type(error).__name__ in made.reason
    assert "Quirinius" not in made.reason


def test_another_status_is_a_difference_even_with_the_same_bytes(ledger):
    made = replay(
        ledger, ledger.entry(1), lambda entry, raw: Again(500, again(entry, raw).body, VERSIONS)
    )
    assert (made.state, made.reason) == (
        "different",
        "The same versions, but status 500 instead of 200.",
    )


def test_what_was_refused_or_forgotten_cannot_be_compared(ledger):
    ledger.record(exchange(5, keep=False, status=400, response=response(5)))
    ledger.forget(datetime.now(UTC) + timedelta(seconds=1))
    done = list(replay_all(ledger, ledger.entries(), again))
    assert [(one.seq, one.why) for one in done] == [
        (1, "forgotten"),
        (2, "forgotten"),
        (3, "forgotten"),
        (5, "refused"),
    ]
    assert {one.state for one in done} == {"not_comparable"}
    assert ledger.verify().intact
    assert ledger.verify().notes == ()


def test_what_somebody_took_away_is_called_lost_here_and_by_verify(ledger, tmp_path):
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM nof1_sealed WHERE seq = 2")
    connection.close()
    assert replay(ledger, ledger.entry(2), again).why == "lost"
    assert ledger.verify().notes == (
        "Of 1 answers the kept request is gone, and no entry says that it was forgotten.",
    )


@pytest.mark.parametrize("part", ["request", "response"])
def test_altered_sealed_bytes_are_never_used(ledger, tmp_path, part):
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        (old,) = connection.execute(
            "SELECT bytes FROM nof1_sealed WHERE seq = 2 AND part = ?", [part]
        ).fetchone()
        new = old[:-1] + bytes([old[-1] ^ 1])
        connection.execute("UPDATE nof1_sealed SET bytes = ? WHERE bytes = ?", [new, old])
    connection.close()
    made = replay(ledger, ledger.entry(2), again)
    # the hash in the chain proves the answer; without the request there is nothing to ask
    assert made.why == ("unreadable" if part == "request" else None)


def test_a_lost_sealing_key_is_not_taken_for_a_difference(ledger, tmp_path):
    (tmp_path / "ledger.seal").write_bytes(bytes(32))
    with open_ledger(tmp_path) as other:
        assert other.verify().intact
        made = replay(other, other.entry(1), again)
    assert (made.state, made.why) == ("not_comparable", "unreadable")
