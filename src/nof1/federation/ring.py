"""Numbers of a sum as integers modulo 2^64: exact, wherever and in whatever order they are added.

A value x travels as the whole number nearest to x * 2^24. Masks are uniform over the same ring, so
a masked vector tells nothing, and the sum of all sites is exact to half a step a site.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError, UsageError

FloatArray = NDArray[np.float64]
Ring = NDArray[np.uint64]

SCALE_BITS = 24
LARGEST_BITS = 63  # of the sum, with its sign
WORD = 8  # bytes of an entry


def largest(n_sites: int, scale_bits: int = SCALE_BITS) -> float:
    """The largest absolute value that each of ``n_sites`` may send without overflow of the sum."""
    if n_sites < 1:
        raise UsageError("A sum needs at least one site.", allowed="1 or more")
    return float((2.0 ** (LARGEST_BITS - scale_bits) - 1) / n_sites)


def encode(vector: FloatArray, n_sites: int, scale_bits: int = SCALE_BITS) -> Ring:
    """The vector (n,) in the ring.

    Raises
    ------
    ModelError : NaN, infinity, or a value with which the sum of all sites could overflow. Nothing
        is sent then: a wrapped sum would be a wrong model that looks right.
    """
    limit = largest(n_sites, scale_bits)
    if not np.all(np.isfinite(vector)) or np.any(np.abs(vector) > limit):
        raise ModelError(
            "A sum holds a value that fixed point cannot carry.",
            where="secure_sum",
            allowed=f"finite values of at most {limit:.3g} in size",
            next_step="Check the sample weights and the outcome column for extreme values.",
        )
    return np.rint(vector * 2.0**scale_bits).astype(np.int64).view(np.uint64)


def decode(total: Ring, scale_bits: int = SCALE_BITS) -> FloatArray:
    """The sum of all sites (n,) as numbers; the upper half of the ring is negative."""
    return np.asarray(total.view(np.int64) / 2.0**scale_bits, dtype=np.float64)


def to_bytes(vector: Ring) -> bytes:
    """Little-endian words, 8 bytes an entry."""
    return vector.astype("<u8", copy=False).tobytes()


def from_bytes(payload: bytes) -> Ring:
    """The vector of a payload.

    Raises
    ------
    ModelError : the length is not a whole number of entries.
    """
    if len(payload) % WORD:
        raise ModelError("A masked vector has a broken length.", where="secure_sum")
    return np.frombuffer(payload, dtype="<u8").astype(np.uint64, copy=False)
