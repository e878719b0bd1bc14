"""Small hub forecasts and panels made by hand, for the tests of the surveillance room."""

from __future__ import annotations

from datetime import date

import numpy as np
from scipy.stats import norm

from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import Panel, calendar

REFERENCE = date(2024, 1, 6)  # a Saturday
PLACES = ("US", "01", "06")


def normal(middle, spread):
    """(..., 23) quantiles of a normal distribution, not below 0."""
    middle, spread = np.asarray(middle, dtype=float), np.asarray(spread, dtype=float)
    return np.clip(middle[..., None] + spread[..., None] * norm.ppf(LEVELS), 0, None)


def forecast(places=PLACES, horizons=(0, 1, 2, 3), reference=REFERENCE, model="team-flat"):
    """A forecast whose medians are 100, 200, ... by place."""
    middle = 100.0 * np.arange(1, len(places) + 1)[:, None] + np.zeros(len(horizons))
    return Forecast(model, reference, tuple(places), tuple(horizons), normal(middle, middle / 5))


def weekly(values, places=None, last=date(2023, 12, 30), known_on=None):
    """A weekly panel that ends on ``last``; ``values`` are (times, places)."""
    values = np.asarray(values, dtype=float)
    names = places or tuple(f"p{i}" for i in range(values.shape[1]))
    first = date.fromordinal(last.toordinal() - 7 * (len(values) - 1))
    return Panel("admissions", calendar(first, last), tuple(names), values, known_on or last)
