"""Conformal limits: coverage on new data, whatever the error's shape, in zones and classes."""

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.medicines.properties.conformal import FEWEST, Bounds, calibrate, quantile


def test_intervals_cover_in_each_zone():
    rng = np.random.default_rng(0)
    zones = np.array(["inside", "edge"])[rng.integers(0, 2, 8000)]
    wide = np.where(zones == "edge", 3.0, 1.0)
    y = rng.standard_t(3, 8000) * wide
    bounds = calibrate(y[:4000], np.zeros(4000), zones[:4000].tolist(), classify=False)
    low, high = bounds.interval(np.zeros(4000), zones[4000:].tolist())
    covered = (low <= y[4000:]) & (y[4000:] <= high)
    for zone in ("inside", "edge"):
        assert covered[zones[4000:] == zone].mean() == pytest.approx(0.9, abs=0.025)
    assert bounds.limits["edge"][0] > 2 * bounds.limits["inside"][0]


def test_class_sets_cover_the_rare_class_too():
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.05).astype(float)
    score = 1 / (1 + np.exp(-(rng.normal(size=20_000) + 2 * y - 3)))
    zones = ["inside"] * 10_000
    bounds = calibrate(y[:10_000], score[:10_000], zones, classify=True)
    members = bounds.members(score[10_000:], zones)
    for number in (0, 1):
        own = y[10_000:] == number
        assert members[own, number].mean() == pytest.approx(0.9, abs=0.04)


def test_a_zone_with_few_errors_shares_those_from_further_in():
    zones = ["inside"] * 100 + ["edge"] * (FEWEST - 1)
    error = np.r_[np.ones(100), np.full(FEWEST - 1, 5.0)]
    bounds = calibrate(error, np.zeros(len(error)), zones, classify=False)
    assert bounds.limits["inside"] == (1.0,)
    assert bounds.limits["edge"] == (5.0,)
    assert bounds.limits["outside"] == (5.0,)


def test_too_few_errors_exclude_nothing():
    assert quantile(np.arange(8.0), 0.9) == np.inf
    bounds = calibrate(np.array([0.0, 1.0] * 4), np.full(8, 0.5), ["inside"] * 8, classify=True)
    assert bounds.members(np.array([0.0, 1.0]), ["inside", "outside"]).all()
    assert Bounds.from_dict(bounds.to_dict()) == bounds
