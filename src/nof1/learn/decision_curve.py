"""Would acting on the risks do more good than treating everybody, or nobody?

At a threshold t (act when the risk is at least t) one false alarm is taken to cost ``t / (1 - t)``
of what one found case gains. Net benefit is the found cases minus the false alarms at that exchange
rate, per person: 0.03 means 3 more cases found per 100 people without any more false alarms.

With inverse-probability-of-censoring weights the same sums give the curve at a survival horizon; it
estimates the same quantity as the Kaplan-Meier form of Vickers et al. 2008.

References
----------
Vickers & Elkin, Med. Decis. Making 26 (2006) 565; Vickers et al., BMC Med. Inform. Decis. Mak. 8
(2008) 53.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import LEVEL, Estimate, Figure, checked

THRESHOLDS = (0.001, 0.002, 0.003, 0.005, 0.007, *(round(0.01 * n, 2) for n in range(1, 100)))


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """One threshold of the curve; all benefits per person.

    ``gain`` is the model minus the better of treat-all and treat-none; ``gain_low`` the smaller of
    the lower limits of the two differences (above 0: better than both), ``gain_high`` likewise.
    """

    threshold: float
    flagged_share: float
    model: float
    low: float
    high: float
    treat_all: float
    gain: float
    gain_low: float
    gain_high: float
    level: float

    def gain_figure(self, level: float) -> Figure:
        """The gain with its interval at another level."""
        return Figure(self.gain, self.gain_low, self.gain_high, self.level).at_level(level)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def decision_curve(
    y: ArrayLike,
    risk: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
) -> tuple[NetBenefit, ...]:
    """Net benefit at each threshold with pointwise intervals."""
    labels, risks, weights = checked(y, risk, weight)
    if not all(0 < one < 1 for one in thresholds):
        raise InputError("A threshold is not between 0 and 1.", where="thresholds")
    points = []
    for threshold in thresholds:
        odds = threshold / (1 - threshold)
        worth = labels - (1 - labels) * odds
        flagged = (risks >= threshold).astype(np.float64)
        model = mean_estimate(worth * flagged, weights)
        treat_all = mean_estimate(worth, weights)
        over_all = Estimate(
            model.value - treat_all.value, model.influence - treat_all.influence
        ).figure(patients=patients, level=level)
        over_none = model.figure(patients=patients, level=level)
        points.append(
            NetBenefit(
                threshold=threshold,
                flagged_share=mean_estimate(flagged, weights).value,
                model=model.value,
                low=over_none.low or 0.0,
                high=over_none.high or 0.0,
                treat_all=treat_all.value,
                gain=model.value - max(treat_all.value, 0.0),
                gain_low=min(over_all.low or 0.0, over_none.low or 0.0),
                gain_high=min(over_all.high or 0.0, over_none.high or 0.0),
                level=level,
            )
        )
    return tuple(points)
