"""What the sites of one training say to each other: sums in pieces, and numbers all must share.

A sum is cut into pieces that a site's policy allows. Where a step of the arithmetic could differ in
its last bit between two processors (a linear system, a decomposition), all sites go on from the
numbers of the first one, which travel through the masked sum like everything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1 import __version__
from nof1.core.errors import InputError, ModelError
from nof1.federation.judging import MOST_ROWS
from nof1.federation.link import Link
from nof1.learn.sums import CountedSum, FloatArray

PIECE = 100_000  # entries of one sum; half of what a site's policy usually allows
FINER = 4096.0  # shared numbers travel in steps of 2^-36
Counts = NDArray[np.int64]
Offer = TypeVar("Offer", bound=msgspec.Struct)


@dataclass
class Joint:
    """One site in one training.

    Attributes
    ----------
    first : whether this site's numbers are the ones that all go on with.
    total : the masked sum, which also counts what it sends.
    """

    first: bool
    total: CountedSum = field(default_factory=CountedSum)

    @classmethod
    def open(cls, link: Link, *agreed: object) -> Joint:
        """Fresh keys for what was agreed on in the clear; sites that differ find out here."""
        digest = hashlib.sha256(msgspec.json.encode([__version__, *agreed])).digest()
        return cls(link.site == link.roster.names[0], CountedSum(link.open(digest)))

    def sums(self, *arrays: FloatArray) -> list[FloatArray]:
        """The arrays added over all sites, shapes kept; as many rounds as they need."""
        flat = np.concatenate([np.ravel(one) for one in arrays])
        pieces = [self.total(flat[at : at + PIECE]) for at in range(0, max(len(flat), 1), PIECE)]
        ends = np.cumsum([one.size for one in arrays])[:-1]
        parts = np.split(np.concatenate(pieces), ends)
        return [part.reshape(one.shape) for part, one in zip(parts, arrays, strict=True)]

    def shared(self, *arrays: FloatArray) -> list[FloatArray]:
        """The first site's numbers, at every site the same by a bit; at most about 10^7 in size."""
        own = [FINER * one if self.first else np.zeros(one.shape) for one in arrays]
        return [one / FINER for one in self.sums(*own)]


def counted(table: FloatArray) -> Counts:
    """Summed counts as whole numbers, none below 0.

    Raises
    ------
    ModelError : more than there can be: a site that scales its counts must not fill the memory.
    """
    counts: Counts = np.rint(np.maximum(table, 0)).astype(np.int64)
    if float(counts.sum(dtype=np.float64)) > MOST_ROWS:
        raise ModelError(
            "The sites' counts add up to more than there can be.",
            where="federation",
            next_step="A site has sent scaled numbers; find out which, outside of the sums.",
        )
    return counts


def offers(link: Link, own: Offer) -> list[Offer]:
    """What every site says in the clear, in the order of the roster.

    Raises
    ------
    InputError : an offer that cannot be read.
    """
    got = link.exchange(msgspec.json.encode(own))
    try:
        return [msgspec.json.decode(got[name], type=type(own)) for name in link.roster.names]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's offer cannot be read.", where="federation") from None


def same(values: Sequence[object], what: str, next_step: str) -> None:
    """Nothing when all sites said the same.

    Raises
    ------
    InputError : they did not.
    """
    if any(one != values[0] for one in values):
        raise InputError(f"The sites differ in {what}.", where="federation", next_step=next_step)
