"""The coordinator: collects one masked vector a site and round, and gives their sum to all.

It knows no key and sees uniform noise. It is the same for every engine: sites that are threads of
one process, and sites behind a network, call ``lay`` and wait for the total.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nof1.core.errors import ModelError, UsageError
from nof1.federation.ring import Ring, from_bytes, to_bytes

PATIENCE = 60.0  # seconds that a site waits for the others
LARGEST = 64 * 2**20  # bytes of one vector


@dataclass
class Rounds:
    """Rounds of one session.

    Attributes
    ----------
    sites : names of all sites; each must lay down a vector in each round.
    patience : seconds after which a round with a missing site is void, and the session with it.
    """

    sites: Sequence[str]
    patience: float = PATIENCE
    _number: int = 0
    _laid: dict[str, Ring] = field(default_factory=dict, repr=False)
    _total: bytes = b""
    _broken: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def lay(self, site: str, number: int, payload: bytes) -> bytes:
        """Lay down a site's masked vector of a round; returns the sum when all have.

        Raises
        ------
        UsageError : an unknown site, another round, a second vector, a vector that is too long.
            Only this call fails; the session goes on.
        ModelError : vectors of different lengths, or a site that did not come: the session is over
            for every site, because its masks must not be used again.
        """
        with self._changed:
            self._check(site, number, payload)
            self._laid[site] = from_bytes(payload)
            if len({vector.size for vector in self._laid.values()}) > 1:
                self.stop("The sites sent vectors of different lengths.")
            elif len(self._laid) == len(self.sites):
                self._finish()
            return self._await(number)

    @property
    def number(self) -> int:
        """How many sums were made."""
        return self._number

    @property
    def broken(self) -> str:
        """Why the session is over; empty while it is not."""
        return self._broken

    def stop(self, why: str) -> None:
        """End the session for every site."""
        with self._changed:
            self._broken = self._broken or why
            self._changed.notify_all()

    def _check(self, site: str, number: int, payload: bytes) -> None:
        if site not in self.sites:
            raise UsageError("A vector came from a site that takes no part.", where="secure_sum")
        if self._broken:
            raise ModelError(self._broken, where="secure_sum", next_step=AGAIN)
        if number != self._number:
            raise UsageError(
                f"A vector of round {number} came in round {self._number}.", where="secure_sum"
            )
        if site in self._laid:
            raise UsageError(f"{site} sent a second vector in one round.", where="secure_sum")
        if len(payload) > LARGEST:
            raise UsageError("A vector is too long.", where="secure_sum", allowed="64 MiB")

    def _finish(self) -> None:
        self._total = to_bytes(np.add.reduce(list(self._laid.values())))
        self._laid.clear()
        self._number += 1
        self._changed.notify_all()

    def _await(self, number: int) -> bytes:
        done = self._changed.wait_for(lambda: self._broken or self._number > number, self.patience)
        if not done:
            missing = ", ".join(one for one in self.sites if one not in self._laid)
            self.stop(f"No vector came from {missing} within {self.patience:g} seconds.")
        if self._number == number:
            raise ModelError(self._broken, where="secure_sum", next_step=AGAIN)
        return self._total


AGAIN = "Start the job again; it will have new keys."
