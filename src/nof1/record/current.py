"""Which medicines a patient takes at a moment, as far as the record tells.

A medicine counts as current when its last start lies within ``WITHIN_DAYS`` days before the moment
and no ``END//`` event of the same code came after that start. Records rarely say that somebody
really takes a medicine, or stopped: this is a reading of orders.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from nof1.record.patient import Patient

PREFIXES = ("RxNorm//", "ATC//", "NDC//")
WITHIN_DAYS = 365


class CurrentMedicine(NamedTuple):
    """One medicine: its code, and the last event that started it."""

    code: str
    start: datetime
    source_file: str | None
    source_row: int | None
    site: str | None


def current_medicines(
    events: pl.DataFrame, at: datetime, within_days: int = WITHIN_DAYS
) -> list[CurrentMedicine]:
    """The current medicines by code, each once, the latest start first.

    Parameters
    ----------
    events : event rows of one patient; nothing known after ``at`` is used.
    at : UTC without zone.
    """
    known = Patient(events, at).events.filter(pl.col("time").is_not_null())
    code = pl.col("code")
    named = pl.any_horizontal([code.str.starts_with(prefix) for prefix in PREFIXES])
    since = known.filter(named, pl.col("time") > at - timedelta(days=within_days))
    starts = since.group_by("code").agg(pl.col("time", "source_file", "source_row", "site").last())
    ends = known.filter(code.str.starts_with("END//")).select(
        code.str.strip_prefix("END//"), pl.col("time").alias("end")
    )
    ended = starts.join(ends, on="code").filter(pl.col("end") >= pl.col("time"))
    rows = starts.join(ended, on="code", how="anti").sort("time", "code", descending=[True, False])
    return [CurrentMedicine(*row) for row in rows.iter_rows()]
