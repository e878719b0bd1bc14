"""Draws from the posterior of modifiers, against cases with a closed form."""

import numpy as np

from nof1.learn.effect.posterior import draw


def sums(columns, y):
    return columns.T @ y, columns.T @ columns


def test_entries_without_a_prior_are_drawn_around_least_squares():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(500, 3))
    y = columns @ np.array([1.0, -2.0, 0.5]) + rng.normal(size=500)
    target, h = sums(columns, y)
    drawn = draw(target, h, 3, seed=1)
    exact, cover = np.linalg.solve(h, target), np.linalg.inv(h)
    assert np.abs(drawn.mean(axis=1) - exact).max() < 4 * np.sqrt(np.diag(cover) / 96).max()
    assert np.allclose(drawn.std(axis=1), np.sqrt(np.diag(cover)), rtol=0.3)


def test_one_strong_modifier_stands_out_and_the_weak_ones_shrink():
    rng = np.random.default_rng(2)
    columns = rng.normal(size=(300, 40))
    y = columns[:, 7] * 0.8 + rng.normal(size=300)
    drawn = draw(*sums(columns, y), 0, seed=3)
    plain = np.linalg.solve(columns.T @ columns, columns.T @ y)
    others = np.arange(40) != 7
    assert abs(drawn[7].mean() - 0.8) < 0.2
    assert np.abs(drawn[others].mean(axis=1)).mean() < 0.5 * np.abs(plain[others]).mean()
    assert drawn[others].std(axis=1).min() > 0.005  # not found is not the same as not there


def test_the_same_sums_give_the_same_draws_and_nearly_the_same_sums_nearly_the_same():
    rng = np.random.default_rng(4)
    columns = rng.normal(size=(200, 6))
    target, h = sums(columns, columns[:, 0] + rng.normal(size=200))
    first = draw(target, h, 2, seed=5)
    assert (draw(target, h, 2, seed=5) == first).all()
    moved = draw(target + 1e-9, h + 1e-9, 2, seed=5)
    assert np.abs(moved - first).max() < 1e-5
