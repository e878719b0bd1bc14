"""AUROC, average precision and Brier against scikit-learn 1.9.1 and slow oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from nof1.learn.discrimination import (
    auroc,
    auroc_figure,
    average_precision,
    average_precision_figure,
    brier,
    brier_skill,
)
from nof1.learn.figures import bootstrap


def sample(rows, seed, ties=True):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=rows)
    score = np.round(score, 1) if ties else score
    y = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(float)
    y[:2] = 0, 1
    return y, score, rng.random(rows) + 0.1


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(2, 60), seed=st.integers(0, 10_000))
def test_auroc_and_average_precision_equal_scikit_learn(rows, seed):
    y, score, weight = sample(rows, seed)
    # sklearn 1.9.1: roc_auc_score / average_precision_score(y, score, sample_weight=weight)
    assert auroc(y, score, weight).value == pytest.approx(
        roc_auc_score(y, score, sample_weight=weight)
    )
    assert average_precision(y, score, weight) == pytest.approx(
        average_precision_score(y, score, sample_weight=weight)
    )


def delong_variance(y, score):
    """DeLong 1988, written as in the paper: placements of each case and each non-case."""
    cases, controls = score[y == 1], score[y == 0]
    kernel = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    return kernel.mean(1).var(ddof=1) / len(cases) + kernel.mean(0).var(ddof=1) / len(controls)


def test_auroc_variance_is_delongs():
    y, score, _ = sample(800, 1)
    estimate = auroc(y, score)
    assert estimate.influence.sum() == pytest.approx(0, abs=1e-8)
    assert estimate.standard_error() ** 2 == pytest.approx(delong_variance(y, score), rel=0.01)


def test_auroc_interval_covers_the_truth():
    truth = 0.7601  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        y = np.repeat([0.0, 1.0], [60, 40])
        hits += auroc_figure(y, rng.normal(size=100) + y).contains(truth)
    assert 0.92 <= hits / 300 <= 0.98


def test_perfect_order_is_not_certainty():
    figure = auroc_figure([0, 0, 0, 1, 1], [1, 2, 3, 4, 5])
    assert figure.value == 1.0
    assert figure.low == pytest.approx(0.025**0.5)
    assert auroc_figure([1, 1, 0], [1, 2, 3]).high < 1


def test_one_class_is_not_estimable():
    assert auroc_figure([1, 1], [0.1, 0.2]).value is None
    assert average_precision_figure([0, 0], [0.1, 0.2]).value is None


def test_average_precision_bootstrap_is_the_loop_of_scikit_learn():
    y, score, _ = sample(150, 3)
    blocks = bootstrap(lambda w: average_precision(y, score, w), 150, resamples=40, seed=5)
    from nof1.learn.figures import resampled_weights

    slow = [
        average_precision_score(y, score, sample_weight=row)
        for block in resampled_weights(150, resamples=40, seed=5)
        for row in block
    ]
    assert blocks == pytest.approx(slow)


def test_brier_and_its_skill():
    y, score, weight = sample(300, 4)
    risk = 1 / (1 + np.exp(-score))
    # sklearn 1.9.1: brier_score_loss(y, risk, sample_weight=weight)
    assert brier(y, risk, weight).value == pytest.approx(
        brier_score_loss(y, risk, sample_weight=weight)
    )
    prevalence = np.full(300, y.mean())
    assert brier_skill(y, prevalence).value == pytest.approx(0, abs=1e-12)
    assert brier_skill(y, y).value == 1.0
    assert brier_skill(y, 1 - y).value < -1


def test_brier_skill_standard_error_is_that_of_the_bootstrap():
    y, score, _ = sample(600, 5)
    risk = 1 / (1 + np.exp(-score))

    def skill(weight):
        return np.array([brier_skill(y, risk, row).value for row in weight])

    draws = bootstrap(skill, 600, resamples=400, seed=0)
    assert brier_skill(y, risk).standard_error() == pytest.approx(draws.std(), rel=0.12)
