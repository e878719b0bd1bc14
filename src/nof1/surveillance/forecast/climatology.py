"""Member "climatology": the heights that past seasons had in the same weeks, and no more.

The naive answer for a seasonal disease. It knows nothing of this season, so it is poor near and
honest far; a pool that cannot beat it should not be believed.
"""

from __future__ import annotations

import numpy as np

from nof1.surveillance.forecast import season
from nof1.surveillance.forecast.scaled import Scaled
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import WEEK, Floats

NEAR = 2  # weeks on each side that count as the same week
YEAR = 53
LEAST = 20  # known values that a week needs


def learn(signals: list[Scaled]) -> Floats:
    """(53, 23) quantiles of the common scale by week of the season, over all signals and places.

    NaN for a week with fewer than ``LEAST`` known values.
    """
    week = np.concatenate([np.repeat(season.weeks(s.panel.dates), s.z.shape[1]) for s in signals])
    height = np.concatenate([s.z.reshape(-1) for s in signals])
    known = np.isfinite(height)
    out = np.full((YEAR, len(LEVELS)), np.nan)
    for number in range(1, YEAR + 1):
        away = np.abs(week - number)
        same = known & (np.minimum(away, YEAR - away) <= NEAR)
        if same.sum() >= LEAST:
            out[number - 1] = np.quantile(height[same], LEVELS)
    return out


def quantiles(scaled: Scaled, steps: int, table: Floats) -> Floats:
    """(places, steps, 23) roots; NaN where the table has none."""
    ahead = scaled.panel.dates[-1] + np.arange(1, steps + 1) * np.timedelta64(WEEK, "D")
    level = table[season.weeks(ahead) - 1]  # (steps, 23)
    z = level[None] + scaled.centre[:, None, None]
    return np.asarray(z * scaled.scale[:, None, None])
