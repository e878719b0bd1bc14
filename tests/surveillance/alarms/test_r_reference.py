"""Farrington and EARS give the numbers of R package surveillance 1.20.3 on salmonella.agona."""

import csv

import numpy as np
import pytest
from tests.shared_data import needs

from nof1.surveillance.alarms import ears, farrington
from nof1.surveillance.alarms.baseline import Windows
from nof1.surveillance.alarms.farrington import Farrington

TESTS = np.arange(212, 312)  # R's weeks 213 to 312


def column(name: str, field: str) -> np.ndarray:
    with needs(f"surveillance/r-reference/{name}.csv").open() as file:
        cells = [row[field] for row in csv.DictReader(file)]
    return np.array([np.nan if cell == "NA" else float(cell) for cell in cells])


def series() -> tuple[np.ndarray, np.ndarray]:
    counts = column("agona_input", "obs")[:, None]
    return np.datetime64("1990-01-07") + 7 * np.arange(len(counts)), counts


def flexible(threshold: str, periods: int) -> Farrington:
    windows = Windows(4, 3, periods, newest_left_out=26, least_years=4, by_date=False)
    return Farrington(windows, 0.01, threshold, least_weeks=1)


# farringtonFlexible(b=4, w=3, weightsThreshold=2.58, pastWeeksNotIncluded=26, pThresholdTrend=1,
# alpha=0.01, trend=TRUE, populationOffset=FALSE, reweight=TRUE,
# fitFun="algo.farrington.fitGLM.flexible") with thresholdMethod and noPeriods as named.
@pytest.mark.parametrize("threshold", ["nbPlugin", "delta", "muan"])
@pytest.mark.parametrize("periods", [1, 10])
def test_flexible_bounds_and_alarms(threshold: str, periods: int) -> None:
    done = farrington.judge(*series(), TESTS, flexible(threshold, periods))
    name = f"agona_FF_{threshold}_{periods}"
    upper = np.where(done.few, np.nan, done.upper)[:, 0]
    np.testing.assert_allclose(upper, column(name, "ub"), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(done.alarm[:, 0], column(name, "alarm") == 1)
    assert not done.reason.any()


def test_flexible_model() -> None:
    done = farrington.judge(*series(), TESTS, flexible("nbPlugin", 10))
    name = "agona_farringtonFlexible_nb10"
    ours = {
        "ub": np.where(done.few, np.nan, done.upper),
        "expected": np.where(done.few, np.nan, done.expected),
        "mu0": done.expected,
        "phi": done.dispersion,
        "trend": done.parts["trend"],
        "score": done.parts["score"],
        "pvalue": done.p,
    }
    for field, values in ours.items():
        np.testing.assert_allclose(values[:, 0], column(name, field), rtol=0, atol=1e-6)


def test_original() -> None:
    """farrington(b=4, w=3, reweight=TRUE, alpha=0.01, correct=TRUE)."""
    windows = Windows(4, 3, 1, newest_left_out=None, least_years=4, by_date=False)
    rule = Farrington(windows, 0.01, "delta", 0.05, 1.0, original=True, least_weeks=1)
    done = farrington.judge(*series(), TESTS, rule)
    upper = np.where(done.few, 0.0, done.upper)[:, 0]
    np.testing.assert_allclose(upper, column("agona_farrington_orig", "ub"), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(done.alarm[:, 0], column("agona_farrington_orig", "alarm") == 1)


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears(method: str) -> None:
    """earsC(baseline=7, minSigma=0, alpha=0.001; C3: 0.025)."""
    done = ears.judge(*series(), TESTS, ears.Ears(method))
    reference = column(f"agona_ears_{method}", "ub")
    first = len(TESTS) - len(reference)
    np.testing.assert_allclose(done.upper[first:, 0], reference, rtol=0, atol=1e-6)
    alarms = column(f"agona_ears_{method}", "alarm") == 1
    np.testing.assert_array_equal(done.alarm[first:, 0], alarms)
