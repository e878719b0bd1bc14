"""Words for codes, as the codings of a request give them: for what a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nof1.record.importers.fhir_codes import vocabulary

WORDS = b'"display"'
_ANYTHING = msgspec.json.Decoder()


def names_of(values: Sequence[bytes]) -> dict[str, str]:
    """Words for codes (``LOINC//2160-0``), as the codings of these JSON texts give them.

    Where several are given for a code, those of the last coding count.
    """
    found: dict[str, str] = {}
    for raw in values:
        objects = _with_words(raw)
        if objects is None:
            return in_order(values)
        for one in objects:
            system, code, display = one.get("system"), one.get("code"), one.get("display")
            if isinstance(system, str) and isinstance(code, str) and isinstance(display, str):
                name = f"{vocabulary(system)[0]}//{code}"
                if found.setdefault(name, display) != display:
                    return in_order(values)
    return found


def _with_words(raw: bytes) -> list[dict[str, Any]] | None:
    """The different objects with words in a JSON text, in no order; None: look at all of it.

    An object with no other in it is what stands between two braces. Nothing else that holds the
    key can be read as one: not what begins with a brace within a text, nor what ends with one.
    """
    if b"\\" in raw and b"\\u00" in raw:  # a key may be written in numbers
        return None
    found = []
    for piece in set(raw.split(b"{")):
        if WORDS in piece:
            inner, _, after = piece.partition(b"}")
            if WORDS in after:
                return None
            try:
                found.append(_ANYTHING.decode(b"{%b}" % inner))
            except msgspec.DecodeError:
                return None
    return found


def in_order(values: Sequence[bytes]) -> dict[str, str]:
    """The same when the order matters: from the end, the first words of a code count."""
    found: dict[str, str] = {}
    waiting: list[Any] = [_ANYTHING.decode(raw) for raw in values]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
            system, code, display = one.get("system"), one.get("code"), one.get("display")
            if isinstance(system, str) and isinstance(code, str) and isinstance(display, str):
                found.setdefault(f"{vocabulary(system)[0]}//{code}", display)
    return found
