"""How much of a disease there is in each place now: a level against its own past, and a trend.

The level compares the newest whole week with thresholds from past seasons, after the idea of the
moving epidemic method (Vega et al. 2013, Influenza Other Respir Viruses 7:546; intensity: Vega et
al. 2015, 9:234; R package mem, type 6): the highest weeks of the past seasons, about 30 in all,
give a geometric mean and its spread, and the 40, 90 and 97.5 % points of that spread separate low,
moderate, high and very high. «Low» includes weeks outside any epidemic. With a short history or
few cases the level is ``not known``: that is not low.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from nof1.core.errors import UsageError
from nof1.surveillance.series import WEEK, Floats, Panel

LEVELS = ("low", "moderate", "high", "very high")
RISING, STABLE, FALLING = "rising", "stable", "falling"
NOT_KNOWN = "not known"
POINTS = (0.40, 0.90, 0.975)  # of the spread of past top weeks, as in mem
TOP_WEEKS, MOST_SEASONS, LEAST_SEASONS = 30, 10, 3
SEASON_WEEKS = 40  # a season with fewer reported weeks is not counted as one
FEW_CASES = 3.0  # typical top weeks below this cannot tell levels apart
STALE_DAYS = 21  # a newest week that ended earlier says nothing about now
SURE, BAND, SMALL = 0.9, 0.35, 0.05  # of growth: probability, and shares a week
SPREAD = 2.0  # variance of a weekly count over its mean, where no better is known
LEAST_COMPLETE = 0.4  # a week of which the nowcast takes less as reported is not used
PER = 100_000
_WHOLE: Mapping[str, Any] = {"estimate": 0.0, "complete": 1.0}  # a day that is not nowcast


@dataclass(frozen=True)
class Activity:
    """Level and trend of one place on one day.

    Attributes
    ----------
    known_on : nothing reported later was used. ``week`` : last day of the newest week used.
    level : one of ``LEVELS`` or ``not known``; ``level_reason`` says why not.
    trend : ``rising``, ``stable``, ``falling`` or ``not known``; ``trend_reason`` says why not.
    cases : of the week, corrected for late reports when a nowcast was given.
    incidence : cases per 100,000 people a week; None without a population.
    thresholds : cases a week from which the level is moderate, high, very high; or None.
    seasons : past seasons that the thresholds rest on.
    growing : probability that it grows, 0 to 1. ``growth`` : per week, 0.1 is 10 % more.
    corrected : whether a nowcast was used.
    """

    place: str
    known_on: date
    week: date | None
    level: str
    trend: str
    cases: float | None = None
    incidence: float | None = None
    thresholds: tuple[float, float, float] | None = None
    seasons: int = 0
    growing: float | None = None
    growth: float | None = None
    corrected: bool = False
    level_reason: str | None = None
    trend_reason: str | None = None

    @property
    def age_days(self) -> int | None:
        """Days from the end of the newest week used to ``known_on``."""
        return None if self.week is None else (self.known_on - self.week).days


def activity(
    panel: Panel,
    *,
    lag_days: int = 0,
    season_month: int = 7,
    nowcast: Mapping[str, Any] | None = None,
    transmission: Mapping[str, Any] | None = None,
) -> list[Activity]:
    """Level and trend of each place of a panel, as known on ``panel.known_on``.

    Parameters
    ----------
    panel : counts; days are summed to weeks that end on Saturday.
    lag_days : weeks that ended less than this before ``known_on`` are not used, because reports
        of them are still coming; ignored with a nowcast.
    season_month : the month with which a season begins; 7 north of the equator.
    nowcast, transmission : documents of the room. One of another as-of day is not used: it could
        know more, or less, than the panel.

    Raises
    ------
    UsageError : the signal is no count.
    """
    if panel.unit != "1":
        raise UsageError(
            f"Activity needs counts of cases; this signal's unit is {panel.unit}.",
            where=panel.signal,
            next_step="Take the signal of cases or visits that it was made of.",
        )
    day = panel.known_on.isoformat()
    corrections = _estimates(nowcast, day)
    growths = _growths(transmission, day)
    weeks = panel.weekly()
    values = weeks.values.copy()
    corrected = _correct(panel, weeks, values, corrections)
    usable = _usable(weeks, 0 if corrections else lag_days, corrections, panel.step_days)
    seasons = _season_years(weeks, season_month)
    return [
        _of_place(weeks, values[:, at], at, usable, seasons, corrected, growths)
        for at in range(len(weeks.places))
    ]


def thresholds(values: Floats, season: Floats, current: int) -> tuple[Floats | None, int]:
    """Thresholds of moderate, high and very high from past seasons, and how many there were.

    Parameters
    ----------
    values : (weeks,) counts of one place, NaN where nothing was reported.
    season : (weeks,) the year in which each week's season began; only those before ``current``
        are used, the newest ten at most.
    """
    past = [year for year in np.unique(season) if year < current]
    whole = [y for y in past if np.isfinite(values[season == y]).sum() >= SEASON_WEEKS]
    whole = whole[-MOST_SEASONS:]
    if len(whole) < LEAST_SEASONS:
        return None, len(whole)
    each = max(round(TOP_WEEKS / len(whole)), 1)
    tops = [np.sort(values[(season == y) & np.isfinite(values)])[-each:] for y in whole]
    logs = np.log(np.maximum(np.concatenate(tops), 0.5))
    middle, spread = logs.mean(), logs.std(ddof=1)
    if math.exp(middle) < FEW_CASES:
        return None, len(whole)
    return np.exp(middle + ndtri(POINTS) * spread), len(whole)


def grown(recent: float, before: float) -> tuple[float, float, float]:
    """Growth a week, its standard error, and the probability that it is above zero.

    Parameters
    ----------
    recent, before : cases of the last two weeks and of the two before; two weeks lie between
        their middles. The log ratio is taken as normal, with counts ``SPREAD`` times as variable
        as Poisson counts.
    """
    a, b = max(recent, 0.0) + 0.5, max(before, 0.0) + 0.5
    rate, error = math.log(a / b) / 2, math.sqrt(SPREAD * (1 / a + 1 / b)) / 2
    return rate, error, float(ndtr(rate / error))


def trend_of(rate: float, low: float, high: float, growing: float) -> tuple[str, str | None]:
    """The word for a growth a week (log scale) with its 90 % interval; and why there is none."""
    if growing >= SURE and rate >= SMALL:
        return RISING, None
    if growing <= 1 - SURE and rate <= -SMALL:
        return FALLING, None
    if low >= -BAND and high <= BAND:
        return STABLE, None
    return NOT_KNOWN, "too few cases to tell growth from chance"


def _of_place(
    weeks: Panel,
    values: Floats,
    at: int,
    usable: int,
    seasons: Floats,
    corrected: bool,
    growths: Mapping[str, Mapping[str, Any]],
) -> Activity:
    place, known_on = weeks.places[at], weeks.known_on
    newest = usable
    while newest >= 0 and not np.isfinite(values[newest]):
        newest -= 1
    week = weeks.dates[newest].item() if newest >= 0 else None
    if week is None or (known_on - week).days > STALE_DAYS:
        old = f"no week that ended in the {STALE_DAYS} days before is reported"
        return Activity(
            place, known_on, week, NOT_KNOWN, NOT_KNOWN, level_reason=old, trend_reason=old
        )
    limits, past = thresholds(values[: newest + 1], seasons[: newest + 1], int(seasons[newest]))
    cases = float(values[newest])
    people = None if weeks.population is None else float(weeks.population[at])
    level, reason = _level(cases, limits, past)
    trend, growing, growth, why = _trend(values[: newest + 1], growths.get(place), week)
    return Activity(
        place=place,
        known_on=known_on,
        week=week,
        level=level,
        trend=trend,
        cases=cases,
        incidence=cases / people * PER if people and math.isfinite(people) else None,
        thresholds=None if limits is None else _three(limits),
        seasons=past,
        growing=growing,
        growth=growth,
        corrected=corrected,
        level_reason=reason,
        trend_reason=why,
    )


def _three(limits: Floats) -> tuple[float, float, float]:
    moderate, high, very_high = limits.tolist()
    return moderate, high, very_high


def _level(cases: float, limits: Floats | None, past: int) -> tuple[str, str | None]:
    if limits is not None:
        return LEVELS[int(np.searchsorted(limits, cases, side="right"))], None
    if past < LEAST_SEASONS:
        return NOT_KNOWN, f"{past} whole past seasons are known; {LEAST_SEASONS} are needed"
    return NOT_KNOWN, "past seasons had too few cases here to tell levels apart"


def _trend(
    values: Floats, told: Mapping[str, Any] | None, week: date
) -> tuple[str, float | None, float | None, str | None]:
    """Word, probability of growth, growth a week, and why there is no word.

    The newest days of a transmission document go first; where they cannot tell, the four weeks
    up to ``week`` are asked. A window with so few cases that it has no reproduction number cannot
    tell: among forty quiet places a few would seem to rise by chance.
    """
    recent = told is not None and date.fromisoformat(told["date"]) >= week - timedelta(days=WEEK)
    if told is not None and recent and told["r"] is not None:
        rates = [told[name] for name in ("growth_per_day", "growth_low", "growth_high")]
        growing = told["probability_growing"]
        if growing is not None and all(rate is not None for rate in rates):
            rate, low, high = (WEEK * one for one in rates)
            word, why = trend_of(rate, low, high, growing)
            if word != NOT_KNOWN:
                return word, growing, math.expm1(rate), why
    last = values[-4:]
    if len(last) < 4 or not np.isfinite(last).all():
        return NOT_KNOWN, None, None, "one of the last four weeks is not reported"
    rate, error, growing = grown(float(last[2:].sum()), float(last[:2].sum()))
    reach = float(ndtri(0.95)) * error
    word, why = trend_of(rate, rate - reach, rate + reach, growing)
    return word, growing, math.expm1(rate), why


def _season_years(weeks: Panel, month: int) -> Floats:
    """(weeks,) the year in which the season of each week began."""
    return np.array(
        [day.year - (day.month < month) for day in weeks.dates.tolist()], dtype=np.float64
    )


def _estimates(document: Mapping[str, Any] | None, day: str) -> dict[str, dict[date, Any]]:
    """Place -> date -> row of a nowcast of the same as-of day, all strata together."""
    found: dict[str, dict[date, Any]] = {}
    if document is None or document.get("as_of") != day:
        return found
    for row in document["rows"]:
        if not row.get("stratum"):
            found.setdefault(row["place"], {})[date.fromisoformat(row["date"])] = row
    return found


def _growths(document: Mapping[str, Any] | None, day: str) -> dict[str, Mapping[str, Any]]:
    """Place -> its newest row of a transmission document of the same as-of day."""
    if document is None or document.get("as_of") != day:
        return {}
    return {row["place"]: row for row in sorted(document["rows"], key=lambda row: row["date"])}


def _correct(
    panel: Panel, weeks: Panel, values: Floats, estimates: Mapping[str, Mapping[date, Any]]
) -> bool:
    """Divide the cases of each week by the share of them that the nowcast takes as reported.

    The share is the mean of the week's days: the sum of daily medians would be too low where a
    day has few cases. Returns whether there was a nowcast.
    """
    for at, place in enumerate(weeks.places):
        rows = estimates.get(place, {})
        for number, end in enumerate(weeks.dates.tolist() if rows else ()):
            days = [end - timedelta(days=back) for back in range(0, WEEK, panel.step_days)]
            told = [rows.get(day, _WHOLE) for day in days]
            # what has no estimate is not known: its reports so far would look like a fall
            known = all(None not in (row.get("estimate"), row.get("complete")) for row in told)
            share = sum(row["complete"] for row in told) / len(days) if known else np.nan
            values[number, at] /= max(share, LEAST_COMPLETE) if known else np.nan
    return bool(estimates)


def _usable(weeks: Panel, lag: int, estimates: Mapping[str, Mapping[date, Any]], step: int) -> int:
    """Number of the newest week that may be used, -1 for none."""
    ends = weeks.dates.tolist()
    usable = [n for n, end in enumerate(ends) if (weeks.known_on - end).days >= lag]
    newest = usable[-1] if usable else -1
    while estimates and newest >= 0 and _complete(ends[newest], estimates, step) < LEAST_COMPLETE:
        newest -= 1
    return newest


def _complete(end: date, estimates: Mapping[str, Mapping[date, Any]], step: int) -> float:
    """Mean share of a week's cases that is reported, over all places; 1 where nothing is told."""
    days = [end - timedelta(days=back) for back in range(0, WEEK, step)]
    shares = [
        found.get(day, _WHOLE).get("complete") for found in estimates.values() for day in days
    ]
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else 1.0
