"""Row checks after every importer."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from nof1.record.checks import refuse_contradictions, row_problem, split
from nof1.record.events import BIRTH, DEATH, RAW_SCHEMA, SCHEMA

NOW = datetime(2026, 1, 1)
GOOD = {"patient": "p", "time": NOW, "code": "X//1", "source_file": "f", "source_row": 7}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patient": None}, "no patient identifier"),
        ({"patient": "  "}, "no patient identifier"),
        ({"code": None}, "no code"),
        ({"code": "x" * 1001}, "the code is longer than 1,000 characters"),
        ({"patient": "x" * 1001}, "the patient identifier is longer than 1,000 characters"),
        ({"numeric_value": float("nan")}, "the number is NaN or infinite"),
        ({"numeric_value": float("-inf")}, "the number is NaN or infinite"),
        ({"numeric_value": 1e39}, "the number is too large to be stored"),
        ({"time": datetime(1, 1, 1)}, "the time is before 1850"),
        ({"time": datetime(9999, 12, 31)}, "the time is in the future"),
        ({"time": NOW + timedelta(days=1, seconds=1)}, "the time is in the future"),
        ({"recorded": datetime(9999, 1, 1)}, "the recording time is in the future"),
        ({"code": BIRTH, "time": None}, "no time"),
    ],
)
def test_bad_rows_are_refused_with_place_and_reason(change: dict, reason: str) -> None:
    whole = [{**dict.fromkeys(RAW_SCHEMA), **GOOD, **change}, {**dict.fromkeys(RAW_SCHEMA), **GOOD}]
    good, refused = split(pl.DataFrame(whole, schema=RAW_SCHEMA), row_problem(NOW))
    assert good.height == 1
    assert [tuple(item) for item in refused] == [("f", 7, reason)]


def test_edges_are_good() -> None:
    times = [None, datetime(1850, 1, 1), NOW + timedelta(days=1)]
    whole = [{**dict.fromkeys(RAW_SCHEMA), **GOOD, "time": time} for time in times]
    good, refused = split(pl.DataFrame(whole, schema=RAW_SCHEMA), row_problem(NOW))
    assert (good.height, refused) == (3, [])


def life(*events: tuple[int, str, datetime]) -> pl.DataFrame:
    names = ("subject_id", "code", "time")
    whole = [{**dict.fromkeys(SCHEMA), **dict(zip(names, e, strict=True))} for e in events]
    return pl.DataFrame(whole, schema=SCHEMA).with_columns(source_file=pl.lit("f"))


def test_birth_after_death_keeps_neither() -> None:
    frame = life(
        (1, BIRTH, datetime(2000, 1, 1)), (1, DEATH, datetime(1990, 1, 1)), (1, "X//1", NOW)
    )
    good, refused = refuse_contradictions(frame)
    assert good["code"].to_list() == ["X//1"]
    assert {item.reason for item in refused} == {"birth after death: neither is kept"}


def test_events_long_before_birth_are_refused_but_not_those_of_the_pregnancy() -> None:
    born = datetime(2000, 1, 1)
    frame = life(
        (1, BIRTH, born),
        (1, "scan", born - timedelta(days=300)),
        (1, "wrong", born - timedelta(days=301)),
        (2, "other patient", datetime(1950, 1, 1)),
    )
    good, refused = refuse_contradictions(frame)
    assert good["code"].to_list() == [BIRTH, "scan", "other patient"]
    assert len(refused) == 1
