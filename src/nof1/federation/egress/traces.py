"""Words in a model's files that name a patient or repeat what was written about one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nof1.federation.egress.contents import Contents
from nof1.federation.egress.facts import Facts
from nof1.federation.egress.verdict import Found

SHORTEST = 6  # characters of an identifier that is looked for inside other words
WEAK = 4  # shorter identifiers are only looked for as a whole word of their own; below: not at all
TEXT = 20  # characters of a note that must stand there word for word
SHORT_TEXT = 8  # characters of a text that is looked for as a whole string
STEP = 10  # a copy of TEXT + STEP characters is found wherever it begins
DAY = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")


@dataclass(frozen=True)
class Text:
    """All words of one place, lower case, and the windows of them that can be looked up."""

    place: str
    whole: frozenset[str]
    joined: str

    def windows(self, width: int) -> frozenset[str]:
        """Every piece of this many characters."""
        text = self.joined
        return frozenset(text[k : k + width] for k in range(len(text) - width + 1))


def search(contents: Contents, facts: Facts, allowed_days: Iterable[str] = ()) -> list[Found]:
    """Identifiers, names of source files, free text and days that few patients have.

    Parameters
    ----------
    allowed_days : days that the file states on purpose, such as the data's date.
    """
    found: list[Found] = []
    days = facts.days - frozenset(allowed_days)
    for place, words in contents.words.items():
        text = Text(place, frozenset(map(str.lower, words)), "\n".join(words).lower())
        seen = {
            "the identifier of a patient": _names(text, facts.identifiers),
            "the name of a source file of few patients": _names(text, facts.sources),
            "free text from the record of few patients": _notes(text, facts),
            "a day on which few patients have an event": sum(
                1 for day in set(DAY.findall(text.joined)) if day in days
            ),
        }
        found += [Found(place, what, count) for what, count in seen.items() if count]
    found += _numbers(contents, facts)
    return found


def _names(text: Text, names: Iterable[str]) -> int:
    """How many of the names stand in the text, not as a part of a longer word."""
    windows = text.windows(SHORTEST)
    count = 0
    for name in map(str.lower, names):
        if len(name) < SHORTEST:
            count += len(name) >= WEAK and name in text.whole
        elif name[:SHORTEST] in windows and name[-SHORTEST:] in windows and name in text.joined:
            count += re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text.joined) is not None
    return count


def _notes(text: Text, facts: Facts) -> int:
    """How many texts of few patients stand there, whole or with a piece of ``TEXT`` characters
    that is in the texts of few."""
    short, long = text.windows(SHORT_TEXT), text.windows(TEXT)
    common: dict[str, bool] = {}
    count = 0
    for note, patients in facts.texts.items():
        low = note.lower()
        if patients >= facts.few or len(low) < SHORT_TEXT:
            continue
        if len(low) < TEXT:
            count += low[:SHORT_TEXT] in short and low in text.whole
            continue
        pieces = {low[k : k + TEXT] for k in range(0, len(low) - TEXT + 1, STEP)} & long
        for piece in pieces - common.keys():
            common[piece] = _patients_with(piece, facts) >= facts.few
        count += any(not common[piece] for piece in pieces)
    return count


def _patients_with(piece: str, facts: Facts) -> int:
    """Patients whose texts hold a piece, each text counted with its patients."""
    return sum(count for note, count in facts.texts.items() if piece in note.lower())


def _numbers(contents: Contents, facts: Facts) -> Iterator[Found]:
    """nof1's numbers of patients that stand among the numbers of a file."""
    own = {int(name) for name in facts.identifiers if name.isdecimal() and len(name) >= 9}
    exact = {float(one) for one in own}
    for numbers in contents.numbers:
        big = numbers.values[abs(numbers.values) >= 1e8]
        count = len(exact.intersection(big.tolist()))
        if count:
            yield Found(numbers.place, "the number of a patient", count)


def too_short(facts: Facts) -> int:
    """Identifiers that are too short to be told from any other word or number."""
    return sum(len(name) < WEAK for name in facts.identifiers)


def days_on_purpose(card: Mapping[str, object], task: str) -> set[str]:
    """Days that a model states by design: of the data, the period, the task and the card."""
    data = card.get("data")
    parts = [str(card.get(name, "")) for name in ("created", "data_date")] + [task]
    if isinstance(data, Mapping):
        parts += [str(data.get(name, "")) for name in ("data_date", "period", "split")]
    return {day for part in parts for day in DAY.findall(part)}
