"""A medicine that is missing: beside an order, for a diagnosis, and never against an allergy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from advice.orders.asking import codes, gaps, lab, of, told
from medicines.ranking.people import AT, event, know, person
from nof1.advice.orders.company import Company
from nof1.advice.orders.omissions import of_patient, stroke_risk
from nof1.knowledge import omissions
from nof1.knowledge.base import SHIPPED
from nof1.medicines.ranking import organs

AF, OLD_MI, HFREF = "ICD10CM//I48.91", "ICD10CM//I25.2", "ICD10CM//I50.22"


def proposed(events: object) -> set[str]:
    """Ids of what is proposed for a patient."""
    return {raised.key[0] for raised in answer(events).raised}  # type: ignore[misc]


def answer(events: object):  # type: ignore[no-untyped-def]
    known = know(events)  # type: ignore[arg-type]
    none = not known.medicines and not known.strangers
    company = Company(known, organs.kidneys_of(known), frozenset(), False, (), none)
    return of_patient(company, SHIPPED)


@pytest.mark.parametrize(
    ("order", "taken", "more", "missing"),
    [
        ("morphine", (), (), "senna may be missing"),
        ("morphine", ("senna",), (), None),
        ("morphine", (), ("lactulose",), None),  # ordered together with it
        ("methotrexate", (), (), "folic acid may be missing"),
        ("methotrexate", ("folic acid",), (), None),
        ("ibuprofen", (), (), "omeprazole may be missing"),
        ("prednisone", (), (), "alendronate may be missing"),
        ("amlodipine", (), (), None),
    ],
)
def test_what_hangs_on_the_order(
    order: str, taken: tuple[str, ...], more: tuple[str, ...], missing: str | None
) -> None:
    made = told(person(medicines=codes(*taken)), order, *more)
    said = [one.finding.what.display.lower() for one in of(made, "omissions")]
    assert [one.tier for one in of(made, "omissions")] == ([3] if missing else [])
    assert missing is None or missing in said[0]


def test_naloxone_only_where_both_are_there() -> None:
    assert len(of(told(person(medicines=codes("senna")), "morphine"), "omissions")) == 0
    both = told(person(medicines=codes("senna", "diazepam")), "morphine")
    assert [one.finding.what.display.split(",")[0] for one in of(both, "omissions")] == ["Morphine"]


@pytest.mark.parametrize(
    ("diagnoses", "taken", "expected"),
    [
        ((AF, "ICD10CM//I10"), ("metoprolol",), {"START A1"}),
        ((AF,), ("metoprolol",), set()),  # 70 years: one point
        ((AF, "ICD10CM//I10"), ("apixaban",), set()),
        ((OLD_MI,), ("metoprolol",), {"START A3", "START A5"}),
        ((OLD_MI,), ("metoprolol", "aspirin", "atorvastatin"), set()),
        ((HFREF,), ("furosemide",), {"START A6", "START A8", "HF MRA", "HF SGLT2"}),
        (("ICD10CM//I50.32",), ("furosemide",), set()),
        (("ICD10CM//M81.0",), ("amlodipine",), {"START E3", "START E4"}),
        (("ICD10CM//E11.9", "ICD10CM//N18.3"), ("metformin",), {"START F1", "diabetes statin"}),
        (("ICD10CM//J44.9",), ("amlodipine",), {"START B1"}),
    ],
)
def test_what_hangs_on_a_diagnosis(
    diagnoses: tuple[str, ...], taken: tuple[str, ...], expected: set[str]
) -> None:
    events = person(*(event(code) for code in diagnoses), medicines=codes(*taken))
    assert proposed(events) == expected


@pytest.mark.parametrize(
    "row",
    [
        event("ALLERGY//RxNorm//83367"),  # atorvastatin
        event("ICD10CM//K74.60"),  # cirrhosis
    ],
)
def test_never_where_something_speaks_against_it(row: dict[str, object]) -> None:
    events = person(event(OLD_MI), row, medicines=codes("metoprolol", "aspirin"))
    assert "START A5" not in proposed(events)


def test_what_was_not_proposed_for_that_reason_is_said() -> None:
    allergic = person(event(OLD_MI), event("ALLERGY//RxNorm//83367"), medicines=codes("metoprolol"))
    said = [one.text for one in answer(allergic).opens]
    assert any(text.startswith("Not proposed (START A5)") for text in said)
    potassium = person(event(HFREF), lab("2823-3", 5.8, "mmol/L"), medicines=codes("furosemide"))
    assert "HF MRA" not in proposed(potassium)


def test_without_medicines_age_or_diagnoses_nothing_is_missing_but_that() -> None:
    assert "No medicine is recorded" in answer(person(event(OLD_MI))).opens[0].text
    no_age = person(event(OLD_MI), medicines=codes("metoprolol"), born=None)
    assert not answer(no_age).raised
    assert any("date of birth" in one.text for one in answer(no_age).opens)
    assert "Diagnoses not checkable" in answer(person(medicines=codes("metoprolol"))).opens[0].text
    strange = person(event(OLD_MI), event("RxNorm//99999999"), medicines=codes("metoprolol"))
    assert any("may be the one" in one.text for one in answer(strange).opens)


def test_the_young_are_asked_only_what_fits_them() -> None:
    young = person(event(OLD_MI), medicines=codes("metoprolol"), born=datetime(1995, 1, 1))
    assert proposed(young) == {"START A3"}
    assert not gaps(told(person(born=datetime(1979, 1, 1)), "ibuprofen"), "omissions")


def test_stroke_risk_adds_up_and_has_no_point_for_sex() -> None:
    everything = {
        "heart failure", "hypertension", "type 2 diabetes mellitus", "ischaemic stroke",
        "peripheral arterial disease",
    }  # fmt: skip
    assert stroke_risk(everything, 80) == 8
    assert stroke_risk(set(), 64) == 0
    assert (stroke_risk(set(), 65), stroke_risk(set(), 75)) == (1, 2)


def test_every_row_holds_for_somebody_and_none_for_who_takes_it_already() -> None:
    """The obvious slow way: for each row a patient made of its own cells."""
    from nof1.knowledge import classes

    names = {
        "atrial fibrillation": AF, "osteoporosis": "ICD10CM//M81.0", "gout": "ICD10CM//M10.9",
        "rheumatoid arthritis": "ICD10CM//M06.9", "Alzheimer's disease": "ICD10CM//G30.9",
        "parkinson's disease": "ICD10CM//G20", "asthma": "ICD10CM//J45.909",
        "chronic obstructive pulmonary disease": "ICD10CM//J44.9",
        "heart failure with reduced ejection fraction": HFREF,
        "myocardial infarction": "ICD10CM//I21.9", "type 2 diabetes mellitus": "ICD10CM//E11.9",
        "chronic kidney disease": "ICD10CM//N18.3",
    }  # fmt: skip
    for row in omissions.omissions():
        if row.trigger:
            continue
        rows = [event(names[row.needs[0]])]
        rows += [event(names[row.also[0]])] if row.also else []
        rows += [event("ICD10CM//I10")] if row.score else []
        assert row.id in proposed(person(*rows, medicines=codes("amlodipine"))), row.id
        one = row.given[0]
        drug = classes.inside(one)[0] if one in classes.names() else one
        assert row.id not in proposed(person(*rows, medicines=codes(drug, "amlodipine"))), row.id
    assert len(omissions.omissions()) >= 15


def test_nothing_known_later_is_used(tmp_path: Path) -> None:
    from datetime import timedelta

    later = event(OLD_MI, time=AT + timedelta(days=1))
    assert proposed(person(event("ICD10CM//I10"), later, medicines=codes("metoprolol"))) == set()
