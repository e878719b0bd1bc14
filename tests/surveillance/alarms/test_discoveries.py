"""Benjamini-Hochberg and -Yekutieli against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.surveillance.alarms import oracle

from nof1.core.errors import UsageError
from nof1.surveillance.alarms.discoveries import adjusted

P = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(P)
def test_equals_the_definition(p):
    p = np.array(p)
    np.testing.assert_allclose(adjusted(p), oracle.benjamini_hochberg(p), atol=1e-12)


@given(P, st.integers(0, 5))
def test_untested_series_do_not_count(p, missing):
    p = np.array(p)
    with_gaps = np.concatenate([p, np.full(missing, np.nan)])
    got = adjusted(with_gaps)
    np.testing.assert_array_equal(got[: len(p)], adjusted(p))
    assert np.isnan(got[len(p) :]).all()


@given(P)
def test_yekutieli_is_never_bolder(p):
    p = np.array(p)
    assert (adjusted(p, "by") >= adjusted(p)).all()


def test_nothing_tested_and_unknown_procedures():
    assert np.isnan(adjusted(np.array([np.nan]))).all()
    with pytest.raises(UsageError):
        adjusted(np.array([0.5]), "holm")  # type: ignore[arg-type]
