"""Small tables with a known signal, and hostile columns, for the tests of the learners."""

import numpy as np


def binary_table(n=1500, seed=0, missing=0.05):
    """Features (n, 6) and labels: a wave, a step, a product; columns 5 is noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    score = 1.5 * np.sin(2 * X[:, 0]) + 1.2 * (X[:, 1] > 0.3) + 1.2 * X[:, 2] * X[:, 3] - 0.8
    score += 0.8 * X[:, 4]
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


def survival_table(n=1500, seed=0, competing=True):
    """Features (n, 4) and (duration_days, cause) from constant hazards that depend on them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    first = rng.exponential(1 / (0.004 * np.exp(0.9 * X[:, 0] + 0.6 * np.abs(X[:, 1]))))
    other = rng.exponential(1 / (0.002 * np.exp(0.7 * X[:, 2]))) if competing else np.full(n, 1e9)
    censored = rng.uniform(50, 900, n)
    times = np.stack([censored, first, other])
    cause = times.argmin(axis=0)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, (np.maximum(times.min(axis=0), 0.01), cause)


def hostile(X):
    """The same table with an all-missing, a constant and a rare column, and an empty row."""
    n = len(X)
    rare = np.zeros(n)
    rare[:3] = 1.0
    wide = np.column_stack([X, np.full(n, np.nan), np.full(n, 7.0), rare])
    wide[n // 2] = np.nan
    return wide
