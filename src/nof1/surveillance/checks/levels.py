"""Odd values: drops, abrupt changes of level, wrong unit, values below zero, weekday pattern."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.checks.remark import Remark, Spot, found
from nof1.surveillance.series import WEEK, Floats, Panel

SMALLEST_USUAL = 10.0  # below it a low count is chance
DROP = 0.25  # of the usual value
SPAN = 8  # steps before and after a change of level
LEVEL_RATIO = 3.0
DRIFT = 1.6  # within the span, before or after: more is an epidemic, not a change of level
PLACES_TO_COMPARE = 5
CUMULATIVE_STEPS = 20
CUMULATIVE_SHARE = 0.98
OTHER_UNIT = 30.0  # times the other places' rate
WEEKDAY_RATIO = 1.25
MOST_PERCENT = 100.0


def drops(panel: Panel) -> Remark:
    """Steps far below the two before and the two after (or the four before, at the end)."""
    values = panel.values
    spots = []
    if len(values) >= 5:
        low = values < DROP * _usual(values)
        for at, place in enumerate(panel.places):
            hit = np.flatnonzero(low[:, at])
            if len(hit):
                spots.append(Spot(place, len(hit), panel.dates[hit[-1]].item()))
    words = f"steps below {DROP:.0%} of their neighbours (and these at {SMALLEST_USUAL:g} or more)"
    return found("reporting drops", spots, words, "no step far below its neighbours")


def _usual(values: Floats) -> Floats:
    """(times, places) median of the two steps before and the two after; NaN where too small."""
    padded = np.pad(values, ((4, 2), (0, 0)), constant_values=np.nan)
    n = len(values)
    near = np.stack([padded[4 + shift : 4 + shift + n] for shift in (-2, -1, 1, 2)])
    before = np.stack([padded[4 + shift : 4 + shift + n] for shift in (-4, -3, -2, -1)])
    at_end = np.arange(n)[:, None] >= n - 1
    usual = np.where(at_end, _median(before), _median(near))
    return np.where(usual >= SMALLEST_USUAL, usual, np.nan)


def _median(stack: Floats, axis: int = 0) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all missing: the median is missing
        return np.asarray(np.nanmedian(stack, axis=axis))


def level_change(panel: Panel) -> Remark:
    """Steps at which a place's level jumps for good, without an epidemic around them.

    The medians of the 8 steps before and after differ 3 times or more, and so do the two steps at
    the jump; all 8 values after lie beyond all 8 before; neither side drifts; and, with five
    places or more, the place changed 3 times or more beside the middle one of them all. A change
    in all places at once is seen where their sum jumps in this way.
    """
    values = panel.values
    if len(values) < 2 * SPAN:
        words = f"fewer than {2 * SPAN} steps"
        return Remark("level change", "not_checked", words)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * SPAN, axis=0)
    before, after = windows[..., :SPAN], windows[..., SPAN:]  # (starts, places, SPAN)
    jump = _jumps(before, after) & ~np.isnan(windows).any(axis=-1) & _alone(before, after)
    spots = _all_at_once(panel)
    for at, place in enumerate(panel.places):
        hit = np.flatnonzero(jump[:, at])
        if len(hit):
            ratio = _ratio(after[hit[0], at], before[hit[0], at])
            day = panel.dates[hit[0] + SPAN].item()
            spots.append(Spot(place, _runs(hit), day, f"about {ratio:.2g} times the level before"))
    words = "the level jumps at once and stays: another case definition, test or unit?"
    return found("level change", spots, words, "no abrupt, lasting change of level")


def _all_at_once(panel: Panel) -> list[Spot]:
    """The same look at the sum of all places, where each place is compared with the others."""
    if len(panel.places) < PLACES_TO_COMPARE:
        return []
    whole = np.nansum(panel.values, axis=1, keepdims=True)
    windows = np.lib.stride_tricks.sliding_window_view(whole, 2 * SPAN, axis=0)
    hit = np.flatnonzero(_jumps(windows[..., :SPAN], windows[..., SPAN:])[:, 0])
    if not len(hit):
        return []
    day = panel.dates[hit[0] + SPAN].item()
    return [Spot("all places", _runs(hit), day, "the sum of all places jumps")]


def _jumps(before: Floats, after: Floats) -> NDArray[np.bool_]:
    half = SPAN // 2
    ratio = _ratio(after, before)
    step = _ratio(after[..., :1], before[..., -1:])
    sides = [_ratio(side[..., half:], side[..., :half]) for side in (before, after)]
    flat = np.all([(r < DRIFT) & (r > 1 / DRIFT) for r in sides], axis=0)
    up = (ratio >= LEVEL_RATIO) & (step >= LEVEL_RATIO) & (after.min(-1) > before.max(-1))
    down = (ratio <= 1 / LEVEL_RATIO) & (step <= 1 / LEVEL_RATIO) & (after.max(-1) < before.min(-1))
    large = np.maximum(_median(before, -1), _median(after, -1)) >= SMALLEST_USUAL
    return np.asarray(flat & large & (up | down))


def _alone(before: Floats, after: Floats) -> NDArray[np.bool_]:
    """Did a place change beside the others? True everywhere when there are too few places."""
    change = np.log(_ratio(after, before))
    if change.shape[1] < PLACES_TO_COMPARE:
        return np.ones(change.shape, dtype=bool)
    beside = np.abs(change - _median(change, 1)[:, None])
    return np.asarray(beside >= np.log(LEVEL_RATIO))


def _ratio(one: Floats, two: Floats) -> Floats:
    return np.asarray((_median(one, -1) + 0.5) / (_median(two, -1) + 0.5))


def _runs(hit: NDArray[np.int_]) -> int:
    """How many separate runs of neighbouring steps."""
    return 1 + int((np.diff(hit) > SPAN).sum())


def unit(panel: Panel) -> Remark:
    """Values that cannot be of the signal's unit."""
    spots = [*_fractions(panel), *_percent(panel), *_cumulative(panel), *_other_unit(panel)]
    words = "values that do not look like the unit of the signal"
    return found("unit", spots, words, f"the values can be of the unit {panel.unit}")


def _fractions(panel: Panel) -> list[Spot]:
    if panel.unit != "1":
        return []
    odd = np.nan_to_num(np.abs(panel.values - np.round(panel.values))) > 1e-9
    words = "not whole: a rate or a percentage, or a correction for under-reporting?"
    return _spots(panel, odd, words)


def _percent(panel: Panel) -> list[Spot]:
    if panel.unit != "%":
        return []
    return _spots(panel, np.nan_to_num(panel.values) > MOST_PERCENT, "above 100 %")


def _spots(panel: Panel, odd: NDArray[np.bool_], words: str) -> list[Spot]:
    counts = odd.sum(axis=0)
    return [
        Spot(panel.places[at], int(counts[at]), panel.dates[odd[:, at].argmax()].item(), words)
        for at in np.flatnonzero(counts)
    ]


def _cumulative(panel: Panel) -> list[Spot]:
    """Series that hardly ever fall, over many steps, and mostly rise."""
    spots = []
    for at, place in enumerate(panel.places):
        values = panel.values[:, at]
        steps = np.diff(values[~np.isnan(values)])
        rises = (steps > 0).mean() if len(steps) else 0.0
        if (
            len(steps) >= CUMULATIVE_STEPS
            and (steps >= 0).mean() >= CUMULATIVE_SHARE
            and rises > 0.5
        ):
            words = "never falls: cumulative numbers instead of new ones?"
            spots.append(Spot(place, len(steps), panel.dates[-1].item(), words))
    return spots


def _other_unit(panel: Panel) -> list[Spot]:
    """Places whose rate by population is far from all others': counts among rates, or thousands."""
    if panel.population is None or len(panel.places) < 5:
        return []
    level = _median(panel.values)
    rate = level / panel.population if panel.unit == "1" else level
    usual = float(np.nanmedian(rate)) if np.isfinite(rate).any() else 0.0
    if usual <= 0:
        return []
    far = (rate > OTHER_UNIT * usual) & (level >= SMALLEST_USUAL)
    words = f"more than {OTHER_UNIT:g} times the rate of the other places: another unit?"
    return [Spot(panel.places[at], 1, panel.dates[-1].item(), words) for at in np.flatnonzero(far)]


def negative(panel: Panel) -> Remark:
    """Values below zero."""
    spots = _spots(panel, np.nan_to_num(panel.values) < 0, "")
    return found("negative values", spots, "values below 0", "no value below 0")


def weekdays(panel: Panel) -> Remark:
    """How much the days of the week differ in a daily signal."""
    if panel.step_days == WEEK:
        return Remark("weekday pattern", "not_checked", "the signal has weeks, not days")
    if len(panel.dates) < 8 * WEEK:
        return Remark("weekday pattern", "not_checked", "fewer than 8 weeks of days")
    day = (panel.dates.astype("datetime64[D]").astype(int) + 3) % WEEK  # 1970-01-01: a Thursday
    total = np.nansum(panel.values, axis=1)
    means = np.array([total[day == one].mean() for one in range(WEEK)])
    low, high = int(means.argmin()), int(means.argmax())
    if means[high] < WEEKDAY_RATIO * max(means[low], 1e-9) or means.sum() * 8 < SMALLEST_USUAL:
        return Remark("weekday pattern", "clear", "the days of the week hardly differ")
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    words = (
        f"{names[high]} has {means[high] / max(means[low], 0.01):.1f} times {names[low]}'s number"
    )
    spot = Spot("all places", 1, panel.dates[day == low][-1].item(), words)
    return Remark("weekday pattern", "note", words, (spot,))
