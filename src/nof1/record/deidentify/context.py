"""What every format needs while it is cleaned: key, patients, counts, and the choices of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from nof1.record.deidentify.common import Common
from nof1.record.deidentify.key import Key
from nof1.record.deidentify.patterns import REQUIRED, strict_hits
from nof1.record.deidentify.people import Person, Register
from nof1.record.deidentify.scrub import Scrubber
from nof1.record.deidentify.spellings import folded, name_parts, pattern_of, words
from nof1.record.deidentify.tally import Tally

Pair = tuple[str, str, str]  # kind, original, pseudonym


@dataclass(frozen=True)
class Choices:
    """What a run was asked for.

    Attributes
    ----------
    free_text : "drop" or "scrub".
    detectors : names of the text detectors; all are required.
    as_of : day on which ages are counted for patients without a known death.
    reviewed : SOP Instance UIDs of pictures that a person has looked at.
    mapping : whether the pairs of identifier and pseudonym are kept for an encrypted file.
    """

    free_text: str = "drop"
    detectors: tuple[str, ...] | None = REQUIRED
    as_of: date = field(default_factory=date.today)
    reviewed: frozenset[str] = frozenset()
    mapping: bool = False


class Context:
    """Key, patients, counts and choices of one run."""

    def __init__(self, key: Key, choices: Choices) -> None:
        self.key = key
        self.choices = choices
        self.register = Register()
        self.common = Common()
        self.tally = Tally()
        self.pairs: dict[tuple[str, str], str] = {}
        self.profiles: dict[str, dict[str, str | None]] = {}  # patient -> quasi-identifiers
        self.diagnoses: dict[str, str] = {}  # patient -> first diagnosis
        self._own: dict[int, re.Pattern[str] | None] = {}
        self._staff: set[str] | None = None
        self._index: dict[str, list[Person]] | None = None
        wanted = choices.free_text == "scrub"
        self.scrubber = Scrubber(choices.detectors, self.tally) if wanted else None

    def beside(self) -> Context:
        """The same people and key with counts of its own, for a look at what would be told."""
        other = Context(self.key, replace(self.choices, free_text="drop", mapping=False))
        other.register, other.common, other._own = self.register, self.common, self._own
        return other

    def pseudonym(self, kind: str, value: str) -> str:
        """Letters for an identifier; the pair is kept where a mapping was asked for."""
        new = self.key.letters(kind, value)
        return self.keep(kind, value, new)

    def keep(self, kind: str, value: str, new: str) -> str:
        """Remember a pair for the encrypted mapping, if one was asked for."""
        if self.choices.mapping:
            self.pairs[kind, value] = new
        return new

    def uid(self, uid: str) -> str:
        """The UID that stands for another, in every format; UIDs of the standard stay."""
        return uid if uid.startswith("1.2.840.10008.") else self.keep("uid", uid, self.key.uid(uid))

    def days(self, person: Person | None, key: str | None = None) -> int | None:
        """The shift of a patient; of a patient known by a key alone; None without either."""
        if person is not None:
            return self.key.days(person.subject)
        return None if key is None else self.key.days(key)

    def own(self, person: Person | None) -> re.Pattern[str] | None:
        """The patient's own spellings, made once."""
        if person is None:
            return None
        if id(person) not in self._own:
            self._own[id(person)] = pattern_of(person)
        return self._own[id(person)]

    def tells(self, text: str, person: Person | None) -> bool:
        """Whether a value that would be kept names the patient or looks like an identifier."""
        pattern = self.own(person)
        return bool(strict_hits(text)) or (
            pattern is not None and pattern.search(folded(text)) is not None
        )

    def free(self, place: str, text: str, person: Person | None, days: int | None) -> str | None:
        """Free text scrubbed or dropped, as chosen; what cannot be made clean is dropped."""
        if self.scrubber is None:
            self.tally.drop(f"{place} (free text)")
            return None
        clean = self.scrubber.scrub(text, self.near(person, text), days)
        if clean is None:
            self.tally.drop(f"{place} (free text that could not be made clean)")
        else:
            self.tally.did("free text scrubbed")
        return clean

    def near(self, person: Person | None, text: str) -> list[re.Pattern[str]]:
        """Spellings to look for in a text: the patient's and those of staff who may stand in it.

        Without a patient everybody with a word in common with the text is looked for.
        """
        said = set(words(text))
        known = [person] if person is not None else self._with_words(said)
        found = [pattern for one in known if (pattern := self.own(one)) is not None]
        if self._staff is None:
            self._staff = name_parts(self.register.staff.names)
        staff = sorted(map(re.escape, self._staff & said))
        if staff:
            found.append(re.compile(rf"(?i)(?<![^\W_])(?P<NAME>{'|'.join(staff)})(?![^\W_])"))
        return found

    def _with_words(self, said: set[str]) -> list[Person]:
        """People of whose identifiers a word is among those said."""
        if self._index is None:
            self._index = {}
            for person in self.register.people():
                for word in name_parts(person.names) | set(_words_of(person)):
                    self._index.setdefault(word, []).append(person)
        found = {id(p): p for word in said for p in self._index.get(word, ())}
        return list(found.values())


def _words_of(person: Person) -> Iterator[str]:
    for value in (*person.numbers, *person.keys, *person.contacts, *person.places):
        yield from words(value)
    for day in person.births:
        yield from (str(day.year), str(day.year % 100), f"{day:%Y%m%d}")
