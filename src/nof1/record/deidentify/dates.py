"""Dates moved by a whole number of days, in the spelling in which they came.

Time of day and offset stay. A month or a year without a day is moved from its middle, so that it
lands where most of its days land. Sources: HL7 FHIR R4 date types; DICOM PS3.5 6.2 (DA, DT).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)((?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?"
                 r"\s?(?:Z|[+-]\d\d:?\d\d)?))?)?")  # fmt: skip
DICOM = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(\d{0,6}(?:\.\d{1,6})?)?)?)?([+-]\d{4})?")
OLD_DICOM = re.compile(r"(\d{4})\.(\d\d)\.(\d\d)")
TIME = re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?|\d\d:\d\d(:\d\d(\.\d{1,6})?)?")


def moved(day: date, days: int) -> date | None:
    """A day moved; None beyond the years 1 to 9999."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def real(year: str, month: str, day: str) -> date | None:
    """The day, or None where the calendar has no such day."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def shift_iso(text: str, days: int) -> str | None:
    """An ISO or FHIR date, dateTime or instant moved; None for anything else.

    >>> shift_iso("2020-03-01T10:00:00Z", -1)
    '2020-02-29T10:00:00Z'
    >>> shift_iso("2020-03", -31)
    '2020-02'
    """
    found = ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, rest = found.groups()
    new = _new(year, month, day, days)
    if new is None:
        return None
    if month is None:
        return f"{new:%Y}".zfill(4)
    if day is None:
        return new.isoformat()[:7]
    return new.isoformat() + (rest or "")


def shift_dicom(text: str, days: int) -> str | None:
    """A DICOM DA or DT value moved; None for anything else.

    >>> shift_dicom("20200301", -1), shift_dicom("20200301101500.5+0200", 1)
    ('20200229', '20200302101500.5+0200')
    """
    text = text.strip(" \0")
    old = OLD_DICOM.fullmatch(text)
    if old:
        text = "".join(old.groups())
    found = DICOM.fullmatch(text)
    if not found:
        return None
    year, month, day, clock, zone = found.groups()
    new = _new(year, month, day, days)
    if new is None:
        return None
    size = 4 if month is None else 6 if day is None else 8
    return new.isoformat().replace("-", "")[:size] + (clock or "") + (zone or "")


def _new(year: str, month: str | None, day: str | None, days: int) -> date | None:
    start = real(year, month or "07", day or ("15" if month else "01"))
    return None if start is None else moved(start, days)


def parse_day(text: str) -> date | None:
    """The day of an ISO or DICOM date with a day; None for anything else."""
    found = re.match(r"(\d{4})[-.]?(\d\d)[-.]?(\d\d)(?!\d{1,5}$)", text.strip())
    return real(*found.groups()) if found else None


def years_between(born: date, at: date) -> int:
    """Completed years of life."""
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))
