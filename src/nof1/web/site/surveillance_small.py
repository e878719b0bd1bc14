"""Small cells: counts from 1 to 4 of single places that no page of surveillance tells.

Where one place alone is hidden on a day, the total minus the others would give it: then the
smallest other one is hidden, too. For what leaves the house see ``nof1 surveillance publish``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nof1.pictures.views.surveillance_data import TOTALS
from nof1.surveillance.series import Panel
from nof1.surveillance.suppression import SMALLEST

SEEN, GUESSED = ("reported", "observed"), ("value", "estimate")
SPANS = ("low50", "high50", "low95", "high95")


def discreet(document: Mapping[str, Any], least: int = SMALLEST) -> dict[str, Any]:
    """An answer without the counts from 1 to ``least`` - 1 of single places and strata.

    Such a count becomes None, and an estimate that would tell it, too. Where one place alone is
    hidden on a day, the total minus the others would give it: then the smallest other one goes.
    """
    made = dict(document)
    for name in ("rows", "last_week", "observed", "history"):
        if isinstance(made.get(name), list):
            made[name] = _protected([_discreet(row, least) for row in made[name]])
    return made


def _discreet(row: Mapping[str, Any], least: int) -> Any:
    if str(row.get("place")) in TOTALS and not row.get("stratum"):
        return row
    small = [name for name in (*SEEN, *GUESSED) if suppressed(row.get(name), least)]
    return _hidden(row, small) if small else row


def _hidden(row: Mapping[str, Any], small: Sequence[str]) -> dict[str, Any]:
    """The row without these counts, and without an estimate that equals one of them."""
    gone = set(small)
    for name in GUESSED:
        value = row.get(name)
        if value is not None and any(abs(value - (row[one] or 0)) < 1 for one in small):
            gone.add(name)
    if gone & set(GUESSED):
        gone |= set(SPANS)
    return {**row, **dict.fromkeys((name for name in gone if name in row), None), "small": True}


def _protected(rows: list[Any]) -> list[Any]:
    days: dict[Any, list[int]] = {}
    for at, row in enumerate(rows):
        if str(row.get("place")) not in TOTALS and not row.get("stratum"):
            days.setdefault(row.get("date"), []).append(at)
    for places in days.values():
        if sum(bool(rows[at].get("small")) for at in places) == 1:
            others = [(_seen(rows[at]), at) for at in places if _seen(rows[at])]
            if others:
                at = min(others)[1]
                rows[at] = _hidden(rows[at], [one for one in SEEN if rows[at].get(one) is not None])
    return rows


def _seen(row: Mapping[str, Any]) -> float:
    given = [row[name] for name in SEEN if row.get(name) is not None]
    return float(given[0]) if given else 0.0


def without_small(panel: Panel, least: int = SMALLEST) -> Panel:
    """Weeks with counts from 1 to ``least`` - 1 of single places as gaps, and one more place where
    a week has just one of them."""
    values = panel.values.copy()
    single = np.array([place not in TOTALS for place in panel.places])
    small = (values > 0) & (values < least - 0.5) & single
    for week in np.flatnonzero(small.sum(axis=1) == 1):
        others = np.where((values[week] > 0) & single & ~small[week], values[week], np.inf)
        if np.isfinite(others).any():
            small[week, int(np.argmin(others))] = True
    values[small] = np.nan
    return replace(panel, values=values)


def suppressed(value: Any, least: int = SMALLEST) -> bool:
    """Whether a count of one place is too small to be shown; what is no number is not."""
    return isinstance(value, int | float) and 0 < value < least - 0.5
