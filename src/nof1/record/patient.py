"""One patient as known at one moment: nothing later, and nothing recorded later, can be seen."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from nof1.core.errors import PointInTimeError, UsageError
from nof1.record.events import BIRTH, known_time
from nof1.record.rows import DAYS_PER_YEAR, SECONDS_PER_DAY


class Patient:
    """A point-in-time view of one patient.

    An event can be seen when its time and its recording time are at or before ``at``; static
    facts have no time and can always be seen, unless they were recorded later.

    Parameters
    ----------
    events : event rows of one patient (``nof1.record.events.SCHEMA``), in any order.
    at : the as-of moment, UTC without zone.

    Raises
    ------
    UsageError : the rows belong to several patients, or ``at`` has a time zone.
    """

    def __init__(self, events: pl.DataFrame, at: datetime) -> None:
        if at.tzinfo is not None:
            raise UsageError("The as-of time has a time zone.", where="at", allowed="UTC, no zone")
        if events["subject_id"].n_unique() > 1:
            raise UsageError("The events belong to several patients.", allowed="one subject_id")
        self.at = at
        known = events.select(known_time()).to_series()
        visible = known.is_null() | (known <= at)
        self._events = events.filter(visible).sort("time", maintain_order=True, nulls_last=False)

    @property
    def events(self) -> pl.DataFrame:
        """All events known at ``at``, sorted by time, static facts first."""
        return self._events

    def events_between(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Events with ``start < time <= end`` that are known at ``at``.

        Raises
        ------
        PointInTimeError : ``end`` is later than ``at``.
        """
        self._refuse_later(end)
        return self._events.filter(pl.col("time") > start, pl.col("time") <= end)

    def has(self, code: str) -> bool:
        """Is there an event (or static fact) with exactly this code?"""
        return bool((self._events["code"] == code).any())

    def value(self, code: str) -> float | None:
        """The latest number of this code; None when there is none."""
        rows = self._events.filter(pl.col("code") == code, pl.col("numeric_value").is_not_null())
        return float(rows["numeric_value"][-1]) if rows.height else None

    def first_time(self, code: str) -> datetime | None:
        """When this code was first seen; None when never, or only as a static fact."""
        found = self._events.filter(pl.col("code") == code)["time"].min()
        return found if isinstance(found, datetime) else None

    @property
    def age_years(self) -> float | None:
        """Age at ``at``, in years of 365.25 days; None without a date of birth."""
        born = self.first_time(BIRTH)
        return (
            None
            if born is None
            else (self.at - born).total_seconds() / SECONDS_PER_DAY / DAYS_PER_YEAR
        )

    def history(self, code: str | None = None) -> pl.DataFrame:
        """Dated events, newest first: of one code, or of all."""
        dated = self._events.filter(pl.col("time").is_not_null())
        chosen = dated if code is None else dated.filter(pl.col("code") == code)
        return chosen.reverse()

    def as_of(self, earlier: datetime) -> Patient:
        """The same patient at an earlier moment.

        Raises
        ------
        PointInTimeError : ``earlier`` is later than ``at``.
        """
        self._refuse_later(earlier)
        return Patient(self._events, earlier)

    def _refuse_later(self, moment: datetime) -> None:
        if moment > self.at:
            raise PointInTimeError(
                "Something later than the as-of time was asked for.",
                where="end",
                allowed=f"at most {self.at.isoformat()}",
                next_step="Ask for an earlier time, or open the patient at a later one.",
            )
