"""Drug-lab: a value that forbids, one that is missing, and the quiet order."""

from __future__ import annotations

import pytest

from advice.orders.asking import codes, gaps, lab, of, tiers, told
from medicines.ranking.people import person
from nof1.knowledge import laboratory


@pytest.mark.parametrize(
    ("drug", "row", "tier"),
    [
        ("spironolactone", lab("2823-3", 5.8, "mmol/L"), 1),
        ("spironolactone", lab("2823-3", 5.2, "mmol/L"), 2),
        ("spironolactone", lab("2823-3", 4.2, "mmol/L"), None),
        ("potassium chloride", lab("2823-3", 5.6, "mmol/L"), 1),
        ("lisinopril", lab("2823-3", 5.6, "mmol/L"), 2),
        ("warfarin", lab("6301-6", 6.0, "{INR}"), 1),
        ("warfarin", lab("6301-6", 2.5, "{INR}"), None),
        ("apixaban", lab("6301-6", 2.4, "{INR}"), 2),
        ("clozapine", lab("751-8", 0.9, "10*3/uL"), 1),
        ("clozapine", lab("751-8", 1.2, "10*3/uL"), 2),
        ("heparin", lab("777-3", 40.0, "10*3/uL"), 1),
        ("metformin", lab("2524-7", 6.0, "mmol/L"), 1),
        ("atorvastatin", lab("2157-6", 2400.0, "U/L"), 2),
        ("levothyroxine", lab("3016-3", 0.02, "m[iU]/L"), 2),
        ("lithium", lab("14334-7", 1.9, "mmol/L"), 1),
        ("digoxin", lab("10535-3", 0.00026, "mg/dL"), 2),
        ("insulin glargine", lab("2345-7", 52.0, "mg/dL", 0.2), 1),
        ("insulin glargine", lab("4548-4", 5.4, "%"), 3),
        ("haloperidol", lab("8636-3", 520.0, "ms"), 2),
        ("hydrochlorothiazide", lab("2951-2", 124.0, "mmol/L"), 2),
        ("metoprolol", lab("8867-4", 42.0, "/min"), 2),
        ("verapamil", lab("8480-6", 84.0, "mm[Hg]"), 1),
    ],
)
def test_the_last_value_speaks(drug: str, row: dict[str, object], tier: int | None) -> None:
    assert tiers(told(person(row), drug), "laboratory") == ([] if tier is None else [tier])


def test_an_alert_names_the_value_its_day_and_its_source() -> None:
    (one,) = of(told(person(lab("2823-3", 5.8, "mmol/L")), "spironolactone"), "laboratory")
    assert one.finding.what.display.startswith("Spironolactone, potassium 5.8: contraindicated.")
    assert "At potassium 5.8 mmol/L, 2024-05-29" in (one.finding.reason or "")
    assert one.finding.evidence[0].events[0].code == "LOINC//2823-3"
    assert one.rule == "laboratory/contraindicated"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no potassium in 90 days (none is recorded)"),
        ([lab("2823-3", 5.8, "mmol/L", 200)], "no potassium in 90 days (the last: 2023-11-14)"),
        ([lab("2823-3", 5.8, None)], "a unit that is not known here"),
    ],
)
def test_a_value_that_is_missing_is_told_and_decides_nothing(
    rows: list[dict[str, object]], why: str
) -> None:
    made = told(person(*rows), "spironolactone")
    assert not of(made, "laboratory")
    assert any(why in text for text in gaps(made, "laboratory"))


def test_a_glucose_of_last_week_says_nothing_about_today() -> None:
    made = told(person(lab("2345-7", 52.0, "mg/dL", 7)), "insulin glargine")
    assert not of(made, "laboratory")
    assert any("no glucose in one day" in text for text in gaps(made, "laboratory"))


def test_a_medicine_without_a_row_is_not_called_safe() -> None:
    (text,) = gaps(told(person(), "amoxicillin"), "laboratory")
    assert text.startswith("No laboratory limit of amoxicillin is in our table")


def test_a_medicine_and_its_class_are_one_alert_for_one_value() -> None:
    (one,) = of(told(person(lab("2823-3", 5.2, "mmol/L")), "finerenone"), "laboratory")
    assert one.tier == 2
    both = told(person(lab("2823-3", 3.1, "mmol/L"), lab("8636-3", 510.0, "ms")), "sotalol")
    assert tiers(both, "laboratory") == [1, 2]  # two values, two alerts


def test_every_row_can_hold() -> None:
    """The obvious slow way: each row's own subject, with a value inside its range."""
    from nof1.knowledge import classes
    from nof1.knowledge.measurements import measurements

    silent = []
    for row in laboratory.limits():
        one = measurements()[row.measurement]
        low = row.low if row.low > float("-inf") else one.low
        high = row.high if row.high < float("inf") else one.high
        drug = row.subject
        if drug in classes.names():
            drug = classes.inside(row.subject)[0]
        value = lab(one.codes[0].removeprefix("LOINC//"), (low + high) / 2, one.unit, 0.5)
        made = of(told(person(value), drug), "laboratory")
        said = [each.text for alert in made for each in alert.finding.evidence]
        if not any(row.text in text for text in said):
            silent.append((row.subject, row.measurement))
    assert not silent


def test_alternatives_do_not_hang_on_a_value_that_nobody_asked_for() -> None:
    made = told(person(medicines=codes("clarithromycin")), "simvastatin")
    assert "rosuvastatin" in {name for one in made.alerts for name in one.alternatives}


def test_high_transaminases_are_said_by_one_family() -> None:
    """From three times normal on they are the business of ``hepatic``, where it has a row."""
    from nof1.knowledge import drugs, hepatic
    from nof1.medicines.ranking.organs import THREE_TIMES_NORMAL

    both = [
        name
        for name in drugs.drugs()
        if any("active" in one.grades for one in hepatic.of(name))
        and any(
            one.measurement == "ALT" and one.high > THREE_TIMES_NORMAL
            for one in laboratory.of(name)
        )
    ]
    assert not both
