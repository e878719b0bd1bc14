"""The spellings in which an identifier may stand in a text, as one pattern for a patient.

Accents, case and separators do not matter: ``O'Brien`` finds ``OBRIEN`` and ``O Brien``, a
telephone number finds itself with points, brackets or nothing between the digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date

from nof1.record.deidentify.people import Person

GAP = r"[\W_]{0,3}"
LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"}
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
SHORTEST_NUMBER = 4  # shorter numbers would hit every other value; they are counted instead
SHORTEST_NAME = 2
NO_NAMES = frozenset((
    "mr", "mrs", "ms", "miss", "dr", "prof", "jr", "sr", "ii", "iii", "iv", "md", "phd",
    "rn", "np", "van", "von", "der", "den", "de", "da", "di", "la", "le", "el", "al", "bin",
    "ibn", "the", "of", "and", "unknown", "anonymous", "none", "na", "test", "patient",
    "baby", "boy", "girl",
))  # fmt: skip


def folded(text: str) -> str:
    """The text with each letter without its accent; every character keeps its place.

    >>> folded("Müller Šarić")
    'Muller Saric'
    """
    if text.isascii():
        return text
    return "".join((unicodedata.normalize("NFKD", c)[:1] or c) for c in text)


def words(text: str) -> list[str]:
    """Letters and digits of a folded text in runs, lower case."""
    return re.findall(r"[^\W_]+", folded(text).lower())


def name_parts(names: Iterable[str]) -> set[str]:
    """Single words of names that say who somebody is: no titles, no particles."""
    names = list(names)
    parts = {part for name in names for part in words(name)}
    parts |= {part for name in names for part in words(_spelled_out(name))}
    joined = [re.sub(marks, "", n) for n in names for marks in ("['’`]", "['’`-]")]  # OBrien
    parts |= {part for name in joined for part in words(name)}
    return {p for p in parts if len(p) >= SHORTEST_NAME and p not in NO_NAMES and not p.isdigit()}


def _spelled_out(name: str) -> str:
    return "".join(LETTERS.get(letter, letter) for letter in name.lower())


def day_forms(day: date) -> Iterator[str]:
    """Patterns of one day: ISO, DICOM, with slashes and points both ways, month in words."""
    y, m, d = day.year, day.month, day.day
    yy, sep = f"(?:{y}|{y % 100:02})", r"[-/. ]"
    yield rf"{y}{sep}?{m:02}{sep}?{d:02}"
    yield rf"0?{m}{sep}0?{d}{sep}{yy}"
    yield rf"0?{d}{sep}0?{m}{sep}{yy}"
    yield rf"{m:02}{d:02}{y}"
    yield rf"{d:02}{m:02}{y}"
    name = MONTHS[m - 1]
    month = name[:3] + (f"(?:{name[3:]})?" if name[3:] else "")
    yield rf"{month}\.?[ -]*0?{d}(?:st|nd|rd|th)?,?[ -]*{yy}"
    yield rf"0?{d}(?:st|nd|rd|th)?\.?[ -]*(?:of )?{month}\.?,?[ -]*{yy}"


def loose(text: str) -> str | None:
    """A pattern for an identifier with any separators; None where it is too short to look for."""
    runs = words(text)
    if len("".join(runs)) < SHORTEST_NUMBER:
        return None
    joined = "".join(runs)
    if joined.isdigit():  # digits may be grouped anew
        return rf"(?<![^\W_]){GAP.join(joined)}(?![^\W_])"
    mixed = sum(sign.isdigit() for sign in joined) >= SHORTEST_NUMBER
    found = GAP.join(map(re.escape, joined if mixed else runs))  # M-555-0123 for M5550123
    return found if len(joined) >= 6 else rf"(?<![^\W_]){found}(?![^\W_])"


def too_short(person: Person) -> int:
    """How many numbers of a patient are too short to be looked for."""
    return sum(loose(number) is None for number in person.numbers | person.keys)


def pattern_of(person: Person) -> re.Pattern[str] | None:
    """One pattern for folded text; its groups are NAME, ID, CONTACT, PLACE and DATE.

    None where nothing is known of the patient that could be looked for.
    """
    names = [
        rf"(?<![^\W_]){re.escape(part)}(?:'?s)?(?![^\W_])" for part in name_parts(person.names)
    ]
    names += _glued(person.names)
    groups = {
        "CONTACT": [*_telephones(person.contacts), *_loose(person.contacts)],
        "ID": _loose(person.numbers | person.keys | person.records),
        "PLACE": _places(person.places),
        "DATE": [rf"(?<!\d)(?:{f})(?!\d)" for day in person.births for f in day_forms(day)],
        "NAME": names,
    }
    parts = [f"(?P<{kind}>{'|'.join(_longest(found))})" for kind, found in groups.items() if found]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _longest(patterns: Iterable[str]) -> list[str]:
    return sorted(set(patterns), key=lambda p: (-len(p), p))


def _loose(values: Iterable[str]) -> list[str]:
    return [found for value in values if (found := loose(value))]


def _telephones(values: Iterable[str]) -> Iterator[str]:
    """A number without its country code, as people write it."""
    for value in values:
        digits = re.sub(r"\D", "", value)
        if len(digits) >= 10 and "@" not in value and not re.search(r"[a-z]{4}", value, re.I):
            yield rf"(?<!\d)(?:\+?\d{{1,3}}{GAP})?{GAP.join(digits[-10:])}(?!\d)"


def _places(places: Iterable[str]) -> list[str]:
    """Address lines, cities, postal codes as whole words."""
    found = []
    for place in places:
        runs = words(place)
        if len("".join(runs)) >= SHORTEST_NUMBER:
            found.append(rf"(?<![^\W_]){GAP.join(map(re.escape, runs))}(?![^\W_])")
    return found


def _glued(names: Iterable[str]) -> list[str]:
    """First and last name without anything between: as in account and file names."""
    found = []
    for name in names:
        parts = [p for p in words(name) if p not in NO_NAMES]
        if len(parts) > 1 and len(parts[0] + parts[-1]) >= 6:
            first, last = re.escape(parts[0]), re.escape(parts[-1])
            found += [f"{first}{GAP}{last}", f"{last}{GAP}{first}"]
    return found
