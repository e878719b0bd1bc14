"""Draws: each a negative binomial, together as dependent as the errors were."""

import numpy as np
from scipy.stats import nbinom, norm

from nof1.surveillance.nowcast.errors import Learnt
from nof1.surveillance.nowcast.sampling import dependent, draw, negative_binomial


def learnt(mean, spread, standard=None, weight=None):
    mean = np.asarray(mean, float)
    standard = np.zeros((3, *mean.shape)) if standard is None else standard
    weight = np.zeros((3, *mean.shape)) if weight is None else weight
    return Learnt(mean, np.full(mean.shape, spread), standard, weight, np.ones(mean.shape))


def test_quantiles_are_those_of_the_negative_binomial():
    """Against scipy's quantile at every single score, the slow way."""
    mean, size = np.array([0.05, 1.0, 30.0, 4000.0]), np.array([2.0, 0.5, 5.0, 200.0])
    scores = np.linspace(-3, 3, 2001)
    found = negative_binomial(np.repeat(scores[:, None], 4, axis=1), mean, size)
    for cell in range(4):
        slow = nbinom.ppf(norm.cdf(scores), size[cell], size[cell] / (size[cell] + mean[cell]))
        # between two nodes a small count changes at the wrong score, never by more than a node
        close = np.abs(found[:, cell] - slow) <= np.maximum(1, 0.01 * slow)
        assert close.mean() > 0.99
        weight = norm.pdf(scores)
        assert np.isclose((found[:, cell] * weight).sum(), (slow * weight).sum(), rtol=0.02)


def test_moments_and_floor():
    reported = np.array([[10.0, 50.0]])
    drawn = draw(learnt([[30.0, 60.0]], 0.1), reported, np.ones((1, 2)), 20000, 1)
    assert (drawn >= reported).all()
    assert np.array_equal(drawn, np.rint(drawn))
    assert np.allclose(drawn.mean(axis=0), [[30, 60]], rtol=0.02)
    assert np.allclose(drawn.var(axis=0), [[20 + 0.1 * 400, 10 + 0.1 * 100]], rtol=0.06)


def test_what_is_taken_back_lowers_the_draws():
    drawn = draw(learnt([[80.0]], 0.01), np.array([[100.0]]), np.full((1, 1), 0.8), 5000, 1)
    assert np.isclose(drawn.mean(), 80, rtol=0.02)
    assert drawn.min() < 80


def test_the_same_seed_gives_the_same_draws():
    asked = (learnt([[30.0]], 0.1), np.array([[10.0]]), np.ones((1, 1)), 50)
    assert np.array_equal(draw(*asked, 7), draw(*asked, 7))
    assert not np.array_equal(draw(*asked, 7), draw(*asked, 8))


def test_draws_are_correlated_as_the_past_errors_were():
    rng = np.random.default_rng(5)
    common = rng.standard_normal((60, 1, 1))
    errors = np.concatenate([common, common, -common, rng.standard_normal((60, 1, 1))], axis=1)
    weight = np.full(errors.shape, 1 / 60)
    found = dependent(errors, weight, 20000, np.random.default_rng(6))[..., 0]
    correlation = np.corrcoef(found.T)
    slow = (errors[..., 0].T @ errors[..., 0]) / 60
    slow /= np.sqrt(np.outer(np.diag(slow), np.diag(slow)))
    expected = 0.9 * slow + 0.1 * np.eye(4)  # OWN of the variance is each cell's own
    assert np.allclose(correlation, expected, atol=0.03)
    assert np.allclose(found.std(axis=0), 1, atol=0.03)


def test_without_past_errors_draws_are_independent():
    found = dependent(np.zeros((3, 2, 2)), np.zeros((3, 2, 2)), 20000, np.random.default_rng(6))
    assert np.allclose(np.corrcoef(found.reshape(20000, 4).T), np.eye(4), atol=0.03)
