"""The common scale: there and back, one scale for all sizes, gaps, places without a population."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nof1.surveillance.forecast.scaled import LONGEST_GAP, UNCOUNTED, bridged, scaled
from wave_samples import PEOPLE, changed, waves


@given(arrays(float, (5, 4), elements=st.floats(0, 1e7)))
def test_counts_come_back_from_their_roots(values):
    made = scaled(waves())
    back = made.counts(made.root_of(values).T).T
    assert back == pytest.approx(values, rel=1e-9, abs=1e-6)


def test_counts_have_the_shape_of_their_roots_and_no_negatives():
    made = scaled(waves())
    counts = made.counts(np.full((4, 3, 23), -0.5))
    assert counts.shape == (4, 3, 23)
    assert (counts == 0).all()


def test_ten_times_the_people_and_the_cases_are_the_same_curve():
    panel = waves()
    other = replace(panel, values=10 * panel.values, population=10 * panel.population)
    assert scaled(other).z == pytest.approx(scaled(panel).z, abs=1e-12)
    assert scaled(other).log_population - scaled(panel).log_population == pytest.approx(np.log(10))


def test_a_wave_reaches_about_one_above_its_centre():
    made = scaled(waves())
    high = np.nanquantile(made.z + made.centre, 0.99, axis=0)
    assert (high > 0.95).all()
    assert (high < 1.25).all()


def test_a_negative_correction_is_no_negative_case():
    panel = changed(waves(), 100, "06", -7.0)
    made, zero = scaled(panel), scaled(changed(waves(), 100, "06", 0.0))
    assert np.array_equal(made.roots, zero.roots)
    assert panel.values[100, 0] == -7.0  # the panel itself stays


def test_a_place_with_few_weeks_has_no_scale():
    values = waves().values.copy()
    values[:-7, 1] = np.nan
    made = scaled(replace(waves(), values=values))
    assert np.isnan(made.scale).tolist() == [False, True, False, False]
    values[-8, 1] = 3.0
    assert np.isfinite(scaled(replace(waves(), values=values)).scale).all()


def test_without_people_a_place_is_its_own_measure():
    panel = replace(waves(), population=None)
    made = scaled(panel)
    high = np.quantile(panel.values, 0.95, axis=0)
    assert high / made.unit == pytest.approx([UNCOUNTED] * 4)
    assert len(set(made.log_population)) == 1


def test_one_unknown_population_leaves_the_others_alone():
    people = waves().population.copy()
    people[1] = np.nan
    made, whole = scaled(replace(waves(), population=people)), scaled(waves())
    assert np.array_equal(made.roots[:, [0, 2, 3]], whole.roots[:, [0, 2, 3]])
    assert np.isfinite(made.z).all()
    assert np.isfinite(made.log_population).all()


def test_a_share_is_its_own_unit():
    assert scaled(replace(waves(), unit="%")).unit.tolist() == [1.0] * 4


def test_all_zeros_stay_finite():
    made = scaled(replace(waves(), values=np.zeros_like(waves().values)))
    assert np.isfinite(made.z).all()
    assert made.counts(made.roots.T).max() == pytest.approx(0.0, abs=1e-9)


def test_the_scale_does_not_change_with_what_is_cut_away():
    panel = waves()
    assert np.array_equal(scaled(panel).roots[:50], scaled(panel.until(panel.dates[49])).roots)
    assert PEOPLE.tolist() == (1e5 * scaled(panel).unit[:3]).tolist()


@given(arrays(bool, 14), st.integers(0, 1000))
def test_gaps_are_bridged_like_a_slow_walk(missing, seed):
    values = np.random.default_rng(seed).uniform(0, 50, 14)
    values[missing] = np.nan
    expected = values.copy()
    for i in range(14):
        if not np.isnan(values[i]):
            continue
        low = next((k for k in range(i - 1, -1, -1) if not np.isnan(values[k])), None)
        high = next((k for k in range(i + 1, 14) if not np.isnan(values[k])), None)
        if low is not None and high is not None and high - low - 1 <= LONGEST_GAP:
            share = (i - low) / (high - low)
            expected[i] = values[low] + share * (values[high] - values[low])
    assert bridged(values[:, None])[:, 0] == pytest.approx(expected, nan_ok=True)
