"""The one primitive of training: add a vector over all sites.

Every learner here is written against ``SecureSum``. A single hospital passes ``local_sum`` (the
identity: a federation of one site); a federation passes a function that adds the vectors of all
sites, for example under pairwise masks. The training loop is the same, so the model is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError, UsageError

FloatArray = NDArray[np.float64]
SecureSum = Callable[[FloatArray], FloatArray]
Result = TypeVar("Result")

FIXED_POINT_SCALE = 2.0**24
"""Fixed-point sums keep steps of 2^-24, as an exact masked sum over integers carries them."""


def local_sum(vector: FloatArray) -> FloatArray:
    """The sum over a federation of one site: the vector itself."""
    return vector


def weighed(codes: NDArray[Any], weights: FloatArray, size: int) -> FloatArray:
    """Sum of the weights of each code 0 to size - 1."""
    return np.asarray(np.bincount(codes, weights, minlength=size), dtype=np.float64)


@dataclass
class CountedSum:
    """A ``SecureSum`` that also counts what it sends.

    Attributes
    ----------
    rounds : number of sums so far.
    bytes_sent : payload of this site in bytes (8 for each entry), without protocol overhead.
    """

    secure_sum: SecureSum = local_sum
    rounds: int = field(default=0, init=False)
    bytes_sent: int = field(default=0, init=False)

    def __call__(self, vector: FloatArray) -> FloatArray:
        vector = np.ascontiguousarray(vector, dtype=np.float64)
        self.rounds += 1
        self.bytes_sent += vector.nbytes
        total = np.asarray(self.secure_sum(vector), dtype=np.float64)
        if total.shape != vector.shape:
            raise ModelError(
                f"The secure sum returned shape {total.shape} for a vector of {vector.shape}.",
                where="secure_sum",
                next_step="Check that every site runs the same version and the same settings.",
            )
        return total

    def together(self, *arrays: FloatArray) -> list[FloatArray]:
        """Sum several arrays in one round; shapes are kept."""
        total = self(np.concatenate([np.ravel(array) for array in arrays]))
        ends = np.cumsum([array.size for array in arrays])[:-1]
        parts = np.split(total, ends)
        return [part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True)]


def to_fixed_point(vector: FloatArray) -> NDArray[np.int64]:
    """Encode as integers of 2^-24; NaN, infinity and values beyond 2^38 are refused."""
    if not np.all(np.isfinite(vector)) or np.any(np.abs(vector) > 2.0**38):
        raise ModelError(
            "A sum holds a value that fixed point cannot carry.",
            where="secure_sum",
            allowed="finite values below 2^38 in size",
            next_step="Check the sample weights and the outcome column for extreme values.",
        )
    return np.rint(vector * FIXED_POINT_SCALE).astype(np.int64)


def federate(
    sites: Sequence[Callable[[SecureSum], Result]], *, fixed_point: bool = False
) -> list[Result]:
    """Run one training function per site in threads that share each sum; return all results.

    Parameters
    ----------
    sites : one function per site; it gets the shared ``secure_sum`` and must call it as often as
        every other site, with vectors of the same length.
    fixed_point : carry the sums as integers of 2^-24, as masked aggregation would.

    Raises
    ------
    The first error of any site; the other sites are released, never left waiting.
    """
    if not sites:
        raise UsageError("A federation needs at least one site.", allowed="one function per site")
    board = _Board(len(sites), fixed_point)
    with ThreadPoolExecutor(len(sites)) as pool:
        jobs = [pool.submit(board.run, place, site) for place, site in enumerate(sites)]
    errors = [job.exception() for job in jobs]
    for error in sorted((e for e in errors if e), key=_is_broken_barrier):
        raise error
    return [job.result() for job in jobs]


def _is_broken_barrier(error: BaseException) -> bool:
    return isinstance(error, threading.BrokenBarrierError)


class _Board:
    """A barrier where every site lays down its vector and takes away the total."""

    def __init__(self, n_sites: int, fixed_point: bool) -> None:
        self.fixed_point = fixed_point
        self.vectors: list[FloatArray] = [np.empty(0)] * n_sites
        self.total: FloatArray = np.empty(0)
        self.laid = threading.Barrier(n_sites, action=self._add)
        self.taken = threading.Barrier(n_sites)

    def _add(self) -> None:
        """Add in site order, so that the total does not depend on who came first."""
        if len({vector.shape for vector in self.vectors}) != 1:
            raise ModelError("The sites sent vectors of different lengths.", where="secure_sum")
        if self.fixed_point:
            encoded = [to_fixed_point(vector) for vector in self.vectors]
            self.total = np.sum(encoded, axis=0) / FIXED_POINT_SCALE
        else:
            self.total = np.sum(self.vectors, axis=0)

    def run(self, place: int, site: Callable[[SecureSum], Any]) -> Any:
        def secure_sum(vector: FloatArray) -> FloatArray:
            self.vectors[place] = vector
            self.laid.wait()
            total = self.total.copy()
            self.taken.wait()
            return total

        try:
            return site(secure_sum)
        except BaseException:
            self.laid.abort()
            self.taken.abort()
            raise
