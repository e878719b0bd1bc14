"""A site's line to the others: signed messages that all see, and the masked sum.

An engine (threads of one process, or a network) only carries bytes; whatever it carries is checked
here, so that no engine has to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.core.errors import InputError
from nof1.federation.checkpoint import Keeper, Sum
from nof1.federation.masks import Hello, Masker
from nof1.federation.roster import Roster
from nof1.federation.secure import SecureSum

CONTEXT = b"nof1 message 1"


class Channel(Protocol):
    """What an engine offers to one site."""

    def exchange(self, message: bytes) -> Mapping[str, bytes]:
        """Lay down a message and take those of all sites, by name."""
        ...

    def lay(self, number: int, payload: bytes) -> bytes:
        """Lay down a masked vector of a round and take the total (``rounds.Rounds.lay``)."""
        ...


class _Signed(msgspec.Struct, frozen=True):
    message: bytes
    signature: bytes


@dataclass
class Link:
    """One site in one job.

    Attributes
    ----------
    identity : the site's long-lived key, whose public half stands in the roster.
    channel : the engine.
    keeper : the log from which a job can go on when it breaks off; None: it cannot.
    """

    roster: Roster
    site: str
    job: str
    identity: Ed25519PrivateKey = field(repr=False)
    channel: Channel = field(repr=False)
    keeper: Keeper | None = field(default=None, repr=False)
    _number: int = 0

    def exchange(self, message: bytes) -> dict[str, bytes]:
        """Everybody's message of this step, signatures checked; plain: the coordinator reads it.

        Raises
        ------
        InputError : a site is missing, or a message is not what its site signed for this step.
        """
        number, self._number = self._number, self._number + 1
        signature = self.identity.sign(self._part(self.site, number, message))
        got = self.channel.exchange(msgspec.json.encode(_Signed(message, signature)))
        if tuple(sorted(got)) != self.roster.names:
            raise InputError("Not every site of the roster has sent its message.", where="link")
        return {site: self._opened(site, number, raw) for site, raw in got.items()}

    def open(self, agreed: bytes = b"") -> Sum:
        """A masked sum with fresh keys, bound to what was agreed on.

        Sites that agreed on something else, because somebody changed a message on the way, find
        out here and not from a wrong model.
        """
        masker = Masker(self.roster, self.site, f"{self.job}\0{agreed.hex()}", self.identity)
        hellos = self.exchange(msgspec.json.encode(masker.hello()))
        masker.meet(_hello(raw) for raw in hellos.values())
        made = SecureSum(masker, self.channel.lay)
        return self.keeper.open(made, agreed, self.exchange) if self.keeper else made

    def _opened(self, site: str, number: int, raw: bytes) -> bytes:
        try:
            found = msgspec.json.decode(raw, type=_Signed)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError(f"The message of {site} cannot be read.", where="link") from None
        self.roster.verify(site, self._part(site, number, found.message), found.signature)
        return found.message

    def _part(self, site: str, number: int, message: bytes) -> bytes:
        head = (CONTEXT, self.roster.digest.hex().encode(), self.job.encode(), site.encode())
        return b"\0".join((*head, str(number).encode(), message))


def _hello(raw: bytes) -> Hello:
    try:
        return msgspec.json.decode(raw, type=Hello)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A hello cannot be read.", where="link") from None
