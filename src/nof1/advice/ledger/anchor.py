"""Anchors: a signed head that was kept in a second place, and whether the ledger still holds it.

A chain cannot show by itself that an older copy of the database was put back, or that somebody
with the key wrote it anew. Against a head that lies elsewhere (another machine, a printout, a
mailbox) it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from nof1.advice.ledger.chain import START, Head, authentic
from nof1.core.errors import InputError

Place = Literal["contained", "unknown key", "forged", "other ledger", "rolled back", "forked"]


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the log ``audit.jsonl``: number of its entries and hash of the last."""

    entries: int
    head: str


class _Anchors(msgspec.Struct, frozen=True):
    ledger: Head | None = None
    log: LogHead | None = None


@dataclass(frozen=True)
class Anchored:
    """Where an anchored head stands. ``problem`` is a sentence, or None when it is contained."""

    place: Place
    problem: str | None = None


def read(raw: bytes) -> tuple[Head | None, LogHead | None]:
    """The heads in the output of ``nof1 audit head --json``: of the ledger, of the log.

    Raises
    ------
    InputError : it is not of that form, or holds neither.
    """
    try:
        found = msgspec.json.decode(raw, type=_Anchors)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _Anchors()
    if found.ledger is None and found.log is None:
        raise InputError(
            "The file holds no head of a ledger or a log.",
            where="--anchored",
            allowed="what this printed: nof1 audit head --json",
        )
    return found.ledger, found.log


def placed(
    anchor: Head,
    head: Head,
    hash_at: Callable[[int], str | None],
    keys: Mapping[str, Ed25519PublicKey],
) -> Anchored:
    """Where an anchored head stands in a ledger.

    Parameters
    ----------
    head : the ledger's head now.
    hash_at : hash of the entry with a number, None when there is none.
    keys : public keys that are trusted here, by fingerprint.
    """
    if anchor.key not in keys:
        return Anchored(
            "unknown key", "The anchored head is signed with a key that is not trusted here."
        )
    if not authentic(anchor, keys):
        return Anchored("forged", "The signature of the anchored head does not fit.")
    if anchor.ledger != head.ledger:
        text = "This is another ledger than the anchored one: the database was replaced."
        return Anchored("other ledger", text)
    found = START if anchor.seq == 0 else hash_at(anchor.seq)
    if found is None or anchor.seq > head.seq:
        text = (
            f"Rolled back: entry {anchor.seq} was anchored, and the ledger ends at entry "
            f"{head.seq}. An older copy was put back, or entries were cut off."
        )
        return Anchored("rolled back", text)
    if found != anchor.hash:
        text = (
            f"Forked: entry {anchor.seq} is another one than the anchored. The chain was written "
            "anew, or an older copy was put back and written on."
        )
        return Anchored("forked", text)
    return Anchored("contained")
