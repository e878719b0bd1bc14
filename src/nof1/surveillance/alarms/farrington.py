"""Farrington's alarms, original and flexible, for many series and weeks at once.

Original: Farrington et al. 1996 (JRSS A 159:547). Flexible: Noufaily et al. 2013 (Stat Med
32:1206). With ``threshold`` "delta", "nbPlugin" or "muan" the numbers are those of R package
surveillance 1.20.3 (``farringtonFlexible``, ``farrington``), oddities included: its score is
measured from the logarithm of the mean for the last two, and its flexible rule takes another
dispersion for the standard error than for the threshold.

"predictive" is ours: a negative binomial whose variance also holds the uncertainty of the mean, so
that its p may be used for many series at once (see ``discoveries``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from nof1.core.errors import UsageError
from nof1.surveillance.alarms import attainable, kernel, predictive, tails
from nof1.surveillance.alarms.baseline import WEEKS_A_YEAR, Baselines, Windows, baselines
from nof1.surveillance.alarms.tested import Bools, Floats, Reason, Tested
from nof1.surveillance.series import Dates

Threshold = Literal["predictive", "nbPlugin", "delta", "muan"]
THRESHOLDS = ("predictive", "nbPlugin", "delta", "muan")
POWER = 2.0 / 3.0  # the transformation that makes counts nearly symmetric
_REFUSALS = {
    kernel.TOO_FEW: Reason.TOO_FEW,
    kernel.ALL_ZERO: Reason.ALL_ZERO,
    kernel.NOT_CONVERGED: Reason.NOT_FITTED,
}


@dataclass(frozen=True)
class Farrington:
    """The settings of one rule.

    Attributes
    ----------
    windows : the shape of the baseline.
    alpha : level of the one-sided test (two-sided in the original, as in R).
    threshold : how the upper bound is made, see the module.
    trend_p : a slope is kept when its p is below this (and with 3 years, and without
        extrapolating above all past counts); 1 always, 0 never.
    residual_limit : past weeks with a larger standardised residual count less; 0: no reweighting.
    cases, weeks : a week can alarm only with this many cases in so many weeks.
    original : the algorithm of 1996.
    least_weeks : fewest usable past weeks at the same time of the year.
    """

    windows: Windows = field(default_factory=Windows)
    alpha: float = 0.01
    threshold: Threshold = "predictive"
    trend_p: float = 1.0
    residual_limit: float = 2.58
    cases: int = 5
    weeks: int = 4
    original: bool = False
    least_weeks: int = 10

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 0.5:
            raise UsageError(
                f"Level {self.alpha} is not allowed.", where="--alpha", allowed="between 0 and 0.5"
            )
        if self.threshold not in THRESHOLDS:
            raise UsageError(
                f"No threshold {self.threshold!r}.", where="--threshold", allowed=THRESHOLDS
            )


FLEXIBLE = Farrington()
ORIGINAL = Farrington(
    windows=Windows(periods=1, newest_left_out=None),
    threshold="delta",
    trend_p=0.05,
    residual_limit=1.0,
    original=True,
)


def judge(
    dates: Dates,
    values: Floats,
    tests: NDArray[np.int64],
    rule: Farrington = FLEXIBLE,
    *,
    excluded: Bools | None = None,
    share: Floats | None = None,
    draws: Floats | None = None,
) -> Tested:
    """Test weeks against their own past.

    Parameters
    ----------
    dates : (times,) last day of each week.
    values : (times, series) counts; NaN: no report. Negative counts count as no report.
    tests : positions of the weeks to test.
    excluded : (times, series) weeks that no baseline may use, for example known outbreaks.
    share : (tests, series) part of the final count that is expected to be in by now, 0 to 1: the
        reported count is tested against what should be in by now.
    draws : (draws, tests, series) final counts that a nowcast holds possible; p is the mean of
        their p ("predictive" only). Give ``share`` or ``draws``, not both.

    Raises
    ------
    UsageError : ``draws`` with another threshold, or with ``share``.
    """
    if draws is not None and (share is not None or rule.threshold != "predictive"):
        raise UsageError(
            "Draws of a nowcast do not fit these settings.",
            allowed='threshold "predictive" without a share of completeness',
        )
    past = np.where(values >= 0, values, np.nan)
    if excluded is not None:
        past = np.where(excluded, np.nan, past)
    base = baselines(dates, tests.tolist(), rule.windows)
    out = _fitted(past, base, rule)
    observed = values[tests]
    known = np.ones_like(observed) if share is None else share
    result = _judged(dates[tests], observed, known, out, rule)
    if rule.threshold == "predictive":
        one, two = _add_recent(result, tests, known, out, rule, draws)
        if len(tests) > 1 and tests[-1] - tests[-2] == 1:
            newest = np.nan_to_num(np.maximum(values[tests[-2:]], 0)).sum(axis=0)
            least = (_lacking(values, tests[-1:], rule)[0] + newest).astype(np.int64)
            pair = (one.at(-1), one.at(-2), two.at(-1))
            result.attainable = attainable.chances(*pair, np.maximum(least, 0))
    lacking = _lacking(values, tests, rule)
    result.few[:] = lacking > 0
    result.alarm &= ~result.few
    result.parts["years"] = np.repeat(base.years[:, None].astype(float), values.shape[1], axis=1)
    _refuse(result, out, base, values, rule)
    return result


def _fitted(past: Floats, base: Baselines, rule: Farrington) -> Floats:
    """(kernel.OUTPUTS, tests, series)."""
    out = np.empty((kernel.OUTPUTS, len(base.tests), past.shape[1]))
    most = int(np.diff(base.starts).max(initial=0)) + 1
    with np.errstate(all="ignore"):
        critical = stats.t.isf(rule.trend_p / 2, np.arange(most + 1))
    critical[~np.isfinite(critical)] = 0.0 if rule.trend_p >= 1 else np.inf
    kernel.many(
        np.ascontiguousarray(past.T),
        base.tests,
        base.starts,
        base.weeks,
        base.groups,
        base.years,
        rule.windows.periods,
        rule.residual_limit,
        rule.trend_p > 0,
        critical,
        not rule.original and rule.residual_limit > 0,
        rule.least_weeks,
        out,
    )
    return out


def _judged(dates: Dates, observed: Floats, share: Floats, out: Floats, rule: Farrington) -> Tested:
    mean, phi = tails.thinned(out[kernel.MEAN], out[kernel.DISPERSION], share)
    with np.errstate(all="ignore"):
        if rule.threshold == "predictive":
            known, phi = _expected(share, out, rule)
            mean = centre = known.mean
            upper, p = known.upper_bound(1 - rule.alpha), known.upper_tail(observed)
        elif rule.threshold == "delta":
            upper, p, centre = _delta(observed, mean, phi, out[kernel.SE_PLAIN], rule)
        else:
            upper, p, centre = _counts(observed, mean, phi, out, rule)
        score = (observed - centre) / (upper - centre)
    return Tested(
        dates=dates,
        observed=observed,
        expected=mean,
        upper=upper,
        p=p,
        dispersion=phi,
        alarm=(score > 1) & (observed != 0),
        few=np.zeros(observed.shape, bool),
        reason=np.zeros(observed.shape, np.int8),
        parts={
            "score": score,
            "trend": out[kernel.SLOPE],
            "se": out[kernel.SE],
            "weeks_used": out[kernel.WEEKS_USED],
        },
    )


def _expected(share: Floats, out: Floats, rule: Farrington) -> tuple[predictive.Expected, Floats]:
    fitted = (kernel.MEAN, kernel.DISPERSION, kernel.SE, kernel.POOLED, kernel.WEEKS_USED)
    mean, phi, se, pooled, weeks = (out[row] for row in fitted)
    return predictive.expect(mean, phi, se, pooled, weeks, share, rule.residual_limit)


def _add_recent(
    result: Tested,
    tests: NDArray[np.int64],
    share: Floats,
    out: Floats,
    rule: Farrington,
    draws: Floats | None,
) -> tuple[predictive.Expected, predictive.Expected]:
    """Add the p of the newest two weeks together, where the week before was tested too.

    ``p_recent`` joins it with the week's own p: an outbreak seldom fits into one week.
    """
    one = _expected(share, out, rule)[0]
    two = one.last(2)
    apart = np.diff(tests, prepend=tests[:1] - 9) != 1
    counts = result.observed[None] if draws is None else draws
    own, both = np.zeros((2, *result.observed.shape))
    for count in counts:
        own += one.upper_tail(count) / len(counts)
        both += two.upper_tail(predictive.summed(count, 2)) / len(counts)
    both[apart] = np.nan
    if draws is not None:
        result.p[:] = own
        result.alarm = own <= rule.alpha
    result.parts["p_recent"] = predictive.combined(np.stack([own, both]))
    result.parts["p_two"] = both
    result.parts["expected_two"] = two.mean
    return one, two


def _delta(
    observed: Floats, mean: Floats, phi: Floats, se: Floats, rule: Farrington
) -> tuple[Floats, Floats, Floats]:
    """Normal tails on the scale of counts to the power 2/3."""
    level = rule.alpha / 2 if rule.original else rule.alpha
    spread = np.sqrt(4 / 9 * mean ** (1 / 3) * (phi + se * se * mean))
    centre = mean**POWER
    upper = (centre - special.ndtri(level) * spread) ** (1 / POWER)
    p = special.ndtr((centre - np.maximum(observed, 0) ** POWER) / spread)
    return upper, p, mean


def _counts(
    observed: Floats, mean: Floats, phi: Floats, out: Floats, rule: Farrington
) -> tuple[Floats, Floats, Floats]:
    """Tails of counts: plug-in, or at an upper bound of the mean."""
    centre = np.log(mean)
    if rule.threshold == "muan":
        mean = mean * np.exp(-special.ndtri(rule.alpha) * out[kernel.SE_PLAIN])
    upper = tails.quantile(1 - rule.alpha, mean, phi)
    return upper, tails.at_least(observed, mean, phi), centre


def _lacking(values: Floats, tests: NDArray[np.int64], rule: Farrington) -> NDArray[np.int64]:
    """(tests, series) cases that are missing in the last weeks before a week may alarm."""
    total = np.vstack([np.zeros(values.shape[1]), np.cumsum(np.nan_to_num(values), axis=0)])
    recent = total[tests + 1] - total[np.maximum(tests + 1 - rule.weeks, 0)]
    found: NDArray[np.int64] = np.ceil(rule.cases - recent).astype(np.int64)
    return found


def _refuse(result: Tested, out: Floats, base: Baselines, values: Floats, rule: Farrington) -> None:
    shape = result.observed.shape
    needed = base.tests - WEEKS_A_YEAR * min(rule.windows.years, rule.windows.least_years)
    began = np.argmax(~np.isnan(values), axis=0)
    late = (began[None] > needed[:, None]) & (out[kernel.CODE] == kernel.TOO_FEW)
    result.refuse(np.isnan(result.observed), Reason.NO_REPORT)
    result.refuse(result.observed < 0, Reason.NEGATIVE)
    result.refuse(np.broadcast_to((base.years == 0)[:, None], shape) | late, Reason.SHORT)
    first = (out[kernel.CODE] == kernel.ALL_ZERO) & (result.observed > 0)
    result.refuse(first, Reason.FIRST_CASES)
    for code, reason in _REFUSALS.items():
        result.refuse(out[kernel.CODE] == code, reason)
