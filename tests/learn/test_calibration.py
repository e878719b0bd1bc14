"""Calibration figures against scikit-learn 1.9.1, the bootstrap and known truth."""

from statistics import mean

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from nof1.learn.calibration import (
    bin_count,
    calibration_curve,
    calibration_in_the_large,
    calibration_slope,
    equal_mass_bins,
    expected_calibration_error,
    observed_expected,
    to_logit,
    wilson,
)
from nof1.learn.figures import bootstrap


def sample(rows, seed, slope=1.0, shift=0.0):
    """Outcomes whose true logit is ``slope * logit(risk) + shift``."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1.4, 1.2, rows)
    y = (rng.random(rows) < expit(slope * logit + shift)).astype(float)
    return y, expit(logit), rng.random(rows) + 0.2


def test_slope_and_intercept_are_the_unpenalised_logistic_regression():
    y, risk, weight = sample(700, 0, slope=0.6, shift=0.3)
    # sklearn 1.9.1: LogisticRegression(C=inf, tol=1e-10).fit(logit, y, sample_weight=weight)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(to_logit(risk)[:, None], y, sample_weight=weight)
    slope, intercept = calibration_slope(y, risk, weight)
    assert slope.value == pytest.approx(model.coef_[0, 0], abs=1e-5)
    assert intercept.value == pytest.approx(model.intercept_[0], abs=1e-5)


@pytest.mark.parametrize("which", [0, 1])
def test_slope_and_intercept_cover_the_truth(which):
    truth = (0.7, 0.3)[which]
    hits = [
        calibration_slope(*sample(500, seed, 0.7, 0.3)[:2])[which].figure().contains(truth)
        for seed in range(200)
    ]
    assert mean(hits) >= 0.90


def test_in_the_large_covers_the_truth_and_balances_the_sums():
    hits = []
    for seed in range(200):
        y, risk, _ = sample(300, seed, 1.0, 0.4)
        one = calibration_in_the_large(y, risk)
        hits.append(one.figure().contains(0.4))
        assert expit(to_logit(risk) + one.value).sum() == pytest.approx(y.sum())
    assert mean(hits) >= 0.90


def test_standard_errors_are_those_of_the_bootstrap():
    y, risk, weight = sample(500, 1)

    def draws_of(statistic):
        def many(times):
            return np.array([statistic(y, risk, one * weight).value for one in times])

        return bootstrap(many, 500, resamples=200, seed=0).std()

    for statistic in (calibration_in_the_large, observed_expected):
        ours = statistic(y, risk, weight).standard_error()
        assert ours == pytest.approx(draws_of(statistic), rel=0.15)
    slope = calibration_slope(y, risk, weight)[0].standard_error()
    drawn = draws_of(lambda *rows: calibration_slope(*rows)[0])
    assert slope == pytest.approx(drawn, rel=0.15)


def test_separable_or_one_sided_outcomes_are_not_estimable():
    assert calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])[0].figure().value is None
    assert calibration_slope([0, 1, 0, 1], [0.3] * 4)[0].figure().value is None
    assert calibration_in_the_large([1, 1], [0.5, 0.5]).figure().value is None
    plain, debiased = expected_calibration_error([1] * 30, [0.5] * 30)
    assert plain.value is None
    assert debiased.value is None


def test_risks_of_exactly_zero_and_one_do_not_break():
    y = np.tile([0.0, 1.0], 20)
    risk = np.tile([0.0, 1.0, 1.0, 0.0], 10)
    assert np.isfinite(calibration_slope(y, risk)[0].value)


def test_bins_have_equal_mass_and_keep_equal_risks_together():
    risk = np.random.default_rng(0).random(1000)
    assert np.bincount(equal_mass_bins(risk, np.ones(1000), 10)).tolist() == [100] * 10
    tied = np.round(risk, 1)
    place = equal_mass_bins(tied, np.ones(1000), 10)
    assert all(len(set(place[tied == value])) == 1 for value in np.unique(tied))
    assert [bin_count(n) for n in (20, 100, 5000)] == [2, 5, 10]


def test_curve_tells_observed_shares_with_wilson_intervals():
    y, risk, _ = sample(1000, 2)
    curve = calibration_curve(y, risk)
    assert sum(one.rows for one in curve) == 1000
    assert sum(one.rows * one.observed for one in curve) == pytest.approx(y.sum())
    assert all(one.low < one.observed < one.high or one.observed in (0, 1) for one in curve)
    # scipy 1.17.1: binomtest(5, 50).proportion_ci(method="wilson")
    assert wilson(0.1, 50) == pytest.approx((0.04347576, 0.21360231), abs=1e-7)
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_plug_in_error_is_biased_and_the_debiased_one_is_less_so():
    pairs = [
        [one.value for one in expected_calibration_error(*sample(600, seed)[:2], resamples=20)]
        for seed in range(60)
    ]
    plain, debiased = np.mean(pairs, axis=0)
    assert plain > 0.025  # the truth is 0: the model is right
    assert debiased < 0.6 * plain


def test_debiased_error_finds_the_true_one():
    wrong = [sample(4000, seed, 1.0, 0.6) for seed in range(15)]
    truth = mean(np.mean(np.abs(expit(to_logit(risk) + 0.6) - risk)) for _, risk, _ in wrong)
    found = [expected_calibration_error(y, risk, resamples=100)[1] for y, risk, _ in wrong]
    assert mean(one.value for one in found) == pytest.approx(truth, abs=0.005)
    assert sum(one.contains(truth) for one in found) >= 12


def test_weighted_error_ignores_rows_without_weight():
    y, risk, _ = sample(400, 3)
    weight = np.repeat([1.0, 0.0], [300, 100])
    whole = expected_calibration_error(y, risk, weight, resamples=10)[0].value
    part = expected_calibration_error(y[:300], risk[:300], resamples=10)[0].value
    assert whole == pytest.approx(part)
