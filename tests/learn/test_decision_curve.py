"""Net benefit against its definition, its Kaplan-Meier form and the bootstrap."""

import numpy as np
import pytest
from scipy.special import expit

from nof1.core.errors import InputError
from nof1.learn.censoring import horizon_labels, incidence_curve
from nof1.learn.decision_curve import THRESHOLDS, decision_curve
from nof1.learn.figures import bootstrap


def sample(rows, seed):
    rng = np.random.default_rng(seed)
    risk = expit(rng.normal(-1.2, 1.2, rows))
    return (rng.random(rows) < risk).astype(float), risk


def test_net_benefit_is_the_definition():
    y, risk = sample(500, 0)
    for point in decision_curve(y, risk, thresholds=(0.05, 0.2, 0.6)):
        odds = point.threshold / (1 - point.threshold)
        flagged = risk >= point.threshold
        true, false = (flagged & (y == 1)).sum(), (flagged & (y == 0)).sum()
        assert point.model == pytest.approx((true - odds * false) / 500)
        assert point.treat_all == pytest.approx((y.sum() - odds * (500 - y.sum())) / 500)
        assert point.gain == pytest.approx(point.model - max(point.treat_all, 0))
        assert point.low < point.model < point.high


def test_interval_is_that_of_the_bootstrap():
    y, risk = sample(800, 1)
    point = decision_curve(y, risk, thresholds=(0.3,))[0]
    worth = (risk >= 0.3) * (y - (1 - y) * 0.3 / 0.7)
    draws = bootstrap(lambda w: w @ worth / w.sum(axis=1), 800, resamples=1000)
    assert (point.high - point.low) / 2 == pytest.approx(1.96 * draws.std(), rel=0.08)


def kaplan_meier_form(days, cause, risk, horizon, threshold):
    """Vickers 2008: incidence among the flagged, from their own curve."""
    flagged = risk >= threshold
    incidence = float(incidence_curve(days[flagged], cause[flagged]).at(horizon))
    odds = threshold / (1 - threshold)
    return flagged.mean() * (incidence - (1 - incidence) * odds)


def test_weights_give_the_kaplan_meier_form_at_a_horizon():
    rng = np.random.default_rng(2)
    x = rng.normal(size=20_000)
    days, lost = rng.exponential(np.exp(1 - x)), rng.exponential(3, 20_000)
    seen, cause = np.minimum(days, lost), (days <= lost).astype(int)
    risk = 1 - np.exp(-np.exp(x - 1))
    y, weight = horizon_labels(seen, cause, 1.0)
    for point in decision_curve(y, risk, weight, thresholds=(0.2, 0.4)):
        expected = kaplan_meier_form(seen, cause, risk, 1.0, point.threshold)
        assert point.model == pytest.approx(expected, abs=0.004)


def test_a_useless_model_gains_nothing_anywhere():
    y, _ = sample(2000, 3)
    curve = decision_curve(y, np.full(2000, y.mean()))
    assert max(point.gain for point in curve) <= 1e-12


def test_thresholds_are_probabilities():
    assert all(0 < one < 1 for one in THRESHOLDS)
    with pytest.raises(InputError):
        decision_curve([0, 1], [0.1, 0.2], thresholds=(1.0,))
