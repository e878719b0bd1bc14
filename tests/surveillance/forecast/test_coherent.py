"""The nation and the sum of its states: equal medians, whole distributions shifted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_samples import normal
from nof1.surveillance.forecast.coherent import adds_up, reconciled, total_of

M = 11


def quantiles(parts, total, spread=0.1):
    middle = np.array([*parts, total], dtype=float)[:, None] * np.ones(2)
    return normal(middle, spread * middle)


def test_where_the_total_stands():
    assert total_of(("01", "US", "06")) == 1
    assert total_of(("A", "TOTAL")) == 1
    assert total_of(("A", "B")) is None


def test_whether_the_total_is_the_sum():
    values = np.random.default_rng(0).poisson(50, (30, 4)).astype(float)
    values[:, 2] = np.delete(values, 2, axis=1).sum(axis=1)
    assert adds_up(values, 2)
    assert adds_up(values * 0, 2)
    assert not adds_up(values[:, [0, 1, 2]], 2)  # one of the three parts is not in the file
    assert not adds_up(values, 0)
    late = values.copy()
    late[-1, 0] = np.nan
    late[-2, 2] *= 3  # one week's correction
    assert adds_up(late, 2)
    late[:, 0] = np.nan
    assert not adds_up(late, 2)
    assert not adds_up(values[:0], 2)


@given(st.lists(st.floats(50, 5000), min_size=1, max_size=6), st.floats(0.7, 1.4))
def test_the_medians_of_the_parts_sum_to_the_totals(parts, factor):
    before = quantiles(parts, factor * sum(parts))
    made = reconciled(before, len(parts))
    assert made[:-1, :, M].sum(axis=0) == pytest.approx(made[-1, :, M])
    between = sorted((sum(parts), factor * sum(parts)))
    assert between[0] - 1e-6 <= made[-1, 0, M] <= between[1] + 1e-6
    assert (np.diff(made, axis=-1) >= 0).all()


def test_widths_stay_and_the_input_too():
    before = quantiles([100, 300], 440)
    kept = before.copy()
    made = reconciled(before, 2)
    assert np.diff(made, axis=-1) == pytest.approx(np.diff(before, axis=-1))
    assert np.array_equal(before, kept)


def test_what_is_sure_moves_less():
    before = quantiles([100, 300], 440)
    sure = before.copy()
    sure[2] = normal(np.full(2, 440.0), np.full(2, 0.5))
    assert reconciled(sure, 2)[2, 0, M] > reconciled(before, 2)[2, 0, M]
    assert reconciled(sure, 2)[2, 0, M] == pytest.approx(440, abs=1)


def test_coherent_forecasts_are_left_alone():
    before = quantiles([100, 300], 400)
    assert reconciled(before, 2) == pytest.approx(before)


def test_an_unknown_part_leaves_all_as_they_are():
    before = quantiles([100, 300], 440)
    before[0] = np.nan
    assert np.array_equal(reconciled(before, 2), before, equal_nan=True)


def test_nothing_falls_below_zero_and_zeros_stay():
    made = reconciled(quantiles([10, 1000], 200), 2)
    assert made.min() >= 0
    assert (reconciled(np.zeros((3, 2, 23)), 0) == 0).all()
