"""Finding any of many thousand identifiers in a text at once, whatever stands between letters.

Text and identifiers are squeezed to letters and digits. Each run of six bytes of the text is looked
up in a small table of the identifiers' own first six; what passes is compared in full. An
identifier shorter than six cannot be found here (``pattern_of`` looks for those).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nof1.record.deidentify.people import Person
from nof1.record.deidentify.spellings import NO_NAMES, folded, words

RUN = 6
_BITS = 22
_NOISE = re.compile(r"[^\w\n]+|_+")
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Finder:
    """Looks for the identifiers of all patients in one text."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._terms: dict[bytes, list[bytes]] = {}
        for person in people:
            for term in strong_terms(person):
                kept = self._terms.setdefault(term[:RUN], [])
                if term not in kept:
                    kept.append(term)
        self._table = np.zeros(1 << _BITS, bool)
        if self._terms:
            starts = np.frombuffer(b"".join(self._terms), np.uint8).reshape(-1, RUN)
            self._table[_hash(_packed([starts[:, i] for i in range(RUN)]))] = True

    def __bool__(self) -> bool:
        return bool(self._terms)

    def found(self, texts: Iterable[str]) -> int:
        """How many different identifiers stand in the texts; none runs from one to the next."""
        whole = "\n".join(text.replace("\n", " ") for text in texts)
        squeezed = _NOISE.sub("", folded(whole).lower()).encode("utf-8", "replace")
        content = np.frombuffer(squeezed, np.uint8)
        if content.size < RUN or not self._terms:
            return 0
        ends = content.size - RUN + 1
        runs = _packed([content[i : i + ends] for i in range(RUN)])
        places = np.flatnonzero(self._table[_hash(runs)])
        hits = {t for at in places.tolist() for t in self._at(squeezed, at)}
        return sum(_stands_alone(term, whole) for term in hits)

    def _at(self, squeezed: bytes, at: int) -> list[bytes]:
        terms = self._terms.get(squeezed[at : at + RUN], ())
        return [term for term in terms if squeezed.startswith(term, at)]


def strong_terms(person: Person) -> set[bytes]:
    """Squeezed identifiers that point to one patient: numbers, contacts, whole names, streets."""
    numbers = person.numbers | person.keys | person.records
    plain = ["".join(words(value)) for value in (*numbers, *person.contacts)]
    streets = [
        "".join(words(p)) for p in person.places if len(words(p)) > 1 and re.search(r"\d", p)
    ]
    names = []
    for name in person.names:
        parts = [p for p in words(name) if p not in NO_NAMES]
        if len(parts) > 1:
            names += [parts[0] + parts[-1], parts[-1] + parts[0]]
    found = {term.encode() for term in (*plain, *streets, *names)}
    return {term for term in found if len(term) >= RUN}


def _stands_alone(term: bytes, whole: str) -> bool:
    """A number must not be a part of a longer word or number, such as a UID."""
    text = term.decode()
    if not text.isdigit():
        return True
    grouped = r"[\W_]?".join(text)
    return re.search(rf"(?<![^\W_]){grouped}(?![^\W_])", whole) is not None


def _packed(columns: list[NDArray[np.uint8]]) -> NDArray[np.uint64]:
    """Six bytes in one number."""
    value = np.zeros(columns[0].shape, np.uint64)
    for column in columns:
        value = (value << np.uint64(8)) | column.astype(np.uint64)
    return value


def _hash(values: NDArray[np.uint64]) -> NDArray[np.intp]:
    with np.errstate(over="ignore"):
        return ((values * _MIX) >> np.uint64(64 - _BITS)).astype(np.intp)
