"""Free text without identifiers: the patient's own first, then what looks like one, then dates.

A date is moved with the patient's other dates where it can only be read in one way; any other date
becomes ``[DATE]``. What is left is looked at again: a text in which something is still found is
given up as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from nof1.record.deidentify.dates import moved, real, shift_iso
from nof1.record.deidentify.patterns import PATTERNS, require_detectors
from nof1.record.deidentify.spellings import MONTHS, folded
from nof1.record.deidentify.tally import Tally

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_SEP = r"[-/.]"
_DATES = re.compile(
    rf"(?<![\d.])(?P<iso>\d{{4}}-\d\d-\d\d)"
    rf"(?:(?P<clock>[T ]\d\d:\d\d[\d:.]{{0,12}}(?:Z|[+-]\d\d:?\d\d)?))?"
    rf"|(?<![\d./-])(?P<a>\d{{1,2}})(?P<s>{_SEP})(?P<b>\d{{1,2}})(?P=s)(?P<y>\d{{4}}|\d\d)(?![\d/-]|\.\d)"
    rf"|(?<![\d.])(?P<odd>\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}|(?:19|20)\d\d[01]\d[0-3]\d(?:\d{{4,6}})?)(?!\d)"
    rf"|\b(?P<md>(?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}}))\b"
    rf"|\b(?P<dm>(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\.?[\s-]+(?:of\s+)?(?P<m2>{_MONTH})\.?,?[\s-]+(?P<y2>\d{{4}}))\b"
    rf"|\b(?P<my>{_MONTH}\.?\s+(?:of\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?\b|\d{{4}}\b|'\d\d))"
    rf"|\b(?P<d3>\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH})\b"
    rf"|(?<![\d/.])(?P<short>[01]?\d/[0-3]?\d|[01]?\d/(?:19|20)\d\d)(?![\d/.])",
    re.IGNORECASE,
)
MARKS = {
    "email": "[EMAIL]",
    "url": "[URL]",
    "ssn": "[SSN]",
    "ip": "[IP]",
    "phone": "[PHONE]",
    "number": "[ID]",
    "zip": "[PLACE]",
    "street": "[PLACE]",
    "age": "90 years or older",
    "name": "[NAME]",
}


@dataclass
class Scrubber:
    """Takes identifiers out of texts.

    Parameters
    ----------
    detectors : names of all required detectors; anything less is refused.
    tally : where replacements are counted, by detector.

    Raises
    ------
    UsageError : when a detector is missing.
    """

    detectors: Collection[str] | None
    tally: Tally

    def __post_init__(self) -> None:
        self.detectors = require_detectors(self.detectors)

    def scrub(self, text: str, own: Sequence[re.Pattern[str]], days: int | None) -> str | None:
        """The text without identifiers, or None when something could not be taken out.

        Parameters
        ----------
        own : spellings of the patient and of others who may stand in the text (``pattern_of``).
        days : the patient's shift; None removes every date.
        """
        text = self._own(text, own)
        text = _DATES.sub(lambda found: self._date(found, days), text)
        for name, (_, pattern) in PATTERNS.items():
            text = self._replace(pattern, text, name)
        return None if self._left(text, own) else text

    def _own(self, text: str, own: Iterable[re.Pattern[str]]) -> str:
        for pattern in own:
            text = _over_folded(pattern, text, self._own_mark)
        return text

    def _own_mark(self, found: re.Match[str]) -> str:
        self.tally.did(f"text: own {str(found.lastgroup).lower()} replaced")
        return f"[{found.lastgroup}]"

    def _replace(self, pattern: re.Pattern[str], text: str, name: str) -> str:
        text, count = pattern.subn(MARKS[name], text)
        if count:
            self.tally.did(f"text: {name} replaced", count)
        return text

    def _date(self, found: re.Match[str], days: int | None) -> str:
        new = None if days is None else _moved_text(found, days)
        self.tally.did("text: date moved" if new else "text: date removed")
        return new or "[DATE]"

    def _left(self, text: str, own: Iterable[re.Pattern[str]]) -> bool:
        bare = re.sub(r"\[[A-Z]+\]", " ", text)
        # a moved date may fall on the birthday: the group of dates is not looked at again
        found = any(m.lastgroup != "DATE" for p in own for m in p.finditer(folded(bare)))
        return found or any(p.search(bare) for n, (_, p) in PATTERNS.items() if n != "age")


def _over_folded(pattern: re.Pattern[str], text: str, mark: Callable[[re.Match[str]], str]) -> str:
    """Replace in a text what a pattern finds in its folded form (same places in both)."""
    parts, last = [], 0
    for found in pattern.finditer(folded(text)):
        parts += [text[last : found.start()], mark(found)]
        last = found.end()
    return "".join([*parts, text[last:]])


def _moved_text(found: re.Match[str], days: int) -> str | None:
    part = found.groupdict()
    if part["iso"]:
        return (
            shift_iso(part["iso"], days) and f"{shift_iso(part['iso'], days)}{part['clock'] or ''}"
        )
    if part["a"]:
        return _numeric(part["a"], part["b"], part["y"], part["s"], days)
    for day, month, year in (("d1", "m1", "y1"), ("d2", "m2", "y2")):
        if part[day]:
            number = next(i for i, m in enumerate(MONTHS, 1) if part[month].lower()[:3] == m[:3])
            new = _shifted(part[year], str(number), part[day], days)
            return f"{new.day} {MONTHS[new.month - 1].title()} {new.year}" if new else None
    return None


def _numeric(a: str, b: str, year: str, sep: str, days: int) -> str | None:
    """Day and month are told apart only where one is above 12 or both are the same."""
    if len(year) != 4 or (int(a) <= 12 and int(b) <= 12 and a != b):
        return None
    month_first = int(b) > 12
    month, day = (a, b) if month_first else (b, a)
    new = _shifted(year, month, day, days)
    if new is None:
        return None
    first, second = (new.month, new.day) if month_first else (new.day, new.month)
    return f"{first:02}{sep}{second:02}{sep}{new.year}"


def _shifted(year: str, month: str, day: str, days: int) -> date | None:
    start = real(year, month, day)
    return None if start is None else moved(start, days)
