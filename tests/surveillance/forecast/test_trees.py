"""Boosted quantiles: planted answers, saved and read again, no crossing."""

from dataclasses import replace

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.surveillance.forecast import trees
from nof1.surveillance.forecast.windows import LENGTH, Examples, Inputs
from wave_samples import taught


def inputs(rows, seed=0):
    rng = np.random.default_rng(seed)
    return Inputs(
        rng.normal(size=(rows, LENGTH)).cumsum(axis=1) / 10,
        rng.uniform(-20, 12, rows),
        rng.normal(15, 1, rows),
    )


@pytest.fixture(scope="module")
def planted():
    """Changes that depend on the last slope and the steps ahead, with a known spread."""
    given = inputs(1500)
    slope = given.window[:, -1] - given.window[:, -2]
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (1500, 2))
    change = np.sign(slope)[:, None] * [0.5, 1.0] + noise
    change[::7, 1] = np.nan
    return Examples(given, change, np.zeros(1500, dtype=np.int64))


@pytest.fixture(scope="module")
def fitted(planted):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "ROUNDS", 60)
        return trees.learn(planted)


def test_the_planted_rule_and_its_spread_come_back(fitted):
    fresh = inputs(400, seed=5)
    slope = fresh.window[:, -1] - fresh.window[:, -2]
    made = fitted.quantiles(fresh)
    clear = np.abs(slope) > 0.03
    assert made.shape == (400, 2, 23)
    for step, size in enumerate((0.5, 1.0)):
        middle = made[clear, step, 11]
        assert middle == pytest.approx(np.sign(slope[clear]) * size, abs=0.25)
    width = (made[clear, 0, 18] - made[clear, 0, 4]).mean()
    assert 0.1 < width < 0.3  # levels 0.15 to 0.85 of a spread of 0.2: the truth is 0.14


def test_quantiles_never_cross_wherever_the_window_lies(fitted):
    far = inputs(300, seed=9)
    far = replace(far, window=far.window * 50, christmas=far.christmas * 3)
    for some in (far, inputs(300, seed=10)):
        assert (np.diff(fitted.quantiles(some), axis=-1) >= 0).all()
        assert (np.diff(taught().trees.quantiles(some), axis=-1) >= 0).all()


def test_saved_and_read_again_they_answer_the_same(fitted):
    again = trees.read(fitted.texts(), fitted.steps)
    some = inputs(50, seed=3)
    assert np.array_equal(again.quantiles(some), fitted.quantiles(some))


def test_the_same_examples_give_the_same_trees(planted, fitted, monkeypatch):
    monkeypatch.setattr(trees, "ROUNDS", 60)
    some = inputs(20, seed=4)
    assert np.array_equal(trees.learn(planted).quantiles(some), fitted.quantiles(some))


def test_damaged_or_missing_boosters_are_refused(fitted):
    with pytest.raises(ModelError, match="has 8 boosters"):
        trees.read(fitted.texts()[:8], 2)
    with pytest.raises(ModelError, match="cannot be read"):
        trees.read(("no model", *fitted.texts()[1:]), 2)


def test_only_the_level_tells_how_high_a_window_lies():
    low = inputs(30)
    high = replace(low, window=low.window + 2.0)
    gap = trees.features(high) - trees.features(low)
    assert gap[:, 0] == pytest.approx(2.0)
    assert gap[:, 1:] == pytest.approx(0.0, abs=1e-9)


def test_slopes_of_a_straight_line():
    line = Inputs(0.3 * np.arange(LENGTH)[None], np.zeros(1), np.full(1, 15.0))
    made = trees.features(line)[0]
    assert made[1:3] == pytest.approx([0.3, 0.6])
    assert made[4] == pytest.approx(0.3)  # the slope of the first local line
    assert made[[3, 5]] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert made[-3] == pytest.approx(0.0)  # the newest week is the highest


@pytest.mark.parametrize(("rows", "leaf"), [(100, 20), (50_000, 500), (10**6, 1000)])
def test_leaves_grow_with_the_examples_and_have_a_limit(rows, leaf):
    assert trees._leaf(rows) == leaf
