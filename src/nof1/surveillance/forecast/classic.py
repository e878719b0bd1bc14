"""Member "classic": each place alone, by exponential smoothing, Theta and ARIMA (statsforecast).

It knows no season and no other place, and so cannot carry a wrong lesson from them: in a record
season, when all that was learned from smaller ones is too low, it is what keeps the pool honest.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nof1.core.extras import require
from nof1.surveillance.forecast.scaled import Scaled
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import Floats

WEEKS = 104  # of the past that are fitted
LEAST = 12
MIDDLE = len(LEVELS) // 2
# Percent inside each pair of levels, outermost first: what statsforecast calls "level".
INSIDE = [round(100 * (1 - 2 * level)) for level in LEVELS[:MIDDLE]]


def quantiles(scaled: Scaled, steps: int) -> Floats:
    """(places, steps, 23) roots, the mean of the models' quantiles; NaN for a short history.

    A model that cannot be fitted to a place is left out there.
    """
    places = len(scaled.panel.places)
    out = np.full((places, steps, len(LEVELS)), np.nan)
    for place in range(places):
        known = _newest_run(scaled.roots[-WEEKS:, place])
        if len(known) >= LEAST:
            made = [_one(model, known, steps) for model in _models()]
            fitted = [one for one in made if np.isfinite(one).all()]
            out[place] = np.mean(fitted, axis=0) if fitted else np.nan
    return out


def _newest_run(roots: Floats) -> Floats:
    """The newest weeks without a gap; empty when the newest week itself is missing."""
    missing = np.flatnonzero(~np.isfinite(roots))
    return roots[missing[-1] + 1 :] if len(missing) else roots


def _models() -> tuple[Any, ...]:
    models = require("statsforecast.models", "surveillance")
    return (
        models.AutoETS(season_length=1, model="AZN"),
        models.Theta(season_length=1),
        models.ARIMA(order=(1, 1, 0)),
    )


def _one(model: Any, known: Floats, steps: int) -> Floats:
    """(steps, 23) quantiles of one model; NaN where it cannot be fitted.

    A series that never changes stays: there is nothing to fit.
    """
    if np.ptp(known) < 1e-9:
        return np.full((steps, len(LEVELS)), known[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = model.forecast(known, h=steps, level=[one for one in INSIDE if one > 0])
        except Exception:  # statsforecast fails in many ways on short or explosive series
            return np.full((steps, len(LEVELS)), np.nan)
    below = np.stack([made[f"lo-{one}"] for one in INSIDE], axis=-1)
    above = np.stack([made[f"hi-{one}"] for one in reversed(INSIDE)], axis=-1)
    return np.sort(np.concatenate([below, made["mean"][:, None], above], axis=-1), axis=-1)
