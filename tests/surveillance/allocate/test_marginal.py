"""Unit by unit: the exact way when only the mean counts."""

import numpy as np
import pytest

from nof1.surveillance.allocate import marginal
from nof1.surveillance.allocate.problem import Problem


def test_the_help_of_a_unit_is_the_need_it_meets():
    need = np.random.default_rng(1).gamma(2, 3, size=50)
    slow = [np.clip(need - k, 0, 1).mean() for k in range(2, 12)]
    assert marginal.helps(need, 2, 12) == pytest.approx(slow)


def test_it_keeps_floors_and_capacities():
    need = np.random.default_rng(2).gamma(2, 10, size=(40, 4))
    one = Problem(tuple("abcd"), need, 60, floor=0.5, capacity=np.array([12, 30, 30, 30]))
    made = marginal.best(one)
    assert made.sum() == 60
    assert np.all(made >= one.least())
    assert np.all(made <= one.most())


def test_when_it_is_not_exact_it_says_so():
    need = np.ones((5, 2))
    assert marginal.fits(Problem(("a", "b"), need, 1))
    assert not marginal.fits(Problem(("a", "b"), need, 1, cvar_weight=0.1))
    assert not marginal.fits(Problem(("a", "b"), need, 1, now=np.array([1, 0])))
    assert not marginal.fits(Problem(("a", "b"), need * 5e7, 1))
