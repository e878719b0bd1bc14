"""FHIR dates as moments in UTC: partial dates become spans, and a span never leaks the future.

A FHIR date may be a year, a month, a day or an instant. What is known only as "2015" happened
somewhere in that year. Placing it on 1 January would show it to a model that stands in June,
although it may have happened in November; so it is placed at the **latest** moment of its span.
When the source certainly knew of it earlier (``recorded``, ``meta.lastUpdated``, the end of a
period) and that moment lies inside the span, it is placed there: today's results, dated by day
only, are not lost for today's advice. The one exception is birth, which takes the earliest moment:
it leaks nothing, and no event of a patient may come before it.

A leap second counts as the next second. A time without a zone is read in the zone the importer is
given (setting ``zone``, default UTC).

Reference: FHIR R4 (4.0.1), data types date, dateTime and instant,
https://hl7.org/fhir/R4/datatypes.html.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1800, 2299  # 0001 and 9999 are placeholders; shifted data reach 2200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|(60))(?:\.\d+)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?)?)?",
    re.ASCII,
)


class BadDate(ValueError):
    """A date that cannot be used; the text says why and never quotes the date."""


class Span(NamedTuple):
    """First and last microsecond (since 1970, UTC) at which something may have happened."""

    first: int
    last: int


@lru_cache(maxsize=4096)  # one patient's resources repeat their dates
def span(text: str, zone: tzinfo = UTC) -> Span:
    """The moments a FHIR date, dateTime or instant covers.

    >>> span("1970-01-01T01:00:00+01:00")
    Span(first=0, last=0)
    >>> span("1970-01-01").last
    86399999999

    Raises
    ------
    BadDate : not FHIR's form, no day of the calendar, or a year outside 1800 to 2299.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadDate("the date is not in FHIR's form")
    year, month, day, leap, offset = found.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise BadDate(f"the year lies outside {FIRST_YEAR} to {LAST_YEAR}")
    try:
        if len(text) > 10:
            return _instant(text, leap is not None, offset is not None, zone)
        return _partial(int(year), month, day, zone)
    except (ValueError, OverflowError):
        raise BadDate("the date does not exist in the calendar") from None


def settle(when: Span, *known_by: int | None) -> int:
    """The moment an event gets: the latest of its span that the given bounds allow.

    A bound outside the span changes nothing: an event recorded years later is not moved.

    >>> settle(Span(0, 100), 40, None), settle(Span(0, 100), 200)
    (40, 100)
    """
    first, last = when
    if first == last:  # an instant, as most are
        return last
    for bound in known_by:
        if bound is not None and first <= bound < last:
            last = bound
    return last


def first_of(*moments: int | None) -> int | None:
    """The first moment that is given; None when none is.

    >>> first_of(None, 0, 5)
    0
    """
    return next((moment for moment in moments if moment is not None), None)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of a moment; one without a zone is taken as UTC."""
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instant(text: str, leap: bool, zoned: bool, zone: tzinfo) -> Span:
    moment = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
    at = microseconds(moment if zoned else moment.replace(tzinfo=zone))
    if leap:  # 23:59:60 is the second before midnight's 00:00:00: take midnight
        at = at - at % 1_000_000 + 1_000_000
    return Span(at, at)


def _partial(year: int, month: str | None, day: str | None, zone: tzinfo) -> Span:
    start = date(year, int(month or 1), int(day or 1))
    if day:
        end = start + _DAY
    elif month:
        end = date(year + start.month // 12, start.month % 12 + 1, 1)
    else:
        end = date(year + 1, 1, 1)
    return Span(_midnight(start, zone), _midnight(end, zone) - 1)


def _midnight(day: date, zone: tzinfo) -> int:
    return microseconds(datetime(day.year, day.month, day.day, tzinfo=zone))
