"""Regression on likeness: a thing behaves like the known ones it is like, as far as that holds.

Each column of the targets gets the kernel and the explained share h that make it most likely
(maximum marginal likelihood on the training rows; Kang et al., Genetics 178 (2008) 1709 show the
eigenvalue trick that makes the search cheap): no test row is needed to choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray
from nof1.medicines.response.screen import UNKNOWN

SHARES = (0.001, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NUMBERS = {"lines": ("rbf0.3", "rbf1", "rbf4", "linear"), "drugs": ("tanimoto",)}
WEIGHTS = (0.0, 0.3, 1.0)


@dataclass(frozen=True, eq=False)
class Things:
    """Lines or drugs to compare: numbers (n, p) without NaN, and columns of labels."""

    numbers: FloatArray = field(repr=False)
    labels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Likeness:
    """Kernels between new things and known ones; ``width`` is the median squared distance."""

    kind: str
    known: Things
    width: float
    size: float

    @classmethod
    def of(cls, kind: str, known: Things) -> Likeness:
        """``kind``: ``lines`` (numbers are principal components) or ``drugs`` (bits)."""
        distances = _squared(known.numbers[:200], known.numbers[:200])
        off = distances[~np.eye(len(distances), dtype=bool)]
        width = float(np.median(off)) if off.size else 1.0
        size = float((known.numbers**2).sum(axis=1).mean())
        return cls(kind, known, width or 1.0, size or 1.0)

    def choices(self) -> list[tuple[str, float]]:
        """(kernel of the numbers, weight of the labels) to choose among."""
        if not self.known.numbers.shape[1]:
            return [("none", 1.0)]
        made = [(name, weight) for name in NUMBERS[self.kind] for weight in WEIGHTS]
        return [*made, ("none", 1.0)]

    def between(self, new: Things, choice: tuple[str, float]) -> FloatArray:
        """(new, known) likeness."""
        name, weight = choice
        made = np.zeros((len(new.numbers), len(self.known.numbers)))
        if name == "linear":
            made += new.numbers @ self.known.numbers.T / self.size
        elif name == "tanimoto":
            made += _tanimoto(new.numbers, self.known.numbers)
        elif name.startswith("rbf"):
            spread = self.width * float(name[3:])
            made += np.exp(-_squared(new.numbers, self.known.numbers) / spread)
        if weight:
            for mine, theirs in zip(new.labels, self.known.labels, strict=True):
                made += weight * _equal(mine, theirs)
        return made


@dataclass(frozen=True, eq=False)
class Regression:
    """targets = mean + likeness @ coefficient, the kernel chosen column by column.

    Attributes
    ----------
    choices : the kernels in use; ``coefficient`` (kernels, known, columns), zero elsewhere.
    mean : (columns,) offset, so that the known things have the mean of the targets on average.
    share : (columns,) explained share of each column's variance.
    """

    likeness: Likeness
    choices: tuple[tuple[str, float], ...]
    coefficient: FloatArray = field(repr=False)
    mean: FloatArray = field(repr=False)
    share: FloatArray = field(repr=False)

    def predict(self, new: Things) -> FloatArray:
        """(new, columns)."""
        made = np.tile(self.mean, (len(new.numbers), 1))
        for choice, coefficient in zip(self.choices, self.coefficient, strict=True):
            made += self.likeness.between(new, choice) @ coefficient
        return made

    def voices(self, new: Things) -> FloatArray:
        """(new, known, columns): what each known thing adds; with the mean they sum up to it."""
        made = np.zeros((len(new.numbers), *self.coefficient.shape[1:]))
        for choice, coefficient in zip(self.choices, self.coefficient, strict=True):
            made += self.likeness.between(new, choice)[:, :, None] * coefficient
        return made


def fit_regression(kind: str, known: Things, targets: FloatArray) -> Regression:
    """Fit (known, columns) targets without gaps."""
    likeness = Likeness.of(kind, known)
    mean = targets.mean(axis=0)
    columns = targets.shape[1]
    offset = mean.copy()
    best = np.full(columns, np.inf)
    share = np.zeros(columns)
    picked = np.zeros(columns, dtype=np.int64)
    kept = np.zeros_like(targets)
    choices = likeness.choices()
    for number, choice in enumerate(choices):
        kernel = likeness.between(known, choice)
        losses, shares, coefficients = _column_fits(kernel, targets - mean)
        better = losses < best
        best[better], share[better], picked[better] = losses[better], shares[better], number
        kept[:, better] = coefficients[:, better]
        offset[better] = (mean - kernel.mean(axis=0) @ coefficients)[better]
    used = sorted(set(picked.tolist()))
    coefficient = np.stack([np.where(picked == number, kept, 0.0) for number in used])
    kernels = tuple(choices[number] for number in used)
    return Regression(likeness, kernels, coefficient, offset, share)


def _column_fits(
    kernel: FloatArray, targets: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Loss (columns,), explained share (columns,) and coefficients (known, columns).

    The kernel is centred, so the coefficients sum to 0; the mean likeness of the known things,
    which a new row would have to lose, is taken off once by the caller, in the offset.
    """
    n = len(kernel)
    centre = np.eye(n) - 1.0 / n
    centred = centre @ kernel @ centre
    size = max(float(np.trace(centred)) / n, 1e-12)
    values, vectors = np.linalg.eigh(centred / size)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ targets
    best = np.full(targets.shape[1], np.inf)
    share = np.zeros_like(best)
    for h in SHARES:
        spread = h * values + (1 - h)
        loss = np.log((turned**2 / spread[:, None]).mean(axis=0) + 1e-12) + np.log(spread).mean()
        share = np.where(loss < best, h, share)
        best = np.minimum(loss, best)
    weights = turned * (share / (np.outer(values, share) + (1 - share)))
    coefficient: FloatArray = centre @ (vectors @ weights) / size
    return best, share, coefficient


def _squared(a: FloatArray, b: FloatArray) -> FloatArray:
    made = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    squares: FloatArray = np.maximum(made, 0.0)
    return squares


def _tanimoto(a: FloatArray, b: FloatArray) -> FloatArray:
    """Of bits, or of counts (the continuous form): shared / (one + other - shared)."""
    shared = a @ b.T
    total = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - shared
    made: FloatArray = np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
    return made


def _equal(mine: Sequence[str], theirs: Sequence[str]) -> FloatArray:
    a, b = np.array(mine, dtype=object)[:, None], np.array(theirs, dtype=object)[None, :]
    made: FloatArray = ((a == b) & (b != UNKNOWN)).astype(np.float64)
    return made


def to_dict(regression: Regression) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """The plain part and the arrays, to be stored."""
    own, known = regression.likeness, regression.likeness.known
    plain = {
        "kind": own.kind,
        "width": own.width,
        "size": own.size,
        "choices": [list(choice) for choice in regression.choices],
        "labels": [list(column) for column in known.labels],
    }
    arrays = {
        "numbers": known.numbers,
        "coefficient": regression.coefficient,
        "mean": regression.mean,
        "share": regression.share,
    }
    return plain, arrays


def from_dict(plain: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Regression:
    """Read what ``to_dict`` gave."""
    known = Things(arrays["numbers"], tuple(tuple(column) for column in plain["labels"]))
    likeness = Likeness(plain["kind"], known, plain["width"], plain["size"])
    choices = tuple((str(name), float(weight)) for name, weight in plain["choices"])
    return Regression(likeness, choices, arrays["coefficient"], arrays["mean"], arrays["share"])
