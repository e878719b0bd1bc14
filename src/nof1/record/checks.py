"""Row checks that every import passes, whatever its format: the one place where rows are refused.

A refused row goes to quarantine with its file, row and reason; its values stay out of every
message. Values that are merely odd (a temperature of 98 degrees Celsius) are no matter of this
module: they enter the record, and ``nof1 quality`` reports them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from nof1.record.events import BIRTH, DEATH
from nof1.record.importers import Quarantined

LONGEST = 1_000  # characters of a code or identifier; an unclosed quote makes longer ones
EARLIEST = datetime(1850, 1, 1)
BEFORE_BIRTH = timedelta(days=300)  # events of the pregnancy may stand in the child's record


def row_problem(now: datetime) -> pl.Expr:
    """Why a row must be refused, as text; null for a good row.

    Parameters
    ----------
    now : moment of the import, UTC; a day of grace covers time zones.
    """
    latest = now + timedelta(days=1)
    value = pl.col("numeric_value")
    return pl.coalesce(
        _when(_blank("patient"), "no patient identifier"),
        _when(_blank("code"), "no code"),
        _when(_long("patient"), f"the patient identifier is longer than {LONGEST:,} characters"),
        _when(_long("code"), f"the code is longer than {LONGEST:,} characters"),
        _when(value.is_nan() | value.is_infinite(), "the number is NaN or infinite"),
        _when(value.cast(pl.Float32).is_infinite(), "the number is too large to be stored"),
        _when(pl.col("time") < EARLIEST, f"the time is before {EARLIEST.year}"),
        _when(pl.col("time") > latest, "the time is in the future"),
        _when(pl.col("recorded") < EARLIEST, f"the recording time is before {EARLIEST.year}"),
        _when(pl.col("recorded") > latest, "the recording time is in the future"),
        _when(pl.col("code").is_in([BIRTH, DEATH]) & pl.col("time").is_null(), "no time"),
    )


def split(frame: pl.DataFrame, problem: pl.Expr) -> tuple[pl.DataFrame, list[Quarantined]]:
    """Good rows, and the quarantine entries of the others.

    Parameters
    ----------
    problem : text per row, null for a good row.
    """
    found = frame.select(problem.alias("problem")).to_series()
    if found.null_count() == len(found):
        return frame, []
    marked = frame.with_columns(found)
    bad = marked.filter(pl.col("problem").is_not_null())
    rows = bad.select("source_file", "source_row", "problem").unique(maintain_order=True)
    good = marked.filter(pl.col("problem").is_null()).drop("problem")
    return good, [Quarantined(file or "", row, why) for file, row, why in rows.iter_rows()]


def refuse_contradictions(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Quarantined]]:
    """Refuse rows that contradict their own patient's birth or death.

    When birth and death contradict each other, neither is kept, and no other row is judged by
    them.

    Parameters
    ----------
    frame : event rows, all rows of each subject among them.
    """
    is_birth, is_death = pl.col("code") == BIRTH, pl.col("code") == DEATH
    lives = (
        frame.filter(is_birth | is_death)
        .group_by("subject_id")
        .agg(
            pl.col("time").filter(is_birth).min().alias("birth"),
            pl.col("time").filter(is_death).max().alias("death"),
        )
        .filter(pl.col("birth").is_not_null())
    )
    torn = (pl.col("birth") > pl.col("death") + timedelta(days=1)).fill_null(False)
    early = ~torn & (pl.col("time") < pl.col("birth") - BEFORE_BIRTH)
    problem = pl.coalesce(
        _when(torn & (is_birth | is_death), "birth after death: neither is kept"),
        _when(early, f"more than {BEFORE_BIRTH.days} days before birth"),
    )
    joined = frame.join(lives, on="subject_id", how="left", maintain_order="left")
    good, refused = split(joined, problem)
    return (good.drop("birth", "death"), refused) if refused else (frame, [])


def _when(condition: pl.Expr, reason: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(reason))


def _long(column: str) -> pl.Expr:
    return pl.col(column).str.len_chars() > LONGEST


def _blank(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() == ""
