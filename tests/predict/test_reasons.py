"""Reasons: plain words, roles never lost, the right source events, nothing from the future."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from nof1.predict.reasons import LONGEST_NAME, Part, Patient, explain, words
from nof1.predict.spec import AGGREGATES, FeatureSpec
from nof1.record.events import SCHEMA

AT = datetime(2024, 1, 1)
NAMES = {"A": "Creatinine", "RxNorm//7984": "penicillin V"}
SPEC = FeatureSpec(("A", "B"), static_codes=("GENDER//F",), static_values=("PGS//X1",))


def patient(values, events=()):
    """A patient with events (code, days before, number)."""
    rows = [
        {
            "subject_id": 1,
            "time": None if days is None else AT - timedelta(days=days),
            "code": code,
            "numeric_value": number,
            "unit": "mg/dL" if number is not None else None,
            "source_file": "labs.csv",
            "source_row": place,
        }
        for place, (code, days, number) in enumerate(events, 1)
    ]
    table = pl.DataFrame(rows, schema=SCHEMA).sort("time", maintain_order=True, nulls_last=False)
    return Patient(values, table, AT, NAMES, SPEC)


def told(column, value, events=()):
    (reason,) = explain([Part((column,), 1.0)], patient({column: value}, events))
    return reason


@pytest.mark.parametrize(
    ("code", "known", "expected"),
    [
        ("ALLERGY//RxNorm//7984", "penicillin V", "Allergy to penicillin V"),
        ("ALLERGY//RxNorm//7984", None, "Allergy to penicillin V"),
        ("ALLERGY//SNOMED//1", "Allergy to nuts", "Allergy to nuts"),
        ("END//RxNorm//7984", "penicillin V", "End of penicillin V"),
        ("FAMILY//SNOMED//53741008", "Heart disease", "Family history of Heart disease"),
        ("GENDER//F", "female", "Sex: female"),
        ("GENDER//F", None, "Sex: F"),
        ("EXPOSURE//pm25", None, "Surroundings: PM2.5"),
        ("ENCOUNTER//IMP", None, "Encounter: inpatient encounter"),
        ("ENCOUNTER_END//AMB", None, "End of encounter: ambulatory"),
        ("REGION//SS", None, "Region SS"),
        ("PGS//PGS000018", None, "Polygenic score PGS000018"),
        ("GENE//CYP2C19//*1/*2", None, "CYP2C19 *1/*2"),
        ("LIFESTYLE//smoking//current", None, "Smoking: current"),
        ("LIFESTYLE//activity_days", None, "Activity days"),
        ("RxNorm//7984//[furlongs]", None, "penicillin V (in furlongs)"),
        ("LAB//x//[no unit]", None, "LAB//x (no unit)"),
        ("MEDS_DEATH", None, "Death"),
        ("END", None, "END"),
        ("LOINC//1-8", None, "LOINC//1-8"),
    ],
)
def test_a_role_is_always_said_and_nothing_invented(code, known, expected):
    names = NAMES | ({code: known} if known else {})
    assert words(code, names) == expected


def test_long_names_are_cut():
    assert len(words("A", {"A": "x" * 200})) == LONGEST_NAME


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("age_years", 80.9, "Age 80 years"),
        ("age_years", float("nan"), "Age unknown"),
        ("static/GENDER//F", 0.0, "Sex: F: no"),
        ("static/GENDER//F", 1.0, "Sex: F"),
        ("static/PGS//X1/value", float("nan"), "Polygenic score X1: not known"),
        ("A/30d/count", 1.0, "Creatinine: recorded once in the last 30 days"),
        ("A/1d/count", 2.0, "Creatinine: recorded 2 times in the last day"),
        ("A/full/count", 0.0, "Creatinine: never recorded"),
        ("A/365d/value_min", float("nan"), "Creatinine: not recorded in the last 365 days"),
        ("A/full/value_last", 0.0, "Creatinine: latest 0 ever"),
        ("A/full/time_since_last", 3425.0, "Creatinine: last 9.4 years before"),
        ("A/full/time_since_last", 0.0, "Creatinine: last 0 days before"),
    ],
)
def test_texts(column, value, text):
    spec = FeatureSpec(("A",), ("GENDER//F",), ("PGS//X1",), windows=("1d", "30d", "365d", "full"))
    who = Patient({column: value}, pl.DataFrame(schema=SCHEMA), AT, NAMES, spec)
    assert explain([Part((column,), 1.0)], who)[0].text == text


EVENTS = [("A", 400, 9.0), ("A", 20, 5.0), ("A", 10, 7.0), ("A", 10, None), ("B", 1, 1.0)]


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("A/30d/value_min", [2]),
        ("A/30d/value_max", [3]),
        ("A/full/value_max", [1]),
        ("A/30d/value_last", [3]),
        ("A/30d/count", [4, 3, 2]),
        ("A/30d/value_count", [3, 2]),
        ("A/full/time_since_last", [4]),
        ("B/7d/count", [5]),
    ],
)
def test_the_events_behind_a_reason(column, rows):
    assert [ref.source_row for ref in told(column, 5.0, EVENTS).events] == rows


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_events_after_the_moment_or_outside_the_window_are_no_source(aggregate):
    late = [("A", -1, 1.0), ("A", 30, 1.0), ("A", None, 1.0)]  # the lower edge is outside
    assert told(f"A/30d/{aggregate}", 1.0, late).events == ()


def test_an_event_that_was_recorded_later_is_no_source():
    who = patient({"A/30d/count": 1.0}, [("A", 2, 1.0)])
    later = who.events.with_columns(recorded=pl.lit(AT + timedelta(days=1)).cast(pl.Datetime("us")))
    late = Patient(who.values, later, AT, NAMES, SPEC)
    assert explain([Part(("A/30d/count",), 1.0)], late)[0].events == ()


def test_windows_of_one_code_are_one_reason_and_the_weightiest_speaks():
    parts = [
        Part(("A/30d/count",), 0.3),
        Part(("A/full/value_max",), -0.5),
        Part(("B/7d/count",), 0.1),
    ]
    values = {"A/30d/count": 2.0, "A/full/value_max": 9.0, "B/7d/count": 1.0}
    found = explain(parts, patient(values, EVENTS))
    assert [reason.feature for reason in found] == ["A/full/value_max", "B/7d/count"]
    assert found[0].contribution == pytest.approx(-0.2)
    assert found[0].text == "Creatinine: highest 9 mg/dL ever"


def test_a_pair_speaks_of_both_and_weak_reasons_stay_silent():
    pair = Part(("A/30d/count", "age_years"), 1.0)
    values = {"A/30d/count": 2.0, "age_years": 70.0, "B/7d/count": 1.0}
    (reason,) = explain([pair, Part(("B/7d/count",), 0.001)], patient(values, EVENTS))
    assert (
        reason.text
        == "Creatinine: recorded 2 times in the last 30 days; together with: Age 70 years"
    )
