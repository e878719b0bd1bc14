"""The report as a whole: every check, masking, JSON, text, and real data."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from nof1.record.events import SCHEMA, empty
from nof1.record.quality import CHECKS, Problem, Severity, report, table
from nof1.record.quality.problem import gathered, number_text
from nof1.record.quality.tally import tally
from shared_data import needs

START = datetime(2023, 1, 1)
CANARY = 123.4567


def messy(events) -> pl.DataFrame:  # type: ignore[no-untyped-def]
    """Something for nearly every check, in places of all sizes."""
    rows: list[dict[str, Any]] = []
    for n in range(60):
        time, value = START + timedelta(days=n), 90.0 + n % 7
        rows += [
            {"subject_id": n, "time": time, "numeric_value": value, "unit": "mg/dL"},
            {"subject_id": n, "time": time, "numeric_value": 5.0, "unit": "mmol/L", "site": "b"},
            {"subject_id": n, "time": time, "code": f"own//<b>{n % 3}", "text_value": "x"},
        ]
    rows += [{"subject_id": 3, "time": START, "numeric_value": 99999.0, "unit": "mg/dL"}] * 2
    rows += [{"subject_id": 5, "time": datetime(9999, 1, 1), "code": "SNOMED//1"}]
    rows += [
        {"subject_id": 77, "time": START, "numeric_value": CANARY, "unit": "%", "code": "x//y"}
    ]
    return events(*rows)  # type: ignore[no-any-return]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_lives_with_nothing_and_with_a_mess(check, events, as_of) -> None:  # type: ignore[no-untyped-def]
    assert check(tally([empty().lazy()], as_of)) == []
    assert check(tally([], as_of)) == []
    for problem in check(tally([messy(events).lazy()], as_of)):
        assert 0 <= problem.count <= max(problem.of, problem.count)
        assert problem.what
        assert problem.why
        assert problem.next_step


def test_no_small_count_and_no_patient_value_leaves(events, as_of) -> None:  # type: ignore[no-untyped-def]
    made = report(messy(events), as_of=as_of)
    text = json.dumps(made.to_dict())
    for number in re.findall(r'"(?:count|of|events|patients|rows|values|n)": ([1-4])[,}]', text):
        pytest.fail(f"a count of {number} is shown")
    assert "123.4" not in text + table(made)
    assert "fewer than 5" in text


def test_json_is_complete_and_the_same_every_time(events, as_of) -> None:  # type: ignore[no-untyped-def]
    one, two = (report(messy(events), as_of=as_of).to_dict() for _ in range(2))
    assert json.dumps(one) == json.dumps(two)
    assert one["schema"] == "nof1/quality/1"
    assert one["severities"]["critical"] == sum(
        p["severity"] == "critical" for p in one["problems"]
    )
    severities = [p["severity"] for p in one["problems"]]
    assert severities == sorted(severities, key=[str(s) for s in Severity].index)


def test_the_table_fits_80_columns_and_holds_no_control_character(events, as_of) -> None:  # type: ignore[no-untyped-def]
    hostile = {"time": START, "code": "own//\x1b[31m\nred" + "x" * 200, "site": "s" * 99}
    made = report(pl.concat([messy(events), events(hostile, hostile)]), as_of=as_of)
    lines = table(made).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert "SYNTHETIC DATA" in table(report(empty(), as_of=as_of, synthetic=True))


def test_many_sites_with_one_problem_become_one_line() -> None:
    one = Problem("c", Severity.WARNING, "w", 2, 10, "events", "why", "next", code="x")
    at = [Problem(**{**vars(one), "site": f"s{n}"}) for n in range(6)]
    (merged,) = gathered(at)
    assert (merged.count, merged.of, merged.sites, merged.site) == (12, 60, 6, None)
    assert gathered(at[:3]) == at[:3]


def test_small_numbers_read_as_words() -> None:
    assert [number_text(n) for n in (0, 1, 4, 5)] == ["0", "fewer than 5", "fewer than 5", "5"]


def test_a_record_brings_its_quarantine_and_descriptions(events, tmp_path, as_of) -> None:  # type: ignore[no-untyped-def]
    class Record:
        def shards(self):  # type: ignore[no-untyped-def]
            return [tmp_path / "0000.parquet", tmp_path / "0001.parquet"]

        def quarantine(self) -> pl.DataFrame:
            rows = [("labs.csv", n, "no date", "a") for n in range(7)]
            return pl.DataFrame(rows, ["file", "row", "reason", "site"], orient="row")

        def codes(self) -> pl.DataFrame:
            return pl.DataFrame({"code": ["LOINC//2345-7"], "description": ["Glucose"]})

    frame = messy(events)
    for n in (0, 1):
        frame.filter(pl.col("subject_id") % 2 == n).write_parquet(tmp_path / f"000{n}.parquet")
    made = report(Record(), as_of=as_of)  # type: ignore[arg-type]
    data = made.to_dict()
    assert data["quarantined"] == [{"file": "labs.csv", "reason": "no date", "rows": 7}]
    assert "Glucose" in {code["display"] for code in data["codes"]}
    assert (
        data["problems"]
        == report(frame, as_of=as_of, descriptions=made.descriptions).to_dict()["problems"]
    )


def test_eicu_units_and_impossible_values_are_reported() -> None:
    """Real data: oxygen shares as 0.4 and as 10,000 %, Fahrenheit under °C, calcium in mmol/L."""
    folder = needs("records/eicu-demo")
    labs = pl.read_csv(folder / "lab.csv", infer_schema_length=None)
    stays = pl.read_csv(folder / "patient.csv", infer_schema_length=None)
    labs = labs.join(stays.select("patientunitstayid", "hospitalid"), on="patientunitstayid")
    frame = labs.select(
        subject_id="patientunitstayid",
        time=pl.lit(datetime(2015, 1, 1)) + pl.duration(minutes="labresultoffset"),
        code="lab//" + pl.col("labname"),
        numeric_value="labresult",
        unit="labmeasurenamesystem",
        site=pl.col("hospitalid").cast(pl.String),
    )
    missing = {name: pl.lit(None) for name in SCHEMA if name not in frame.columns}
    frame = frame.with_columns(**missing).select(list(SCHEMA)).cast(dict(SCHEMA))
    made = report(frame, as_of=datetime(2026, 1, 1))
    values = {
        (p.code, p.what.split(" ")[0]) for p in made.problems if p.check == "impossible-values"
    }
    assert {("lab//FiO2", "Inspired"), ("lab//Temperature", "Body")} <= values
    assert ("lab//ionized calcium", "Ionised") in values
    hidden = {p.code for p in made.problems if p.check == "hidden-mixture"}
    assert hidden == {"lab//FiO2", "lab//Temperature", "lab//ionized calcium"}
