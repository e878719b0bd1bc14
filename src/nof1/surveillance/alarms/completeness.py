"""The part of each week's count that is in by now, from the rows of a nowcast."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from nof1.surveillance.alarms.tested import Floats
from nof1.surveillance.series import WEEK, Panel

LEAST_WEIGHT = 0.5  # a day whose nowcast is 0 still counts


def weekly_share(rows: Sequence[dict[str, Any]], panel: Panel, stratum: str = "") -> Floats:
    """(weeks, places) of a weekly panel: share of the final count expected to be in; 1 if unknown.

    Days are weighed by what the nowcast expects of them. Days without a row, or whose share the
    nowcast does not know, count as complete only where other days of the week have none either.

    Parameters
    ----------
    rows : of the answer of ``nof1 surveillance nowcast``: place, stratum, date, estimate, complete.
    """
    number = {place: at for at, place in enumerate(panel.places)}
    weeks = {day: at for at, day in enumerate(panel.dates.tolist())}
    inside, weight = np.zeros((2, *panel.values.shape))
    for row in rows:
        if row.get("stratum", "") != stratum or row["place"] not in number:
            continue
        at = weeks.get(_week_end(date.fromisoformat(row["date"]), panel))
        if at is None or row.get("complete") is None:
            continue
        heavy = (row.get("estimate") or 0.0) + LEAST_WEIGHT
        inside[at, number[row["place"]]] += heavy * row["complete"]
        weight[at, number[row["place"]]] += heavy
    with np.errstate(invalid="ignore"):
        share: Floats = np.where(weight > 0, inside / weight, 1.0)
    return share


def _week_end(day: date, panel: Panel) -> date:
    last: date = panel.dates[-1].item()
    return day + timedelta(days=(last - day).days % WEEK)
