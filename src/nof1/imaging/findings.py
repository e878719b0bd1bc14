"""What pictures said about one patient, from the record: no picture and no model is opened."""

from __future__ import annotations

from datetime import datetime

import msgspec
import polars as pl
from msgspec.structs import replace

from nof1.core.errors import InputError
from nof1.core.finding import EventRef, Evidence, Finding, Subject, utc
from nof1.imaging.readings import PREFIX
from nof1.record.patient import Patient


def findings(
    subject: Subject, events: pl.DataFrame, at: datetime, *, synthetic: bool = False
) -> list[Finding]:
    """The newest answer of each model to each question, as known at a moment; empty without any.

    Parameters
    ----------
    events : the patient's events (``nof1.record.events.SCHEMA``).
    at : the moment of asking, UTC without zone; nothing known later is used.
    """
    if not events["code"].str.starts_with(PREFIX).any():
        return []
    rows = Patient(events, at).events.filter(
        pl.col("code").str.starts_with(PREFIX), pl.col("text_value").is_not_null()
    )
    newest: dict[tuple[str, str], Finding] = {}
    for row in rows.sort("time", "recorded").iter_rows(named=True):
        try:
            told = Finding.from_dict(msgspec.json.decode(row["text_value"]))
        except (msgspec.DecodeError, InputError):
            continue  # another program's event of the same prefix: it has no answer of ours
        event = EventRef(
            code=row["code"],
            display=told.what.display,
            time=utc(row["time"]) if row["time"] else None,
            value=row["numeric_value"],
            source_file=row["source_file"],
            source_row=row["source_row"],
            site=row["site"],
        )
        taken = f"Picture of {row['time']:%d %B %Y}." if row["time"] else "Picture without a date."
        newest[told.basis.id, row["code"]] = replace(
            told,
            subject=subject,
            as_of=utc(at),
            evidence=(*told.evidence, Evidence(text=taken, events=(event,))),
            synthetic=told.synthetic or synthetic,
        )
    return list(newest.values())
