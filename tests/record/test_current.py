"""Current medicines: started lately, not ended, and known at the moment."""

from datetime import datetime

import polars as pl

from nof1.record.current import current_medicines
from nof1.record.events import SCHEMA

AT = datetime(2024, 6, 1)


def events(*rows: tuple[str, datetime | None, datetime | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(code, time, recorded) for code, time, recorded in rows],
        schema={"code": pl.String, "time": SCHEMA["time"], "recorded": SCHEMA["time"]},
        orient="row",
    )
    return frame.with_columns(subject_id=pl.lit(1)).select(
        [
            pl.col(name).cast(kind) if name in ("subject_id", "code", "time", "recorded")
            else pl.lit(None, kind).alias(name)
            for name, kind in SCHEMA.items()
        ]
    )  # fmt: skip


def codes(*rows, **settings) -> list[str]:
    return [one.code for one in current_medicines(events(*rows), AT, **settings)]


def test_a_recent_start_without_end_is_current():
    assert codes(("RxNorm//1", datetime(2024, 5, 1), None)) == ["RxNorm//1"]
    assert codes(("RxNorm//1", datetime(2022, 5, 1), None)) == []
    assert codes(("RxNorm//1", datetime(2022, 5, 1), None), within_days=2000) == ["RxNorm//1"]


def test_an_end_after_the_last_start_ends_it():
    start, end = (
        ("RxNorm//1", datetime(2024, 3, 1), None),
        ("END//RxNorm//1", datetime(2024, 4, 1), None),
    )
    assert codes(start, end) == []
    assert codes(start, end, ("RxNorm//1", datetime(2024, 5, 1), None)) == ["RxNorm//1"]
    planned = ("END//RxNorm//1", datetime(2024, 7, 1), None)
    assert codes(start, planned) == ["RxNorm//1"]


def test_what_was_recorded_later_is_not_known_yet():
    assert codes(("RxNorm//1", datetime(2024, 5, 1), datetime(2024, 6, 2))) == []


def test_other_codes_and_static_facts_are_no_medicines():
    assert codes(("SNOMED//1", datetime(2024, 5, 1), None), ("RxNorm//1", None, None)) == []


def test_each_medicine_once_the_latest_start_first():
    rows = [
        ("RxNorm//1", datetime(2024, 2, 1), None),
        ("RxNorm//1", datetime(2024, 3, 1), None),
        ("ATC//B01AC04", datetime(2024, 5, 1), None),
    ]
    found = current_medicines(events(*rows), AT)
    assert [(one.code, one.start) for one in found] == [
        ("ATC//B01AC04", datetime(2024, 5, 1)),
        ("RxNorm//1", datetime(2024, 3, 1)),
    ]
