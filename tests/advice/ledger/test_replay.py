"""Replay: the same bytes, other bytes, or an open "cannot be compared"."""

import json
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from ledger_samples import ASKED, VERSIONS, exchange, feedback, request, response
from nof1.advice.ledger.replay import Replayed, replay, replay_all
from nof1.advice.ledger.store import open_ledger
from nof1.core.errors import InputError


def answered(raw, at):
    """A small service: its answer depends on the request and on the moment only."""
    asked = json.loads(raw)
    card = f"{asked['hookInstance']}-{at}"
    return json.dumps({"cards": [{"uuid": card, "for": asked["context"]["patientId"]}]}).encode()


def as_of(entry):
    return lambda raw: answered(raw, datetime.fromisoformat(entry.asked_at))


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
    done = list(replay_all(ledger, ledger.entries(), as_of, VERSIONS))
    assert done == [Replayed(1, "same"), Replayed(2, "same"), Replayed(3, "same")]


def test_another_moment_gives_another_answer_and_its_place_is_told(ledger):
    entry = ledger.entry(2)
    made = replay(ledger, entry, as_of(ledger.entry(3)), VERSIONS)
    old, new = (answered(request(2), ASKED + timedelta(days=day)) for day in (2, 3))
    place = next(at for at in range(len(old)) if old[at] != new[at])
    assert (made.state, made.first_difference) == ("different", place)


def test_a_longer_answer_differs_at_the_old_end(ledger):
    longer = replay(
        ledger, ledger.entry(1), lambda raw: as_of(ledger.entry(1))(raw) + b" ", VERSIONS
    )
    assert longer.first_difference == len(answered(request(1), ASKED + timedelta(days=1)))


@pytest.mark.parametrize(
    ("now", "named"),
    [
        ({**VERSIONS, "rules": "b" * 64}, "rules"),
        ({**VERSIONS, "model/bleed": "1"}, "model/bleed"),
        ({"nof1": "0.1.0", "rules": "a" * 64}, "knowledge"),
    ],
)
def test_other_versions_are_named_and_nothing_is_compared(ledger, now, named):
    made = replay(ledger, ledger.entry(1), lambda raw: pytest.fail("was asked"), now)
    assert (made.state, made.reason) == ("not_comparable", f"Other versions now: {named}.")


def test_feedback_has_no_answer(ledger):
    assert replay(ledger, ledger.entry(4), as_of, VERSIONS).state == "not_comparable"


def test_a_refusal_now_is_a_difference(ledger):
    def refuses(raw):
        raise InputError("not readable")

    made = replay(ledger, ledger.entry(1), refuses, VERSIONS)
    assert (made.state, made.reason) == ("different", "no answer now: not readable")


def test_what_was_forgotten_or_not_kept_cannot_be_compared(ledger):
    ledger.record(exchange(5, keep=False, response=response(5)))
    ledger.forget(datetime.now(UTC) + timedelta(seconds=1))
    done = list(replay_all(ledger, ledger.entries(), as_of, VERSIONS))
    assert [one.seq for one in done] == [1, 2, 3, 5]
    assert all("not kept, was forgotten" in one.reason for one in done)


def test_a_lost_sealing_key_is_not_taken_for_a_difference(ledger, tmp_path):
    (tmp_path / "ledger.seal").write_bytes(bytes(32))
    with open_ledger(tmp_path) as other:
        assert other.verify().intact
        made = replay(other, other.entry(1), as_of(other.entry(1)), VERSIONS)
    assert made.state == "not_comparable"
