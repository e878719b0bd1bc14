"""Concordance against lifelines 0.30.3 and an all-pairs oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index

from nof1.core.errors import InputError
from nof1.learn.censoring import censoring_curve, horizon_labels
from nof1.learn.concordance import harrell_c, integrated_brier, uno_c
from nof1.learn.discrimination import auroc, brier


def sample(rows, seed, competing=False):
    rng = np.random.default_rng(seed)
    score = np.round(rng.normal(size=rows), 1)
    days = np.ceil(rng.exponential(20 / np.exp(score))).clip(1, 60)
    cause = rng.integers(0, 3 if competing else 2, rows)
    cause[days == 60] = 0
    cause[0] = 1
    return days, cause, score


def all_pairs(days, cause, score, mass, weight):
    """Sum over every ordered pair, in words: i has the outcome while j is known to be without."""
    concordant = comparable = 0.0
    for i in range(len(days)):
        for j in range(len(days)):
            later = days[j] > days[i] or (days[j] == days[i] and cause[j] == 0) or cause[j] >= 2
            if i != j and cause[i] == 1 and later:
                both = mass[i] * weight[i] * weight[j]
                comparable += both
                concordant += both * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
    return concordant / comparable if comparable else np.nan


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(2, 40), seed=st.integers(0, 10_000), competing=st.booleans())
def test_equals_all_pairs(rows, seed, competing):
    days, cause, score = sample(rows, seed, competing)
    weight = np.random.default_rng(seed).integers(0, 3, rows).astype(float)
    ours = harrell_c(days, cause, score, weight)
    slow = all_pairs(days, cause, score, np.ones(rows), weight)
    assert ours.value == pytest.approx(slow, nan_ok=True)
    assert ours.influence.sum() == pytest.approx(0, abs=1e-7)
    curve = censoring_curve(days, cause)
    reached = curve.before(days)
    mass = np.where(reached > 0, 1 / np.where(reached > 0, reached, 1) ** 2, 0)
    slow = all_pairs(days, cause, score, mass, np.ones(rows))
    assert uno_c(days, cause, score).value == pytest.approx(slow, nan_ok=True)


def test_equals_lifelines():
    days, cause, score = sample(400, 1)
    # lifelines 0.30.3: concordance_index(days, -score, cause)
    assert harrell_c(days, cause, score).value == pytest.approx(
        concordance_index(days, -score, cause)
    )


def test_influence_is_the_derivative_of_the_weight():
    days, cause, score = sample(60, 2)
    base = harrell_c(days, cause, score)
    for row in range(0, 60, 7):
        weight = np.ones(60)
        weight[row] += 1e-5
        slope = (harrell_c(days, cause, score, weight).value - base.value) / 1e-5
        assert slope * 60 == pytest.approx(base.influence[row], abs=2e-3)


def test_unos_c_does_not_depend_on_censoring():
    rng = np.random.default_rng(3)
    score = rng.normal(size=6000)
    days = rng.exponential(np.exp(-score))
    lost = rng.exponential(0.7, size=6000)
    complete = harrell_c(days, np.ones(6000), score).value
    seen, cause = np.minimum(days, lost), (days <= lost).astype(int)
    limit = float(np.quantile(days, 0.8))
    limited = np.where(days < limit, 1, 0)
    wanted = harrell_c(np.minimum(days, limit), limited, score).value
    assert uno_c(seen, cause, score, limit_days=limit).value == pytest.approx(wanted, abs=0.012)
    assert complete != pytest.approx(wanted, abs=1e-4)


def test_without_censoring_the_horizon_auroc_is_the_plain_one():
    days, _, score = sample(200, 4)
    y, weight = horizon_labels(days, np.ones(200, dtype=int), 10)
    assert (weight == 1).all()
    assert auroc(y, score, weight).value == auroc(days <= 10, score).value


def test_integrated_brier_is_the_trapezoid_of_the_brier_scores():
    days, cause, _ = sample(300, 5)
    times = np.array([5.0, 10.0, 30.0])
    risk = np.tile([0.2, 0.4, 0.7], (300, 1))
    scores = []
    for column, time in enumerate(times):
        y, weight = horizon_labels(days, cause, time)
        scores.append(brier(y, risk[:, column], weight).value)
    expected = np.trapezoid(scores, times) / 25
    assert integrated_brier(days, cause, risk, times).value == pytest.approx(expected)
    with pytest.raises(InputError):
        integrated_brier(days, cause, risk, times[::-1])


def test_no_comparable_pair_is_not_estimable():
    assert np.isnan(harrell_c([5, 6], [0, 0], [1, 2]).value)
    with pytest.raises(InputError):
        harrell_c([5, 6], [1, 0], [1, np.nan])
