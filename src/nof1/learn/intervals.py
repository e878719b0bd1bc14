"""The interval of one person's risk: what the model does not know about that risk.

Two sources are added up on the logit scale:

- *the model*: how far the decisions of bootstrap bags (the learner refitted on resampled patients)
  lie from each other for this very person, times a ``scale``;
- *the recalibration*: the covariance of the calibration map.

``scale`` is estimated on calibration rows that the model has not seen. In each group of rows (a bin
of a feature, of the risk, of the spread) the bags say how wrong the *sum* of the risks may be; the
observed number of outcomes says how wrong it was. ``scale²`` is the ratio of the two after the
binomial noise is taken off, by weighted moments (DerSimonian & Laird, Controlled Clin. Trials 7
(1986) 177), and is kept between 1 and ``WIDEST``: an interval is never narrowed on such evidence.

What the interval means: over people like those in the calibration data, the true risk *given what
the model can see* lies inside about as often as the level says. It says nothing about causes that
were never recorded, nor about people unlike those data (see :mod:`nof1.learn.domain`). The outcome
itself is yes or no; an interval of the risk is not a forecast of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, stdtrit

from nof1.core.errors import InputError
from nof1.learn.calibration import equal_mass_bins
from nof1.learn.figures import IntArray, checked
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.learn.sums import FloatArray, SecureSum, local_sum

INTERVAL_LEVEL = 0.90
WIDEST = 4.0
SMALLEST_GROUP = 25


@dataclass(frozen=True)
class RiskInterval:
    """Turns a decision and the decisions of the bags into a risk with its interval.

    Parameters
    ----------
    recalibration : the map from decision to risk.
    scale : factor on the spread of the bags, 1 or more.
    """

    recalibration: LogisticRecalibration
    scale: float

    @classmethod
    def fit(
        cls,
        decision: ArrayLike,
        bag_decisions: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        group_sizes: Sequence[int] | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> RiskInterval:
        """Recalibrate, then estimate the scale; both from calibration rows.

        Parameters
        ----------
        decision : (n,) log odds of the model.
        bag_decisions : (n, bags) log odds of each bag, at least 2 bags.
        weight : (n,) inverse-probability-of-censoring weights.
        groups : (n, k) integers from 0 on, k ways to group the rows, for example the binned
            features. Bins of risk and of spread are always added.
        group_sizes : number of codes of each way; needed when sites are summed, so that their
            tables have one shape. Default: largest code + 1.
        """
        labels, x, weights = checked(y, decision, weight)
        bags = _checked_bags(bag_decisions, len(x))
        recalibration = LogisticRecalibration.fit(x, labels, weights, secure_sum=secure_sum)
        ways, sizes = _ways(x, bags, groups, group_sizes)
        moments = _moments(recalibration, x, bags, labels, weights, ways, sizes)
        return cls(recalibration, _scale(secure_sum(moments), bags.shape[1]))

    def risk(self, decision: ArrayLike) -> FloatArray:
        """The calibrated risk itself, 0 to 1."""
        return self.recalibration.risk(decision)

    def interval(
        self, decision: ArrayLike, bag_decisions: ArrayLike, level: float = INTERVAL_LEVEL
    ) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limit of the risk, each (n,); ``low <= risk <= high`` always.

        Student's t with Satterthwaite's degrees of freedom allows for the small number of bags.
        """
        if not 0 < level < 1:
            raise InputError("The level is not a probability.", allowed="0 < level < 1")
        x = np.atleast_1d(np.asarray(decision, dtype=np.float64))
        bags = _checked_bags(bag_decisions, len(x))
        of_bags = bags.var(axis=1, ddof=1) * (self.scale * self.recalibration.slope) ** 2
        total = of_bags + np.maximum(self.recalibration.variance(x), 0)
        share = np.divide(of_bags, total, out=np.zeros_like(total), where=total > 0)
        freedom = (bags.shape[1] - 1) / np.maximum(share, 1e-4) ** 2
        half = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(total)
        centre = self.recalibration.logit(x)
        return expit(centre - half), expit(centre + half)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"recalibration": self.recalibration.to_dict(), "scale": self.scale}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RiskInterval:
        """Read back what :meth:`to_dict` wrote."""
        return cls(LogisticRecalibration.from_dict(data["recalibration"]), data["scale"])


def _checked_bags(bag_decisions: ArrayLike, rows: int) -> FloatArray:
    bags = np.atleast_2d(np.asarray(bag_decisions, dtype=np.float64))
    if bags.shape[0] != rows or bags.shape[1] < 2 or not np.isfinite(bags).all():
        raise InputError(
            f"Bag decisions have shape {bags.shape} or are not finite.",
            where="bag_decisions",
            allowed=f"({rows}, bags) finite numbers, at least 2 bags",
        )
    return bags


def _ways(
    decision: FloatArray,
    bags: FloatArray,
    groups: ArrayLike | None,
    group_sizes: Sequence[int] | None,
) -> tuple[list[IntArray], list[int]]:
    """Each way to group the rows, as codes from 0 on, and its number of codes."""
    even = np.ones(len(decision))
    ways = [equal_mass_bins(decision, even, 10), equal_mass_bins(bags.std(axis=1), even, 10)]
    if groups is None:
        return ways, [10, 10]
    codes = np.asarray(groups, dtype=np.int64).reshape(len(decision), -1)
    largest = [int(size) for size in codes.max(axis=0, initial=0) + 1]
    sizes = largest if group_sizes is None else list(group_sizes)
    if (codes < 0).any() or len(sizes) != len(largest) or np.any(np.less(sizes, largest)):
        raise InputError(
            "A group code lies outside its range.",
            where="groups",
            allowed="integers from 0 to group_sizes - 1",
        )
    return ways + list(codes.T), [10, 10, *sizes]


def _moments(
    recalibration: LogisticRecalibration,
    decision: FloatArray,
    bags: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    ways: list[IntArray],
    sizes: list[int],
) -> FloatArray:
    """Per group: rows, residual, binomial variance, and the summed shift of each bag."""
    risk = recalibration.risk(decision)
    slope_of_risk = risk * (1 - risk)
    shift = (bags - bags.mean(axis=1, keepdims=True)) * recalibration.slope
    per_row = np.column_stack(
        [weight, weight * (y - risk), weight**2 * slope_of_risk]
        + [weight * slope_of_risk * one for one in shift.T]
    )
    tables = []
    for codes, size in zip(ways, sizes, strict=True):
        columns = [np.bincount(codes, weights=column, minlength=size) for column in per_row.T]
        tables.append(np.column_stack(columns).ravel())
    return np.concatenate(tables)


def _scale(moments: FloatArray, bags: int) -> float:
    """Scale of the bag spread from summed group moments, between 1 and ``WIDEST``."""
    table = moments.reshape(-1, 3 + bags)
    table = table[table[:, 0] >= SMALLEST_GROUP]
    residual, binomial = table[:, 1], table[:, 2]
    of_bags = (table[:, 3:] ** 2).sum(axis=1) / (bags - 1)
    squared = 1.0
    for _ in range(20):
        importance = of_bags / np.maximum(binomial + squared * of_bags, 1e-12) ** 2
        below = float(importance @ of_bags)
        if below <= 0:
            break
        squared = float(np.clip(importance @ (residual**2 - binomial) / below, 1, WIDEST**2))
    return float(np.sqrt(squared))
