"""Doses as people type them: what is certain is read, everything else stays words."""

import pytest

from nof1.advice.orders import drafts
from nof1.web.site.dose import instruction, read_as


@pytest.mark.parametrize(
    ("text", "dose", "unit", "per_day"),
    [
        ("40 mg once a day", 40.0, "mg", 1.0),
        ("40mg daily", 40.0, "mg", 1.0),
        ("500 mg BID", 500.0, "mg", 2.0),
        ("2.5 mg twice daily", 2.5, "mg", 2.0),
        ("1 g every 8 hours", 1.0, "g", 3.0),
        ("500 mg by mouth q12h", 500.0, "mg", 2.0),
        ("75 µg 3 x a day", 75.0, "ug", 3.0),
        ("10 mg at night", 10.0, "mg", 1.0),
        ("15 mg once weekly", 15.0, "mg", 1 / 7),
        ("40 mg", 40.0, "mg", None),
    ],
)
def test_a_plain_dose_is_what_the_checks_read(text, dose, unit, per_day):
    order = {"resourceType": "MedicationRequest", "id": "a",
             "medicationCodeableConcept": {"text": "aspirin"},
             "dosageInstruction": [instruction(text)]}  # fmt: skip
    bundle = {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]}}
    (draft,) = drafts.read(bundle)
    assert (draft.dose, draft.unit) == (dose, unit)
    assert draft.per_day == (None if per_day is None else pytest.approx(per_day))


@pytest.mark.parametrize(
    "text",
    ["1,000 mg once a day", "1,5 mg", "40 mg or 80 mg", "1-2 tablets", "40", "mg",
     "40 mg if needed", "40 mg every 0 hours", "-5 mg", "1e9 mg", "٤٠ mg", "40 mg\n80 mg",
     "<b>40 mg</b>"],
)  # fmt: skip
def test_what_is_not_certain_is_not_read(text):
    made = instruction(text)
    assert "timing" not in made
    if text != "40 mg every 0 hours":
        assert "doseAndRate" not in made
        assert read_as(made) == ""


def test_no_words_are_no_dose():
    assert instruction("  ") is None
    assert read_as(None) == ""
