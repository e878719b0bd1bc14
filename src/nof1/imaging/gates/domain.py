"""Is this picture like those the model has learned from?

Two descriptions of a picture are compared with the training pictures: the features of the network
that answers, and plain statistics of the picture itself (grey levels, spatial frequencies, a coarse
thumbnail). For each, the distance to the nearest class mean is taken in units of the training
pictures' own spread (Mahalanobis distance with a shrunk covariance). A conformal rank over
calibration pictures of the site turns it into a p-value: at level 0.02 one of 50 pictures *like the
calibration pictures* is called foreign, whatever the network.

References
----------
Lee et al., NeurIPS 2018 (class-wise Mahalanobis distance); Ledoit & Wolf, J. Multivar. Anal. 88
(2004) 365 (shrinkage); Laxhammar & Falkman, Ann. Math. Artif. Intell. 74 (2015) 67 (conformal).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.ranks import Ranks
from nof1.imaging.nets.prepare import prepare

GRID = np.linspace(-2.0, 6.0, 1601)  # log10 of squared distance over the number of features
DOMAIN_LEVEL = 0.01  # share of own pictures that each description may call foreign
FEWEST_OF_CLASS = 5
STATISTICS_SIDE = 64
BANDS = 10  # rings of spatial frequency

Features = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Domain:
    """Where training features lie; ``members`` networks are asked, each with its own features.

    Attributes
    ----------
    means : (members, classes, D) float32.
    inverse : (members, D, D) float32, inverse of the covariance that the classes share.
    ranks : of the calibration pictures.
    """

    means: NDArray[np.float32]
    inverse: NDArray[np.float32]
    ranks: Ranks

    @classmethod
    def fit(
        cls, training: ArrayLike, calibration: ArrayLike, classes: ArrayLike | None = None
    ) -> Domain:
        """Learn means and spread on training rows, ranks on calibration rows of other patients.

        Parameters
        ----------
        training, calibration : (members, n, D) features, or (n, D) of one.
        classes : (n,) class of each training row.

        Raises
        ------
        ModelError : fewer than 100 calibration rows. InputError : features that do not fit.
        """
        known, other = _table(training), _table(calibration)
        kind = np.zeros(known.shape[1]) if classes is None else np.asarray(classes)
        if len(kind) != known.shape[1] or known.shape[::2] != other.shape[::2]:
            raise InputError("Features and classes do not fit together.", where="domain")
        places = [_place(member, kind) for member in known]
        means = np.stack([one for one, _ in places]).astype(np.float32)
        inverse = np.stack([two for _, two in places]).astype(np.float32)
        ranks = Ranks.fit(GRID, _distances(other, means, inverse), DOMAIN_LEVEL)
        return cls(means, inverse, ranks)

    def distances(self, features: ArrayLike) -> Features:
        """(n,) log10 squared distance to the nearest class per feature, mean of the members."""
        return _distances(_table(features), self.means, self.inverse)

    def p_values(self, features: ArrayLike) -> Features:
        """(n,) share of calibration pictures at least as strange, in (0, 1]."""
        return self.ranks.p_values(self.distances(features))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Named arrays for a model file."""
        counts = self.ranks.counts
        return {
            f"{name}.means": self.means,
            f"{name}.inverse": self.inverse,
            f"{name}.counts": counts,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Domain:
        """Read back what ``arrays`` gave."""
        means, inverse, counts = (arrays[f"{name}.{k}"] for k in ("means", "inverse", "counts"))
        return cls(means, inverse, Ranks(GRID, counts))


def _place(features: Features, kind: NDArray[Any]) -> tuple[Features, Features]:
    """Class means (classes, D) and inverse covariance (D, D) of one member's features."""
    from sklearn.covariance import ledoit_wolf  # slow to import, and reading does not need it

    names = [one for one in np.unique(kind) if (kind == one).sum() >= FEWEST_OF_CLASS]
    means = np.stack([features[kind == one].mean(axis=0) for one in names])
    rest = np.concatenate([features[kind == one] - means[k] for k, one in enumerate(names)])
    covariance, _ = ledoit_wolf(rest, assume_centered=True)
    floor = 1e-6 * np.trace(covariance) / len(covariance) + 1e-12
    return means, np.linalg.inv(covariance + floor * np.eye(len(covariance)))


def _distances(
    features: Features, means: NDArray[np.float32], inverse: NDArray[np.float32]
) -> Features:
    logs = []
    for rows, centres, metric in zip(features, means, inverse, strict=True):
        away = rows[:, None, :] - centres[None].astype(np.float64)
        squared = np.einsum("nkd,de,nke->nk", away, metric.astype(np.float64), away, optimize=True)
        logs.append(np.log10(np.maximum(squared.min(axis=1), 1e-12) / rows.shape[1]))
    mean: Features = np.mean(logs, axis=0)
    return mean


def _table(features: ArrayLike) -> Features:
    table = np.asarray(features, dtype=np.float64)
    table = table[None] if table.ndim == 2 else table
    if table.ndim != 3 or not np.isfinite(table).all():
        raise InputError("Features are no table of numbers.", allowed="(members, pictures, D)")
    return table


def statistics(pixels: NDArray[Any]) -> Features:
    """About 50 plain numbers of a grey picture: grey levels, spatial frequencies, thumbnail."""
    square = prepare(np.asarray(pixels), STATISTICS_SIDE).astype(np.float64)
    levels = np.quantile(square, np.linspace(0.05, 0.95, 10))
    waves = np.abs(np.fft.rfft2(square - square.mean())) ** 2
    down = np.fft.fftfreq(STATISTICS_SIDE)[:, None]
    ring = np.hypot(down, np.fft.rfftfreq(STATISTICS_SIDE)[None])
    edges = np.linspace(0, 0.5, BANDS + 1)
    cell = np.clip(np.digitize(ring, edges) - 1, 0, BANDS - 1)
    power = np.bincount(cell.ravel(), weights=waves.ravel(), minlength=BANDS)
    power = np.log10(power / np.bincount(cell.ravel(), minlength=BANDS) + 1e-4)
    coarse = square.reshape(4, 16, 4, 16)
    parts = [levels, power, coarse.mean(axis=(1, 3)).ravel(), coarse.std(axis=(1, 3)).ravel()]
    return np.concatenate(parts)
