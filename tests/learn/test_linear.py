import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nof1.learn.linear import train_logistic
from nof1.learn.sums import federate
from planted import binary_table


def test_equals_scikit_learn_on_complete_data():
    X, y = binary_table(800, missing=0)
    X = X * np.array([1, 10, 0.01, 1, 5, 1]) + 3
    ours = train_logistic(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(Z, y)
    np.testing.assert_allclose(ours.coefficients[:6], theirs.coef_[0], atol=1e-5)
    np.testing.assert_allclose(ours.decision(X), theirs.decision_function(Z), atol=1e-5)
    assert not np.any(ours.coefficients[6:])


@pytest.mark.parametrize(("fixed_point", "allowed"), [(False, 1e-10), (True, 1e-6)])
def test_five_sites_get_the_model_of_one(fixed_point, allowed):
    X, y = binary_table(600)
    keys = np.arange(600)
    pooled = train_logistic(X, y, keys=keys)

    def train(rows):
        return lambda add: train_logistic(X[rows], y[rows], keys=keys[rows], secure_sum=add)

    models = federate([train(keys % 5 == k) for k in range(5)], fixed_point=fixed_point)
    assert all(m.to_dict() == models[0].to_dict() for m in models)
    np.testing.assert_allclose(models[0].coefficients, pooled.coefficients, atol=allowed)


def test_missingness_is_used_and_complete_separation_converges():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    X = np.column_stack([np.where(y == 1, np.nan, rng.normal(size=300)), rng.normal(size=300)])
    model = train_logistic(X, y)
    assert model.decision(X)[y == 1].min() > model.decision(X)[y == 0].max()


def test_contributions_add_up_to_the_score():
    X, y = binary_table(300)
    model = train_logistic(X, y)
    np.testing.assert_allclose(
        model.contributions(X).sum(axis=1) + model.intercept, model.decision(X), atol=1e-12
    )
