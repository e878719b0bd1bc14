"""Can it be true? Every rule finds its planted slip, and is silent without it."""

from __future__ import annotations

from datetime import datetime

from nof1.record.events import BIRTH, DEATH
from nof1.record.quality import Problem, Severity, report

CLEAN = [
    {"code": BIRTH, "time": datetime(1950, 1, 1)},
    {"code": "GENDER//F"},
    *(
        {"time": datetime(2024, 1, day), "numeric_value": 95.0 + day, "unit": "mg/dL"}
        for day in range(1, 29)
    ),
]


def found(made, as_of, *rows) -> dict[str, Problem]:  # type: ignore[no-untyped-def]
    problems = report(made(*CLEAN, *rows), as_of=as_of).problems
    return {problem.check: problem for problem in problems}


def test_clean_data_have_no_problem(events, as_of) -> None:  # type: ignore[no-untyped-def]
    assert found(events, as_of) == {}


def test_an_impossible_value_names_limit_unit_and_source(events, as_of) -> None:  # type: ignore[no-untyped-def]
    row = {"time": datetime(2024, 2, 1), "numeric_value": 9000.0, "unit": "mg/dL"}
    problem = found(events, as_of, row)["impossible-values"]
    assert (problem.what, problem.count, problem.of) == ("Glucose above 2200 mg/dL", 1, 29)
    assert problem.severity is Severity.CRITICAL
    assert problem.reference is not None
    assert "Harutyunyan" in problem.reference


def test_the_limit_itself_is_possible(events, as_of) -> None:  # type: ignore[no-untyped-def]
    code, time = "lab//O2 Sat (%)", datetime(2024, 2, 1)
    rows = [{"code": code, "time": time, "numeric_value": v, "unit": "%"} for v in (0.0, 100.0)]
    assert "impossible-values" not in found(events, as_of, *rows)
    over = {"code": code, "time": time, "numeric_value": 100.1, "unit": "%"}
    assert found(events, as_of, over)["impossible-values"].count == 1


def test_a_value_without_unit_or_in_an_unknown_one_is_never_judged(events, as_of) -> None:  # type: ignore[no-untyped-def]
    time = datetime(2024, 2, 1)
    rows = [{"time": time, "numeric_value": 9000.0, "unit": unit} for unit in (None, "furlong")]
    assert "impossible-values" not in found(events, as_of, *rows)


def test_impossible_times(events, as_of) -> None:  # type: ignore[no-untyped-def]
    rows = [
        {"code": "SNOMED//1", "time": datetime(9999, 12, 31)},
        {"code": "SNOMED//2", "time": datetime(1, 1, 1)},
        {"code": "SNOMED//3", "time": datetime(1949, 12, 31)},
        {"code": DEATH, "time": datetime(2024, 3, 1, 8)},
        {"code": "SNOMED//4", "time": datetime(2024, 3, 1, 23)},
        {"code": "SNOMED//5", "time": datetime(2024, 3, 2)},
    ]
    problems = found(events, as_of, *rows)
    codes = {check: problem.code for check, problem in problems.items()}
    assert codes["future"] == "SNOMED//1"
    assert codes["early"] == "SNOMED//2"
    assert codes["before-birth"] in {"SNOMED//2", "SNOMED//3"}
    assert codes["after-death"] in {"SNOMED//1", "SNOMED//5"}
    report_ = report(events(*CLEAN, *rows), as_of=as_of)
    late = {p.code for p in report_.problems if p.check == "after-death"}
    assert late == {"SNOMED//1", "SNOMED//5"}  # the evening of the day of death is no slip


def test_impossible_people(events, as_of) -> None:  # type: ignore[no-untyped-def]
    problems = found(events, as_of, {"code": BIRTH, "time": datetime(1953, 1, 1)})
    assert problems["two-births"].severity is Severity.CRITICAL
    rounded = found(events, as_of, {"code": BIRTH, "time": datetime(1950, 12, 31)})
    assert "two-births" not in rounded  # worked out from an age in years
    row = {"subject_id": 2, "code": BIRTH, "time": datetime(1890, 1, 1)}
    also = {"subject_id": 2, "time": datetime(2024, 1, 1), "numeric_value": 90.0, "unit": "mg/dL"}
    assert found(events, as_of, row, also)["too-old"].count == 1


def test_duplicates_differ_in_nothing_but_their_source(events, as_of) -> None:  # type: ignore[no-untyped-def]
    again = {"time": datetime(2024, 1, 3), "numeric_value": 98.0, "unit": "mg/dL"}
    assert found(events, as_of, {**again, "record_key": 99})["duplicates"].count == 1
    assert "duplicates" not in found(events, as_of, {**again, "numeric_value": 98.5})
