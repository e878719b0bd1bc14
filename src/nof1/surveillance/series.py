"""The panel: counts of one signal, times down and places across, as known on one day.

Every part of the room takes a panel and nothing else: what was not known on ``known_on`` is not
in it, so a forecast or an alarm cannot use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]
WEEK = 7
TOTAL = "TOTAL"  # the identifier of the sum over all places, where a table holds both


@dataclass(frozen=True)
class Panel:
    """One signal in several places on an even calendar.

    Attributes
    ----------
    signal : what is counted, for example ``"influenza admissions"``.
    dates : (times,) datetime64[D], the LAST day of each step, ascending and without gaps.
    places : (places,) identifiers, for example FIPS codes; unique.
    values : (times, places) float64; NaN where nothing was reported, which is not zero.
    known_on : the day as of which these values were known.
    step_days : 1 for days, 7 for weeks.
    population : (places,) people, or None.
    names : (places,) words for the places, or empty.
    unit : UCUM unit of a value; ``"1"`` for counts, ``"%"`` for a share of visits.

    Raises
    ------
    InputError : when shapes differ, dates have gaps, a place comes twice, or a date lies after
        ``known_on``.
    """

    signal: str
    dates: Dates
    places: tuple[str, ...]
    values: Floats
    known_on: date
    step_days: int = WEEK
    population: Floats | None = None
    names: tuple[str, ...] = ()
    unit: str = "1"

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.dates), len(self.places)):
            raise _refusal("values that do not fit its dates and places", "shape (times, places)")
        if len(set(self.places)) != len(self.places):
            raise _refusal("a place more than once", "one column a place")
        if self.step_days not in (1, WEEK):
            raise _refusal(f"steps of {self.step_days} days", "1 or 7")
        if np.any(np.diff(self.dates) != np.timedelta64(self.step_days, "D")):
            raise _refusal("gaps or disorder in its dates", "even steps; NaN for a missing report")
        if len(self.dates) and self.dates[-1] > np.datetime64(self.known_on):
            raise _refusal("dates after the day on which it was known", "dates up to known_on")

    def until(self, last: date) -> Panel:
        """The rows up to and including ``last``; ``known_on`` stays."""
        keep = self.dates <= np.datetime64(last)
        return replace(self, dates=self.dates[keep], values=self.values[keep])

    def only(self, places: Sequence[str]) -> Panel:
        """The columns of ``places``, in that order.

        Raises
        ------
        InputError : for a place that the panel does not have.
        """
        unknown = [place for place in places if place not in self.places]
        if unknown:
            raise InputError(
                f"The signal has no such place: {', '.join(unknown[:5])}.",
                where=self.signal,
                allowed=", ".join(self.places[:60]),
            )
        at = [self.places.index(place) for place in places]
        return replace(
            self,
            places=tuple(places),
            values=self.values[:, at],
            population=None if self.population is None else self.population[at],
            names=tuple(self.names[i] for i in at) if self.names else (),
        )

    def weekly(self, weekday: int = 5) -> Panel:
        """Days summed to whole weeks that end on ``weekday`` (0 Monday; 5 Saturday, as MMWR weeks).

        A week with a missing day is missing (NaN): part of a week is not a low week.
        """
        if self.step_days == WEEK:
            return self
        ends = [i for i, day in enumerate(self.dates.tolist()) if day.weekday() == weekday]
        whole = [i for i in ends if i >= WEEK - 1]
        sums = [self.values[i - WEEK + 1 : i + 1].sum(axis=0) for i in whole]
        return replace(
            self,
            dates=self.dates[whole],
            values=np.array(sums).reshape(len(whole), len(self.places)),
            step_days=WEEK,
        )

    def name(self, place: str) -> str:
        """The words for a place, or its identifier where there are none."""
        return self.names[self.places.index(place)] if self.names else place


def calendar(first: date, last: date, step_days: int = WEEK) -> Dates:
    """Even dates from ``first`` to ``last``, both included where the step meets them.

    >>> calendar(date(2024, 1, 6), date(2024, 1, 20)).tolist()[-1].isoformat()
    '2024-01-20'
    """
    step = np.timedelta64(step_days, "D")
    return np.arange(np.datetime64(first), np.datetime64(last) + 1, step, dtype="datetime64[D]")


def _refusal(what: str, allowed: str) -> InputError:
    return InputError(f"The panel has {what}.", where="panel", allowed=allowed)
