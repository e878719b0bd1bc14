"""The posterior of many modifiers of which few matter: horseshoe prior, Gibbs draws, from sums.

The likelihood enters as its second-order form (a gradient and a curvature, summed over sites), so
every site that holds the same sums draws the same numbers. Random numbers are made by inverting
distribution functions of uniform and normal draws, so that tiny differences of the sums, such as
fixed point makes, move the draws as little.

References
----------
Carvalho, Polson & Scott, Biometrika 97 (2010) 465 (horseshoe); Makalic & Schmidt, IEEE Signal
Process. Lett. 23 (2016) 179 (its Gibbs draws).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import gammaincinv

from nof1.learn.sums import FloatArray

BURN, KEPT, THIN = 200, 96, 6
FREE = 1e-6
"""Precision of the columns that have no prior."""
FAINT, WIDE = 1e-10, 4.0
"""Limits of a modifier's prior variance: the wide one keeps separable data finite."""
BELIEF = 0.1
"""Scale of the half-Cauchy prior of the common width, for one standard deviation of a feature."""


def draw(
    target: FloatArray, h: FloatArray, free: int, seed: int, *, short: bool = False
) -> FloatArray:
    """Draws (free + k, 96) of a vector with likelihood ``exp(target @ x - x @ h @ x / 2)``.

    Parameters
    ----------
    target, h : (free + k,) and (free + k, free + k).
    free : leading entries without a prior; the other k have a horseshoe.
    short : few draws, enough for a mean on the way.
    """
    rng = np.random.default_rng(seed)
    count = len(target) - free
    local, common = np.full(count, 1.0), BELIEF**2
    kept = []
    burn, thin = (BURN // 4, 1) if short else (BURN, THIN)
    for step in range(burn + KEPT * thin):
        variance = np.clip(local * common, FAINT, WIDE)
        x = _normal(target, h, np.r_[np.full(free, FREE), 1 / variance], rng)
        local, common = _widths(x[free:], local, common, rng)
        if step >= burn and (step - burn) % thin == 0:
            kept.append(x)
    return np.stack(kept, axis=1)


def _normal(
    target: FloatArray, h: FloatArray, penalty: FloatArray, rng: np.random.Generator
) -> FloatArray:
    root = cho_factor(h + np.diag(penalty), lower=True)
    noise = solve_triangular(root[0], rng.standard_normal(len(target)), lower=True, trans="T")
    drawn: FloatArray = cho_solve(root, target) + noise
    return drawn


def _widths(
    x: FloatArray, local: FloatArray, common: float, rng: np.random.Generator
) -> tuple[FloatArray, float]:
    """New local and common variances, with their helpers drawn in between."""
    if not len(x):
        return local, common
    helper = (1 + 1 / local) / _exponential(rng, len(x))
    local = (1 / helper + x**2 / (2 * common)) / _exponential(rng, len(x))
    local = np.clip(local, 1e-12, 1e12)
    outer = (1 / BELIEF**2 + 1 / common) / _exponential(rng, 1)[0]
    shape = (len(x) + 1) / 2
    rate = 1 / outer + float((x**2 / (2 * local)).sum())
    common = rate / float(gammaincinv(shape, rng.random()))
    return local, float(np.clip(common, 1e-12, 1e4))


def _exponential(rng: np.random.Generator, size: int) -> FloatArray:
    return np.maximum(-np.log1p(-rng.random(size)), 1e-12)
