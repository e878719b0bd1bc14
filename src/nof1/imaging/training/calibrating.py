"""From the members' logits to a probability, its interval and a conformal set.

Fitted on the inner part of the training pictures. That part also decided when each member stopped,
so it is not quite untouched, and it is like the training pictures: **calibration does not travel**.
A site with 200 or more cases of its own should fit it again on those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from nof1.core.errors import ModelError
from nof1.learn.conformal import CONFORMAL_LEVEL, Conformal
from nof1.learn.intervals import INTERVAL_LEVEL, RiskInterval
from nof1.learn.recalibrate import LogisticRecalibration

Floats = NDArray[np.float64]
MISSING = -1
WIDE = 30.0  # logits are read as at most this far from 0


@dataclass(frozen=True)
class Calibration:
    """The way from logits to probabilities.

    Attributes
    ----------
    question : ``findings`` (each class on its own) or ``kinds`` (exactly one is right).
    maps : for findings, one for each class: :class:`RiskInterval`, or with a single member
        :class:`LogisticRecalibration`.
    conformal : for findings, one for each class; None with too few calibration rows.
    temperature : for kinds, what the logits are divided by.
    rows : calibration rows.
    """

    question: str
    maps: tuple[RiskInterval | LogisticRecalibration, ...] = ()
    conformal: tuple[Conformal | None, ...] = ()
    temperature: float = 1.0
    rows: int = 0

    @classmethod
    def fit(cls, logits: ArrayLike, values: ArrayLike, question: str) -> Calibration:
        """Fit on calibration rows.

        Parameters
        ----------
        logits : (members, n, K).
        values : (n, K) of 0, 1 and -1 (not known).

        Raises
        ------
        ModelError : a finding with one answer only.
        """
        members, truth = _clipped(logits), np.asarray(values)
        if question == "kinds":
            known = truth[:, 0] != MISSING
            heat = _temperature(members.mean(axis=0)[known], truth[known].argmax(axis=1))
            return cls(question, temperature=heat, rows=int(known.sum()))
        pairs = [_one(members[:, :, k], truth[:, k]) for k in range(truth.shape[1])]
        maps, sets = zip(*pairs, strict=True)
        return cls(question, maps, sets, rows=int((truth != MISSING).any(axis=1).sum()))

    @property
    def least(self) -> float:
        """The smallest probability, and distance from 1, that so many rows can speak for."""
        return 1 / (self.rows + 2)

    def risk(self, logits: ArrayLike) -> Floats:
        """(n, K) probabilities from (members, n, K) logits."""
        decision = _clipped(logits).mean(axis=0)
        if self.question == "kinds":
            found: Floats = softmax(decision / self.temperature, axis=1)
            return found
        risks = np.column_stack([one.risk(decision[:, k]) for k, one in enumerate(self.maps)])
        return np.clip(risks, self.least, 1 - self.least)

    def interval(
        self, logits: ArrayLike, level: float = INTERVAL_LEVEL
    ) -> tuple[Floats, Floats] | None:
        """Lower and upper limits (n, K) of the probabilities; None with one member or for kinds."""
        members = _clipped(logits)
        limits = [
            one.interval(members[:, :, k].mean(axis=0), members[:, :, k].T, level)
            for k, one in enumerate(self.maps)
            if isinstance(one, RiskInterval)
        ]
        if not limits:
            return None
        low, high = (np.column_stack(one) for one in zip(*limits, strict=True))
        end = 3 / max(self.rows, 6)  # what n cases without an exception can exclude at 95 %
        return np.clip(low, 0, 1 - end), np.clip(high, end, 1)

    def sets(
        self, logits: ArrayLike, finding: int, level: float = CONFORMAL_LEVEL
    ) -> NDArray[np.bool_] | None:
        """(n, 2) whether "no" and "yes" are in the prediction set of one finding."""
        table = self.conformal[finding] if self.conformal else None
        if table is None:
            return None
        return table.sets(_clipped(logits).mean(axis=0)[:, finding], level)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "question": self.question,
            "maps": [one.to_dict() for one in self.maps],
            "conformal": [None if one is None else one.to_dict() for one in self.conformal],
            "temperature": self.temperature,
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Read back what ``to_dict`` wrote."""
        sets = [None if one is None else Conformal.from_dict(one) for one in data["conformal"]]
        maps = tuple(_map(one) for one in data["maps"])
        return cls(data["question"], maps, tuple(sets), data["temperature"], data["rows"])


def _map(data: dict[str, Any]) -> RiskInterval | LogisticRecalibration:
    kind: Any = RiskInterval if "recalibration" in data else LogisticRecalibration
    found: RiskInterval | LogisticRecalibration = kind.from_dict(data)
    return found


def _clipped(logits: ArrayLike) -> Floats:
    members = np.clip(np.asarray(logits, dtype=np.float64), -WIDE, WIDE)
    return members[None] if members.ndim == 2 else members


def _one(
    members: Floats, truth: NDArray[Any]
) -> tuple[RiskInterval | LogisticRecalibration, Conformal | None]:
    known = truth != MISSING
    bags, y = members[:, known], truth[known]
    decision = bags.mean(axis=0)
    fitted: RiskInterval | LogisticRecalibration
    if len(bags) > 1:
        fitted = RiskInterval.fit(decision, bags.T, y)
    else:
        fitted = LogisticRecalibration.fit(decision, y)
    try:
        return fitted, Conformal.fit(decision, y)
    except ModelError:  # fewer than nine rows of one answer: no prediction set can be promised
        return fitted, None


def _temperature(decision: Floats, right: Sequence[int] | NDArray[np.int64]) -> float:
    rows = np.arange(len(decision))

    def loss(log_heat: float) -> float:
        return -float(log_softmax(decision / np.exp(log_heat), axis=1)[rows, right].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x))
