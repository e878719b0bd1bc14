"""Rows of the record become rows of the course."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.record.events import SCHEMA
from nof1.web.site import course
from nof1.web.site.kinds import KINDS
from nof1.web.site.subject import Subject

AT = datetime(2024, 5, 1)


def subject(*rows):
    made = [
        {"subject_id": 1, "time": time, "code": code, "numeric_value": value, "unit": unit}
        for time, code, value, unit in rows
    ]
    return Subject("p1", "NORTH", 1, AT, pl.DataFrame(made, schema=SCHEMA))


def drawn(who, names=None):
    start = course.window(who, who.events, "all")[0]
    found = course.lanes(who, who.events, KINDS, names or {}, start)
    return {one.name: one for one in found}


def test_one_thing_in_two_code_systems_is_one_row():
    names = {"SNOMED//1": "Hypertension", "ICD10CM//I10": "Hypertension"}
    who = subject(
        (datetime(2020, 1, 1), "SNOMED//1", None, None),
        (datetime(2021, 1, 1), "ICD10CM//I10", None, None),
    )
    (row,) = drawn(who, names)["problems"].rows
    assert row.marks == (datetime(2020, 1, 1), datetime(2021, 1, 1))
    assert "SNOMED%2F%2F1%7CICD10CM%2F%2FI10" in row.address


def test_a_medicine_that_ended_comes_after_those_without_an_end():
    who = subject(
        (datetime(2020, 1, 1), "RxNorm//1", None, None),
        (datetime(2020, 6, 1), "RxNorm//2", None, None),
        (datetime(2021, 1, 1), "END//RxNorm//1", None, None),
    )
    rows = drawn(who)["medicines"].rows
    assert [row.spans[-1][1] for row in rows] == [None, datetime(2021, 1, 1)]
    assert "no end recorded" in rows[0].said


def test_a_value_in_another_unit_is_not_drawn_on_the_same_scale():
    born = (datetime(1950, 1, 1), "MEDS_BIRTH", None, None)
    who = subject(
        born,
        (datetime(2020, 1, 1), "LOINC//2823-3", 160.0, "mg/L"),
        (datetime(2021, 1, 1), "LOINC//2823-3", 4.1, "mmol/L"),
    )
    (row,) = drawn(who)["measurements"].rows
    assert [round(value, 3) for _, value in row.points] == [4.1]
    assert (row.low, row.high, row.outside) == (3.5, 5.0, False)


def test_what_is_outside_its_band_comes_first_and_children_have_no_band():
    rows = [
        (datetime(2023, 1, 1), "LOINC//8867-4", 70.0, "/min"),
        (datetime(2023, 1, 1), "LOINC//2823-3", 6.1, "mmol/L"),
    ]
    adult = subject((datetime(1950, 1, 1), "MEDS_BIRTH", None, None), *rows)
    assert [row.outside for row in drawn(adult)["measurements"].rows] == [True, False]
    child = subject((datetime(2018, 1, 1), "MEDS_BIRTH", None, None), *rows)
    assert {(row.low, row.high) for row in drawn(child)["measurements"].rows} == {(None, None)}


def test_more_rows_than_fit_are_counted():
    rows = [(datetime(2020, 1, 1), f"SNOMED//{n}", None, None) for n in range(course.MOST + 5)]
    lane = drawn(subject(*rows))["problems"]
    assert (len(lane.rows), lane.hidden) == (course.MOST, 5)


def test_a_long_stay_is_a_bar_and_a_visit_a_mark():
    start = datetime(2023, 3, 1)
    who = subject(
        (start, "ENCOUNTER//IMP", None, None),
        (start + timedelta(days=3), "ENCOUNTER_END//IMP", None, None),
        (start, "ENCOUNTER//AMB", None, None),
        (start + timedelta(hours=1), "ENCOUNTER_END//AMB", None, None),
    )
    rows = {row.label: row for row in drawn(who)["encounters"].rows}
    assert rows["Inpatient encounter"].spans == ((start, start + timedelta(days=3)),)
    assert rows["Ambulatory"].marks == (start,)


def test_a_patient_without_events_has_an_empty_course():
    assert drawn(subject()) == {}


def test_no_such_span():
    with pytest.raises(UsageError):
        course.window(subject(), subject().events, "decade")
