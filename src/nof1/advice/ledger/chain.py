"""The chain: each entry holds the hash of the one before, and the last one is signed.

A changed, removed, moved or added entry breaks a hash or the signature of the head (Ed25519, RFC
8032). What a chain cannot show by itself: that somebody who holds the key wrote it anew, or that an
older copy was put back. For that, keep a head in a second place and give it as ``anchor``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from nof1.advice.ledger.schema import COLUMNS, FORMAT
from nof1.advice.ledger.shapes import Entry, plain

START = "0" * 64


@dataclass(frozen=True)
class Head:
    """The signed end of a ledger: keep one in a second place.

    ``ledger`` is the ledger's own identifier, ``seq`` and ``hash`` those of the last entry, ``key``
    the fingerprint of the signing key, ``signature`` Ed25519 over the other fields, in hex.
    """

    ledger: str
    seq: int
    hash: str
    signed_at: str
    key: str
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(vars(self))


@dataclass(frozen=True)
class Verdict:
    """What ``judge`` found.

    Attributes
    ----------
    entries : how many entries hold, counted from the first.
    broken_seq : number of the first entry that does not hold, or None.
    problems : one sentence each; empty when everything holds.
    head : the head that was checked, or None for an empty place.
    anchored : whether the anchor that was given is in the chain; None when none was given.
    """

    entries: int
    broken_seq: int | None
    problems: tuple[str, ...]
    head: Head | None
    anchored: bool | None = None

    @property
    def intact(self) -> bool:
        """True when entries, head and anchor all hold."""
        return not self.problems and self.anchored is not False


class Tally:
    """Compares the cards of the entries with the card table, in any order, in little memory."""

    def __init__(self) -> None:
        self._sum = 0

    def counted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the cards of one entry; gives the row back."""
        if '"uuid"' in row["details"]:
            for card in read(row).cards:
                self._sum += _weight(row["seq"], card)
        return row

    def differs(self, table: Iterable[tuple[int, str]]) -> bool:
        """Whether the card table holds other (number, card) pairs than the entries."""
        return self._sum != sum(_weight(seq, card) for seq, card in table)


def digest(row: Mapping[str, Any]) -> str:
    """Hash of an entry's columns; ``versions`` and ``details`` are their JSON text."""
    body = {name: row[name] for name in COLUMNS if name != "hash"}
    return hashlib.sha256(plain(body).encode("ascii")).hexdigest()


def linked(
    rows: Iterable[Mapping[str, Any]], previous: str, seq: int, now: str
) -> Iterator[dict[str, Any]]:
    """Give each row its number, the hash of the one before, its time and its own hash."""
    for number, fields in enumerate(rows, seq + 1):
        row = {**fields, "seq": number, "previous": previous, "recorded_at": now}
        previous = row["hash"] = digest(row)
        yield row


def signed(key: Ed25519PrivateKey, name: str, ledger: str, seq: int, last: str, now: str) -> Head:
    """The head over the entry ``seq`` with hash ``last``."""
    head = Head(ledger, seq, last, now, name, "")
    return Head(ledger, seq, last, now, name, key.sign(_text(head)).hex())


def authentic(head: Head, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Whether one of the trusted keys signed this head."""
    if head.key not in keys:
        return False
    try:
        keys[head.key].verify(bytes.fromhex(head.signature), _text(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def read(row: Mapping[str, Any]) -> Entry:
    """An entry from its row."""
    parts = {name: row[name] for name in COLUMNS}
    return Entry(
        **parts | {"versions": json.loads(row["versions"]), "details": json.loads(row["details"])}
    )


def judge(
    rows: Iterable[Mapping[str, Any]],
    head: Head | None,
    keys: Mapping[str, Ed25519PublicKey],
    anchor: str | None = None,
) -> Verdict:
    """Check every entry up to the head, the head's signature, and the anchor's place in the chain.

    ``anchor`` is the hash of an earlier head; ``rows`` come oldest first.
    """
    count, last, broken, anchored = 0, START, None, anchor in (None, START)
    for count, row in enumerate(rows, 1):
        if row["seq"] != count or row["previous"] != last or row["hash"] != digest(row):
            broken = count
            break
        last = row["hash"]
        anchored = anchored or last == anchor
    held = count if broken is None else count - 1
    problems = [] if broken is None else [f"Entry {broken} does not hold."]
    problems += _of_head(head, held if broken is None else None, last, keys)
    return Verdict(held, broken, tuple(problems), head, None if anchor is None else anchored)


def extended(verdict: Verdict, behind: int, cards_differ: bool) -> Verdict:
    """The verdict with what lies outside the chain: entries behind the head, the card table."""
    problems = list(verdict.problems)
    if behind > 0:
        problems.append(f"Behind the head stand {behind} entries that no server signed.")
    if cards_differ and verdict.broken_seq is None:
        problems.append("The table of cards differs from the entries.")
    return replace(verdict, problems=tuple(problems))


def _of_head(
    head: Head | None, entries: int | None, last: str, keys: Mapping[str, Ed25519PublicKey]
) -> list[str]:
    if head is None:
        return ["There is no head."]
    problems = []
    if head.key not in keys:
        problems.append("The head is signed with a key that is not trusted here.")
    elif not authentic(head, keys):
        problems.append("The signature of the head does not fit.")
    if entries is not None and (head.seq, head.hash) != (entries, last):
        problems.append(f"The head names entry {head.seq}, but {entries} entries are there.")
    return problems


def _weight(seq: int, card: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seq}:{card}".encode()).digest()[:16], "big")


def _text(head: Head) -> bytes:
    body = {name: value for name, value in vars(head).items() if name != "signature"}
    return plain({"format": FORMAT, **body}).encode("ascii")
