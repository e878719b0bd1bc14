"""The glass box for a number: what it finds, what it refuses, one site equals three."""

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.learn.additive import Recipe
from nof1.learn.boosting import Settings
from nof1.learn.regression import fit_regression, stretched
from nof1.learn.shapes import ShapeModel
from nof1.learn.sums import federate

QUICK = Recipe(n_bags=3, max_pairs=2, max_bins=32, boost=Settings(0.2, 150))


def table(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    truth = 500 + 40 * np.sin(2 * X[:, 0]) + 30 * (X[:, 1] > 0)
    X[rng.random(n) < 0.1, 3] = np.nan
    return X, truth, truth + rng.normal(scale=10, size=n)


def test_finds_the_curves_in_the_unit_of_the_outcome():
    X, _, y = table()
    new, truth, _ = table(seed=1)
    model = fit_regression(X, y, recipe=QUICK)
    error = np.sqrt(np.mean((model.decision(new) - truth) ** 2))
    assert error < 8
    assert np.std(truth) > 30
    assert model.decision(X).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_rows_without_weight_teach_nothing():
    X, _, y = table(600)
    weight = (np.arange(600) < 400).astype(float)
    wrong = np.where(weight > 0, y, -1e6)
    keys = np.arange(600)
    ours = fit_regression(X, wrong, sample_weight=weight, keys=keys, recipe=QUICK)
    assert abs(ours.decision(X[:400]) - y[:400]).mean() < 30


@pytest.mark.parametrize("fixed_point", [False, True])
def test_three_sites_get_the_model_of_one(fixed_point):
    X, _, y = table(900)
    keys, parts = np.arange(900), np.arange(900) % 7 // 3
    pooled = fit_regression(X, y, keys=keys, recipe=QUICK)

    def site(own):
        return lambda add: fit_regression(
            X[own], y[own], keys=keys[own], recipe=QUICK, secure_sum=add
        )

    for one in federate([site(parts == k) for k in range(3)], fixed_point=fixed_point):
        gap = np.abs(one.decision(X) - pooled.decision(X)).max()
        assert gap < (1e-4 if fixed_point else 1e-8)


def test_a_stretched_model_says_shift_plus_factor_times_what_it_said():
    X, _, y = table(400)
    model = fit_regression(X, y, recipe=QUICK)
    moved = stretched(model, -2.0, 7.0)
    assert np.allclose(moved.decision(X), 7 - 2 * model.decision(X))
    assert np.allclose(moved.bag_decisions(X), 7 - 2 * model.bag_decisions(X))
    assert all((term.standard_errors >= 0).all() for term in moved.terms)


def test_it_is_read_back_bit_for_bit():
    X, _, y = table(400)
    model = fit_regression(X, y, recipe=QUICK)
    assert (ShapeModel.from_dict(model.to_dict()).decision(X) == model.decision(X)).all()


@pytest.mark.parametrize(
    ("y", "kind", "words"),
    [
        (np.ones(100), ModelError, "do not vary"),
        (np.r_[np.nan, np.ones(99)], InputError, "not finite"),
        (np.arange(99.0), InputError, "shape"),
    ],
)
def test_values_that_teach_nothing_are_refused(y, kind, words):
    with pytest.raises(kind, match=words):
        fit_regression(table(100)[0], y, recipe=QUICK)


def test_too_few_rows_over_all_sites_are_refused():
    X, _, y = table(100)
    with pytest.raises(ModelError, match="19 rows are too few"):
        fit_regression(X, y, sample_weight=np.arange(100) < 19, recipe=QUICK)
