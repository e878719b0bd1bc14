"""The tally against an obvious slow count, and against itself over any cut into shards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.record.events import BIRTH, DEATH, SCHEMA
from nof1.record.quality.tally import KEYS, bin_value, tally

AS_OF = datetime(2024, 6, 1)
CODES = [BIRTH, DEATH, "GENDER//F", "LOINC//2345-7", "lab//FiO2", "SNOMED//1"]
TIMES = st.one_of(
    st.none(), st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1)),
)  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "subject_id": st.integers(1, 4),
            "time": TIMES,
            "code": st.sampled_from(CODES),
            "numeric_value": st.sampled_from([None, 0.0, -3.5, 5.0, 90.0, 3e4, float("nan")]),
            "text_value": st.sampled_from([None, "x"]),
            "unit": st.sampled_from([None, "%", "mg/dL"]),
            "site": st.sampled_from(["a", "b", None]),
            "recorded": TIMES,
        }
    ),
    max_size=40,
)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(SCHEMA), **row} for row in rows], SCHEMA)


def finite(row: dict[str, Any]) -> bool:
    return row["numeric_value"] is not None and row["numeric_value"] == row["numeric_value"]


def first_day(rows: list[dict[str, Any]], subject: int, code: str) -> Any:
    times = [r["time"] for r in rows if r["subject_id"] == subject and r["code"] == code]
    return min((t for t in times if t is not None), default=None)


def slow_facts(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, int]]:
    """Each number of ``Tally.facts`` counted in plain Python."""
    made: dict[tuple[str, str], dict[str, int]] = {}
    for code, site in {(r["code"], r["site"] or "") for r in rows}:
        mine = [r for r in rows if (r["code"], r["site"] or "") == (code, site)]
        same = ("subject_id", "time", "numeric_value", "text_value", "unit")
        day = [(r, r["time"].date()) for r in mine if r["time"] is not None]
        born = [(d, first_day(rows, r["subject_id"], BIRTH)) for r, d in day]
        died = [(d, first_day(rows, r["subject_id"], DEATH)) for r, d in day]
        made[code, site] = {
            "events": len(mine),
            "patients": len({r["subject_id"] for r in mine}),
            "numeric": sum(map(finite, mine)),
            "no_value": sum(not finite(r) and r["text_value"] is None for r in mine),
            "no_unit": sum(finite(r) and r["unit"] is None for r in mine),
            "duplicates": len(day) - len({str([r[k] for k in same]) for r, _ in day}),
            "future": sum(r["time"] is not None and r["time"] > AS_OF for r in mine),
            "early": sum(r["time"] is not None and r["time"].year < 1900 for r in mine),
            "before_birth": sum(b is not None and d < b.date() for d, b in born),
            "after_death": sum(b is not None and d > b.date() for d, b in died),
        }
    return made


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_facts_equal_the_slow_count(rows: list[dict[str, Any]]) -> None:
    facts = tally([frame(rows).lazy()], AS_OF).facts.to_dicts()
    assert {(f.pop("code"), f.pop("site")): f for f in facts} == slow_facts(rows)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_shards_add_up_to_the_whole(rows: list[dict[str, Any]]) -> None:
    whole = tally([frame(rows).lazy()], AS_OF)
    cut = [frame([r for r in rows if r["subject_id"] == n]).lazy() for n in range(1, 5)] * 1
    parts = tally(cut + [frame([]).lazy()] * 20, AS_OF)  # more than one round of adding up
    for name in KEYS:
        assert getattr(parts, name).equals(getattr(whole, name)), name


def test_bins_hold_their_value_within_2_percent() -> None:
    values = [3e-38, 1e-3, 0.99, 1.0, 7.4, 1e6, 3e38]
    rows = [
        {"subject_id": 1, "code": f"lab//{sign}{i}", "numeric_value": sign * value}
        for i, value in enumerate(values)
        for sign in (1, -1)
    ]
    binned = tally([frame(rows).lazy()], AS_OF).values.with_columns(mid=bin_value(pl.col("bin")))
    middle = dict(binned.select("code", "mid").iter_rows())
    for row in rows:
        assert abs(middle[row["code"]] / row["numeric_value"] - 1) < 0.023


def test_lags_are_counted_from_the_event_to_its_record() -> None:
    start = datetime(2024, 1, 1)
    days = [-1, 0, 1 / 48, 0.5, 3, 20, 100, 500]
    rows = [
        {"subject_id": 1, "code": "SNOMED//1", "time": start, "recorded": start + timedelta(days=d)}
        for d in days
    ]
    lags = tally([frame(rows).lazy()], AS_OF).lags
    assert lags["lag"].to_list() == list(range(8))
    assert lags["n"].to_list() == [1] * 8


def test_too_old_and_two_births() -> None:
    rows = [
        {"subject_id": 1, "code": BIRTH, "time": datetime(1890, 1, 1)},
        {"subject_id": 1, "code": "SNOMED//1", "time": datetime(2020, 1, 1)},
        {"subject_id": 2, "code": BIRTH, "time": datetime(1980, 1, 1)},
        {"subject_id": 2, "code": BIRTH, "time": datetime(1982, 1, 1)},
        {"subject_id": 3, "code": BIRTH, "time": datetime(1904, 1, 1)},
        {"subject_id": 3, "code": "SNOMED//1", "time": datetime(2020, 1, 1)},
    ]
    people = tally([frame(rows).lazy()], AS_OF).people.to_dicts()[0]
    assert (people["too_old"], people["births"], people["patients"]) == (1, 1, 3)
