"""Charts against a grid search and by hand; the season against known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.surveillance.alarms import oracle

from nof1.core.errors import UsageError
from nof1.surveillance.alarms import charts, seasonal
from nof1.surveillance.alarms.charts import Chart
from nof1.surveillance.alarms.tested import Reason

DATES = np.datetime64("2015-01-03") + 7 * np.arange(260)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2]))
def test_glr_equals_a_grid_search(seed, extra):
    rng = np.random.default_rng(seed)
    means = rng.uniform(1, 6, 8)
    counts = rng.poisson(means * 1.5).astype(float)
    rule = Chart(limit=1e6, longest=5)
    got, _, _ = charts.run(counts[:, None], means[:, None], np.array([extra]), rule)
    want = [oracle.glr(counts, means, extra, 0, last, 5) for last in range(8)]
    np.testing.assert_allclose(got[:, 0], want, atol=2e-4)


def test_cusum_by_hand_restarts_after_an_alarm():
    """Poisson, mean 1, rise to twice: each week adds count log 2 - 1."""
    counts = np.array([[3.0], [3.0], [3.0], [0.0]])
    rule = Chart("cusum", factor=2.0, limit=2.0)
    got, alarm, needed = charts.run(counts, np.ones((4, 1)), np.zeros(1), rule)
    step = 3 * np.log(2) - 1
    np.testing.assert_allclose(got[:, 0], [step, 2 * step, step, step - 1])
    assert alarm[:, 0].tolist() == [False, True, False, False]
    assert needed[0, 0] == np.ceil(3 / np.log(2)) - 1


@pytest.mark.parametrize("kind", ["cusum", "glr"])
@pytest.mark.parametrize("extra", [0.0, 0.3])
def test_the_needed_count_is_the_border_of_alarm(kind, extra):
    rng = np.random.default_rng(2)
    counts, means = rng.poisson(3.0, (6, 1)).astype(float), np.full((6, 1), 3.0)
    rule = Chart(kind, limit=4.0)
    _, _, needed = charts.run(counts, means, np.array([extra]), rule)
    for more, expected in ((0, False), (1, True)):
        counts[-1] = needed[-1] + more
        assert charts.run(counts, means, np.array([extra]), rule)[1][-1, 0] == expected


def test_season_is_found_and_extra_variance_too():
    rng = np.random.default_rng(3)
    years = np.arange(520) * 7 / 365.25
    mu = np.exp(2 + 0.05 * years + 0.5 * np.cos(2 * np.pi * years))[:, None] * np.ones(300)
    dates = DATES[0] + 7 * np.arange(520)
    values = rng.negative_binomial(5.0, 5.0 / (5.0 + mu)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    model = seasonal.fit(dates, values)
    np.testing.assert_allclose(
        model.coefficients.mean(axis=0), [2, 0.05, 0.5, 0], rtol=0.05, atol=0.01
    )
    np.testing.assert_allclose(model.extra.mean(), 0.2, rtol=0.05)


def test_a_chart_says_what_it_cannot_judge():
    values = np.full((260, 3), 4.0)
    values[:, 1] = 0.0
    values[:200, 2] = np.nan
    done = charts.judge(DATES, values, np.arange(250, 260), Chart())
    assert done.reason[-1].tolist() == [0, Reason.ALL_ZERO, Reason.SHORT]
    with pytest.raises(UsageError):
        Chart(factor=1.0)
