"""Surprise is the likelihood ratio of "no choice" to what the propensity expects."""

import numpy as np
import pytest

from effect_samples import QUICK, drawn
from nof1.learn.effect.nuisance import fit_propensity
from nof1.learn.effect.surprise import RARE, Surprise, Tail
from nof1.learn.sums import local_sum

RARE_CODE = 2


@pytest.fixture(scope="module")
def made():
    trial = drawn(800, seed=3)
    trial.X[:, RARE_CODE] = np.arange(800) < 40
    trial.treated[:40] = 0
    arms = trial.arms()
    model = fit_propensity(arms, np.ones(800), QUICK)
    bins = arms.bins(QUICK.nuisance, local_sum)
    return arms, model, Surprise.of(arms, bins, model.shapes, 0.1)


def test_it_is_the_ratio_of_two_likelihoods(made):
    arms, model, surprise = made
    chance = np.clip(model.mean(arms.X), 0.1, 0.9)
    took = arms.treated == 1
    plain = np.where(took, np.log(RARE / chance), np.log((1 - RARE) / (1 - chance)))
    np.testing.assert_allclose(surprise.at(np.arange(800), 1), plain, atol=1e-12)
    other = np.where(~took, np.log(RARE / (1 - chance)), np.log((1 - RARE) / chance))
    np.testing.assert_allclose(surprise.at(np.arange(800), 0), other, atol=1e-12)


def test_of_a_rare_value_what_the_propensity_says_counts_for_half(made):
    arms, model, surprise = made
    rows, tail = arms.X[:, RARE_CODE] == 1, Tail(RARE_CODE, 2, 2)
    assert surprise.unusual(tail)
    assert not surprise.unusual(Tail(0, 2, 2))
    part = [term.features == (RARE_CODE,) for term in model.shapes.terms].index(True)
    own = model.shapes.contributions(arms.X[rows])[:, part]
    assert (own < 0).all()
    score = model.shapes.decision(arms.X[rows])
    chance = [np.clip(1 / (1 + np.exp(-one)), 0.1, 0.9) for one in (score, score - own)]
    both = [np.log((1 - RARE) / (1 - one)) for one in chance]
    found = surprise.at(rows, 1, [tail])
    np.testing.assert_allclose(found, (both[0] + both[1]) / 2, atol=1e-12)
    more = surprise.halved(RARE_CODE)
    listed = surprise.bins.table.listed[RARE_CODE]
    plain = surprise.at(listed.rows, 1)
    np.testing.assert_allclose(plain + more[:, 1], surprise.at(listed.rows, 1, [tail]), atol=1e-12)
