"""From what a learner says to an effect with its interval.

The average is the doubly robust one, and differences between people are shrunk by the slope that
scores of other people support, unless the learner has shrunk them itself. The interval adds up
three sources: the average, the slope, and the learner's own bags, whose spread is scaled as far as
groups of people show that it is too small (moments; DerSimonian & Laird, Controlled Clin. Trials 7
(1986) 177).

What the interval means: the mean effect of people who look like this person in the record. How far
a single person differs from people who look alike cannot be known from any data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from nof1.learn.bins import agree_cuts, encode
from nof1.learn.effect.arms import Arms
from nof1.learn.figures import Figure
from nof1.learn.rows import patient_shares
from nof1.learn.sums import CountedSum, FloatArray, SecureSum, local_sum, weighed

WIDEST = 4.0
SMALLEST_GROUP = 25
STEEPEST = 1.25


@dataclass(frozen=True)
class Calibrated:
    """``mean + slope * (raw - centre)``.

    Attributes
    ----------
    mean, mean_error : average effect and its standard error.
    centre : mean of the learner's raw effects.
    slope, slope_error : 0 to 1.25; 0 when nobody differs.
    scale : factor on the spread of the bags, 1 to 4.
    """

    mean: float
    mean_error: float
    centre: float
    slope: float
    slope_error: float
    scale: float

    @classmethod
    def fit(
        cls,
        raw: FloatArray,
        bags: FloatArray,
        score: FloatArray,
        arms: Arms,
        rows: FloatArray,
        average: Figure,
        slope: Figure,
        centre: float,
        slope_error: float,
        shrunken: bool,
        total: SecureSum = local_sum,
    ) -> Calibrated:
        """From out-of-fold effects (n,), bags (n, bags) and scores (n,) of the rows with 1.

        Parameters
        ----------
        average, slope : see ``scores.average`` and ``ordered.slope``.
        shrunken : the learner's mean and differences are kept, and its draws hold all doubt.
        """
        if shrunken:
            return cls(centre, 0.0, centre, 1.0, 0.0, 1.0)
        if average.value is None or average.high is None:
            raise ValueError("an average effect is needed")
        half = average.high - average.value
        error = half / float(ndtri(0.5 + average.level / 2))
        steep = float(np.clip(slope.value or 0.0, 0.0, STEEPEST))
        plain = cls(average.value, error, centre, steep, slope_error, 1.0)
        return replace(plain, scale=_scale(plain, raw, bags, score, arms, rows, total))

    def effect(self, raw: FloatArray) -> FloatArray:
        """(n,) in the unit of the outcome."""
        return self.mean + self.slope * (raw - self.centre)

    def interval(
        self, raw: FloatArray, bags: FloatArray, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limit, each (n,)."""
        of_bags = bags.var(axis=1, ddof=1) * (self.scale * self.slope) ** 2
        line = self.mean_error**2 + (self.slope_error * (raw - self.centre)) ** 2
        total = of_bags + line
        share = np.divide(of_bags, total, out=np.zeros_like(total), where=total > 0)
        freedom = (bags.shape[1] - 1) / np.maximum(share, 1e-4) ** 2
        half = stdtrit(freedom, 0.5 + level / 2) * np.sqrt(total)
        middle = self.effect(raw)
        return middle - half, middle + half

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibrated:
        """Read back what ``to_dict`` wrote."""
        return cls(**data)


def _scale(
    plain: Calibrated, raw: FloatArray, bags: FloatArray, score: FloatArray, arms: Arms,
    rows: FloatArray, total: SecureSum,
) -> float:  # fmt: skip
    """How much the bags understate the error of sums of effects over groups of people."""
    chosen = rows > 0
    spread = bags.std(axis=1, ddof=1)
    ways = np.column_stack([raw, spread])[chosen]
    shares = patient_shares(arms.keys[chosen])
    cuts = agree_cuts(ways, shares, CountedSum(total), max_bins=10, smallest=1)
    codes = encode(ways, cuts)
    rest = (score - plain.effect(raw))[chosen]
    shift = (bags - bags.mean(axis=1, keepdims=True))[chosen] * plain.slope
    columns = np.column_stack([np.ones(len(rest)), rest, rest**2, shift])
    tables = [
        np.stack([weighed(code, one, len(edges) + 2) for one in columns.T], axis=1)
        for code, edges in zip(codes, cuts, strict=True)
    ]
    flat = total(np.concatenate([table.ravel() for table in tables]))
    return _ratio(flat.reshape(-1, columns.shape[1]), bags.shape[1])


def _ratio(table: FloatArray, bags: int) -> float:
    table = table[table[:, 0] >= SMALLEST_GROUP]
    people, rest, square = table[:, 0], table[:, 1], table[:, 2]
    noise = square - rest**2 / np.maximum(people, 1)
    of_bags = (table[:, 3:] ** 2).sum(axis=1) / (bags - 1)
    squared = 1.0
    for _ in range(20):
        importance = of_bags / np.maximum(noise + squared * of_bags, 1e-12) ** 2
        below = float(importance @ of_bags)
        if below <= 0:
            break
        squared = float(np.clip(importance @ (rest**2 - noise) / below, 1, WIDEST**2))
    return float(np.sqrt(squared))
