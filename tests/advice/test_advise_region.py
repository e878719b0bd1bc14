"""What goes round in the region joins the advice, and falls silent when it is old."""

from datetime import datetime

import polars as pl

from nof1.advice.advise import Adviser
from nof1.core.finding import Kind, Status, Subject
from nof1.core.workspace import create
from nof1.record.events import SCHEMA

KNOWN = datetime(2024, 1, 10)


def events() -> pl.DataFrame:
    row = dict.fromkeys(SCHEMA) | {
        "subject_id": 1,
        "time": KNOWN,
        "recorded": datetime(2024, 1, 11),
        "code": "EXPOSURE//influenza_activity//high",
        "numeric_value": 1.0,
        "source_file": "influenza-activity-2024-01-10.csv",
        "source_row": 4,
        "site": "site-a",
    }
    trend = row | {"code": "EXPOSURE//influenza_trend//rising"}
    return pl.DataFrame([row, trend], schema=SCHEMA)


def test_the_region_is_part_of_the_advice(tmp_path):
    adviser = Adviser(create(tmp_path / "ws", synthetic=True))
    who = Subject(id="ann")
    (found,) = adviser.advise(who, events(), datetime(2024, 1, 15))
    assert (found.kind, found.status) == (Kind.OUTBREAK, Status.FOUND)
    assert found.what.display.endswith("high and rising")
    assert found.synthetic
    (old,) = adviser.advise(who, events(), datetime(2024, 3, 1))
    assert old.status == Status.NOT_CHECKED
    assert adviser.advise(who, events(), datetime(2024, 1, 10, 12)) == []
