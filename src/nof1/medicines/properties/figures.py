"""Figures of held-out predictions with bootstrap intervals, and the naive answers beside them.

A figure is the mean over the repeats of a split. Its interval comes from resampling compounds, the
same draw in every repeat, so that a compound held out twice does not count as two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.learn.discrimination import average_precision
from nof1.learn.figures import Figure, bootstrap, percentile_figure
from nof1.medicines.properties.domain import ZONES

Floats = NDArray[np.float64]
RESAMPLES = 300
Measure = Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True)
class Held:
    """Predictions of one label on the test compounds of one split.

    Attributes
    ----------
    rows : (n,) position of each compound in the whole table.
    naive : (n,) what one says without looking at the compound: the training mean.
    neighbour : (n,) label of the most similar training compound.
    zones : (n,) zone of the domain.
    covered : (n,) whether the interval or class set holds the truth.
    single : (n,) whether the answer is of use: one class; always true for an interval.
    cpu : seconds of the learner alone, without the inner folds behind the limits.
    """

    rows: NDArray[np.int64]
    y: Floats
    prediction: Floats
    naive: Floats
    neighbour: Floats
    zones: NDArray[np.str_]
    covered: NDArray[np.bool_]
    single: NDArray[np.bool_]
    cpu: float = 0.0


def rmse(y: Floats, prediction: Floats, weight: Floats) -> Floats:
    """Root of the mean squared error, for weights (..., n)."""
    found: Floats = np.sqrt(weight @ (y - prediction) ** 2 / weight.sum(axis=-1))
    return found


def mae(y: Floats, prediction: Floats, weight: Floats) -> Floats:
    """Mean absolute error, for weights (..., n)."""
    found: Floats = weight @ np.abs(y - prediction) / weight.sum(axis=-1)
    return found


def r2(y: Floats, prediction: Floats, weight: Floats) -> Floats:
    """1 - squared error / variance; 0 is the test set's own mean, below 0 worse than it."""
    total = weight.sum(axis=-1)
    variance = weight @ y**2 / total - (weight @ y / total) ** 2
    found: Floats = 1 - (weight @ (y - prediction) ** 2 / total) / variance
    return found


def auroc(y: Floats, score: Floats, weight: Floats) -> Floats:
    """Area under the ROC curve, ties counted half, for weights (..., n)."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))
    yes = np.add.reduceat((weight * y)[..., order], starts, axis=-1)
    no = np.add.reduceat((weight * (1 - y))[..., order], starts, axis=-1)
    below = np.cumsum(no, axis=-1) - no / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (yes * below).sum(-1) / (yes.sum(-1) * no.sum(-1))
    return found


def brier(y: Floats, probability: Floats, weight: Floats) -> Floats:
    """Mean squared error of the probability, for weights (..., n)."""
    found: Floats = weight @ (y - probability) ** 2 / weight.sum(axis=-1)
    return found


REGRESSION: dict[str, Measure] = {"rmse": rmse, "mae": mae, "r2": r2}
CLASSIFICATION: dict[str, Measure] = {
    "auroc": auroc,
    "average_precision": average_precision,
    "brier": brier,
}
MAIN = {"regression": "rmse", "classification": "auroc"}


def summarise(held: Sequence[Held], compounds: int, *, classify: bool) -> dict[str, Any]:
    """Everything to say about one label and one kind of split, as JSON.

    Parameters
    ----------
    held : one for each repeat.
    compounds : number of compounds in the whole table.
    """
    measures = CLASSIFICATION if classify else REGRESSION
    usable = [one for one in held if not classify or 0 < one.y.mean() < 1]
    if not usable:
        return {"repeats": 0, "why": "the test compounds all have the same class"}
    main = measures[MAIN["classification" if classify else "regression"]]
    return {
        "repeats": len(usable),
        "test_compounds": round(float(np.mean([len(one.y) for one in usable])), 1),
        "metrics": {
            name: {
                **figure(usable, measure, compounds).to_dict(),
                "repeats": [float(_value(one, measure)) for one in usable],
            }
            for name, measure in measures.items()
        },
        "naive": float(np.mean([main(o.y, o.naive, np.ones(len(o.y))) for o in usable])),
        "neighbour": float(np.mean([main(o.y, o.neighbour, np.ones(len(o.y))) for o in usable])),
        "coverage": coverage(usable, classify=classify),
    }


def figure(held: Sequence[Held], measure: Measure, compounds: int) -> Figure:
    """Mean over repeats with a 95 % interval over compounds."""
    value = float(np.mean([_value(one, measure) for one in held]))

    def statistic(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            each = [measure(one.y, one.prediction, weights[:, one.rows]) for one in held]
        found: Floats = np.mean(each, axis=0)
        return found

    return percentile_figure(value, bootstrap(statistic, compounds, resamples=RESAMPLES))


def coverage(held: Sequence[Held], *, classify: bool) -> dict[str, Any]:
    """How often interval or set held the truth: overall, by zone and, for classes, by class."""
    covered = np.concatenate([one.covered for one in held])
    single = np.concatenate([one.single for one in held])
    zones = np.concatenate([one.zones for one in held])
    y = np.concatenate([one.y for one in held])
    groups = {"all": np.ones(len(y), dtype=bool), **{zone: zones == zone for zone in ZONES}}
    if classify:
        groups |= {"class 1": y == 1, "class 0": y == 0}
    found = {}
    for name, rows in groups.items():
        total, inside = int(rows.sum()), int(covered[rows].sum())
        low, high = wilson(inside, total)
        found[name] = {
            "predictions": total,
            "covered": inside / total if total else None,
            "low": low,
            "high": high,
        }
        if classify:
            found[name]["one_class"] = float(single[rows].mean()) if total else None
    return found


def wilson(inside: int, total: int, z: float = 1.96) -> tuple[float | None, float | None]:
    """95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22 (1927) 209).

    >>> [round(limit, 3) for limit in wilson(9, 10)]
    [0.596, 0.982]
    """
    if not total:
        return None, None
    share, step = inside / total, z * z / total
    centre = (share + step / 2) / (1 + step)
    half = z * math.sqrt(share * (1 - share) / total + step / (4 * total)) / (1 + step)
    return max(0.0, centre - half), min(1.0, centre + half)


def _value(held: Held, measure: Measure) -> float:
    return float(measure(held.y, held.prediction, np.ones(len(held.y))))
