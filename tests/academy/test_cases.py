"""A case survives its JSON form, and cannot contradict itself."""

import json

import pytest

from nof1.academy.cases import CHECKS, SCHEMA, Case, per_hundred
from nof1.core.errors import InputError


def test_round_trip(bank):
    for case in bank:
        text = json.dumps(case.to_dict())
        assert Case.from_dict(json.loads(text)) == case
        assert json.loads(text)["schema"] == SCHEMA


def test_every_case_shows_every_check(bank):
    assert all(list(case.evidence) == list(CHECKS) for case in bank)
    assert all(text.strip() for case in bank for text in case.evidence.values())


def _changed(case, **changes):
    return {**case.to_dict(), **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"advised": None}, "Expected"),
        ({"advised": "other"}, "Expected"),
        ({"threshold": 0.0}, "between 0 and 1"),
        ({"catches": "a hunch"}, "unknown"),
        ({"evidence": {"units": "x"}}, "every check"),
        ({"synthetic": False}, "synthetic"),
        ({"schema": "nof1/academy-case/2"}, "schema"),
        ({"surprise": 1}, "surprise"),
        ({"card": {}}, "finding"),
        ({"truth": {"risk": 2.0, "right": True, "outcome": True}}, "between 0 and 1"),
    ],
)
def test_what_is_no_case_is_refused(bank, changes, said):
    with pytest.raises(InputError) as caught:
        Case.from_dict(_changed(bank[0], **changes))
    assert said in str(caught.value)


def test_contradictions_are_refused(bank):
    for case in (next(c for c in bank if c.faulty), next(c for c in bank if not c.faulty)):
        truth = case.to_dict()["truth"]
        for changes in (
            {"advised": not case.advised},
            {"faulty": not case.faulty},
            {"truth": {**truth, "right": not case.truth.right}},
            {"topic": "none" if case.faulty else "unit-slip"},
        ):
            with pytest.raises(InputError, match="not a teaching case"):
                Case.from_dict(_changed(case, **changes))


def test_a_card_about_a_real_patient_is_refused(bank):
    card = {**bank[0].card, "synthetic": False}
    with pytest.raises(InputError, match="synthetic patient"):
        Case.from_dict(_changed(bank[0], card=card))


@pytest.mark.parametrize("data", [None, [], "x", 3, {"id": 1}])
def test_other_json_is_refused(data):
    with pytest.raises(InputError):
        Case.from_dict(data)


def test_risk_is_the_card_s(bank):
    assert all(case.risk == case.card["value"]["amount"] for case in bank)
    assert per_hundred(0.005) == "1 of 100"
