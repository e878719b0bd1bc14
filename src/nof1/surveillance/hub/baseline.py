"""The flat baseline that every forecast of a hub is compared with.

The median stays at the last value. The uncertainty comes from the past steps from one week to the
next: all of them and their negatives are drawn again and again and added up, one for each week
ahead; the median is kept at the last value and nothing falls below 0.

References
----------
The description of FluSight-baseline in the FluSight forecast hub (cdcepi/FluSight-forecast-hub,
model-metadata), and Cramer et al., PNAS 119 (2022) e2113561119, supplement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance.scores import LEVELS, Floats
from nof1.surveillance.series import WEEK, Panel

DRAWS = 10_000  # as the hub's own
LEAST_STEPS = 4  # fewer past steps say nothing about a 98 % interval


def baseline(
    panel: Panel,
    horizons: Sequence[int] = (0, 1, 2, 3),
    *,
    reference_date: date | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """(places, horizons, 23) quantiles of the flat baseline, at ``scores.LEVELS``.

    Parameters
    ----------
    panel : as known when the forecast is made; weekly.
    horizons : weeks from the reference date; 0 is the week that ends on it.
    reference_date : default: one week after the panel's last date, so horizon 0 is one step ahead.
    draws : sums that are drawn for each place; also the resolution of the first step.

    Returns
    -------
    quantiles; NaN for a place with fewer than ``LEAST_STEPS`` steps between known weeks. A place
    whose newest weeks are missing starts from its last known week, and so is less certain.

    Raises
    ------
    InputError : the panel is not weekly or empty, or the reference date is no multiple of a week
        after it.
    """
    ahead = _weeks_ahead(panel, horizons, reference_date)
    made = np.full((len(panel.places), len(horizons), len(LEVELS)), np.nan)
    for place, name in enumerate(panel.places):
        values = panel.values[:, place]
        steps = np.diff(values)
        steps = steps[~np.isnan(steps)]
        if len(steps) < LEAST_STEPS:
            continue
        last = int(np.flatnonzero(~np.isnan(values))[-1])
        late = len(values) - 1 - last
        rng = np.random.default_rng([seed, *name.encode()])  # whatever places stand beside it
        spreads = _spreads(steps, max(ahead) + late, draws, rng)
        at = [week + late - 1 for week in ahead]
        made[place] = np.clip(values[last] + spreads[at], 0, None)
    return made


def _spreads(steps: Floats, weeks: int, draws: int, rng: np.random.Generator) -> Floats:
    """(weeks, 23) quantiles of sums of 1 to ``weeks`` symmetrised steps, with median 0."""
    both = np.concatenate([steps, -steps])
    even = np.quantile(both, np.linspace(0, 1, draws))
    total, made = np.zeros(draws), np.empty((weeks, len(LEVELS)))
    for week in range(weeks):
        total = total + rng.permutation(even)
        made[week] = np.quantile(total, LEVELS)
        made[week] -= made[week, len(LEVELS) // 2]
    return made


def _weeks_ahead(panel: Panel, horizons: Sequence[int], reference: date | None) -> list[int]:
    """Steps from the panel's last date to each horizon."""
    if panel.step_days != WEEK or not len(panel.dates):
        raise InputError(
            "The baseline needs weekly counts.",
            where=panel.signal,
            allowed="a panel with steps of 7 days and at least one date",
            next_step="Sum the days to weeks first.",
        )
    last: date = panel.dates[-1].astype(date)
    start = reference or last + timedelta(days=WEEK)
    gap, rest = divmod((start - last).days, WEEK)
    ahead = [gap + horizon for horizon in horizons]
    if rest or not ahead or min(ahead) < 1:
        raise InputError(
            "The reference date and horizons do not lie whole weeks after the last date.",
            where=f"{panel.signal}, last date {last}",
            allowed="a reference date and horizons that end after the last known week",
        )
    return ahead
