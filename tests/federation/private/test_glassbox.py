import numpy as np
import pytest

from nof1.federation.private.glassbox import Recipe, train
from nof1.federation.private.plan import Plan
from nof1.learn.shapes import ShapeModel
from private_samples import GRIDS, NAMES, alone, fast, patients


def trained(epsilon=8.0, n=6000, draw=None, seed=2):
    X, y, _ = patients(seed, n)
    noise = draw or fast(np.random.default_rng(seed))
    return train(X, y, NAMES, GRIDS, Plan.of(epsilon, 1e-5), alone(noise), Recipe.of(epsilon))


def test_the_curves_are_those_of_the_outcome():
    shapes = trained().shapes
    age = next(term for term in shapes.terms if term.name == "age")
    assert age.scores[-1] - age.scores[1] > 1.5  # 0.05 a year over most of 70 years
    noise = next(term for term in shapes.terms if term.name == "nothing")
    assert np.abs(noise.scores).max() < 0.4


def test_a_smaller_budget_is_less_sure():
    spread = {eps: trained(eps).shapes.bag_decisions(patients(5, 500)[0]).std(axis=1).mean()
              for eps in (0.5, 8.0)}  # fmt: skip
    assert spread[0.5] > 1.3 * spread[8.0]


def test_the_model_is_of_the_usual_class():
    shapes = trained().shapes
    X = patients(4, 50)[0]
    again = ShapeModel.from_dict(shapes.to_dict())
    np.testing.assert_array_equal(again.decision(X), shapes.decision(X))
    np.testing.assert_allclose(
        shapes.intercept + shapes.contributions(X).sum(axis=1), shapes.decision(X)
    )


def test_small_counts_are_not_stored():
    for term in trained().shapes.terms:
        assert np.all((term.counts == 0) | (term.counts >= 10))


def test_nobody_at_all_gives_a_model_without_claims():
    noise = fast(np.random.default_rng(1))
    made = train(
        np.zeros((0, 4)), np.zeros(0), NAMES, GRIDS, Plan.of(1.0, 1e-5), alone(noise), Recipe.of(1)
    )
    assert np.all(np.isfinite(made.shapes.decision(patients(4, 50)[0])))


def test_where_all_is_noise_the_model_says_that_it_knows_nothing():
    X = patients(4, 500)[0]
    rich = trained(8.0).shapes
    for seed in range(3):
        poor = trained(0.3, n=500, seed=seed).shapes
        assert poor.decision(X).std() < 2.5 * rich.decision(X).std()
        assert poor.bag_decisions(X).std(axis=1).mean() > 1.0


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_ninety_percent_intervals_hold_the_true_risk_about_that_often(epsilon):
    X, _, _ = patients(77, 3000)
    full = ~np.isnan(X).any(axis=1)
    X = X[full]
    true = 0.05 * (X[:, 0] - 60) + 0.03 * (X[:, 1] - 130) + 0.8 * X[:, 2] - 0.8
    inside = []
    for seed in range(6):
        shapes = trained(epsilon, n=4000, seed=seed).shapes
        half = 1.75 * shapes.bag_decisions(X).std(axis=1, ddof=1)
        inside.append(float((np.abs(shapes.decision(X) - true) <= half).mean()))
    assert 0.8 < np.mean(inside) <= 1.0
