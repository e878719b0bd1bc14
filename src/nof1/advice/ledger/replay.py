"""Replay: ask the same question again and compare the answer byte for byte.

An answer can be built again only by what built it. Where code, facts, models, libraries, settings
or record have another version now, the entry is not comparable: what changed is named with its
version then and now, and beside that it is told whether the bytes are equal all the same. Only an
answer of the same versions can be the ``same`` or ``different``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nof1.advice.ledger.drafts import REQUEST, RESPONSE, hashed
from nof1.advice.ledger.shapes import Entry
from nof1.advice.ledger.store import Ledger

State = Literal["same", "different", "not_comparable"]
SHOWN = 12  # characters of a hash that a person reads
NO_ANSWER, VERSIONS, BYTES = "kind", "versions", "bytes"
WHY_GONE = {
    "forgotten": "the request was forgotten (nof1 audit forget)",
    "refused": "the request was refused or failed: of such only the hash is kept",
    "unreadable": "the request cannot be decrypted: sealed by another ledger.seal, or altered",
    "lost": "the request is gone, and no entry says that it was forgotten",
}
REPLACED = {
    "record": "the record of then was replaced by an import",
    "code": "nof1's own files were changed",
}


@dataclass(frozen=True)
class Again:
    """An answer as it is built now: status, bytes, and the versions that shaped it.

    ``versions`` are named as in ``Exchange.versions``.
    """

    status: int
    body: bytes
    versions: Mapping[str, str]


Answer = Callable[[Entry, bytes], Again]


@dataclass(frozen=True)
class Changed:
    """One thing that has another version now; None where it was not there or not noted."""

    name: str
    then: str | None
    now: str | None

    def __str__(self) -> str:
        text = f"{self.name} (then {_short(self.then)}, now {_short(self.now)}"
        why = REPLACED.get(self.name) if self.then and self.now else None
        return f"{text}: {why})" if why else f"{text})"


@dataclass(frozen=True)
class Replayed:
    """What became of one entry.

    Attributes
    ----------
    state : ``same`` (same versions, byte for byte), ``different`` (same versions, other bytes: a
        fault), or ``not_comparable``.
    why : None for ``same``, else a word to count by: ``bytes``, ``versions``, ``forgotten``,
        ``refused``, ``unreadable``, ``lost`` or ``kind``.
    reason : the same as a sentence.
    changed : what has another version now.
    equal_now : whether the bytes are equal; None when there is nothing to compare. With other
        versions this is a fact about now and no proof about then.
    first_difference : offset of the first byte that differs, when the old answer is still kept.
    """

    seq: int
    state: State
    why: str | None = None
    reason: str | None = None
    changed: tuple[Changed, ...] = ()
    equal_now: bool | None = None
    first_difference: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def replay(ledger: Ledger, entry: Entry, answer: Answer) -> Replayed:
    """Ask ``answer`` the entry's request again, as of ``entry.asked_at``."""
    if entry.kind != "exchange":
        return _not(entry, NO_ANSWER, f"an entry of kind {entry.kind} has no answer")
    request = ledger.kept(entry, REQUEST)
    if request is None:
        why = ledger.missing(entry, REQUEST)
        return _not(entry, why, WHY_GONE[why])
    try:
        made = answer(entry, request)
    except Exception as error:  # the others are still to be replayed, and each must be told
        text = f"the same request gives no answer now ({type(error).__name__})"
        return Replayed(entry.seq, "different", BYTES, _sentence(text), equal_now=False)
    return _compared(ledger, entry, made)


def replay_all(ledger: Ledger, entries: Iterable[Entry], answer: Answer) -> Iterator[Replayed]:
    """Replay many entries; other kinds than exchanges are passed over."""
    return (replay(ledger, entry, answer) for entry in entries if entry.kind == "exchange")


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[Changed, ...]:
    """What has another version, by name; of the libraries only those that differ."""
    names = sorted(then.keys() | now.keys())
    both = [(name, then.get(name), now.get(name)) for name in names]
    return tuple(Changed(name, *_differing(old, new)) for name, old, new in both if old != new)


def _differing(then: str | None, now: str | None) -> tuple[str | None, str | None]:
    """Of two lists ``a=1,b=2`` the items that differ."""
    if not (then and now and "=" in then and "=" in now):
        return then, now
    old, new = then.split(","), now.split(",")
    return (
        ",".join(one for one in old if one not in new) or None,
        ",".join(one for one in new if one not in old) or None,
    )


def _compared(ledger: Ledger, entry: Entry, made: Again) -> Replayed:
    equal = made.status == entry.status and hashed(made.body) == entry.response_hash
    changed = changes(entry.versions, made.versions)
    old = None if equal else ledger.kept(entry, RESPONSE)
    where = None if old is None else _first_difference(old, made.body)
    if changed:
        text = f"other versions now: {'; '.join(map(str, changed))}"
        return Replayed(
            entry.seq, "not_comparable", VERSIONS, _sentence(text), changed, equal, where
        )
    if equal:
        return Replayed(entry.seq, "same", equal_now=True)
    text = "the same versions, but other bytes"
    if made.status != entry.status:
        text = f"the same versions, but status {made.status} instead of {entry.status}"
    elif where is not None:
        text += f" from byte {where} on"
    return Replayed(entry.seq, "different", BYTES, _sentence(text), (), False, where)


def _first_difference(old: bytes, new: bytes) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def _not(entry: Entry, why: str, reason: str) -> Replayed:
    return Replayed(entry.seq, "not_comparable", why, _sentence(reason))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _short(version: str | None) -> str:
    if version is None:
        return "none noted"
    hexadecimal = len(version) == 64 and not set(version) - set("0123456789abcdef")
    return version[:SHOWN] if hexadecimal else version
