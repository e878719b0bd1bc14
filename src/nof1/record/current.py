"""Which medicines a patient takes at a moment, as far as the record tells.

A medicine counts as current when its last start lies within ``WITHIN_DAYS`` days before the moment
and no ``END//`` event of the same code came after that start. Records rarely say that somebody
really takes a medicine, or stopped: this is a reading of orders.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from nof1.record.rows import Events, Row, picked, seen

PREFIXES = ("RxNorm//", "ATC//", "NDC//")
END = "END//"
WITHIN_DAYS = 365


class CurrentMedicine(NamedTuple):
    """One medicine: its code, and the last event that started it."""

    code: str
    start: datetime
    source_file: str | None
    source_row: int | None
    site: str | None


def current_medicines(
    events: Events, at: datetime, within_days: int = WITHIN_DAYS
) -> list[CurrentMedicine]:
    """The current medicines by code, each once, the latest start first.

    Parameters
    ----------
    events : events of one patient, as rows or as a frame; nothing known after ``at`` is used.
    at : UTC without zone.
    """
    since = at - timedelta(days=within_days)
    starts: dict[str, tuple[datetime, Row]] = {}
    ends: dict[str, datetime] = {}
    for row in seen(picked(events, *PREFIXES, END), at):  # sorted by time: the last one counts
        if row.time is None:
            continue
        if row.code.startswith(END):
            ends[row.code.removeprefix(END)] = row.time
        elif row.time > since:
            starts[row.code] = (row.time, row)
    found = [
        CurrentMedicine(code, start, row.source_file, row.source_row, row.site)
        for code, (start, row) in starts.items()
        if code not in ends or ends[code] < start
    ]
    found.sort(key=lambda one: one.code)
    return sorted(found, key=lambda one: one.start, reverse=True)
