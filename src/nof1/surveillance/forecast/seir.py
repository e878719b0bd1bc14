"""Member "seir": a bank of simulated epidemics, weighted by how well each fits the last weeks.

Thousands of SEIR curves are drawn once: transmissibility, its winter forcing, how many start
susceptible and infected, and fewer contacts in the holidays. Each place keeps its own scale (how
many infections it reports), so a curve is fitted by one number, and weighted by its misfit and by
how plausible its peak is beside those of past seasons. What comes next follows from the susceptible
that are left: a mechanism, not an extrapolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nof1.surveillance.forecast import season
from nof1.surveillance.forecast.scaled import Scaled
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import WEEK, Floats

CURVES, FIRST_DAY, WEEKS = 3000, 5 * WEEK, 44  # from week 6 of a season on
MATCHED = 6  # weeks that a curve is fitted to
LATENT_DAYS, INFECTIOUS_DAYS = 1.5, 3.0
BETWEEN = {  # what is drawn: uniform, or uniform in the exponent
    "reproduction": (1.1, 2.4),
    "forcing": (0.0, 0.25),
    "susceptible": (0.45, 0.95),
    "infected_log10": (-6.5, -3.0),
    "holiday": (0.7, 1.0),
}
PEAK_DAY = 170  # of a season (about 15 January): when transmission is easiest
HOLIDAYS = (143, 155)  # of a season: 20 December to 1 January
MISFIT = 0.04  # of a place's scale: how far a week may lie from a curve that is right
PEAK = 0.15  # of a logarithm of the root: half of all peaks are 0.7 to 1.5 times the usual one
NOISE = 0.05  # of a place's scale a week ahead, what no curve explains


@dataclass(frozen=True)
class Bank:
    """``roots`` (curves, weeks): fourth roots of weekly incidence; the first week is ``first``."""

    roots: Floats
    first: int


def bank(*, curves: int = CURVES, seed: int = 0) -> Bank:
    """Simulate the curves, a day a step."""
    rng = np.random.default_rng(seed)
    drawn = {name: rng.uniform(low, high, curves) for name, (low, high) in BETWEEN.items()}
    infectious = 10.0 ** drawn["infected_log10"]
    exposed = infectious * LATENT_DAYS / INFECTIOUS_DAYS
    susceptible = drawn["susceptible"] - infectious - exposed
    days = np.empty((WEEKS * WEEK, curves))
    for day in range(len(days)):
        at = FIRST_DAY + day
        force = drawn["reproduction"] / INFECTIOUS_DAYS * _forcing(at, drawn)
        new = np.minimum(force * susceptible * infectious, susceptible)
        ill = exposed / LATENT_DAYS
        susceptible, exposed = susceptible - new, exposed + new - ill
        infectious = infectious + ill - infectious / INFECTIOUS_DAYS
        days[day] = ill
    weekly = days.reshape(WEEKS, WEEK, curves).sum(axis=1)
    return Bank(np.maximum(weekly, 1e-12).T ** 0.25, FIRST_DAY // WEEK + 1)


def _forcing(day: int, drawn: dict[str, Floats]) -> Floats:
    wave = 1 + drawn["forcing"] * np.cos(2 * np.pi * (day - PEAK_DAY) / 365.25)
    return np.asarray(wave * drawn["holiday"] if HOLIDAYS[0] <= day <= HOLIDAYS[1] else wave)


def quantiles(scaled: Scaled, steps: int, curves: Bank) -> Floats:
    """(places, steps, 23) roots; NaN out of season and for a place with gaps in recent weeks."""
    places = len(scaled.panel.places)
    out = np.full((places, steps, len(LEVELS)), np.nan)
    row = int(season.weeks(scaled.panel.dates[-1:])[0]) - curves.first
    if len(scaled.roots) < MATCHED or row < MATCHED - 1 or row + steps >= curves.roots.shape[1]:
        return out
    past = curves.roots[:, row - MATCHED + 1 : row + 1]
    ahead = curves.roots[:, row + 1 : row + 1 + steps]
    peak = curves.roots.max(axis=1)
    for place in range(places):
        seen = scaled.roots[-MATCHED:, place]
        if np.isfinite(seen).all() and np.isfinite(scaled.scale[place]):
            out[place] = _matched(seen, past, ahead, peak, float(scaled.scale[place]))
    return out


def _matched(seen: Floats, past: Floats, ahead: Floats, peak: Floats, scale: float) -> Floats:
    """(steps, 23) weighted quantiles of the curves that pass near the seen weeks."""
    factor = past @ seen / (past**2).sum(axis=1)
    off = seen - factor[:, None] * past  # (curves, weeks)
    misfit = ((off / (MISFIT * scale)) ** 2).sum(axis=1)
    misfit += (np.log(factor * peak / scale) / PEAK) ** 2  # the scale is a usual season's height
    weight = np.exp(-0.5 * (misfit - misfit.min()))
    # The newest week is where the future starts: what a curve misses there is carried on.
    future = factor[:, None] * ahead + off[:, -1:]
    rng = np.random.default_rng(0)  # the same draws for all: smooth, not random, differences
    spread = NOISE * scale * np.sqrt(np.arange(1, future.shape[1] + 1))
    future = future + rng.standard_normal(future.shape) * spread
    return np.stack([_weighted(future[:, step], weight) for step in range(future.shape[1])])


def _weighted(values: Floats, weight: Floats) -> Floats:
    """(23,) quantiles of weighted values."""
    order = np.argsort(values)
    share = np.cumsum(weight[order])
    middle = (share - 0.5 * weight[order]) / share[-1]
    return np.asarray(np.interp(LEVELS, middle, values[order]))
