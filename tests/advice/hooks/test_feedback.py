"""Feedback is read whole or not at all; its words do not travel on."""

from datetime import UTC, datetime

import pytest

from hook_samples import raw
from nof1.advice.hooks import feedback
from nof1.advice.hooks.outcome import Refusal

CARD, OFFER = "4e0a3a1e-3283-4575-ab82-028d55fe2719", "E56E1945-20B3-4393-8503-A1A20FD73152"
GIVEN = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2021-12-11T10:05:31Z"}
REASON = {"reason": {"code": "patient-refuses", "system": "http://x.example/s"}}


def read(*items):
    return feedback.read(raw({"feedback": list(items)}))


def test_accepted_and_overridden_are_read():
    accepted = GIVEN | {"outcome": "accepted", "acceptedSuggestions": [{"id": OFFER}]}
    first, second = read(accepted, GIVEN | {"overrideReason": REASON | {"userComment": "secret"}})
    assert first.suggestions == (OFFER.lower(),)
    assert first.at == datetime(2021, 12, 11, 10, 5, 31, tzinfo=UTC)
    assert second.reason == "http://x.example/s|patient-refuses"
    assert second.commented
    assert "secret" not in repr(second)


def test_times_of_other_zones_become_utc():
    (found,) = read(GIVEN | {"outcomeTimestamp": "2021-12-11T12:05:31.123456789+02:00"})
    assert found.at.isoformat() == "2021-12-11T10:05:31.123456+00:00"


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "accepted"},
        {"outcome": "ignored"},
        {"outcome": "accepted", "acceptedSuggestions": []},
        {"acceptedSuggestions": [{"id": OFFER}]},
        {"outcome": "accepted", "acceptedSuggestions": [{"id": "x"}]},
        {"outcome": "accepted", "acceptedSuggestions": [{"id": OFFER}], "overrideReason": REASON},
        {"card": "not a uuid"},
        {"card": None},
        {"outcomeTimestamp": "2021-12-11T10:05:31"},
        {"outcomeTimestamp": "2021-13-11T10:05:31Z"},
        {"outcomeTimestamp": "yesterday"},
        {"overrideReason": {}},
        {"overrideReason": {"reason": {"code": "with blanks in it"}}},
    ],
)
def test_what_is_not_of_the_form_is_refused_with_all_beside_it(change):
    with pytest.raises(Refusal) as stop:
        read(GIVEN, GIVEN | change)
    assert stop.value.status == 400


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"feedback": []}', b'{"feedback": {}}', b"x"])
def test_a_body_without_outcomes_is_refused(body):
    with pytest.raises(Refusal):
        feedback.read(body)


def test_too_many_outcomes_are_refused():
    with pytest.raises(Refusal):
        read(*[GIVEN] * (feedback.MOST + 1))
    assert len(read(*[GIVEN] * 3)) == 3
