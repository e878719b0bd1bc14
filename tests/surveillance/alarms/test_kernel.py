"""The compiled fit equals the slow oracle, and is not moved by what it should not see."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.surveillance.alarms import oracle

from nof1.surveillance.alarms import kernel


def fitted(values, weeks, labels, groups, limit, test):
    out = np.empty((kernel.OUTPUTS, 1, 1))
    starts = np.array([0, len(weeks)])
    critical = np.zeros(len(weeks) + 1)
    kernel.many(
        values[None].astype(float),
        np.array([test]),
        starts,
        weeks.astype(np.int64),
        labels.astype(np.int8),
        np.array([5]),
        groups,
        limit,
        True,
        critical,
        True,
        1,
        out,
    )
    return out[:, 0, 0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.4, 2.0, 20.0, 300.0]), st.booleans())
def test_equals_the_oracle(seed, mean, reweighted):
    rng = np.random.default_rng(seed)
    weeks = np.arange(120)
    labels = np.repeat([0, 1, 2, 0, 1, 2], 20)
    values = rng.negative_binomial(mean, 1 / 2, 121).astype(float)
    values[rng.integers(0, 120, 3)] += rng.integers(0, 10 * int(mean + 1), 3)  # old outbreaks
    if values[:-1].sum() == 0:
        values[3] = 1.0
    limit = 2.58 if reweighted else 0.0
    out = fitted(values, weeks, labels, 3, limit, 120)
    want = oracle.flexible(values[:-1], labels, weeks - 120.0, limit)
    got = out[[kernel.MEAN, kernel.DISPERSION, kernel.SLOPE]]
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


def test_missing_weeks_are_as_if_they_were_not_there():
    rng = np.random.default_rng(1)
    values = rng.poisson(4.0, 101).astype(float)
    gap = values.copy()
    gap[40:60] = np.nan
    weeks, labels = np.arange(100), np.tile([0, 1], 50)
    kept = np.r_[0:40, 60:100]
    left = fitted(gap, weeks, labels, 2, 2.58, 100)
    right = fitted(values, kept, labels[kept], 2, 2.58, 100)
    np.testing.assert_array_equal(left, right)
    assert left[kernel.WEEKS_USED] == 80


def test_all_zero_and_too_few_are_said():
    weeks, labels = np.arange(50), np.zeros(50, int)
    assert fitted(np.zeros(51), weeks, labels, 1, 0.0, 50)[kernel.CODE] == kernel.ALL_ZERO
    empty = np.full(51, np.nan)
    assert fitted(empty, weeks, labels, 1, 0.0, 50)[kernel.CODE] == kernel.TOO_FEW
