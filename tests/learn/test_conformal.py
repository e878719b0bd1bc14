"""Conformal sets hold the truth as often as they promise: both labels, ties, censoring, sites."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from nof1.core.errors import InputError, ModelError
from nof1.learn.censoring import horizon_labels
from nof1.learn.conformal import Conformal, coverage
from nof1.learn.sums import federate


def sample(rng, rows, digits=None):
    decision = rng.normal(-1.3, 1.3, rows)
    y = (rng.random(rows) < expit(decision)).astype(float)
    return (decision if digits is None else np.round(decision, digits)), y


def mean_coverage(digits=None, spread=False, repeats=60):
    found = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        table = Conformal.fit(*sample(rng, 600, digits))
        decision, y = sample(rng, 2000, digits)
        sets = table.sets(decision, uniform=rng.random(2000) if spread else None)
        found.append([coverage(y, sets, mask).value for mask in (None, 1 - y, y)])
    return np.mean(found, axis=0)


def test_both_labels_are_covered_nine_times_in_ten():
    assert mean_coverage() == pytest.approx([0.9, 0.9, 0.9], abs=0.012)


def test_heavy_ties_are_conservative_or_exact_with_random_numbers():
    assert (mean_coverage(digits=0) > 0.9).all()
    assert mean_coverage(digits=0, spread=True) == pytest.approx([0.9, 0.9, 0.9], abs=0.012)


def test_p_values_are_the_definition():
    rng = np.random.default_rng(0)
    decision, y = rng.integers(-50, 50, 80) / 10 + 0.005, rng.integers(0, 2, 80).astype(float)
    table = Conformal.fit(decision, y)
    for new in (-9.0, -1.0, 0.3, 2.0, 20.0):
        no, yes = decision[y == 0], decision[y == 1]
        expected = [
            (1 + (no >= new).sum()) / (len(no) + 1),
            (1 + (yes <= new).sum()) / (len(yes) + 1),
        ]
        assert table.p_values([new])[0] == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e6, 1e6))
def test_p_values_are_never_zero(decision):
    table = Conformal.fit(*sample(np.random.default_rng(0), 300))
    values = table.p_values([decision])
    assert (values > 0).all()
    assert (values <= 1).all()


def test_an_empty_set_reads_atypical_never_neither():
    # both labels far out, nobody between: a decision of 0 is unusual for either
    decision = np.concatenate([np.linspace(-6, -4, 50), np.linspace(4, 6, 50)])
    table = Conformal.fit(decision, np.repeat([0.0, 1.0], 50))
    assert table.readings([-5.0, 5.0, 0.0]) == ["unlikely", "likely", "atypical"]
    mixed = Conformal.fit(np.tile(np.linspace(-1, 1, 50), 2), np.repeat([0.0, 1.0], 50))
    assert mixed.readings([0.0]) == ["undecided"]


def test_coverage_at_a_horizon_survives_censoring():
    found = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(2, 1500))
        days = rng.exponential(np.exp(1 - x))
        lost = rng.exponential(2.5, size=(2, 1500))
        seen, cause = np.minimum(days, lost), (days <= lost).astype(int)
        y, weight = horizon_labels(seen[0], cause[0], 2.0)
        truth = (days[1] <= 2).astype(float)  # of the second half we know what really happened
        found.append(coverage(truth, Conformal.fit(x[0], y, weight).sets(x[1])).value)
    assert np.mean(found) == pytest.approx(0.9, abs=0.015)


def test_coverage_variance_is_that_over_calibration_tables():
    rng = np.random.default_rng(0)
    decision, y = sample(rng, 100_000)
    tables = [Conformal.fit(*sample(rng, 500)) for _ in range(80)]
    shares = [coverage(y, one.sets(decision)).value for one in tables]
    predicted = np.mean([one.coverage_variance(y.mean()) for one in tables])
    assert predicted == pytest.approx(np.var(shares), rel=0.4)


def test_sites_together_give_the_pooled_table():
    decision, y = sample(np.random.default_rng(1), 400)
    parts = (slice(0, 150), slice(150, 400))
    found = federate(
        [
            lambda total, part=part: Conformal.fit(decision[part], y[part], secure_sum=total)
            for part in parts
        ]
    )
    assert (found[0].tables == Conformal.fit(decision, y).tables).all()


def test_json_round_trip_and_bad_input():
    table = Conformal.fit(*sample(np.random.default_rng(2), 300))
    again = Conformal.from_dict(json.loads(json.dumps(table.to_dict())))
    assert (again.tables == table.tables).all()
    assert again.heaviest == table.heaviest
    with pytest.raises(InputError):
        table.p_values([np.nan])
    with pytest.raises(InputError):
        table.sets([0.0], level=90)
    with pytest.raises(ModelError, match="calibration rows"):
        Conformal.fit(np.zeros(100), [1.0] * 5 + [0.0] * 95)
