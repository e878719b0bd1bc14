"""How fast does it spread: reproduction number, growth rate, doubling time.

The reproduction number is that of Cori et al. (Am J Epidemiol 178 (2013) 1505), as in the R
package EpiEstim: cases of a window are Poisson around R times the infectivity of earlier cases,
and R has a gamma prior, so its posterior is a gamma distribution. On a nowcast it is computed for
every draw, so reports still to come widen the interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from nof1.core.errors import UsageError

Floats = NDArray[np.float64]
PRIOR_MEAN, PRIOR_SD = 5.0, 5.0  # EpiEstim's: wide, so that the data speak
FEWEST_CASES = 11.0  # in a window; with fewer the relative error of R is above 30 % (Cori et al.)
NEGLIGIBLE = 1e-6  # share of the serial interval that is cut off


@dataclass(frozen=True)
class SerialInterval:
    """Days from the onset of a case to the onset of those it infected.

    Attributes
    ----------
    mean_days, sd_days : of the gamma distribution shifted by one day.
    weights : (days,) probability of 0, 1, 2, ... days; the first is 0.
    """

    mean_days: float
    sd_days: float
    weights: Floats

    @classmethod
    def gamma(cls, mean_days: float, sd_days: float) -> SerialInterval:
        """A gamma distribution shifted by one day, discretised as EpiEstim does.

        Raises
        ------
        UsageError : a mean of at most 1 day, or a standard deviation that is not positive.
        """
        if not (1 < mean_days <= 100 and 0 < sd_days <= 100):
            raise UsageError(
                "This serial interval cannot be used.",
                where="--serial-interval-mean, --serial-interval-sd",
                allowed="a mean above 1 and at most 100 days, an sd above 0 and at most 100",
            )
        longest = int(mean_days + 20 * sd_days) + 2
        weights = discretised(mean_days, sd_days, longest)
        last = int(np.argmax(weights.cumsum() >= 1 - NEGLIGIBLE)) if weights.sum() > 0.5 else -1
        return cls(mean_days, sd_days, weights[: last + 1] if last > 0 else weights)


@dataclass(frozen=True)
class Posterior:
    """Gamma posterior of R for the window that ends on each day; NaN where there is none.

    Attributes
    ----------
    shape, rate : (..., days); mean is shape / rate.
    """

    shape: Floats
    rate: Floats


def discretised(mean_days: float, sd_days: float, longest: int) -> Floats:
    """(longest + 1,) probabilities of a serial interval of 0 to ``longest`` days.

    The interval is 1 day + a gamma variable; day k collects it with triangular weights between
    k - 1 and k + 1 (Cori et al. 2013, web appendix 11).
    """
    shape = ((mean_days - 1) / sd_days) ** 2
    scale = sd_days**2 / (mean_days - 1)
    days = np.arange(-2, longest + 1) / scale  # gammainc takes no negative values: 0 before 0
    below = gammainc(shape, np.maximum(days, 0))
    partial = shape * scale * gammainc(shape + 1, np.maximum(days, 0))  # E[X; X <= day]
    first = np.arange(longest + 1)
    now, one, two = slice(2, None), slice(1, -1), slice(0, -2)
    masses = first * below[now] + (first - 2) * below[two] - 2 * (first - 1) * below[one]
    masses += 2 * partial[one] - partial[two] - partial[now]
    kept: Floats = np.maximum(masses, 0)
    return kept


def infectivity(cases: Floats, weights: Floats) -> Floats:
    """(..., days) sum over earlier cases, each weighted by the serial interval to this day.

    Parameters
    ----------
    cases : (..., days) new cases; all who infect within the window must be counted.
    weights : (lags,) probability of 0, 1, 2, ... days; lag 0 is not used.
    """
    total = np.zeros_like(cases)
    for lag in range(1, min(len(weights), cases.shape[-1])):
        total[..., lag:] += weights[lag] * cases[..., :-lag]
    return total


def reproduction(
    cases: Floats,
    weights: Floats,
    window_days: int = 7,
    prior_mean: float = PRIOR_MEAN,
    prior_sd: float = PRIOR_SD,
) -> Posterior:
    """Posterior of R in the window of ``window_days`` that ends on each day.

    The first day's cases are taken as brought in from outside, so the first window begins on the
    second day.

    Parameters
    ----------
    cases : (..., days) new cases, no gaps, not negative.
    weights : (lags,) of the serial interval.
    """
    shape, rate = np.full(cases.shape, np.nan), np.full(cases.shape, np.nan)
    sums = windows(np.stack([cases, infectivity(cases, weights)]), window_days)
    from_day = window_days  # the window of days 1 to window_days, counted from 0
    prior_shape, prior_scale = (prior_mean / prior_sd) ** 2, prior_sd**2 / prior_mean
    shape[..., from_day:] = prior_shape + sums[0][..., from_day:]
    rate[..., from_day:] = 1 / prior_scale + sums[1][..., from_day:]
    return Posterior(shape, rate)


def windows(values: Floats, window_days: int) -> Floats:
    """(..., days) sum over the ``window_days`` that end on each day; NaN at the beginning."""
    sums = np.full(values.shape, np.nan)
    padded = np.concatenate([np.zeros_like(values[..., :1]), values.cumsum(axis=-1)], axis=-1)
    sums[..., window_days - 1 :] = padded[..., window_days:] - padded[..., :-window_days]
    return sums


def growth(cases: Floats, window_days: int, rng: np.random.Generator) -> Floats:
    """(..., days) draws of the growth rate per day: log ratio of two neighbouring windows.

    Windows of whole weeks hold every weekday once. Counts are taken as Poisson; the mean of each
    window is drawn from its gamma posterior (Jeffreys' prior). Above 0 means growing; the doubling
    time is log 2 / rate. NaN where two windows are not there.
    """
    sums = windows(cases, window_days)
    rates = np.full(cases.shape, np.nan)
    if cases.shape[-1] < 2 * window_days:
        return rates
    later, earlier = sums[..., 2 * window_days - 1 :], sums[..., window_days - 1 : -window_days]
    drawn = np.log(rng.standard_gamma(later + 0.5)) - np.log(rng.standard_gamma(earlier + 0.5))
    rates[..., 2 * window_days - 1 :] = drawn / window_days
    return rates
