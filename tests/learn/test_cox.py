import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from nof1.learn.cox import train_cox
from nof1.learn.sums import federate
from planted import survival_table


def test_equals_lifelines_up_to_the_time_grid():
    X, (duration, cause) = survival_table(1200, competing=False)
    X = np.nan_to_num(X)
    ours = train_cox(X, (duration, cause), ridge=1e-6)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    frame = pd.DataFrame(Z).assign(T=duration, E=cause == 1)
    theirs = CoxPHFitter().fit(frame, "T", "E")
    np.testing.assert_allclose(ours.coefficients[0, :4], theirs.params_.to_numpy(), atol=0.02)
    curve = 1 - theirs.predict_survival_function(pd.DataFrame(Z[:50]), times=[100, 300]).to_numpy()
    np.testing.assert_allclose(
        ours.cumulative_incidence(X[:50], [100, 300])[0], curve.T, atol=0.015
    )


@pytest.mark.parametrize(("fixed_point", "allowed"), [(False, 1e-9), (True, 1e-5)])
def test_five_sites_get_the_model_of_one(fixed_point, allowed):
    X, (duration, cause) = survival_table(800)
    keys = np.arange(800)
    pooled = train_cox(X, (duration, cause), keys=keys, n_intervals=20)

    def train(rows):
        y = (duration[rows], cause[rows])
        return lambda add: train_cox(X[rows], y, keys=keys[rows], n_intervals=20, secure_sum=add)

    models = federate([train(keys % 5 == k) for k in range(5)], fixed_point=fixed_point)
    assert all(m.to_dict() == models[0].to_dict() for m in models)
    np.testing.assert_allclose(models[0].coefficients, pooled.coefficients, atol=allowed)
