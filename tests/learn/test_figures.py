"""Influence intervals against textbook formulas and the bootstrap."""

import math

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.learn.discrimination import mean_estimate
from nof1.learn.figures import (
    Figure,
    bootstrap,
    checked,
    percentile_figure,
    resampled_weights,
    sigmoid,
    z_value,
)


def test_mean_has_the_textbook_standard_error():
    values = np.random.default_rng(0).gamma(2, size=200)
    estimate = mean_estimate(values, np.ones(200))
    assert estimate.standard_error() == pytest.approx(values.std(ddof=1) / math.sqrt(200))


def test_rows_of_one_patient_count_as_one():
    values = np.random.default_rng(0).normal(size=100)
    once = mean_estimate(values, np.ones(100))
    tripled = mean_estimate(np.repeat(values, 3), np.ones(300))
    patients = np.repeat(np.arange(100), 3)
    assert tripled.standard_error(patients) == pytest.approx(once.standard_error())
    assert tripled.standard_error() < 0.6 * once.standard_error()


def test_bootstrap_agrees_with_influence_and_is_reproducible():
    values = np.random.default_rng(0).normal(size=300)

    def mean(weight):
        return weight @ values / weight.sum(axis=1)

    draws = bootstrap(mean, 300, resamples=2000, seed=1)
    assert draws.std() == pytest.approx(
        mean_estimate(values, np.ones(300)).standard_error(), rel=0.06
    )
    assert (draws == bootstrap(mean, 300, resamples=2000, seed=1)).all()
    assert not (draws == bootstrap(mean, 300, resamples=2000, seed=2)).all()


def test_resampling_draws_whole_patients():
    patients = np.array([3, 3, 1, 1, 1, 2])
    for block in resampled_weights(6, resamples=20, patients=patients):
        assert (block[:, 0] == block[:, 1]).all()
        assert (block[:, 2] == block[:, 3]).all()
        assert (block[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_figure_stretches_to_another_level_and_back():
    figure = Figure(0.5, 0.4, 0.7)
    wider = figure.at_level(0.99)
    assert wider.low < 0.4 < 0.7 < wider.high
    assert wider.at_level(0.95).low == pytest.approx(0.4)
    assert not Figure.missing("none").lies_above(0)
    assert str(Figure.missing("none")) == "not estimable: none"


def test_percentile_interval_always_holds_the_value():
    figure = percentile_figure(5.0, np.linspace(0, 1, 100))
    assert (figure.low, figure.high) == (pytest.approx(0.025, abs=0.01), 5.0)


@pytest.mark.parametrize(
    ("y", "score", "weight"),
    [
        ([0, 1], [0.5], None),
        ([0, 2], [0.1, 0.2], None),
        ([0, math.nan], [0.1, 0.2], None),
        ([0, 1], [0.1, math.nan], None),
        ([0, 1], [0.1, math.inf], None),
        ([0, 1], [0.1, 0.2], [1, -1]),
        ([[0, 1]], [[0.1, 0.2]], None),
    ],
)
def test_bad_rows_are_refused(y, score, weight):
    with pytest.raises(InputError):
        checked(y, score, weight)


def test_levels_are_probabilities():
    with pytest.raises(InputError):
        z_value(95)


def test_sigmoid_does_not_overflow():
    assert sigmoid(800) == 1.0
    assert sigmoid(-800) == 0.0
    assert sigmoid(-1.3) == pytest.approx(1 - sigmoid(1.3))
