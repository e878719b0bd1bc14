import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import ModelError, UsageError
from nof1.federation.ring import decode, encode, from_bytes, largest, to_bytes


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20), st.integers(3, 20))
def test_the_sum_in_the_ring_is_the_sum_of_the_numbers(values, n_sites):
    parts = [np.array(values) * (k - 1) for k in range(n_sites)]
    total = np.add.reduce([encode(part, n_sites) for part in parts])
    np.testing.assert_allclose(
        decode(total), np.sum(parts, axis=0), rtol=1e-12, atol=n_sites * 2.0**-25
    )


@pytest.mark.parametrize("n_sites", [3, 5, 200])
def test_the_largest_value_of_all_sites_does_not_overflow(n_sites):
    value = np.array([largest(n_sites), -largest(n_sites)])
    total = np.add.reduce([encode(value, n_sites)] * n_sites)
    np.testing.assert_allclose(decode(total), value * n_sites, rtol=1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**39 / 3])
def test_what_cannot_be_carried_is_refused(value):
    with pytest.raises(ModelError, match="fixed point"):
        encode(np.array([1.0, value]), 3)


def test_bytes_are_little_endian_words():
    assert to_bytes(encode(np.array([1.0, -1.0]), 3)) == (2**24).to_bytes(8, "little") + (
        2**64 - 2**24
    ).to_bytes(8, "little")
    assert from_bytes(bytes(range(8))).tolist() == [0x0706050403020100]


def test_broken_payloads_and_empty_federations_are_refused():
    with pytest.raises(ModelError, match="length"):
        from_bytes(b"1234567")
    with pytest.raises(UsageError):
        largest(0)
