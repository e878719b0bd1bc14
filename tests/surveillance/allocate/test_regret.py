"""Regret against hindsight, by hand and on simulated weeks."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from hub_samples import normal
from nof1.core.errors import InputError
from nof1.surveillance.allocate.problem import Problem
from nof1.surveillance.allocate.regret import Settings, Week, proportional, regrets, rules

SATURDAY = date(2024, 1, 6)


def week(middle, spread, came, number=0, **more):
    names = tuple(f"p{i}" for i in range(len(middle)))
    day = SATURDAY + timedelta(days=7 * number)
    return Week(day, names, normal(middle, spread), np.asarray(came, dtype=float), **more)


def test_regret_by_hand():
    """Need 100 and 300; 200 units. By people (1:1) 100 and 100: 200 unmet, hindsight 200."""
    one = week([300.0, 100.0], [1e-6, 1e-6], [100, 300], population=np.array([1.0, 1.0]))
    found = {row.plan: row for row in regrets([one], Settings(share=0.5))}
    assert found["by population"].mean == pytest.approx(0, abs=1e-9)
    # the certain and wrong forecast gives 200 units to the first place or splits them; at best 100
    assert found["plan"].mean > 0
    assert found["by median"].mean == pytest.approx(100 * (0 + 50) / 400)
    assert found["by population"].unmet == pytest.approx(50)


def test_a_good_forecast_beats_the_rules():
    rng = np.random.default_rng(8)
    weeks = []
    for number in range(16):
        middle = rng.gamma(3, 60, size=12)
        came = np.clip(middle + rng.normal(0, 0.1 * middle), 0, None).round()
        weeks.append(
            week(
                middle,
                0.1 * middle,
                came,
                number,
                last=middle * rng.uniform(0.6, 1.4, size=12),
                population=rng.uniform(1, 9, size=12),
            )
        )
    found = {row.plan: row for row in regrets(weeks, Settings(share=0.9))}
    assert next(iter(found)) == "plan"
    assert found["plan"].high < found["by last week"].low < found["by population"].low
    assert found["plan"].low <= found["plan"].mean <= found["plan"].high
    assert {row.weeks for row in found.values()} == {16}


def test_rules_need_what_they_share_by():
    one = week([50.0, 20.0], [5.0, 2.0], [50, 20])
    assert [row.plan for row in regrets([one])] == ["plan", "by median"]
    unknown = replace(one, last=np.array([1.0, np.nan]), population=np.array([1.0, 2.0]))
    assert [row.plan for row in regrets([unknown])] == ["plan", "by median", "by population"]


def test_weeks_without_need_do_not_count():
    calm = week([5.0, 2.0], [1.0, 1.0], [0, 0])
    busy = week([50.0, 20.0], [5.0, 2.0], [50, 20], 1)
    alone = regrets([calm, busy])[0]
    assert (alone.weeks, alone.low, alone.high) == (1, None, None)  # one week has no interval
    with pytest.raises(InputError, match="No past week had any need"):
        regrets([calm])


def test_a_floor_that_the_supply_does_not_allow_is_lowered_not_dropped():
    one = week([100.0, 100.0], [30.0, 1e-3], [100, 100])
    free, held = (regrets([one], Settings(share=0.5, floor=floor))[0] for floor in (0.0, 1.0))
    assert held.mean == pytest.approx(0, abs=1e-9)  # 50 and 50: nothing is left over
    assert free.mean >= held.mean


def test_proportional_gives_every_unit_in_proportion():
    weight = np.random.default_rng(1).uniform(0, 1, size=9)
    given = proportional(weight, 1000)
    assert given.sum() == 1000
    assert np.abs(given - 1000 * weight / weight.sum()).max() < 1


def test_proportional_respects_capacity_and_passes_the_rest_on():
    given = proportional(np.array([8.0, 1.0, 1.0]), 100, np.array([10, 200, 50]))
    assert given.tolist() == [10, 45, 45]
    assert proportional(np.array([1.0, 1.0]), 9, np.array([2, 3])).tolist() == [2, 3]
    assert proportional(np.zeros(2), 4).tolist() == [2, 2]
    assert proportional(np.array([1.0, 0.0]), 0).tolist() == [0, 0]


def test_rules_of_a_problem():
    one = Problem(("a", "b"), np.array([[10.0, 30.0]]), 4)
    made = rules(one, last=np.array([1.0, 1.0]))
    assert {name: given.tolist() for name, given in made.items()} == {
        "by median": [1, 3],
        "by last week": [2, 2],
    }
