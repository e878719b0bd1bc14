"""Paired comparison against the paired bootstrap; the favourite is kept unless clearly beaten."""

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.learn.comparison import choose_learner, difference
from nof1.learn.concordance import harrell_c
from nof1.learn.discrimination import auroc
from nof1.learn.figures import bootstrap


def scores(rows, seed, gain=0.0):
    """Two noisy readings of one signal; the second is sharper by ``gain``."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=rows)
    y = (signal + rng.logistic(size=rows) > 1).astype(float)
    first = signal + rng.normal(size=rows)
    return y, first, signal + rng.normal(size=rows) * (1 - gain)


def test_paired_interval_is_that_of_the_paired_bootstrap():
    y, first, second = scores(400, 0)
    ours = difference(auroc(y, first), auroc(y, second))

    def gap(weight):
        return np.array([auroc(y, first, w).value - auroc(y, second, w).value for w in weight])

    draws = bootstrap(gap, 400, resamples=500, seed=1)
    assert (ours.high - ours.low) / 2 == pytest.approx(1.96 * draws.std(), rel=0.1)


def test_paired_interval_is_that_of_the_bootstrap_for_concordance():
    rng = np.random.default_rng(1)
    x = rng.normal(size=250)
    days, cause = rng.exponential(np.exp(-x)), rng.integers(0, 2, 250)
    first, second = x + rng.normal(size=250), x + rng.normal(size=250)
    ours = difference(harrell_c(days, cause, first), harrell_c(days, cause, second))

    def gap(weight):
        one = [harrell_c(days, cause, first, w).value for w in weight]
        two = [harrell_c(days, cause, second, w).value for w in weight]
        return np.subtract(one, two)

    draws = bootstrap(gap, 250, resamples=200, seed=2)
    assert (ours.high - ours.low) / 2 == pytest.approx(1.96 * draws.std(), rel=0.15)


def test_equals_are_rarely_called_better():
    chosen = 0
    for seed in range(200):
        y, first, second = scores(300, seed)
        found = choose_learner({"glassbox": auroc(y, first), "lightgbm": auroc(y, second)})
        chosen += found.kept == "lightgbm"
    assert chosen <= 12  # one-sided 2.5 % of 200 is 5


def test_a_clearly_better_challenger_is_taken_and_named():
    y, first, second = scores(3000, 1, gain=0.8)
    found = choose_learner({"glassbox": auroc(y, first), "lightgbm": auroc(y, second)})
    assert found.kept == "lightgbm"
    assert found.differences["lightgbm"].low > 0
    assert "better by" in found.reason
    assert found.to_dict()["favourite"] == "glassbox"


def test_other_rows_or_names_are_refused():
    y, first, _ = scores(50, 1)
    with pytest.raises(InputError, match="different rows"):
        difference(auroc(y, first), auroc(y[:40], first[:40]))
    with pytest.raises(InputError, match="no learner"):
        choose_learner({"lightgbm": auroc(y, first)})
