"""The chain: each entry holds the hash of the one before, and the last one is signed.

A changed, removed, moved or added entry breaks a hash or the signature of the head (Ed25519, RFC
8032). What a chain cannot show by itself: that somebody who holds the key wrote it anew, or that an
older copy was put back. For that, keep a head in a second place (``nof1.advice.ledger.anchor``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from nof1.advice.ledger.schema import COLUMNS, FORMAT
from nof1.advice.ledger.shapes import Entry, plain

START = "0" * 64
SKEW_S = 1.0  # clocks of two servers that write into one ledger may differ by so much


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
    clock : a sentence about a clock that was set back, or "": it breaks nothing.
    lost : answers whose kept request is gone though nobody forgot it.
    first : number of the first entry that was looked at; 1 unless only the end was checked.
    """

    entries: int
    broken_seq: int | None
    problems: tuple[str, ...]
    head: Head | None
    anchored: bool | None = None
    clock: str = ""
    lost: int = 0
    first: int = 1

    @property
    def intact(self) -> bool:
        """True when entries, head and anchor all hold."""
        return not self.problems and self.anchored is not False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know and what breaks nothing, one sentence each."""
        text = "answers the kept request is gone, and no entry says that it was forgotten."
        lost = f"Of {self.lost} {text}" if self.lost else ""
        return tuple(filter(None, [self.clock, lost]))


class Tally:
    """Compares the cards of the entries with the card table, in any order, in little memory."""

    def __init__(self) -> None:
        self._sum = 0

    def counted(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the cards of one entry; gives the row back."""
        try:
            if '"uuid"' in row["details"]:
                for card in read(row).cards:
                    self._sum += _weight(row["seq"], card)
        except (TypeError, ValueError, KeyError, AttributeError):
            pass  # such an entry does not hold, and ``judge`` says so
        return row

    def differs(self, table: Iterable[tuple[int, str]]) -> bool:
        """Whether the card table holds other (number, card) pairs than the entries."""
        return self._sum != sum(_weight(seq, card) for seq, card in table)


class Clock:
    """Watches the times of entries, oldest first: a clock set back is told, not refused."""

    def __init__(self) -> None:
        self._last, self._count, self._most = "", 0, (0.0, 0)

    def see(self, seq: int, recorded_at: str) -> None:
        """Look at the next entry's time."""
        if recorded_at < self._last:  # ISO 8601 of one form, all in UTC
            old, new = (datetime.fromisoformat(text) for text in (self._last, recorded_at))
            back = (old - new).total_seconds()
            if back > SKEW_S:
                self._count, self._most = self._count + 1, max(self._most, (back, seq))
        self._last = recorded_at

    def told(self) -> str:
        """One sentence, or nothing."""
        if not self._count:
            return ""
        seconds, seq = self._most
        times = "once" if self._count == 1 else f"{self._count} times, most"
        return f"The clock was set back {times} by {seconds:,.0f} s, before entry {seq}."


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
    after: tuple[int, str] = (0, START),
) -> Verdict:
    """Check every entry up to the head, the head's signature, and the anchor's place in the chain.

    ``anchor`` is the hash of an earlier head; ``rows`` come oldest first, from behind the entry
    whose number and hash are ``after``.
    """
    start, last = after
    count, broken, anchored, clock = start, None, anchor in (None, START), Clock()
    for count, row in enumerate(rows, start + 1):
        if not _holds(row, count, last):
            broken = count
            break
        last = row["hash"]
        anchored = anchored or last == anchor
        clock.see(count, row["recorded_at"])
    held = count if broken is None else count - 1
    problems = [] if broken is None else [f"Entry {broken} does not hold."]
    problems += _of_head(head, held if broken is None else None, last, keys)
    found = None if anchor is None else anchored
    told = clock.told()
    return Verdict(held, broken, tuple(problems), head, found, clock=told, first=start + 1)


def extended(verdict: Verdict, behind: int, cards_differ: bool, lost: int = 0) -> Verdict:
    """The verdict with what lies outside the chain: entries behind the head, the card table.

    ``lost`` counts answers whose kept request is gone though nobody forgot it.
    """
    problems = list(verdict.problems)
    if behind > 0:
        problems.append(f"Behind the head stand {behind} entries that no server signed.")
    if cards_differ and verdict.broken_seq is None:
        problems.append("The table of cards differs from the entries.")
    return replace(verdict, problems=tuple(problems), lost=lost)


def _holds(row: Mapping[str, Any], seq: int, previous: str) -> bool:
    try:
        own = digest(row)
    except (TypeError, ValueError):  # somebody put bytes where a text was
        return False
    return bool(row["seq"] == seq and row["previous"] == previous and row["hash"] == own)


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
