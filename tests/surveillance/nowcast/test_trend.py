"""The local trend against a general optimiser, and the weekday pattern against the truth."""

import numpy as np
from scipy.optimize import minimize

from nof1.surveillance.nowcast import trend
from nof1.surveillance.nowcast.trend import (
    KERNEL_DAYS,
    SLOPE_SD,
    common_growth,
    local_trend,
    weekday_pattern,
)


def test_without_overdispersion_it_is_the_penalised_poisson_optimum(monkeypatch):
    monkeypatch.setattr(trend, "SPREAD", 0.0)
    monkeypatch.setattr(trend, "DELAY_SPREAD", 0.0)
    monkeypatch.setattr(trend, "STEPS", 30)
    rng = np.random.default_rng(1)
    back = np.arange(56.0)
    complete = 1 - np.exp(-(back + 1) / 5)
    pattern = np.tile([1.2, 1.1, 1.0, 1.0, 1.0, 0.9, 0.8], 8)
    reported = rng.poisson(50 * np.exp(-0.03 * back) * complete * pattern).astype(float)
    kernel = np.exp(-back / KERNEL_DAYS)

    def loss(beta):
        mean = complete * pattern * np.exp(beta[0] - beta[1] * back)
        likelihood = (kernel * (reported * np.log(mean) - mean)).sum()
        return beta[1] ** 2 / (2 * SLOPE_SD**2) - likelihood

    best = minimize(loss, [3.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9})
    expected = pattern * np.exp(best.x[0] - best.x[1] * back)
    assert np.allclose(local_trend(reported, complete, pattern), expected, rtol=1e-4)


def test_a_known_curve_is_found_from_half_reported_days():
    back = np.arange(56.0)
    complete = 1 - np.exp(-(back + 1) / 5)
    truth = 200 * np.exp(-0.04 * back)
    found = local_trend(truth * complete, complete, np.ones(56))
    assert np.allclose(found[:20], truth[:20], rtol=0.03)


def test_no_reports_at_all_give_next_to_nothing():
    found = local_trend(np.zeros((2, 56)), np.ones((2, 56)), np.ones((2, 56)))
    assert np.isfinite(found).all()
    assert (found < 0.2).all()
    assert (found > 0).all()


def test_the_weekday_pattern_of_a_growing_epidemic_is_found():
    truth = np.array([1.2, 1.1, 1.0, 1.0, 1.0, 0.9, 0.8])
    weekdays = (np.arange(56)[::-1] % 7)[None]
    finals = 1000 * np.exp(-0.02 * np.arange(56.0)) * truth[weekdays[0]]
    found = weekday_pattern(finals[None, None], np.ones((1, 1, 56)), weekdays)
    assert np.allclose(found[0, 0], truth, rtol=0.02)
    assert np.isclose(found.mean(), 1)


def test_a_small_place_takes_the_pattern_of_all():
    weekdays = (np.arange(56)[::-1] % 7)[None]
    large = 1000 * np.where(weekdays[0] > 4, 0.5, 1.2)
    finals = np.stack([large, np.full(56, 0.02)])[None]
    found = weekday_pattern(finals, np.ones((1, 2, 56)), weekdays)
    assert np.allclose(found[0, 0], found[0, 1], rtol=0.05)


def test_a_small_place_leans_on_the_growth_of_all():
    """Fifty epidemics of six places that grow 8 % a day, and of a seventh with few cases."""
    rng = np.random.default_rng(2)
    curve = np.exp(-0.08 * np.arange(56.0))
    size = np.array([30.0] * 6 + [0.5])[:, None]
    reported = rng.poisson(size * curve, (50, 7, 56)).astype(float)
    ones = np.ones_like(reported)
    common = common_growth(reported, ones, ones)
    assert common.shape == (50, 1)
    assert np.allclose(common, 0.08, atol=0.03)
    alone = local_trend(reported, ones, ones)[:, -1, 0].mean()
    leaning = local_trend(reported, ones, ones, common)[:, -1, 0].mean()
    assert alone < 0.85 * 0.5  # lags behind
    assert np.isclose(leaning, 0.5, rtol=0.12)


def test_one_place_alone_leans_on_no_growth():
    reported = np.full((3, 1, 56), 5.0) * np.exp(-0.05 * np.arange(56.0))
    ones = np.ones_like(reported)
    assert np.array_equal(common_growth(reported, ones, ones), np.zeros((3, 1)))
