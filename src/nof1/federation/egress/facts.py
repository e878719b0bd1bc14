"""What this site knows of its own patients, and what of it must not stand in a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.learn.sums import FloatArray
from nof1.record.store import Record


@dataclass(frozen=True)
class Facts:
    """Everything of a record that names or betrays a patient.

    Attributes
    ----------
    identifiers : the sources' names of patients, and nof1's own numbers of them.
    texts : each free text -> patients who have it.
    few : patients from which on nobody is told by a text, day or file.
    sources : names of files that few patients come from.
    days : ISO day -> patients with an event on it; only those that few have.
    codes : code -> patients who have it.
    values, patients : (m,) every number in the record, and whose it is.
    """

    identifiers: frozenset[str]
    texts: dict[str, int]
    sources: frozenset[str]
    days: frozenset[str]
    codes: dict[str, int]
    values: FloatArray
    patients: NDArray[np.int64]
    few: int = 10


def facts(record: Record, few: int = 10) -> Facts:
    """Read them from a record; ``few`` is the number of patients from which on nobody is told."""
    subjects = record.subjects()
    names = [*subjects["patient"].drop_nulls().to_list(), *map(str, subjects["subject_id"])]
    events = record.scan()
    numbers = events.filter(pl.col("numeric_value").is_not_null()).select(
        pl.col("numeric_value").cast(pl.Float64), "subject_id"
    )
    values = numbers.unique().collect()
    sources = _few(events, pl.col("source_file"), few)
    return Facts(
        identifiers=frozenset(name for name in names if name),
        texts=_patients(events, pl.col("text_value")),
        sources=frozenset(stem for one in sources if (stem := PurePath(one).stem)),
        days=frozenset(_few(events, pl.col("time").dt.strftime("%Y-%m-%d"), few)),
        codes=_patients(events, pl.col("code")),
        values=values["numeric_value"].to_numpy(),
        patients=values["subject_id"].to_numpy(),
        few=few,
    )


def _patients(events: pl.LazyFrame, key: pl.Expr) -> dict[str, int]:
    counted = (
        events.select(key.alias("key"), "subject_id")
        .drop_nulls("key")
        .group_by("key")
        .agg(pl.col("subject_id").n_unique().alias("patients"))
        .collect()
    )
    return dict(counted.select("key", "patients").iter_rows())


def _few(events: pl.LazyFrame, key: pl.Expr, few: int) -> list[str]:
    return [word for word, count in _patients(events, key).items() if count < few]
