"""A nowcast as rows: strata, places and the total, each a sum of the same draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.nowcast.estimate import Nowcast
from nof1.surveillance.series import TOTAL, WEEK, Dates

Floats = NDArray[np.float64]
LEVELS = {"low95": 0.025, "low50": 0.25, "estimate": 0.5, "high50": 0.75, "high95": 0.975}
HISTORY_DAYS = 60  # complete days that are told before the nowcast


@dataclass(frozen=True)
class Part:
    """One line of a nowcast: a stratum, a place or the total.

    Attributes
    ----------
    place, stratum : who; stratum ``""`` is the sum over strata.
    reported : (window,) counts known so far.
    draws : (draws, window) final counts, NaN where not known.
    complete : (window,) expected share reported.
    history : (days,) counts of the days before the window.
    missing : units of the sum that have no nowcast for the newest days.
    """

    place: str
    stratum: str
    reported: Floats
    draws: Floats
    complete: Floats
    history: Floats
    missing: tuple[str, ...]


def parts(found: Nowcast) -> list[Part]:
    """Each unit, each place that has strata, and the total of several places.

    A sum is the sum of the draws of what it is made of, and is unknown (NaN) on days on which one
    of those is unknown: a total that lacks a place would look like a fall.
    """
    units = found.units
    made = [_sum(found, [at], *unit) for at, unit in enumerate(units)]
    places = sorted({place for place, _ in units})
    for place in places:
        inside = [at for at, unit in enumerate(units) if unit[0] == place]
        if any(units[at][1] for at in inside):
            made.append(_sum(found, inside, place, ""))
    if len(places) > 1:
        made.append(_sum(found, range(len(units)), TOTAL, ""))
    return made


def _sum(found: Nowcast, inside: Sequence[int], place: str, stratum: str) -> Part:
    at = list(inside)
    reported, complete = found.reported[at], found.complete[at]
    expected = reported / complete
    total = expected.sum(axis=0)
    share = np.where(total > 0, reported.sum(axis=0) / np.where(total > 0, total, 1), np.nan)
    share = np.where(total == 0, complete.mean(axis=0), share)
    missing = [" ".join(found.units[one]).strip() for one in at if found.unknown[one]]
    return Part(
        place,
        stratum,
        reported.sum(axis=0),
        found.draws[:, at].sum(axis=1),
        share,
        found.history[at].sum(axis=0),
        tuple(missing),
    )


def rows(found: Nowcast) -> list[dict[str, Any]]:
    """The rows of the answer: the last 60 complete days, then the nowcast of the newest."""
    keep = min(HISTORY_DAYS, len(found.history_dates))
    old = found.history_dates[len(found.history_dates) - keep :]
    table = []
    for part in parts(found):
        who = {"place": part.place, "stratum": part.stratum}
        before = part.history[len(part.history) - keep :]
        table += [_whole(who, day, count) for day, count in zip(old.tolist(), before, strict=True)]
        table += _newest(who, part, found.dates)
    return table


def _whole(who: dict[str, str], day: object, count: float) -> dict[str, Any]:
    value = float(count)
    return {
        **who,
        "date": str(day),
        "reported": value,
        **{name: value for name in LEVELS},
        "complete": 1.0,
    }


def _newest(who: dict[str, str], part: Part, dates: Dates) -> list[dict[str, Any]]:
    known = ~np.isnan(part.draws[0])
    levels = np.full((len(LEVELS), len(dates)), np.nan)
    if known.any():
        levels[:, known] = np.quantile(part.draws[:, known], list(LEVELS.values()), axis=0)
    table = []
    for at, day in enumerate(dates.tolist()):
        values = {name: number(levels[i, at]) for i, name in enumerate(LEVELS)}
        share = number(min(float(part.complete[at]), 1.0))
        row = {**who, "date": str(day), "reported": float(part.reported[at]), **values}
        table.append({**row, "complete": share if known[at] else None})
    return table


def last_week(found: Nowcast) -> list[dict[str, Any]]:
    """Each part's newest seven days as one sum: no weekday pattern, and less noise than a day."""
    days = min(WEEK, len(found.dates))
    span = {"first": str(found.dates[-days]), "last": str(found.dates[-1])}
    table = []
    for part in parts(found):
        sums = part.draws[:, -days:].sum(axis=1)
        unknown = bool(np.isnan(sums).any())
        levels = np.full(len(LEVELS), np.nan) if unknown else np.quantile(sums, [*LEVELS.values()])
        values = {name: number(value) for name, value in zip(LEVELS, levels, strict=True)}
        who = {"place": part.place, "stratum": part.stratum, **span}
        table.append({**who, "reported": float(part.reported[-days:].sum()), **values})
    return table


def not_checked(found: Nowcast) -> list[dict[str, str]]:
    """What could not be nowcast, why, and what would resolve it; the same reason is told once."""
    reasons: dict[str, list[str]] = {}
    for unit, reason in zip(found.units, found.unknown, strict=True):
        if reason:
            reasons.setdefault(reason, []).append(" ".join(unit).strip())
    table = []
    for reason, who in reasons.items():
        several = len(who) == len(found.units) and len(who) > 1
        what = "all places" if several else shortened(who)
        table.append({"what": f"nowcast of {what}", "reason": reason, "resolve": _resolve(reason)})
    stopped = [name for names in reasons.values() for name in names]
    if stopped and len({place for place, _ in found.units}) > 1:
        table.append(
            {
                "what": "nowcast of the total on the newest days",
                "reason": f"a total without {shortened(stopped)} would look like a fall",
                "resolve": "Wait for the reports, or leave the place out: --without PLACE.",
            }
        )
    return table


def _resolve(reason: str) -> str:
    if reason.startswith("regular"):
        return "Ask the place why reports stopped; import them when they come."
    return "Import reports day by day, with the day on which each came in, for 28 days or more."


def shortened(names: Sequence[str]) -> str:
    """At most five names and the number of the others."""
    more = f" and {len(names) - 5} others" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def number(value: float) -> float | None:
    """A JSON number, or None for what is not known."""
    return None if np.isnan(value) else round(float(value), 4)
