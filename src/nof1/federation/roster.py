"""Who takes part in a federation: names and identity keys of the sites, agreed on beforehand.

Each site keeps its own copy. A session is made for one roster; a coordinator that leaves a site
out, adds one or swaps a key is found out, because every signature covers the roster's digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nof1.core.errors import InputError, UsageError

FEWEST = 3  # with two sites, the total minus one's own vector is the other's vector
MOST = 200
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
KEY_BYTES = 32


class Member(msgspec.Struct, frozen=True, order=True):
    """One site: its name and its Ed25519 public key (hexadecimal)."""

    name: str
    identity: str


@dataclass(frozen=True)
class Roster:
    """The sites of a federation, by name.

    Attributes
    ----------
    members : sorted by name, at least three.
    """

    members: tuple[Member, ...]

    @classmethod
    def of(cls, members: Iterable[Member]) -> Roster:
        """A checked roster.

        Raises
        ------
        UsageError : fewer than three sites, more than 200, a name twice, one key for two sites, or
            a name or key of a wrong form.
        """
        found = tuple(sorted(members))
        names, keys = {one.name for one in found}, {one.identity for one in found}
        if not FEWEST <= len(found) <= MOST:
            raise UsageError(
                f"A federation of {len(found)} sites is refused.",
                where="roster",
                allowed=f"{FEWEST} to {MOST} sites: with two, each can work out the other's sums",
                next_step="Name each one: --site NAME=FOLDER (coordinator: --site NAME).",
            )
        if len(names) < len(found) or len(keys) < len(found):
            raise UsageError("A site or a key stands twice in the roster.", where="roster")
        for one in found:
            check(one)
        return cls(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sites, sorted."""
        return tuple(one.name for one in self.members)

    @property
    def digest(self) -> bytes:
        """SHA-256 over all names and keys (32 bytes)."""
        return hashlib.sha256(msgspec.json.encode(self.members)).digest()

    def identity(self, name: str) -> Ed25519PublicKey:
        """The public key of a site.

        Raises
        ------
        InputError : no such site.
        """
        for one in self.members:
            if one.name == name:
                return Ed25519PublicKey.from_public_bytes(bytes.fromhex(one.identity))
        raise InputError("A message names a site that is not in the roster.", where="roster")

    def verify(self, name: str, message: bytes, signature: bytes) -> None:
        """Nothing when the site signed the message.

        Raises
        ------
        InputError : it did not.
        """
        try:
            self.identity(name).verify(signature, message)
        except InvalidSignature:
            raise InputError(
                f"A message does not carry the signature of the site {name}.",
                where="roster",
                next_step="Compare the site's key with the roster by telephone.",
            ) from None


def member(name: str, key: Ed25519PrivateKey) -> Member:
    """The roster's line for a site with this identity key."""
    return Member(name, key.public_key().public_bytes_raw().hex())


def check(one: Member) -> None:
    """Nothing when a name and a key are of the right form.

    Raises
    ------
    UsageError : they are not.
    """
    if not NAME.fullmatch(one.name):
        raise UsageError(
            "A site's name is not of the right form.",
            where="roster",
            allowed="small letters, digits and hyphens, at most 63",
        )
    if len(one.identity) != 2 * KEY_BYTES or not re.fullmatch("[0-9a-f]+", one.identity):
        raise UsageError(f"The key of {one.name} is not of the right form.", where="roster")
