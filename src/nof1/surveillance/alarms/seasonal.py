"""The in-control mean of many series: level, slope and one yearly wave, fitted together.

A log-linear Poisson model by batched iteratively reweighted least squares; the extra variance
alpha (variance = mean + alpha mean^2) follows from Pearson's statistic, not by maximum likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.alarms.tested import Floats
from nof1.surveillance.series import Dates

YEAR_DAYS = 365.25
ROUNDS = 25


@dataclass(frozen=True)
class Season:
    """The fitted models.

    Attributes
    ----------
    start : the day from which time is counted.
    coefficients : (series, 4) level, slope, cosine, sine, on the scale of the logarithm.
    extra : (series,) alpha.
    """

    start: np.datetime64
    coefficients: Floats
    extra: Floats

    def mean(self, dates: Dates) -> Floats:
        """(times, series) in-control means."""
        found: Floats = np.exp(_design(self.start, dates) @ self.coefficients.T)
        return found


def fit(dates: Dates, values: Floats) -> Season:
    """Fit (times, series) counts; NaN weeks are left out. A series without cases gets NaN."""
    series = values.shape[1]
    if len(dates) < 8 or not series:
        return Season(np.datetime64("2000-01-01"), np.full((series, 4), np.nan), np.zeros(series))
    x = _design(dates[0], dates)
    known = ~np.isnan(values)
    y = np.where(known, values, 0.0)
    mu = np.where(known, y + 0.1, 1.0)
    eta = np.log(mu)
    ridge = 1e-9 * np.eye(x.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            weight = np.where(known, mu, 0.0)
            right = np.einsum("tp,ts->sp", x, weight * eta + np.where(known, y - mu, 0.0))
            left = np.einsum("tp,ts,tq->spq", x, weight, x, optimize=True) + ridge
            beta = np.linalg.solve(left, right[..., None])[..., 0]
            eta = np.clip(x @ beta.T, -30.0, 30.0)
            mu = np.exp(eta)
        beta[y.sum(axis=0) == 0] = np.nan
    return Season(dates[0], beta, _extra(y, mu, known))


def _design(start: np.datetime64, dates: Dates) -> NDArray[np.float64]:
    years = (dates - start) / np.timedelta64(1, "D") / YEAR_DAYS
    angle = 2 * np.pi * years
    return np.stack([np.ones_like(years), years, np.cos(angle), np.sin(angle)], axis=1)


def _extra(y: Floats, mu: Floats, known: NDArray[np.bool_]) -> Floats:
    """(series,) alpha at which Pearson's statistic equals its degrees of freedom; 0 at least."""
    freedom = np.maximum(known.sum(axis=0) - 4, 1)
    square = np.where(known, (y - mu) ** 2, 0.0)
    low, high = np.zeros(y.shape[1]), np.full(y.shape[1], 100.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = (square / (mu + middle * mu * mu)).sum(axis=0) > freedom
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(high < 1e-6, 0.0, high)
