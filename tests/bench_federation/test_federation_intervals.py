import math

import pytest
from bench.federation_intervals import paired
from scipy.stats import ttest_1samp


def test_without_shared_patients_it_is_students_interval():
    values = [0.012, -0.004, 0.020, 0.001, 0.007]
    found = paired(values)
    # scipy 1.17.1, scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    told = ttest_1samp(values, 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(0.0072)
    assert (found.low, found.high) == pytest.approx((told.low, told.high))
    assert found.seeds == 5


def test_splits_of_one_table_get_a_wider_interval():
    values = [0.012, -0.004, 0.020, 0.001, 0.007]
    own, shared = paired(values), paired(values, test_to_learn=0.5)
    # (1/5 + 1/2) instead of 1/5 of the variance
    assert shared.high - shared.mean == pytest.approx((own.high - own.mean) * math.sqrt(0.7 / 0.2))
    assert shared.mean == own.mean


def test_one_seed_has_a_mean_and_no_limits():
    found = paired([0.3])
    assert found.mean == 0.3
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("values", [[], [0.1, math.nan], [math.inf]])
def test_a_missing_difference_is_refused(values):
    with pytest.raises(ValueError, match="finite difference"):
        paired(values)
