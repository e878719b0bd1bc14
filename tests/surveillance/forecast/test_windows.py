"""Windows against a slow loop, and that nothing later than a window is in it."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.surveillance.forecast import season, windows
from nof1.surveillance.forecast.scaled import scaled
from wave_samples import changed, waves

STEPS = 3


@pytest.fixture(scope="module")
def panel():
    """The waves with a long gap, a place that starts late and one missing newest week."""
    values = waves().values.copy()
    values[120:125, 0] = np.nan
    values[:60, 1] = np.nan
    values[-1, 2] = np.nan
    return replace(waves(), values=values)


def slow(one):
    """(window, christmas, log_population, change, season) of every example, one at a time."""
    z, dates = one.z, one.panel.dates
    for last in range(len(z) - 1):
        day = dates[last : last + 1]
        week = season.weeks(day)[0]
        if last < windows.LENGTH - 1 or not season.TAUGHT[0] <= week <= season.TAUGHT[1]:
            continue
        for place in range(z.shape[1]):
            window = [z[last - back, place] for back in range(windows.LENGTH - 1, -1, -1)]
            later = [
                z[last + step, place] - z[last, place] if last + step < len(z) else np.nan
                for step in range(1, STEPS + 1)
            ]
            if not np.isnan(window).any() and not np.isnan(later).all():
                away = season.to_christmas(day)[0]
                yield window, away, one.log_population[place], later, season.seasons(day)[0]


def test_examples_equal_the_slow_loop(panel):
    one = scaled(panel)
    made, oracle = windows.examples(one, STEPS), list(slow(one))
    assert len(made) == len(oracle) > 300
    parts = (made.inputs.window, made.inputs.christmas, made.inputs.log_population)
    columns = list(zip(*oracle, strict=True))
    for part, expected in zip((*parts, made.change, made.season), columns, strict=True):
        assert np.array_equal(part, np.array(expected), equal_nan=True)
    assert np.isnan(made.change).any()  # newest weeks have no third week yet


def test_now_is_the_newest_window(panel):
    one = scaled(panel)
    inputs, whole = windows.now(one)
    assert whole.tolist() == [True, True, False, True]
    assert np.array_equal(inputs.window, one.z[-windows.LENGTH :].T, equal_nan=True)
    assert (inputs.christmas == season.to_christmas(panel.dates[-1:])[0]).all()


@pytest.mark.parametrize("row", [-3, 40])
def test_an_earlier_row_is_the_newest_of_a_cut_panel(row):
    one = scaled(waves())
    end = row % len(one.roots) + 1
    inputs, _ = windows.now(one, row)
    assert np.array_equal(inputs.window, one.z[end - windows.LENGTH : end].T)
    assert (inputs.christmas == season.to_christmas(waves().dates[end - 1 : end])[0]).all()


def test_a_short_past_has_no_window():
    one = scaled(waves().until(waves().dates[14].item()))
    inputs, whole = windows.now(one)
    assert (inputs.window.shape, whole.any()) == ((4, windows.LENGTH), False)
    assert len(windows.examples(one, STEPS)) == 0
    assert windows.examples(one, STEPS).change.shape == (0, STEPS)


def test_a_later_value_is_in_the_change_and_never_in_the_window():
    one, other = scaled(waves()), scaled(waves())
    other.roots[-1, 0] += 1.0  # the scale stays, so all differences come from this week
    made, after = windows.examples(one, STEPS), windows.examples(other, STEPS)
    assert np.array_equal(made.inputs.window, after.inputs.window)
    assert (made.change != after.change).sum() == STEPS + (np.isnan(made.change)).sum()


def test_joined_examples_lie_below_one_another_and_rows_can_be_taken():
    first = windows.examples(scaled(waves()), STEPS)
    second = windows.examples(scaled(changed(waves(), 50, "06", 900.0)), STEPS)
    both = windows.joined([first, second])
    assert len(both) == len(first) + len(second)
    assert np.array_equal(both.inputs.window[len(first) :], second.inputs.window)
    assert np.array_equal(both.season[: len(first)], first.season)
    some = both.inputs.take(np.array([0, len(first)]))
    assert np.array_equal(some.window[1], second.inputs.window[0])
    assert some.christmas.shape == some.log_population.shape == (2,)
