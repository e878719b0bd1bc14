import numpy as np
import pytest

from nof1.federation.private.tables import rows_of, voice_of
from private_samples import nothing, table


def test_without_noise_the_table_is_that_of_the_patients():
    found = table(5000, 1e-3, draw=nothing)
    assert found.plain.sum() == pytest.approx(5000, abs=1e-3)
    np.testing.assert_allclose(found.plain, found.cells, atol=0.1)


def test_recalibration_finds_what_is_wrong_where_people_outweigh_the_noise():
    made = voice_of(table(40_000, 1.0, shift=0.4, slope=0.8), (0, 1)).interval.recalibration
    assert (made.intercept, made.slope) == pytest.approx((0.4, 0.8), abs=0.12)


def test_noise_alone_changes_nothing_and_says_that_it_knows_nothing():
    made = voice_of(table(50, 300.0), (0, 1)).interval.recalibration
    assert (made.intercept, made.slope) == pytest.approx((0.0, 1.0), abs=0.1)
    assert made.covariance[0] > 0.01


def test_noise_does_not_pull_the_slope_down():
    slopes = [voice_of(table(1500, 6.0, seed), (0, 1)).interval.recalibration.slope
              for seed in range(20)]  # fmt: skip
    assert abs(np.mean(slopes) - 1) < 0.05


def test_counts_become_whole_people_and_the_sum_stays():
    counts = np.array([[0.4, 2.7], [1.2, 0.7]])
    row, cell = rows_of(counts)
    assert len(row) == 5
    assert np.bincount(2 * row + cell, minlength=4).tolist() == [0, 3, 1, 1]
