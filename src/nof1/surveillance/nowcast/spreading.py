"""How fast it spreads, from the draws of a nowcast: one row for each place and day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.nowcast.answer import number, parts, shortened
from nof1.surveillance.nowcast.estimate import Nowcast
from nof1.surveillance.series import Dates, Panel
from nof1.surveillance.transmission import FEWEST_CASES, SerialInterval, growth, reproduction

Floats = NDArray[np.float64]
ROWS_DAYS = 60  # newest days that are told
SEED = 20240102
BAND = (0.025, 0.5, 0.975)
COVERED = 0.99  # share of the serial interval for which earlier cases must be known
HALF = 0.5  # of the draws on either side of no growth


@dataclass(frozen=True)
class Cases:
    """New cases of one place up to the last day on which they are known.

    Attributes
    ----------
    dates : (days,) datetime64[D] ascending without gaps.
    draws : (draws, days) final counts; one draw where there was no delay correction.
    """

    place: str
    dates: Dates
    draws: Floats


def of_nowcast(found: Nowcast) -> list[Cases]:
    """The places and the total of a nowcast, each until its last known day."""
    dates = np.concatenate([found.history_dates, found.dates])
    made = []
    for part in parts(found):
        if part.stratum:
            continue
        old = np.broadcast_to(part.history, (len(part.draws), len(part.history)))
        draws = np.concatenate([old, part.draws], axis=1)
        last = int((~np.isnan(draws[0])).sum())  # unknown days stand at the end only
        made.append(Cases(part.place, dates[:last], np.maximum(draws[:, :last], 0)))
    return made


def of_panel(panel: Panel) -> list[Cases]:
    """The places of a panel of days, each from its last gap to its last value; no correction."""
    made = []
    for at, place in enumerate(panel.places):
        known = np.flatnonzero(~np.isnan(panel.values[:, at]))
        gaps = np.flatnonzero(np.diff(known) > 1)
        kept = known[gaps[-1] + 1 :] if len(gaps) else known
        made.append(Cases(place, panel.dates[kept], np.maximum(panel.values[kept, at][None], 0)))
    return made


def spreading(
    cases: list[Cases], interval: SerialInterval, window_days: int
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The rows of the answer, and what could not be answered."""
    rng = np.random.default_rng(SEED)
    rows: list[dict[str, Any]] = []
    short, few = [], []
    for one in cases:
        found = _rows(one, interval, window_days, rng)
        rows += found
        if not found:
            short.append(one.place)
        elif found[-1]["r"] is None:
            few.append(one.place)
    return rows, _not_checked(short, few, _needed(interval, window_days))


def _needed(interval: SerialInterval, window_days: int) -> int:
    """Days of history without which the infectivity of earlier cases would be too low."""
    lags = int(np.argmax(interval.weights.cumsum() >= COVERED * interval.weights.sum()))
    return max(lags + window_days, 2 * window_days)


def _rows(
    cases: Cases, interval: SerialInterval, window_days: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    needed = _needed(interval, window_days)
    days = len(cases.dates)
    told = min(ROWS_DAYS, days - needed)
    if told <= 0:
        return []
    start = max(days - told - needed - len(interval.weights), 0)
    draws, dates = cases.draws[:, start:], cases.dates[start:]
    repeat = max(1, 1000 // len(draws))  # without a nowcast the posterior is still drawn from
    draws = np.repeat(draws, repeat, axis=0)
    posterior = reproduction(draws, interval.weights, window_days)
    shape, rate = posterior.shape[:, -told:], posterior.rate[:, -told:]
    r = np.quantile(rng.standard_gamma(shape) / rate, BAND, axis=0)
    enough = np.median(shape, axis=0) - 1 >= FEWEST_CASES
    rates = growth(draws, window_days, rng)[:, -told:]
    grows = (rates > 0).mean(axis=0)
    rates = np.quantile(rates, BAND, axis=0)
    return [
        {
            "place": cases.place,
            "date": str(day),
            **_r(r[:, at], bool(enough[at])),
            "growth_per_day": number(rates[1, at]),
            "growth_low": number(rates[0, at]),
            "growth_high": number(rates[2, at]),
            "doubling_days": doubling_days(float(rates[1, at]), float(grows[at])),
            "probability_growing": number(grows[at]),
        }
        for at, day in enumerate(dates[-told:].tolist())
    ]


def _r(band: Floats, enough: bool) -> dict[str, float | None]:
    low, middle, high = (number(value) if enough else None for value in band)
    return {"r": middle, "low": low, "high": high}


def doubling_days(rate: float, grows: float) -> float | None:
    """log 2 / rate; None where it does not grow, or is as likely to shrink.

    >>> doubling_days(0.0693147, 0.99)
    10.0
    """
    if rate <= 0 or grows <= HALF:
        return None
    return number(round(float(np.log(2)) / rate, 2))


def _not_checked(short: list[str], few: list[str], needed: int) -> list[dict[str, str]]:
    table = []
    if short:
        table.append(
            {
                "what": f"transmission in {shortened(short)}",
                "reason": f"fewer than {needed + 1} known days in a row",
                "resolve": "Import a longer history, or take a shorter serial interval or window.",
            }
        )
    if few:
        table.append(
            {
                "what": f"newest reproduction number in {shortened(few)}",
                "reason": f"fewer than {FEWEST_CASES:.0f} cases in the window: mostly the prior",
                "resolve": "Take a longer --window, or look at a larger region.",
            }
        )
    return table
