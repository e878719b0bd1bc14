"""Patients of several sites, as arrays: a drawn cohort, or tables that ``federation_prepare`` made.

Numpy only, so that the race can run where nothing else of nof1's readers is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TEST_SHARE = 1 / 3
COHORT = "cohort"
COHORT_SIZES = (2500, 1200, 700, 400, 200)
COHORT_TEST = 2000  # patients of each site who are judged
COHORT_HORIZON_DAYS = 365.0
FEATURES = 12


@dataclass(frozen=True)
class Table:
    """One data set with one seed.

    Attributes
    ----------
    X : (n, p) features, NaN is missing; ``names`` of its columns.
    y : (n,) 1 the outcome happened by ``horizon_days``, 0 it did not.
    days, cause : (n,) time observed; 0 censored, 1 the outcome, 2.. competing.
    site : (n,) place in ``sites``, largest site first.
    keys : (n,) whole number of each patient.
    test : (n,) who is judged; all others are learned from.
    independent : whether other seeds are other patients; if not, they share them.
    """

    name: str
    X: FloatArray
    names: tuple[str, ...]
    y: FloatArray
    days: FloatArray
    cause: IntArray
    site: IntArray
    sites: tuple[str, ...]
    keys: IntArray
    test: NDArray[np.bool_]
    horizon_days: float
    independent: bool

    def learn_rows(self, site: int | None = None) -> IntArray:
        """Rows that are learned from, of one site or of all."""
        return self._rows(~self.test, site)

    def test_rows(self, site: int | None = None) -> IntArray:
        """Rows that are judged, of one site or of all."""
        return self._rows(self.test, site)

    def _rows(self, wanted: NDArray[np.bool_], site: int | None) -> IntArray:
        return np.flatnonzero(wanted if site is None else wanted & (self.site == site))


def cohort(seed: int, sizes: tuple[int, ...] = COHORT_SIZES, tested: int = COHORT_TEST) -> Table:
    """Five sites of 2,500 to 200 patients with shifted features and prevalence; drawn, not real.

    The features act the same everywhere: a wave, a parabola, a step, two products, three lines,
    and four features that do nothing. Each site has means of its own and a level of risk of its
    own that no feature explains. The same risk is seen as yes/no and as a time with censoring.
    """
    rng = np.random.default_rng(np.random.SeedSequence([31, seed]))
    site = np.repeat(np.arange(len(sizes)), [size + tested for size in sizes])
    within = np.concatenate([np.arange(size + tested) for size in sizes])
    means = rng.normal(scale=0.6, size=(len(sizes), FEATURES))
    levels = rng.permutation(np.linspace(-0.8, 0.8, len(sizes)))
    X = rng.normal(size=(len(site), FEATURES)) + means[site]
    score = _score(X) + levels[site]
    y = (rng.random(len(site)) < 1 / (1 + np.exp(-score))).astype(np.float64)
    days, cause = _follow_up(rng, score, y)
    X[rng.random(X.shape) < 0.05] = np.nan
    return Table(
        name=COHORT,
        X=X,
        names=tuple(f"x{j}" for j in range(FEATURES)),
        y=y,
        days=days,
        cause=cause,
        site=site.astype(np.int64),
        sites=tuple(f"site of {size:,}" for size in sizes),
        keys=np.arange(len(site), dtype=np.int64),
        test=within >= np.array(sizes)[site],
        horizon_days=COHORT_HORIZON_DAYS,
        independent=True,
    )


def _score(X: FloatArray) -> FloatArray:
    wave = 1.1 * np.sin(1.6 * X[:, 0]) + 0.45 * (X[:, 1] ** 2 - 1) + 1.2 * (X[:, 2] > 0.4)
    products = 0.6 * X[:, 3] * X[:, 4] + 0.5 * X[:, 5] * (X[:, 6] > 0)
    lines = 0.5 * X[:, 5] - 0.4 * X[:, 6] + 0.3 * X[:, 7]
    total: FloatArray = wave + products + lines - 1.6
    return total


def _follow_up(
    rng: np.random.Generator, score: FloatArray, y: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Times whose order follows the same risk: before the horizon exactly when ``y`` is 1.

    With the hazard constant in time, P(event by the horizon) = 1 - exp(-rate * horizon) is the
    risk of the score. A third of those without the outcome are lost after the horizon.
    """
    rate = np.log1p(np.exp(np.clip(score, -30, 30))) / COHORT_HORIZON_DAYS
    part = rng.random(len(score))
    inside = -np.log1p(-part * -np.expm1(-rate * COHORT_HORIZON_DAYS)) / rate
    after = COHORT_HORIZON_DAYS + rng.exponential(1 / rate)
    event = np.where(y == 1, np.clip(inside, 0.01, COHORT_HORIZON_DAYS), after)
    end = np.where(rng.random(len(score)) < 1 / 3, rng.uniform(366, 730, len(score)), 730.0)
    return np.minimum(event, end), (event <= end).astype(np.int64)


def names(folder: Path) -> list[str]:
    """Data sets that can be raced: the cohort, and what lies prepared in the folder."""
    found = {path.stem.partition("@")[0] for path in folder.glob("*.npz")}
    return [COHORT, *sorted(found)]


def draw(name: str, seed: int, folder: Path) -> Table:
    """A data set with a seed: another cohort, another hospital, or another split of one table."""
    if name == COHORT:
        return cohort(seed)
    own = folder / f"{name}@{seed}.npz"
    path = own if own.exists() else folder / f"{name}.npz"
    with np.load(path, allow_pickle=False) as kept:
        parts = {key: kept[key] for key in kept.files}
    order = np.argsort(-np.bincount(parts["site"]), kind="stable")
    site = np.argsort(order)[parts["site"]]
    return Table(
        name=name,
        X=parts["X"].astype(np.float64),
        names=tuple(parts["names"].tolist()),
        y=parts["y"].astype(np.float64),
        days=parts["days"].astype(np.float64),
        cause=parts["cause"].astype(np.int64),
        site=site,
        sites=tuple(parts["sites"][order].tolist()),
        keys=parts["keys"].astype(np.int64),
        test=held_out(site, seed),
        horizon_days=float(parts["horizon_days"]),
        independent=path == own,
    )


def held_out(site: IntArray, seed: int, share: float = TEST_SHARE) -> NDArray[np.bool_]:
    """A third of each site's rows, drawn by the seed."""
    rng = np.random.default_rng(np.random.SeedSequence([7, seed]))
    place = rng.random(len(site))
    test = np.zeros(len(site), dtype=bool)
    for one in np.unique(site):
        rows = np.flatnonzero(site == one)
        chosen = rows[np.argsort(place[rows], kind="stable")]
        test[chosen[: round(share * len(rows))]] = True
    return test
