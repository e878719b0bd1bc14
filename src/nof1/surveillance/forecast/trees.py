"""Member "trees": gradient-boosted quantiles over all places and signals at once (LightGBM).

The change from the newest week is learned, with the number of weeks ahead as one of the inputs.
Nine levels are fitted and the others lie on a monotone curve through them. Large leaves and few
bins: neighbouring weeks and places are nearly copies of one another, so small leaves learn noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.interpolate import PchipInterpolator

from nof1.core.errors import ModelError
from nof1.surveillance.forecast.windows import LENGTH, Examples, Inputs
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import Floats

FITTED = np.array([0.01, 0.05, 0.15, 0.30, 0.50, 0.70, 0.85, 0.95, 0.99])
CURVES = ((3, 1), (5, 1), (4, 2), (6, 2))  # weeks and degree of the local polynomials
ROUNDS = 100
LEAF = 1000
SETTINGS = {
    "objective": "quantile",
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": LEAF,
    "max_bin": 63,
    "num_threads": 1,
    "force_row_wise": True,
    "deterministic": True,
    "verbose": -1,
}


@dataclass(frozen=True)
class Trees:
    """Fitted boosters, one a level of ``FITTED``, and how many weeks ahead they know."""

    boosters: tuple[lightgbm.Booster, ...]
    steps: int

    def quantiles(self, inputs: Inputs) -> Floats:
        """(n, steps, 23) changes from the newest week, in order of level."""
        table = _rows(features(inputs), self.steps)
        found = np.stack([booster.predict(table) for booster in self.boosters], axis=-1)
        found = np.sort(found.reshape(len(inputs), self.steps, len(FITTED)), axis=-1)
        return np.asarray(PchipInterpolator(FITTED, found, axis=-1)(LEVELS))

    def texts(self) -> tuple[str, ...]:
        """The boosters in LightGBM's text format."""
        return tuple(booster.model_to_string() for booster in self.boosters)


def learn(examples: Examples, *, seed: int = 0) -> Trees:
    """Fit the boosters: one thread, the same result on each run.

    Parameters
    ----------
    seed : of LightGBM; with these settings nothing is drawn, so it changes nothing.
    """
    steps = examples.change.shape[1]
    table = _rows(features(examples.inputs), steps)
    change = examples.change.reshape(-1)
    known = np.isfinite(change)
    # Few examples need smaller leaves, or no tree would split at all.
    settings = SETTINGS | {"seed": seed, "min_data_in_leaf": _leaf(int(known.sum()))}
    data = lightgbm.Dataset(table[known], change[known], params=settings, free_raw_data=False)
    boosters = [
        lightgbm.train(settings | {"alpha": float(level)}, data, ROUNDS) for level in FITTED
    ]
    return Trees(tuple(boosters), steps)


def read(texts: tuple[str, ...], steps: int) -> Trees:
    """Boosters from LightGBM's text format.

    Raises
    ------
    ModelError : a text is no LightGBM model, or their number is wrong.
    """
    if len(texts) != len(FITTED):
        raise ModelError(f"The forecaster has {len(texts)} boosters.", allowed=str(len(FITTED)))
    try:
        return Trees(tuple(lightgbm.Booster(model_str=text) for text in texts), steps)
    except lightgbm.basic.LightGBMError:
        raise ModelError(
            "A booster of the forecaster cannot be read.", next_step="Train it again."
        ) from None


def features(inputs: Inputs) -> Floats:
    """(n, 18) level, slopes and curvatures of the newest weeks, height below the recent peak.

    All but the level are differences, so they mean the same at any height.
    """
    window, last = inputs.window, inputs.window[:, -1]
    columns = [last, last - window[:, -2], last - window[:, -3]]
    for length, degree in CURVES:
        fitted = _curve(window, length, degree)
        columns += [fitted[:, 0] - last, *fitted[:, 1:].T]
    columns += [window[:, -k:].mean(axis=1) - last for k in (2, 4)]
    columns += [window.max(axis=1) - last, inputs.christmas, inputs.log_population]
    return np.column_stack(columns)


def _leaf(rows: int) -> int:
    return int(np.clip(rows // 100, 20, LEAF))


def _curve(window: Floats, length: int, degree: int) -> Floats:
    """(n, degree + 1) coefficients at the newest week of a polynomial over ``length`` weeks."""
    weeks = np.arange(1 - length, 1, dtype=float)
    solve = np.linalg.pinv(np.vander(weeks, degree + 1, increasing=True))
    return np.asarray(window[:, LENGTH - length :] @ solve.T)


def _rows(table: Floats, steps: int) -> Floats:
    """(n * steps, F + 1): each row once for every number of weeks ahead."""
    ahead = np.tile(np.arange(1.0, steps + 1), len(table))
    return np.column_stack([np.repeat(table, steps, axis=0), ahead])
