"""Standardised differences, against numpy, and what weighting makes of them."""

import numpy as np
import pytest

from effect_samples import NAMES, drawn
from nof1.learn.effect.balance import Balance, balance


def rows(trial, propensity=None):
    arms = trial.arms()
    chance = trial.propensity if propensity is None else propensity
    return {one.name: one for one in balance(arms, chance, np.ones(len(trial.y)))}


def test_the_difference_before_is_that_of_the_textbook():
    trial = drawn(1000, seed=2)
    one, two = (trial.X[trial.treated == arm, 0] for arm in (1, 0))
    expected = (one.mean() - two.mean()) / np.sqrt((one.var() + two.var()) / 2)
    found = rows(trial)
    assert found["age"].before == pytest.approx(expected, rel=1e-9)
    lost = np.isnan(trial.X[:, 3])
    a, b = (lost[trial.treated == arm].mean() for arm in (1, 0))
    expected = (a - b) / np.sqrt((a * (1 - a) + b * (1 - b)) / 2)
    assert found["kidney is missing"].before == pytest.approx(expected, rel=1e-9)
    assert set(found) == {*NAMES, "kidney is missing"}


def test_true_propensities_make_the_arms_alike():
    found = rows(drawn(8000, seed=3))
    assert found["age"].before > 0.5
    assert abs(found["age"].after) < 0.1
    assert not found["age"].apart()


def test_without_weighting_the_difference_stays_and_is_told():
    trial = drawn(2000, seed=4)
    found = rows(trial, np.full(2000, 0.5))
    assert found["age"].after == pytest.approx(found["age"].before)
    assert found["age"].apart()
    assert next(iter(found)) == "age"


def test_a_column_that_is_the_choice_itself_comes_first():
    trial = drawn(300, seed=5)
    trial.X[:, 4] = trial.treated
    trial.X[:, 1] = 3.0
    found = rows(trial)
    assert next(iter(found)) == "score"
    assert found["score"].before is None
    assert (found["frailty"].before, found["frailty"].after) == (None, None)
    assert not found["frailty"].apart()


def test_a_difference_within_chance_is_not_apart():
    assert not Balance("x", 0.3, 0.2, error=0.1).apart()
    assert Balance("x", 0.3, 0.2, error=0.01).apart()
    assert not Balance("x", 0.3, 0.2, error=0.01).apart(0.25)


def test_of_many_features_the_largest_difference_by_chance_is_allowed_for():
    few_people, many_people = (Balance("x", 1.3, 1.46, error=e) for e in (0.493, 0.2))
    assert few_people.apart(0.25)
    assert not few_people.apart(0.25, looked_at=800)
    assert many_people.apart(0.25, looked_at=800)
