"""The private glass box: curves from a few noised gradients, the same model class as without noise.

A cycle is one noised sum: the gradient of the log loss by the numbers of all curves at once. Each
patient's part is shortened to a public length, which is the sensitivity. After the last cycle the
mean of the later states is shrunk towards nothing by what the noise and the number of patients
leave uncertain (empirical Bayes; this costs no privacy), and the same uncertainty is drawn as bags,
from which the interval of a risk is made.

Reference: Abadi et al., *Deep learning with differential privacy*, CCS 2016 (shortened gradients).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nof1.federation.private.bins import Binned, Edges, codes_of, private_bins
from nof1.federation.private.curves import DECAY, LEVEL, WAVES, Basis
from nof1.federation.private.noise import NoisySum
from nof1.federation.private.plan import Plan
from nof1.learn.bins import SMALLEST_GROUP, Codes
from nof1.learn.objectives import sigmoid
from nof1.learn.shapes import ShapeModel, Term
from nof1.learn.sums import FloatArray

RAREST = 0.02
"""Shares of the outcome outside this and one less this are not believed: the noise made them."""
FEW_WAVES, WAVES_FROM = 4, 1.5
"""Waves of a curve below this epsilon."""
USUAL = 0.5
"""Usual standard deviation of a curve over the patients, in log odds."""
FEWEST = 50.0
"""Patients that there are taken to be at least, whatever the noise says."""


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters; the same at all sites, chosen on other data than the reported ones.

    Attributes
    ----------
    waves, decay : see ``curves``. rate : share of a Newton step that a cycle takes.
    tail : share of the last cycles whose states are averaged.
    shorten : length to which a patient's part is shortened, over the usual length of a vector.
    bags : draws of the uncertainty that are stored. widen : factor on their spread, because curves
        of few waves are also wrong in shape; with 2, 90 % intervals hold about 90 % of the true
        risks of the development cohorts (docs/private-training.md).
    """

    waves: int = WAVES
    decay: float = DECAY
    rate: float = 0.6
    tail: float = 0.5
    shorten: float = 0.6
    bags: int = 16
    widen: float = 2.0

    @classmethod
    def of(cls, epsilon: float) -> Recipe:
        """Fewer waves where the budget is small."""
        return cls(waves=WAVES if epsilon >= WAVES_FROM else FEW_WAVES)


@dataclass(frozen=True)
class Private:
    """What training gives: the model, its bins, and how many patients it is thought to rest on.

    Attributes
    ----------
    patients, events : noised sums, of the patients who train.
    """

    shapes: ShapeModel
    binned: tuple[Binned, ...]
    patients: float
    events: float


def train(
    X: FloatArray,
    y: FloatArray,
    names: Sequence[str],
    grids: Sequence[Edges | None],
    plan: Plan,
    total: NoisySum,
    recipe: Recipe | None = None,
    seed: int = 0,
) -> Private:
    """Train on this site's rows, one a patient; called at every site at the same time.

    Parameters
    ----------
    X : (n, p), NaN is missing; a site without patients gives (0, p).
    y : (n,) 1 the outcome happened, 0 it did not.
    grids : public cells of each column, see ``bins``.
    seed : of the bags, the same at all sites; it protects nothing.
    """
    settings = recipe or Recipe()
    binned = private_bins(X, grids, total, plan.bins)
    codes = codes_of(X, binned)
    basis = Basis.of(binned, settings.waves, settings.decay)
    events, patients = _start(y, total, plan.start)
    share = float(np.clip(events / patients, RAREST, 1 - RAREST))
    curvature = patients * share * (1 - share) * basis.spread
    longest = settings.shorten * math.sqrt(basis.usual)
    sigma = total.sigma(longest, plan.cycle, basis.size)
    rate = _rates(sigma / curvature, plan.shares.cycles, basis, settings)
    values = np.zeros(basis.size)
    values[0] = math.log(share / (1 - share)) / LEVEL
    descent = _Descent(basis, codes, y, rate / curvature, longest, plan)
    mean = descent.run(values, total, settings.tail)
    noisy, reached = _averaged(rate, plan.shares.cycles, settings.tail)
    unsure = noisy * (sigma / curvature) ** 2 + 1 / curvature
    unsure += (1 - reached) ** 2 * USUAL**2 / basis.spread
    values, left = _shrunk(mean, unsure, basis)
    rng = np.random.default_rng(seed)
    spread = settings.widen * np.sqrt(left) * rng.standard_normal((settings.bags, basis.size))
    shapes = _shapes(basis, binned, tuple(names), values, values + spread, patients)
    return Private(shapes, tuple(binned), patients, events)


def _start(y: FloatArray, total: NoisySum, noise: float) -> tuple[float, float]:
    """Noised outcomes and patients; one patient changes both by one at most."""
    events, patients = total(np.array([y.sum(), float(len(y))]), math.sqrt(2.0), noise)
    return float(events), max(float(patients), FEWEST)


@dataclass(frozen=True)
class _Descent:
    """The cycles: steps (size,) turn a gradient into a move, ``longest`` is its sensitivity."""

    basis: Basis
    codes: Codes
    y: FloatArray
    steps: FloatArray
    longest: float
    plan: Plan

    def run(self, values: FloatArray, total: NoisySum, tail: float) -> FloatArray:
        """The mean state (size,) of the last share of the cycles."""
        lengths, states = self.basis.lengths(self.codes), []
        for _ in range(self.plan.shares.cycles):
            residual = sigmoid(self.basis.scores(values, self.codes)) - self.y
            own = np.abs(residual) * lengths
            shortened = residual * np.minimum(1.0, self.longest / np.maximum(own, 1e-12))
            own_sum = self.basis.gather(shortened, self.codes)
            values = values - self.steps * total(own_sum, self.longest, self.plan.cycle)
            states.append(values)
        mean: FloatArray = np.array(states)[-max(1, int(len(states) * tail)) :].mean(axis=0)
        return mean


def _rates(noise: FloatArray, cycles: int, basis: Basis, settings: Recipe) -> FloatArray:
    """Share of a Newton step (size,) to take: less where its noise would outweigh usual curves.

    Parameters
    ----------
    noise : (size,) standard deviation that noise gives to a whole Newton step.
    """
    plain, _ = _averaged(np.full(1, settings.rate), cycles, settings.tail)
    usual = USUAL**2 / basis.spread
    found: FloatArray = settings.rate * usual / (usual + plain[0] * noise**2)
    return found


def _averaged(rate: FloatArray, cycles: int, tail: float) -> tuple[FloatArray, FloatArray]:
    """Of the mean of the last states: its variance for steps of noise 1, and how far it has come.

    Both (size,); the way goes from 0, the start, to 1, where the gradient is nothing.
    """
    ages = np.subtract.outer(np.arange(cycles), np.arange(cycles))[:, :, None]
    left = (1 - rate) ** np.maximum(ages, 0)
    last = max(1, int(cycles * tail))
    reach = np.where(ages >= 0, rate * left, 0.0)[-last:].mean(axis=0)
    way = 1 - ((1 - rate) ** np.arange(1, cycles + 1)[:, None])[-last:].mean(axis=0)
    return (reach**2).sum(axis=0), way


def _shrunk(mean: FloatArray, unsure: FloatArray, basis: Basis) -> tuple[FloatArray, FloatArray]:
    """Values shrunk by what is unsure, and the variance that is left: (size,) each.

    How large a number may be is learnt from its wave in all columns and from all waves of its
    column, half and half.
    """
    values, left = mean.copy(), unsure.copy()
    signal = (mean**2 - unsure) * basis.spread
    degrees = np.array(basis.degree)
    column = np.repeat(np.arange(len(basis.tables)), np.diff(basis.starts))
    of_wave = np.zeros(basis.size)
    for degree in np.unique(degrees[1:]):
        same = np.flatnonzero(degrees == degree)
        of_wave[same] = np.clip(float(signal[same].mean()), 0.0, (2 * USUAL) ** 2)
    of_column = np.array(
        [max(float(signal[1:][column == j].mean()), 0.0) if np.any(column == j) else 0.0
         for j in range(len(basis.tables))]
    )  # fmt: skip
    relative = of_column / max(float(of_column.mean()), 1e-12)
    prior = of_wave[1:] * (0.5 + 0.5 * relative[column]) / basis.spread[1:]
    kept = prior / (prior + unsure[1:])
    values[1:] *= kept
    left[1:] *= np.maximum(kept, 0.2)  # never so sure that there is nothing
    return values, left


def _shapes(
    basis: Basis,
    binned: Sequence[Binned],
    names: tuple[str, ...],
    values: FloatArray,
    drawn: FloatArray,
    patients: float,
) -> ShapeModel:
    """The additive model with a curve for each column that has one."""
    terms = []
    for j, one in enumerate(binned):
        if basis.starts[j] == basis.starts[j + 1]:
            continue
        bags = np.stack([basis.curve(each, j) for each in drawn])
        scores = basis.curve(values, j)
        counts = np.round(one.shares * patients)
        if not one.missing:
            scores[0], bags[:, 0], counts[0] = 0.0, 0.0, 0.0
        counts[counts < SMALLEST_GROUP] = 0.0
        terms.append(Term(names[j], (j,), (one.cuts,), scores, bags.std(axis=0), counts, bags))
    return ShapeModel(names, LEVEL * float(values[0]), LEVEL * drawn[:, 0], tuple(terms))
