"""Recalibration maps: right answer, right uncertainty, same over sites, JSON round trip."""

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from nof1.core.errors import ModelError
from nof1.learn.recalibrate import BinnedRecalibration, LogisticRecalibration, _increasing
from nof1.learn.sums import federate


def sample(rows, seed):
    rng = np.random.default_rng(seed)
    decision = rng.normal(-1, 2, rows)
    y = (rng.random(rows) < expit(0.5 * decision - 0.4)).astype(float)
    return decision, y


def test_finds_the_map_of_scikit_learn():
    decision, y = sample(4000, 0)
    ours = LogisticRecalibration.fit(decision, y)
    # sklearn 1.9.1: LogisticRegression(C=inf, tol=1e-10).fit(decision, y)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(decision[:, None], y)
    assert ours.slope == pytest.approx(model.coef_[0, 0], abs=2e-3)
    assert ours.intercept == pytest.approx(model.intercept_[0], abs=2e-3)


def test_variance_is_the_spread_over_calibration_sets():
    fits = [LogisticRecalibration.fit(*sample(400, seed)) for seed in range(200)]
    at = np.array([-3.0, 0.0, 2.0])
    spread = np.var([one.logit(at) for one in fits], axis=0)
    assert np.mean([one.variance(at) for one in fits], axis=0) == pytest.approx(spread, rel=0.3)


def test_sites_together_give_the_pooled_map():
    decision, y = sample(500, 1)
    parts = (slice(0, 80), slice(80, 500))
    for kind in (LogisticRecalibration, BinnedRecalibration):
        pooled = kind.fit(decision, y)
        found = federate(
            [
                lambda total, part=part, kind=kind: kind.fit(
                    decision[part], y[part], secure_sum=total
                )
                for part in parts
            ]
        )
        at = np.linspace(-6, 6, 30)
        for one in found:
            assert one.risk(at) == pytest.approx(pooled.risk(at), abs=1e-9)


def test_separable_calibration_rows_give_a_finite_map():
    ours = LogisticRecalibration.fit([-2, -1, 1, 2], [0, 0, 1, 1])
    assert 0 < ours.slope < 20
    assert np.isfinite(ours.covariance).all()


def test_one_outcome_is_refused():
    for kind in (LogisticRecalibration, BinnedRecalibration):
        with pytest.raises(ModelError, match="same outcome"):
            kind.fit([0.1, 0.2], [1, 1])


def test_pooling_is_isotonic_regression():
    rng = np.random.default_rng(2)
    values, mass = rng.random(40), rng.random(40) + 0.1
    # sklearn 1.9.1: IsotonicRegression().fit_transform(range(40), values, sample_weight=mass)
    expected = IsotonicRegression().fit_transform(np.arange(40), values, sample_weight=mass)
    assert _increasing(values, mass) == pytest.approx(expected)


def test_binned_map_bends_where_a_logistic_cannot():
    rng = np.random.default_rng(3)
    decision = rng.uniform(-4, 4, 20_000)
    truth = np.where(decision > 0, 0.6, 0.1)
    y = (rng.random(20_000) < truth).astype(float)
    binned = BinnedRecalibration.fit(decision, y).risk([-2.0, 2.0])
    assert binned == pytest.approx([0.1, 0.6], abs=0.02)
    assert (np.diff(BinnedRecalibration.fit(decision, y).risk(np.linspace(-5, 5, 99))) >= 0).all()


def test_json_round_trip():
    decision, y = sample(300, 4)
    for kind in (LogisticRecalibration, BinnedRecalibration):
        one = kind.fit(decision, y)
        assert kind.from_dict(json.loads(json.dumps(one.to_dict()))) == one
