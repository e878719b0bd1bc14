"""Replay: ask the same question again and compare the answer byte for byte.

An answer can be built again only by what built it: when rules, models, knowledge or record have
another version now, the entry is not comparable, and that is said with the names of what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nof1.advice.ledger.drafts import REQUEST, RESPONSE, hashed
from nof1.advice.ledger.shapes import Entry
from nof1.advice.ledger.store import Ledger
from nof1.core.errors import Nof1Error

Answer = Callable[[bytes], bytes]
State = Literal["same", "different", "not_comparable"]


@dataclass(frozen=True)
class Replayed:
    """What became of one entry.

    Attributes
    ----------
    state : ``same`` (byte for byte), ``different`` (same versions, other bytes: a fault), or
        ``not_comparable`` (see ``reason``).
    reason : why it is not ``same``; None when it is.
    first_difference : offset of the first byte that differs, when the old answer is still kept.
    """

    seq: int
    state: State
    reason: str | None = None
    first_difference: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(vars(self))


def replay(ledger: Ledger, entry: Entry, answer: Answer, versions: Mapping[str, str]) -> Replayed:
    """Ask ``answer`` the entry's request again.

    Parameters
    ----------
    answer : gives the response bytes for the request bytes, as of ``entry.asked_at``.
    versions : what ``answer`` uses now, named as in ``Exchange.versions``.
    """
    if entry.kind != "exchange":
        return _not(entry, f"an entry of kind {entry.kind} has no answer")
    if changed := _changed(entry.versions, versions):
        return _not(entry, f"other versions now: {', '.join(changed)}")
    request = ledger.kept(entry, REQUEST)
    if request is None:
        return _not(entry, "the request was not kept, was forgotten, or cannot be decrypted")
    try:
        made = answer(request)
    except Nof1Error as error:
        return Replayed(entry.seq, "different", f"no answer now: {error.message}")
    return _compared(ledger, entry, made)


def replay_all(
    ledger: Ledger,
    entries: Iterable[Entry],
    answer_as_of: Callable[[Entry], Answer],
    versions: Mapping[str, str],
) -> Iterator[Replayed]:
    """Replay many entries; other kinds than exchanges are passed over."""
    for entry in entries:
        if entry.kind == "exchange":
            yield replay(ledger, entry, answer_as_of(entry), versions)


def _compared(ledger: Ledger, entry: Entry, made: bytes) -> Replayed:
    if hashed(made) == entry.response_hash:
        return Replayed(entry.seq, "same")
    old = ledger.kept(entry, RESPONSE)
    where = None if old is None else _first_difference(old, made)
    return Replayed(entry.seq, "different", "same versions, but other bytes", where)


def _first_difference(old: bytes, new: bytes) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    names = sorted(then.keys() | now.keys())
    return [name for name in names if then.get(name) != now.get(name)]


def _not(entry: Entry, reason: str) -> Replayed:
    return Replayed(entry.seq, "not_comparable", f"{reason[0].upper()}{reason[1:]}.")
