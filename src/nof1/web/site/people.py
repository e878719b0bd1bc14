"""All patients of a record in one table, for the list and the search."""

from __future__ import annotations

import polars as pl

from nof1.record.events import BIRTH
from nof1.record.store import Record


def people(record: Record) -> pl.DataFrame:
    """One row a patient: patient, site, sex, born (a year), events, last (a day), several.

    ``several``: more than one site has a patient of this identifier.
    """
    code = pl.col("code")
    sex = code.filter(code.str.starts_with("GENDER//")).first().str.slice(8)
    born = pl.col("time").filter(code == BIRTH).first().dt.year()
    timed = pl.col("time").drop_nulls()
    facts = (
        record.scan()
        .group_by("subject_id")
        .agg(sex=sex, born=born, events=pl.len(), last=timed.max().dt.strftime("%Y-%m-%d"))
        .collect()
    )
    joined = record.subjects().join(facts, on="subject_id", how="left")
    several = pl.len().over("patient") > 1
    return joined.with_columns(several=several, events=pl.col("events").fill_null(0)).sort(
        "patient", "site"
    )
