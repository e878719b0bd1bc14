"""Checks of odd values; each fault is planted into a plain series."""

from datetime import date

import numpy as np
import pytest

from nof1.surveillance.checks import levels
from nof1.surveillance.series import Panel
from nof1.surveillance.series import calendar as days_of


def panel(values, step=7, **more):
    values = np.asarray(values, dtype=float)
    first = np.datetime64("2020-01-04")
    last = (first + step * (len(values) - 1)).item()
    places = tuple(f"P{n}" for n in range(values.shape[1]))
    return Panel("s", days_of(first.item(), last, step), places, values, last, step, **more)


def wave(weeks=156, places=8, seed=0):
    """Seasonal counts with Poisson chance, growing at most about 1.5 times a week."""
    chance = np.random.default_rng(seed)
    season = 30 + 400 * np.exp(-0.5 * ((np.arange(weeks) % 52 - 26) / 5.0) ** 2)
    return chance.poisson(season[:, None] * np.linspace(0.5, 2, places))


CHECKS = [levels.drops, levels.level_change, levels.unit, levels.negative]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("seed", range(3))
def test_seasonal_waves_are_clear(check, seed):
    assert check(panel(wave(seed=seed))).state == "clear"


def found(remark):
    return {spot.place: spot.example for spot in remark.spots}


def test_a_drop_inside_and_at_the_end():
    values = wave()
    values[30, 2] = 1
    values[-1, 5] = 1
    remark = levels.drops(panel(values))
    assert found(remark) == {
        "P2": panel(values).dates[30].item(),
        "P5": panel(values).dates[-1].item(),
    }


def test_small_counts_are_no_drops():
    chance = np.random.default_rng(1)
    assert levels.drops(panel(chance.poisson(3, (200, 5)))).state == "clear"


@pytest.mark.parametrize("factor", [5.0, 0.15])
def test_an_abrupt_change_in_one_place(factor):
    values = wave().astype(float)
    values[104:, 3] *= factor
    remark = levels.level_change(panel(np.round(values)))
    assert found(remark) == {"P3": panel(values).dates[104].item()}
    assert "times the level before" in remark.spots[0].words


def test_an_abrupt_change_in_all_places():
    values = wave().astype(float)
    values[104:] *= 6
    assert "all places" in found(levels.level_change(panel(np.round(values))))


def test_too_few_steps_are_not_checked():
    assert levels.level_change(panel(wave(10))).state == "not_checked"


@pytest.mark.parametrize(
    ("change", "unit", "words"),
    [
        (lambda v: v / 7.0, "1", "not whole"),
        (lambda v: v + 200.0, "%", "above 100 %"),
        (lambda v: np.cumsum(v, axis=0), "1", "never falls"),
    ],
)
def test_values_of_another_unit(change, unit, words):
    remark = levels.unit(panel(change(wave().astype(float)), unit=unit))
    assert remark.state == "warning"
    assert len(remark.spots) == 8
    assert words in remark.spots[0].words


def test_a_place_in_another_unit():
    values = wave().astype(float)
    values[:, 4] *= 1000
    people = np.linspace(0.5, 2, 8) * 1e6
    remark = levels.unit(panel(values, population=people))
    assert list(found(remark)) == ["P4"]
    assert "another unit" in remark.spots[0].words


def test_negative_values():
    values = wave()
    values[50, 1] = -4
    remark = levels.negative(panel(values))
    assert found(remark) == {"P1": panel(values).dates[50].item()}


def test_weekdays_are_named_as_python_names_them():
    values = np.full((140, 2), 20.0)
    first = date(2020, 1, 4)
    sundays = [n for n in range(140) if date.fromordinal(first.toordinal() + n).weekday() == 6]
    values[sundays] = 5
    remark = levels.weekdays(panel(values, step=1))
    assert remark.state == "note"
    assert remark.words.endswith("4.0 times Sunday's number")
    assert remark.spots[0].example.weekday() == 6


def test_even_days_and_weeks_have_no_weekday_pattern():
    assert levels.weekdays(panel(np.full((140, 2), 20.0), step=1)).state == "clear"
    assert levels.weekdays(panel(wave())).state == "not_checked"
    assert levels.weekdays(panel(np.full((20, 2), 20.0), step=1)).state == "not_checked"
