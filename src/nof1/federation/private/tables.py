"""Counts of the patients who judge, by decision and outcome, with noise; everything else is made
from them: recalibration, interval, prediction sets, figures, groups.

Each of these patients stands in one cell of each block of one vector, so blocks share the noise by
their weights. Two halves (by hash) calibrate and judge each other. What noise did to the table is
played again many times on the table itself, so that each interval holds the noise too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from nof1.federation.judging import Groups
from nof1.federation.private.bins import on_simplex
from nof1.federation.private.noise import NoisySum
from nof1.learn.conformal import GRID, Conformal
from nof1.learn.intervals import RiskInterval
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import FloatArray
from nof1.predict.crossfit import Voice

Z_EDGES = np.round(np.arange(-2.0, 2.1, 0.4), 6)
CELLS = len(Z_EDGES) + 1
Z_MIDDLES = np.concatenate([[-2.3], (Z_EDGES[:-1] + Z_EDGES[1:]) / 2, [2.3]])
NARROWEST = 0.25
"""Smallest spread of decisions that cells are made for, in log odds."""
COARSE = 2  # a group's table: below and above the middle of all decisions
WHOLE_WEIGHT, GROUP_WEIGHT = 0.6, 0.35
"""Weights of the totals and of each attribute's table beside the table of cells (1)."""
SLOPES = (0.3, 3.0)
SLOPE_PRIOR, LEVEL_PRIOR = 0.15, 0.15
"""Standard deviations of slope around 1 and intercept around 0 before the table is seen."""
FEWEST = 20.0
"""People with, and without, the outcome that a half is taken to have at least."""

Halves = NDArray[np.int64]


@dataclass(frozen=True)
class Scale:
    """Where decisions are expected, from the model alone: centre and spread in log odds."""

    centre: float
    spread: float

    @classmethod
    def of(cls, shapes: ShapeModel) -> Scale:
        """As if the curves' contributions were independent of each other."""
        square = 0.0
        for term in shapes.terms:
            share = term.counts / max(float(term.counts.sum()), 1e-9)
            mean = float(share @ term.scores)
            square += float(share @ (term.scores - mean) ** 2)
        return cls(shapes.intercept, max(math.sqrt(square), NARROWEST))

    @property
    def edges(self) -> FloatArray:
        """Borders between the cells, rising."""
        return self.centre + self.spread * Z_EDGES

    @property
    def middles(self) -> FloatArray:
        """The decision that stands for each cell."""
        return self.centre + self.spread * Z_MIDDLES


@dataclass(frozen=True)
class Noises:
    """Standard deviation of the noise in one cell of each block."""

    whole: float
    cell: float
    group: float


@dataclass(frozen=True)
class Tables:
    """Counts without impossible values.

    Attributes
    ----------
    plain : (halves 2, outcomes 2, CELLS) as noised; right on average, may be below 0.
    cells : the nearest counts that can be, none below 0.
    groups : attribute -> (labels, outcomes 2, COARSE), noised as they came.
    """

    plain: FloatArray
    cells: FloatArray
    groups: dict[str, FloatArray]
    noises: Noises
    scale: Scale

    @property
    def patients(self) -> float:
        """Patients who judge, about."""
        return float(self.cells.sum())

    def again(self, rng: np.random.Generator) -> Tables:
        """The table as another draw of the noise would have left it; for intervals only."""
        whole = self.plain.sum(axis=2)
        whole = whole + rng.normal(0, self.noises.whole, whole.shape)
        cells = self.plain + rng.normal(0, self.noises.cell, self.plain.shape)
        groups = {
            name: found + rng.normal(0, self.noises.group, found.shape)
            for name, found in self.groups.items()
        }
        return Tables.of(whole, cells, groups, self.noises, self.scale)

    @classmethod
    def of(
        cls,
        whole: FloatArray,
        cells: FloatArray,
        groups: dict[str, FloatArray],
        noises: Noises,
        scale: Scale,
    ) -> Tables:
        """From noised totals (2, 2) and noised cells (2, 2, CELLS), which say the same twice."""
        own = noises.cell**2 * cells.shape[2]
        trust = own / (own + noises.whole**2)
        wanted = trust * whole + (1 - trust) * cells.sum(axis=2)
        plain = cells + ((wanted - cells.sum(axis=2)) / cells.shape[2])[:, :, None]
        rows = zip(plain.reshape(4, -1), np.maximum(wanted, FEWEST).ravel(), strict=True)
        clean = np.array([on_simplex(row, float(all_)) for row, all_ in rows])
        return cls(plain, clean.reshape(cells.shape), groups, noises, scale)


def tabulate(
    decision: FloatArray,
    y: FloatArray,
    half: Halves,
    places: dict[str, NDArray[np.int64]],
    groups: Sequence[Groups],
    scale: Scale,
    total: NoisySum,
    noise: float,
) -> Tables:
    """The one noised sum over the patients who judge.

    Parameters
    ----------
    decision, y, half : (n,) log odds, outcome 0 or 1, half 0 or 1 of this site's judging patients.
    places : attribute -> (n,) place of the label among the group's labels.
    """
    label = y.astype(np.int64)
    cell = np.searchsorted(scale.edges, decision, side="right")
    cells = _count((half, label, cell), (2, 2, CELLS))
    coarse = (cell >= CELLS // 2).astype(np.int64)
    tables = {
        one.attribute: _count((places[one.attribute], label, coarse), (len(one.labels), 2, COARSE))
        for one in groups
    }
    blocks = [(cells.sum(axis=2), WHOLE_WEIGHT), (cells, 1.0)]
    blocks += [(table, GROUP_WEIGHT) for table in tables.values()]
    flat = np.concatenate([table.ravel() * weight for table, weight in blocks])
    sensitivity = math.sqrt(sum(weight**2 for _, weight in blocks))
    summed = total(flat, sensitivity, noise)
    sigma = total.sigma(sensitivity, noise, flat.size)
    ends = np.cumsum([table.size for table, _ in blocks])[:-1]
    found = [
        part.reshape(table.shape) / weight
        for part, (table, weight) in zip(np.split(summed, ends), blocks, strict=True)
    ]
    noises = Noises(sigma / WHOLE_WEIGHT, sigma, sigma / GROUP_WEIGHT)
    of_groups = dict(zip(tables, found[2:], strict=True))
    return Tables.of(found[0], found[1], of_groups, noises, scale)


def _count(codes: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]) -> FloatArray:
    flat = np.ravel_multi_index(codes, shape)
    return np.bincount(flat, minlength=math.prod(shape)).reshape(shape).astype(np.float64)


def recalibrated(tables: Tables, halves: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Intercept and slope (2,) of the map from decision to risk, and their covariance (2, 2).

    The plain counts are used, so that noise in empty cells does not pull the slope down. The
    model's own risks are the prior; the table moves them as far as its people outweigh its noise.
    """
    plain = tables.plain[list(halves)].sum(axis=0)
    people, cases = plain.sum(axis=0), plain[1]
    there = tables.cells[list(halves)].sum(axis=(0, 1))
    design = np.column_stack([np.ones(CELLS), tables.scale.middles])
    prior = np.diag([LEVEL_PRIOR**-2, SLOPE_PRIOR**-2])
    beta = np.array([0.0, 1.0])
    for _ in range(60):
        risk = expit(design @ beta)
        information = (design * (there * risk * (1 - risk))[:, None]).T @ design
        noise = len(halves) * _noise_in(tables.noises, design, risk)
        pull = (information + noise) @ np.linalg.solve(information, prior)
        gradient = design.T @ (cases - people * risk) - pull @ (beta - [0.0, 1.0])
        step = np.linalg.solve(information + pull, gradient)
        beta = beta + step * min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-9:
            break
    certain = information @ np.linalg.solve(information + noise, information)
    beta[1] = np.clip(beta[1], *SLOPES)
    return beta, np.linalg.inv(certain + prior)


def _noise_in(noises: Noises, design: FloatArray, risk: FloatArray) -> FloatArray:
    """Covariance (2, 2) that the noise of one half gives to the gradient."""
    whole = 1 / (noises.whole**-2 + 1 / (CELLS * noises.cell**2))
    found = np.zeros((2, 2))
    for part in (design * (1 - risk)[:, None], design * risk[:, None]):
        sums = part.sum(axis=0)
        found += noises.cell**2 * (part.T @ part - np.outer(sums, sums) / CELLS)
        found += whole * np.outer(sums, sums) / CELLS**2
    return found


def voice_of(tables: Tables, halves: Sequence[int]) -> Voice:
    """Recalibration with the noise in its covariance, and prediction sets, from some halves."""
    beta, cov = recalibrated(tables, halves)
    counts = tables.cells[list(halves)].sum(axis=0)
    made = LogisticRecalibration(
        float(beta[0]),
        float(beta[1]),
        (float(cov[0, 0]), float(cov[0, 1]), float(cov[1, 1])),
        float(counts.sum()),
    )
    # The scale 1 is no estimate: the bags hold the noise of training by construction.
    return Voice(RiskInterval(made, 1.0), conformal_of(counts, tables.scale))


def conformal_of(counts: FloatArray, scale: Scale) -> Conformal:
    """Prediction sets from (outcomes 2, CELLS): each cell's people spread evenly within it."""
    fine = np.concatenate([[GRID[0] - 0.01], GRID]) + 0.005
    place = np.searchsorted(scale.edges, fine, side="right")
    size = np.maximum(np.bincount(place, minlength=CELLS), 1)
    return Conformal((counts / size)[:, place])


def rows_of(counts: FloatArray) -> tuple[NDArray[np.int64], ...]:
    """Whole people from counts that are not whole: places (people,) along each axis.

    The largest remainders are rounded up, so that the sum stays.
    """
    flat = counts.ravel()
    whole = np.floor(flat)
    rest = round(float(flat.sum())) - int(whole.sum())
    if rest > 0:
        whole[np.argsort(whole - flat, kind="stable")[:rest]] += 1
    cell = np.repeat(np.arange(flat.size), whole.astype(np.int64))
    return tuple(np.asarray(one, dtype=np.int64) for one in np.unravel_index(cell, counts.shape))
