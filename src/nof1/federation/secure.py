"""``secure_sum`` for one site of a session: encode, mask, send, check, decode.

Three words more than asked for travel in every vector: a one, and a digest of all totals so far.
A sum in which the ones do not add up to the number of sites was not unmasked; one in which the
digests differ comes from a coordinator that told two sites different totals. Both end the session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nof1.core.errors import ModelError
from nof1.federation.masks import Masker
from nof1.federation.ring import SCALE_BITS, FloatArray, Ring, decode, encode, from_bytes, to_bytes

Send = Callable[[int, bytes], bytes]
"""(round, masked vector) -> total of all sites; what an engine offers to a site."""

EXTRA = 3


@dataclass
class SecureSum:
    """Adds a vector over all sites; calling it is one round.

    Attributes
    ----------
    masker : this site's keys, after ``meet``.
    send : lays a masked vector before the coordinator and waits for the total.
    rounds : sums so far.
    """

    masker: Masker
    send: Send
    rounds: int = 0
    _told: bytes = field(default=b"", repr=False)

    def __call__(self, vector: FloatArray) -> FloatArray:
        """The sum (n,) of the vectors (n,) of all sites, exact to half a step of 2^-24 a site.

        Raises
        ------
        ModelError : a value that cannot be carried (nothing is sent); a total that is not the sum
            of all sites' vectors of this session.
        """
        size = len(self.masker.roster.members)
        plain = np.concatenate([encode(np.ravel(vector), size), self._extra()])
        number, self.rounds = self.rounds, self.rounds + 1
        masked = plain + self.masker.mask(number, plain.size)
        total = from_bytes(self.send(number, to_bytes(masked)))
        self._check(total, plain, np.uint64(size))
        self._told = hashlib.sha256(self._told + to_bytes(total)).digest()
        return decode(total[:-EXTRA], SCALE_BITS).reshape(vector.shape)

    def _extra(self) -> Ring:
        told = hashlib.sha256(self.masker.session + self._told).digest()
        return np.array([1, *np.frombuffer(told[:16], dtype="<u8")], dtype=np.uint64)

    def _check(self, total: Ring, plain: Ring, size: np.uint64) -> None:
        if total.size != plain.size:
            raise ModelError("The total has another length than the vector.", where="secure_sum")
        if total[-EXTRA] != size:
            raise ModelError(
                "The masks of the sites did not cancel: the total is noise.",
                where="secure_sum",
                next_step="Start the job again with new keys; compare the rosters of the sites.",
            )
        if not np.array_equal(total[-EXTRA:], plain[-EXTRA:] * size):
            raise ModelError(
                "The coordinator told two sites different totals.",
                where="secure_sum",
                next_step="Stop the federation and look at the coordinator.",
            )
