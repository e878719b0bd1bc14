"""Reproduction numbers against R's EpiEstim and slow loops; growth against the truth."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma
from tests.shared_data import needs

from nof1.core.errors import UsageError
from nof1.surveillance.transmission import (
    SerialInterval,
    discretised,
    growth,
    infectivity,
    reproduction,
    windows,
)

# Cauchemez et al. (PNAS 108 (2011) 2825): onsets in a school in Pennsylvania, 27 April to 28 May
# 2009; the serial interval is that of Ferguson et al. (Nature 437 (2005) 209). Data set Flu2009.
SCHOOL = "1 1 0 2 5 3 3 3 6 2 5 9 13 12 13 11 12 6 6 6 3 1 0 2 0 0 0 0 2 0 2 0"
INTERVAL = "0 .233 .359 .198 .103 .053 .027 .014 .007 .003 .002 .001"
CASES = np.array([float(one) for one in SCHOOL.split()])
WEIGHTS = np.array([float(one) for one in INTERVAL.split()])


def slow_posterior(cases, weights, window, day, mean=5.0, sd=5.0):
    """Shape and rate for the window that ends on ``day``, one case day at a time."""
    shape, rate = (mean / sd) ** 2, mean / sd**2
    for at in range(day - window + 1, day + 1):
        shape += cases[at]
        for lag in range(1, len(weights)):
            if at - lag >= 0:
                rate += weights[lag] * cases[at - lag]
    return shape, rate


def test_equal_to_epiestim():
    # EpiEstim 2.2-4: estimate_R(Flu2009$incidence, method = "non_parametric_si",
    # config = make_config(list(si_distr = Flu2009$si_distr))), weekly windows from day 2 on
    path = needs("surveillance/r-reference/epiestim_flu2009.csv")
    with path.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    found = reproduction(CASES, WEIGHTS, 7)
    assert [int(row["t_end"]) for row in table] == list(range(8, 33))
    shape, rate = found.shape[7:], found.rate[7:]
    assert np.isnan(found.shape[:7]).all()
    columns = {
        "Mean(R)": shape / rate,
        "Std(R)": np.sqrt(shape) / rate,
        "Median(R)": gamma.ppf(0.5, shape, scale=1 / rate),
        "Quantile.0.025(R)": gamma.ppf(0.025, shape, scale=1 / rate),
        "Quantile.0.975(R)": gamma.ppf(0.975, shape, scale=1 / rate),
    }
    for name, values in columns.items():
        assert np.abs(values - [float(row[name]) for row in table]).max() < 1e-6


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=8, max_size=40),
    st.lists(st.floats(0, 1), min_size=1, max_size=15),
    st.integers(2, 8),
)
def test_kernel_equals_loops(cases, weights, window):
    cases, weights = np.array(cases, float), np.array([0.0, *weights])
    found = reproduction(cases, weights, window)
    for day in range(len(cases)):
        if day < window:
            assert np.isnan(found.shape[day])
            continue
        shape, rate = slow_posterior(cases, weights, window, day)
        assert np.isclose(found.shape[day], shape)
        assert np.isclose(found.rate[day], rate)


def test_many_series_at_once_are_the_single_ones():
    rng = np.random.default_rng(1)
    cases = rng.poisson(20, (3, 4, 30)).astype(float)
    found = reproduction(cases, WEIGHTS, 7)
    assert np.array_equal(
        found.rate[1, 2], reproduction(cases[1, 2], WEIGHTS, 7).rate, equal_nan=True
    )
    assert infectivity(cases, WEIGHTS).shape == cases.shape


@pytest.mark.parametrize(("mean", "sd"), [(2.6, 1.5), (4.7, 2.9), (8.4, 3.8), (1.5, 0.4)])
def test_serial_interval_is_the_triangular_mean_of_a_shifted_gamma(mean, sd):
    """By numerical integration of the definition."""
    shape, scale = ((mean - 1) / sd) ** 2, sd**2 / (mean - 1)
    found = discretised(mean, sd, 80)
    for day in (0, 1, 2, 3, 5, 9):
        slow, _ = quad(
            lambda x, day=day: max(1 - abs(x - day), 0) * gamma.pdf(x - 1, shape, scale=scale),
            max(day - 1, 1),
            max(day + 1, 1),
            points=[max(day, 1)],
            limit=200,
        )
        assert found[day] == pytest.approx(slow, abs=1e-6)
    assert found.sum() == pytest.approx(1, abs=1e-6)


def test_parametric_weights_are_near_the_published_ones():
    weights = SerialInterval.gamma(2.6, 1.5).weights
    assert weights[0] == 0
    assert np.abs(weights[:12] - WEIGHTS).max() < 5e-4  # the published ones are rounded
    assert weights.sum() == pytest.approx(1, abs=2e-6)


@pytest.mark.parametrize(
    ("mean", "sd"), [(1.0, 1.0), (0.5, 1), (3, 0), (float("nan"), 1), (3, 900)]
)
def test_an_impossible_serial_interval_is_refused(mean, sd):
    with pytest.raises(UsageError, match="serial interval"):
        SerialInterval.gamma(mean, sd)


def test_a_constant_epidemic_has_one_and_no_growth():
    cases = np.full(90, 100.0)
    found = reproduction(cases, WEIGHTS, 7)
    assert found.shape[-1] / found.rate[-1] == pytest.approx(1, abs=0.01)
    rates = growth(np.repeat(cases[None], 4000, axis=0), 7, np.random.default_rng(1))
    assert abs(np.median(rates[:, -1])) < 0.001
    assert np.isnan(rates[:, :13]).all()
    assert not np.isnan(rates[:, 13]).any()


def test_growth_is_that_of_an_exponential_curve():
    cases = 50 * np.exp(0.05 * np.arange(60.0))
    rates = growth(np.repeat(cases[None], 2000, axis=0), 7, np.random.default_rng(1))
    assert np.median(rates[:, -1]) == pytest.approx(0.05, abs=0.001)
    short = growth(cases[None, :10], 7, np.random.default_rng(1))
    assert np.isnan(short).all()


def test_windows_are_sums():
    assert windows(np.arange(5.0), 3).tolist()[2:] == [3, 6, 9]
    assert np.isnan(windows(np.arange(5.0), 3)[:2]).all()
