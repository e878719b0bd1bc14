"""A smooth learner for numbers of small tables: kernel ridge regression on descriptors.

The mean of a Gaussian process with a squared-exponential kernel (Rasmussen & Williams, *Gaussian
Processes for Machine Learning*, 2006, section 2.2). Trees answer in steps and never beyond what
they saw; many properties grow smoothly with the parts of a molecule. Width and noise are chosen by
leaving out one training compound at a time, which has a closed form (section 5.4.2 there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Floats = NDArray[np.float64]
WIDTHS = (3.0, 10.0)  # squared, in standard deviations a column
NOISES = (0.003, 0.03)  # as a share of the kernel's variance
FAR = 4.0  # standard deviations; a column further out counts as that far, so that one does not rule
FIELDS = ("middle", "scale", "points", "weight")


@dataclass(frozen=True)
class Kernel:
    """A fitted kernel learner.

    Attributes
    ----------
    middle, scale : (columns,) mean and standard deviation in training; scale 0 is not used.
    points : (n, columns) training compounds, scaled; ``weight``: (n,) of each.
    mean : of the training labels; ``width``: squared, of the kernel.
    """

    middle: Floats
    scale: Floats
    points: NDArray[np.float32]
    weight: Floats
    mean: float
    width: float

    def predict(self, columns: NDArray[np.float32]) -> Floats:
        """(n,) expected value; far from everything it is the training mean.

        A row at a time, so that the last digit does not hang on what else was asked.
        """
        asked = _scaled(columns, self.middle, self.scale).astype(np.float64)
        points = self.points.astype(np.float64)
        width = self.width * _used(points)
        found = np.full(len(asked), self.mean)
        for row, one in enumerate(asked):
            apart = ((points - one) ** 2).sum(axis=1)
            found[row] += np.exp(-apart / width) @ self.weight
        return found

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """For storing."""
        numbers = np.array([self.mean, self.width])
        return {
            f"{prefix}.numbers": numbers,
            **{f"{prefix}.{name}": getattr(self, name) for name in FIELDS},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Kernel | None:
        """Read back what :meth:`arrays` gave; None when the model has no kernel learner."""
        if f"{prefix}.numbers" not in arrays:
            return None
        mean, width = (float(one) for one in arrays[f"{prefix}.numbers"])
        middle, scale, points, weight = (arrays[f"{prefix}.{name}"] for name in FIELDS)
        return cls(middle, scale, points, weight, mean, width)


def fit(columns: NDArray[np.float32], y: Floats) -> Kernel:
    """Learn ``y`` (n,) from ``columns`` (n, columns), both without NaN."""
    wide = columns.astype(np.float64)
    middle, scale = wide.mean(axis=0), wide.std(axis=0)
    points = _scaled(columns, middle, scale)
    mean = float(y.mean())
    _, width, weight = min(_tried(points, y - mean), key=lambda one: one[0])
    return Kernel(middle, scale, points, weight, mean, width)


def _tried(points: NDArray[np.float32], y: Floats) -> Iterator[tuple[float, float, Floats]]:
    """Leave-one-out error, width and weights of each setting."""
    for width in WIDTHS:
        plain = _kernel(points, points, width)
        for noise in NOISES:
            inverse = _inverse(plain, noise)
            weight = inverse @ y
            yield float(np.mean((weight / np.diag(inverse)) ** 2)), width, weight


def _inverse(kernel: Floats, noise: float) -> Floats:
    """Of kernel + noise, by Cholesky; it is symmetric and positive."""
    factor, bad = lapack.dpotrf(kernel + noise * np.eye(len(kernel)), lower=1, clean=1)
    inverse, worse = lapack.dpotri(factor, lower=1)
    if bad or worse:
        raise AssertionError("the kernel has no inverse")
    found: Floats = np.tril(inverse) + np.tril(inverse, -1).T
    return found


def _scaled(columns: NDArray[np.float32], middle: Floats, scale: Floats) -> NDArray[np.float32]:
    """(n, columns) in standard deviations; a column that never varied is 0."""
    safe = np.where(scale > 0, scale, 1.0)
    found = np.clip((columns - middle) / safe, -FAR, FAR) * (scale > 0)
    return np.asarray(found, dtype=np.float32)


def _kernel(left: NDArray[np.float32], right: NDArray[np.float32], width: float) -> Floats:
    """(n, m) 1 for the same place, towards 0 far away; distances a column."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    apart = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    found: Floats = np.exp(-np.maximum(apart, 0.0) / (_used(b) * width))
    return found


def _used(points: Floats) -> int:
    """Number of columns that vary in training."""
    return max(1, int((points != 0).any(axis=0).sum()))
