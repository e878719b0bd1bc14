"""One scale for all places and signals: the fourth root of a rate, centred and divided by its size.

Counts of a large state and the share of visits of a small one become curves that one learner can
read. The fourth root makes growth nearly additive and keeps small places from being all noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nof1.surveillance.forecast import season
from nof1.surveillance.series import Floats, Panel

OFFSET = 0.01  # added to a rate, so that zero has a root with a finite slope
HIGH = 0.95  # the quantile of a place's active weeks that sets its scale
LEAST_WEEKS = 8  # known weeks that a place needs to have a scale
USUAL_POPULATION = 3e6
PER = 1e5
LONGEST_GAP = 2  # missing weeks in a row that are bridged by a straight line
UNCOUNTED = 5.0  # the rate that stands for the high weeks of a place without population


@dataclass(frozen=True)
class Scaled:
    """A panel on the common scale.

    Attributes
    ----------
    panel : where it comes from.
    unit : (places,) counts for a rate of 1 (per 100,000; per cent for a share).
    roots : (times, places) fourth root of the rate; NaN where unknown.
    centre, scale : (places,) of the roots in active weeks; NaN for a place that has too few.
    log_population : (places,) natural logarithm; a usual one where it is unknown.
    """

    panel: Panel
    unit: Floats
    roots: Floats
    centre: Floats
    scale: Floats
    log_population: Floats

    @property
    def z(self) -> Floats:
        """(times, places) ``roots / scale - centre``."""
        return np.asarray(self.roots / self.scale - self.centre)

    def counts(self, roots: Floats) -> Floats:
        """(places, ...) roots back to values of the panel; never below zero."""
        shape = (-1,) + (1,) * (roots.ndim - 1)
        rate = np.maximum(roots, 0.0) ** 4 - OFFSET
        return np.asarray(np.maximum(rate, 0.0) * self.unit.reshape(shape))

    def root_of(self, values: Floats) -> Floats:
        """(..., places) values of the panel to roots."""
        return np.asarray(np.maximum(values / self.unit + OFFSET, 0.0) ** 0.25)


def scaled(panel: Panel) -> Scaled:
    """Put a weekly panel on the common scale, from what it holds and nothing else."""
    unit = _unit(panel)
    values = bridged(np.maximum(panel.values, 0.0))  # a negative correction is no negative case
    roots = np.maximum(values / unit + OFFSET, 0.0) ** 0.25
    active = season.within(panel.dates, season.ACTIVE)
    high, centre = _size(roots[active] if active.sum() >= LEAST_WEEKS else roots)
    few = np.isfinite(roots).sum(axis=0) < LEAST_WEEKS
    high[few] = np.nan
    people = panel.population
    usual = np.full(len(panel.places), USUAL_POPULATION)
    known = usual if people is None else np.where(np.isfinite(people), people, usual)
    return Scaled(panel, unit, roots, centre, high, np.log(np.maximum(known, 1.0)))


def bridged(values: Floats) -> Floats:
    """(times, places) with short gaps between known weeks filled by straight lines."""
    out = values.copy()
    rows = np.arange(len(values))
    for column in range(values.shape[1]):
        known = np.isfinite(values[:, column])
        if known.sum() < 2 or known.all():
            continue
        at = rows[known]
        ahead = np.searchsorted(at, rows)
        inside = (ahead > 0) & (ahead < len(at)) & ~known
        width = at[np.minimum(ahead, len(at) - 1)] - at[np.maximum(ahead - 1, 0)] - 1
        fill = inside & (width <= LONGEST_GAP)
        out[fill, column] = np.interp(rows[fill], at, values[known, column])
    return out


def _unit(panel: Panel) -> Floats:
    if panel.unit == "%":
        return np.ones(len(panel.places))
    own = _own_unit(panel.values)
    if panel.population is None:
        return own
    people = panel.population / PER
    return np.where(np.isfinite(people) & (people > 0), people, own)


def _own_unit(values: Floats) -> Floats:
    """Without a population: the unit in which the high weeks of a place have a usual rate."""
    if not len(values):
        return np.ones(values.shape[1])
    filled = np.where(np.isfinite(values), values, 0.0)
    return np.asarray(np.maximum(np.quantile(filled, HIGH, axis=0) / UNCOUNTED, 1e-3))


def _size(roots: Floats) -> tuple[Floats, Floats]:
    """(places,) the high quantile of the roots and their mean in units of it; NaN if unknown."""
    places = roots.shape[1]
    high, centre = np.full(places, np.nan), np.full(places, np.nan)
    for place in range(places):
        known = roots[np.isfinite(roots[:, place]), place]
        if len(known):
            high[place] = np.quantile(known, HIGH) + OFFSET
            centre[place] = known.mean() / high[place]
    return high, centre
