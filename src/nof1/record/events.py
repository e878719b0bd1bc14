"""The event table: one row per thing that happened to a patient.

The columns are those of MEDS 0.4 (``subject_id, time, code, numeric_value, text_value``) and
our own:

=============  =========================================================================
unit           UCUM unit of ``numeric_value``; null when the source gave none
recorded       when the source system came to know it (UTC); null means "at ``time``"
record_key     stable key of the source record: the same record imported twice has one key
source_file    file the row came from, relative to what was imported
source_row     1-based row, line or entry in that file
site           hospital or practice the row came from
=============  =========================================================================

Times are UTC without a zone, in microseconds. A null ``time`` marks a static fact (sex, a gene).
An event is *known* from ``max(time, recorded)`` on: nothing else may reach a model or a page.

Reference: Medical Event Data Standard 0.4, https://github.com/Medical-Event-Data-Standard/meds.
"""

from __future__ import annotations

import hashlib

import polars as pl

TIME = pl.Datetime("us")

SCHEMA = pl.Schema(
    {
        "subject_id": pl.Int64(),
        "time": TIME,
        "code": pl.String(),
        "numeric_value": pl.Float32(),
        "text_value": pl.String(),
        "unit": pl.String(),
        "recorded": TIME,
        "record_key": pl.Int64(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
        "site": pl.String(),
    }
)

# What importers hand over: the source's own identifiers, not yet ours.
RAW_SCHEMA = pl.Schema(
    {
        "patient": pl.String(),
        "time": TIME,
        "code": pl.String(),
        "numeric_value": pl.Float64(),
        "text_value": pl.String(),
        "unit": pl.String(),
        "recorded": TIME,
        "record": pl.String(),
        "source_file": pl.String(),
        "source_row": pl.Int64(),
    }
)

BIRTH = "MEDS_BIRTH"
DEATH = "MEDS_DEATH"


def stable_key(*parts: str) -> int:
    """A 63-bit key of some texts, the same on every machine and in every session.

    >>> stable_key("site-a", "patient-1")
    2968366275063036178
    """
    text = "\x1f".join(parts).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def empty() -> pl.DataFrame:
    """An event table without rows."""
    return pl.DataFrame(schema=SCHEMA)


def known_time() -> pl.Expr:
    """The moment from which an event may be used: ``max(time, recorded)``; null if static."""
    return pl.max_horizontal("time", "recorded").alias("known")
