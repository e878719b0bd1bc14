"""From what a learner says to an effect with its interval."""

import numpy as np
import pytest

from effect_samples import drawn
from nof1.learn.effect.calibrated import STEEPEST, Calibrated
from nof1.learn.effect.ordered import slope
from nof1.learn.figures import Figure


def made(times=1.0, spread=0.02, seed=0, n=4000, shrunken=False, flat=False):
    """Scores whose truth is -0.1 + 0.1 z; a learner that says ``times`` too much of it."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    truth = -0.1 + (0 if flat else 0.1) * z
    score = truth + rng.normal(scale=0.5, size=n)
    raw = 0.3 + times * 0.1 * z
    bags = raw[:, None] + rng.normal(scale=spread, size=(n, 8))
    arms, rows = drawn(n).arms(keys=np.arange(n)), np.ones(n)
    steep, centre, error = slope(raw, score, arms, rows)
    mean, half = score.mean(), 1.959964 * score.std(ddof=1) / np.sqrt(n)
    found = Calibrated.fit(
        raw, bags, score, arms, rows, Figure(mean, mean - half, mean + half), steep, centre, error,
        shrunken,
    )  # fmt: skip
    return found, truth, raw, bags


@pytest.mark.parametrize("times", [1.0, 2.0])
def test_the_mean_and_the_slope_are_put_right(times):
    found, truth, raw, bags = made(times)
    assert abs(found.slope - 1 / times) < 0.2
    assert np.sqrt(np.mean((found.effect(raw) - truth) ** 2)) < 0.03
    assert abs(raw.mean() - truth.mean()) > 0.3
    low, high = found.interval(raw, bags, 0.95)
    assert np.mean((low <= truth) & (truth <= high)) > 0.9


def test_the_slope_has_limits():
    assert made(0.1)[0].slope == STEEPEST
    found, _, raw, _ = made(-1.0)
    assert found.slope == 0
    assert np.ptp(found.effect(raw)) == 0


def test_where_nobody_differs_the_effect_is_flat():
    found, _, raw, _ = made(flat=True)
    assert np.ptp(found.effect(raw)) < 0.3 * np.ptp(raw)


def test_a_learner_that_has_shrunk_itself_is_left_alone():
    found, _, raw, bags = made(2.0, shrunken=True)
    assert np.allclose(found.effect(raw), raw)
    low, high = found.interval(raw, bags, 0.95)
    assert np.allclose((low + high) / 2, raw)
    assert np.all(high - low > 0)


def test_a_higher_level_is_wider():
    found, _, raw, bags = made()
    narrow, wide = (found.interval(raw, bags, level) for level in (0.8, 0.99))
    assert (wide[0] < narrow[0]).all()
    assert (narrow[1] < wide[1]).all()


def test_bags_that_say_too_little_are_scaled_up():
    n = 6000
    rng = np.random.default_rng(3)
    z = rng.integers(0, 10, n)  # ten groups, each with an error of its own that all bags share
    error = rng.normal(scale=0.2, size=10)
    score = rng.normal(scale=0.3, size=n)
    raw = 0.01 * z + error[z]
    bags = raw[:, None] + 0.02 * rng.normal(size=(10, 8))[z]
    arms, rows = drawn(n).arms(keys=np.arange(n)), np.ones(n)
    plain = Figure(1.0, 0.8, 1.2)
    found = Calibrated.fit(
        raw, bags, score, arms, rows, Figure(0.0, -0.01, 0.01), plain, raw.mean(), 0.1, False
    )
    assert 2 < found.scale <= 4
    assert made(spread=0.2)[0].scale < 1.5


def test_it_is_read_back():
    found = made()[0]
    assert Calibrated.from_dict(found.to_dict()) == found
