"""EARS C1, C2 and C3: a week against the mean and spread of the seven weeks (or days) before.

Hutwagner et al. 2003 (J Urban Health 80:i89), in the form of R package surveillance 1.20.3
(``earsC``). C1 looks at the steps just before, C2 leaves two steps between, C3 adds up the excess
of three C2 steps. They need no years of history. The nominal level is NOT held: seven numbers give
an uncertain spread and counts are skewed, so false alarms are several times as many as alpha says
(docs/alarms.md has the measured rates). So there is no p and no false discovery rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import special

from nof1.core.errors import UsageError
from nof1.surveillance.alarms.tested import Floats, Reason, Tested
from nof1.surveillance.series import Dates

METHODS = ("C1", "C2", "C3")
GAP = {"C1": 0, "C2": 2, "C3": 2}
BEFORE = {"C1": 0, "C2": 2, "C3": 4}  # steps of history needed beside the baseline


@dataclass(frozen=True)
class Ears:
    """Method, nominal level (None: .001 for C1 and C2, .025 for C3), steps, least spread."""

    method: Literal["C1", "C2", "C3"] = "C2"
    alpha: float | None = None
    baseline: int = 7
    least_sd: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in METHODS or self.baseline < 3 or self.least_sd < 0:
            raise UsageError(
                "These settings of EARS are not allowed.",
                allowed="method C1, C2 or C3; 3 or more steps of baseline; a spread of 0 or more",
            )

    @property
    def level(self) -> float:
        """The nominal level."""
        return self.alpha or (0.025 if self.method == "C3" else 0.001)


def judge(dates: Dates, values: Floats, tests: NDArray[np.int64], rule: Ears) -> Tested:
    """Test steps against the few steps before them; see ``farrington.judge`` for the shapes."""
    mean, sd = _moments(values, rule)
    observed = values[tests]
    z = -special.ndtri(rule.level)
    upper = mean[tests] + z * sd[tests]
    if rule.method == "C3":
        with np.errstate(all="ignore"):
            excess = np.maximum((values - mean) / sd - 1.0, 0.0)
        before = _back(excess, tests, 1) + _back(excess, tests, 2)
        with np.errstate(invalid="ignore"):
            upper = np.maximum(observed + sd[tests] * (z - before), 0.0)
    result = _result(dates[tests], observed, mean[tests], upper, sd[tests])
    short = np.broadcast_to((tests < rule.baseline + BEFORE[rule.method])[:, None], observed.shape)
    result.refuse(np.isnan(observed), Reason.NO_REPORT)
    result.refuse(short, Reason.SHORT)
    result.refuse(np.isnan(upper), Reason.TOO_FEW)
    return result


def _moments(values: Floats, rule: Ears) -> tuple[Floats, Floats]:
    """(times, series) mean and standard deviation of each step's baseline; NaN where too early."""
    mean, sd = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    lag = rule.baseline + GAP[rule.method]
    if len(values) > lag:
        past = sliding_window_view(values, rule.baseline, axis=0)[: len(values) - lag]
        mean[lag:] = past.mean(axis=-1)
        sd[lag:] = np.maximum(past.std(axis=-1, ddof=1), rule.least_sd)
    return mean, sd


def _back(values: Floats, tests: NDArray[np.int64], steps: int) -> Floats:
    at = tests - steps
    found: Floats = np.where((at >= 0)[:, None], values[np.maximum(at, 0)], np.nan)
    return found


def _result(dates: Dates, observed: Floats, mean: Floats, upper: Floats, sd: Floats) -> Tested:
    with np.errstate(all="ignore"):
        alarm = observed > upper
        dispersion = sd * sd / mean
    return Tested(
        dates=dates,
        observed=observed,
        expected=mean,
        upper=upper,
        p=np.full(observed.shape, np.nan),
        dispersion=dispersion,
        alarm=alarm,
        few=np.zeros(observed.shape, bool),
        reason=np.zeros(observed.shape, np.int8),
        parts={},
    )
