"""Past seasons' heights by week: planted heights come back, thin weeks are silent."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.surveillance.forecast import climatology, season
from nof1.surveillance.forecast.scaled import scaled
from nof1.surveillance.scores import LEVELS
from wave_samples import waves


def planted(one):
    """The same signal whose height on the common scale is the week of the season."""
    z = season.weeks(one.panel.dates)[:, None] * np.ones(4)
    return replace(one, roots=(z + one.centre) * one.scale)


def test_planted_heights_come_back():
    table = climatology.learn([planted(scaled(waves()))])
    assert table.shape == (53, 23)
    assert table[24, 11] == pytest.approx(25.0)  # weeks 23 to 27, evenly
    assert (table[24, 0], table[24, -1]) == pytest.approx((23.0, 27.0))


def test_the_turn_of_the_season_has_neighbours_on_both_sides():
    table = climatology.learn([planted(scaled(waves()))])
    assert table[0, 0] < 2.0
    assert table[0, -1] > 51.0


def test_a_week_with_too_few_values_is_silent():
    few = waves().until(waves().dates[3].item())
    table = climatology.learn([scaled(replace(few, population=None))])
    assert np.isnan(table).all()
    values = waves().values[:30].copy()
    part = replace(waves(), dates=waves().dates[:30], values=values)
    table = climatology.learn([scaled(part)])
    assert np.isfinite(table[10]).all()
    assert np.isnan(table[40]).all()


def test_answers_are_the_tables_rows_on_the_places_scale():
    one = scaled(waves())
    table = np.arange(53.0)[:, None] + LEVELS
    made = climatology.quantiles(one, 4, table)
    weeks = season.weeks(one.panel.dates[-1:])[0] + np.arange(1, 5)
    for place in range(4):
        z = made[place] / one.scale[place] - one.centre[place]
        assert z == pytest.approx(weeks[:, None] - 1 + LEVELS)


def test_week_53_has_a_row():
    last = np.datetime64("2021-07-24")  # the next one is week 53 of the season 2020
    one = scaled(waves().until(last.item()))
    table = np.where(np.arange(53)[:, None] == 52, 1.0, 0.0) + np.zeros(23)
    made = climatology.quantiles(one, 2, table)
    z = made / one.scale[:, None, None] - one.centre[:, None, None]
    assert z[:, 0] == pytest.approx(1.0)
    assert z[:, 1] == pytest.approx(0.0, abs=1e-12)
