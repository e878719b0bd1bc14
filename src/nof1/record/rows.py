"""Event rows as plain tuples: for one patient's few hundred events a loop is faster than a frame.

What is worked out for one patient at one moment takes either form: a frame of
``nof1.record.events.SCHEMA`` is turned into rows first, so there is one way to read them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from nof1.core.errors import UsageError
from nof1.record.events import BIRTH, SCHEMA

DAYS_PER_YEAR = 365.25
SECONDS_PER_DAY = 86_400


class Row(NamedTuple):
    """One row of the event table; fields, order and meaning as in ``nof1.record.events``."""

    subject_id: int
    time: datetime | None
    code: str
    numeric_value: float | None
    text_value: str | None
    unit: str | None
    recorded: datetime | None
    record_key: int
    source_file: str | None
    source_row: int | None
    site: str | None


Events = pl.DataFrame | Sequence[Row]  # the two forms


def rows_of(events: Events) -> Sequence[Row]:
    """The rows of either form, in their order."""
    if isinstance(events, pl.DataFrame):
        return [Row._make(row) for row in events.select(list(SCHEMA)).iter_rows()]
    return events


def picked(events: Events, *prefixes: str) -> Sequence[Row]:
    """The rows whose code begins with one of these; of a large frame only they become rows.

    Raises
    ------
    UsageError : the events belong to several patients.
    """
    if not isinstance(events, pl.DataFrame):
        return [row for row in events if row.code.startswith(prefixes)]
    if events["subject_id"].n_unique() > 1:
        raise _several()
    code = pl.col("code")
    return rows_of(events.filter(pl.any_horizontal([code.str.starts_with(p) for p in prefixes])))


def frame_of(rows: Iterable[Row]) -> pl.DataFrame:
    """The rows as a frame of ``nof1.record.events.SCHEMA``."""
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def place(row: Row) -> tuple[object, ...]:
    """The order of the record within one subject (``nof1.record.merge.in_order``), as a key."""
    return (
        row.time or datetime.min,
        row.source_file is not None, row.source_file or "",
        -1 if row.source_row is None else row.source_row,
        row.code, row.record_key,
        -math.inf if row.numeric_value is None else row.numeric_value,
        row.text_value is not None, row.text_value or "",
        row.unit is not None, row.unit or "",
        row.recorded or datetime.min,
        row.site is not None, row.site or "",
    )  # fmt: skip


def seen(rows: Sequence[Row], at: datetime) -> list[Row]:
    """What was known at a moment, as ``nof1.record.patient.Patient`` sees it.

    Sorted by time, static facts first; rows of one time keep their order.

    Parameters
    ----------
    rows : events of one patient. at : UTC without zone.

    Raises
    ------
    UsageError : the rows belong to several patients, or ``at`` has a time zone.
    """
    if at.tzinfo is not None:
        raise UsageError("The as-of time has a time zone.", where="at", allowed="UTC, no zone")
    if len({row.subject_id for row in rows}) > 1:
        raise _several()
    known = [
        row
        for row in rows
        if (row.time is None or row.time <= at) and (row.recorded is None or row.recorded <= at)
    ]
    known.sort(key=_when)
    return known


def _several() -> UsageError:
    return UsageError("The events belong to several patients.", allowed="one subject_id")


def _when(row: Row) -> datetime:
    return row.time or datetime.min


def age_years(seen_rows: Iterable[Row], at: datetime) -> float | None:
    """Age in years of 365.25 days; None without a date of birth."""
    born = min((row.time for row in seen_rows if row.code == BIRTH and row.time), default=None)
    return None if born is None else (at - born).total_seconds() / SECONDS_PER_DAY / DAYS_PER_YEAR
