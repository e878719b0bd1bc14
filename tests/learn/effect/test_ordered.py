"""The targeting curve against sums that are written out."""

import numpy as np
import pytest

from effect_samples import drawn
from nof1.learn.effect.ordered import ordered, slope

SETTINGS = {"resamples": 100, "seed": 1, "level": 0.95}


def made(benefit, score, n=2000):
    trial = drawn(n)
    arms = trial.arms(keys=np.arange(n))
    return ordered(benefit, score, arms, np.ones(n), **SETTINGS), arms


def autoc_by_hand(benefit, score):
    """Mean over k of (mean score of the k people with the largest benefit - mean of all)."""
    order = np.argsort(-benefit, kind="stable")
    best = np.cumsum(score[order]) / np.arange(1, len(score) + 1)
    return float((best - score.mean()).mean())


def test_autoc_is_near_the_one_counted_person_by_person():
    rng = np.random.default_rng(4)
    benefit = rng.normal(size=2000)
    score = 0.3 * benefit + rng.normal(size=2000)
    found, _ = made(benefit, score)
    assert found.autoc().value == pytest.approx(autoc_by_hand(benefit, score), abs=0.02)
    assert found.autoc().lies_above(0)
    assert found.qini().lies_above(0)


def test_an_order_without_meaning_gains_nothing():
    rng = np.random.default_rng(5)
    found, _ = made(rng.normal(size=2000), rng.normal(size=2000))
    assert found.autoc().contains(0.0)
    assert found.over_random(0.3).contains(0.0)


def test_the_policy_curve_ends_at_the_mean_and_treats_the_best_first():
    rng = np.random.default_rng(6)
    benefit = rng.normal(size=2000)
    score = benefit + 0.1 * rng.normal(size=2000)
    found, _ = made(benefit, score)
    assert found.treated_first(1.0).value == pytest.approx(score.mean(), abs=1e-9)
    assert found.treated_first(0.0).value == 0.0
    best = np.sort(score)[::-1][:1000].sum() / 2000
    assert found.treated_first(0.5).value == pytest.approx(best, rel=0.05)


def test_groups_hold_everybody_once_and_fall():
    rng = np.random.default_rng(7)
    benefit = rng.normal(size=2000)
    found, _ = made(benefit, benefit + rng.normal(size=2000))
    groups = found.groups(5)
    assert sum(size for size, _, _ in groups) == pytest.approx(2000)
    predicted = [mean for _, mean, _ in groups]
    assert predicted == sorted(predicted, reverse=True)
    assert all(observed.contains(mean) for _, mean, observed in groups)


def test_the_slope_is_that_of_a_line_through_the_scores():
    rng = np.random.default_rng(8)
    benefit = rng.normal(size=2000)
    score = 0.4 * benefit + rng.normal(size=2000)
    _, arms = made(benefit, score)
    found, centre, error = slope(benefit, score, arms, np.ones(2000))
    assert found.value == pytest.approx(np.polyfit(benefit, score, 1)[0])
    assert centre == pytest.approx(benefit.mean())
    assert error == pytest.approx(1 / np.sqrt(2000), rel=0.15)


def test_a_prediction_without_differences_has_no_slope():
    _, arms = made(np.zeros(2000) + np.arange(2000) * 0, np.arange(2000.0))
    found, _, _ = slope(np.ones(2000), np.arange(2000.0), arms, np.ones(2000))
    assert found.value is None
