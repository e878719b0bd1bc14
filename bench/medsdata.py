"""Seeded MEDS data for the races: ``python -m bench.medsdata EVENTS SHARDS LABELS FOLDER``.

500 events a subject, about 10 at one time, 2,000 codes whose frequencies follow Zipf's law, every
second code with a number, five years of record. It is made of random numbers: nobody's data.

    FOLDER/data/train/N.parquet      events, sorted by subject and time, static facts first
    FOLDER/labels/train/N.parquet    LABELS rows in all: subject_id, prediction_time, boolean_value
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

SEED = 20260101
EVENTS_PER_SUBJECT = 500
TIMES_PER_SUBJECT = 50
CODES = 2_000
DAY_US = 86_400_000_000
START_US = 1_577_836_800_000_000  # 2020-01-01
SPAN_US = 5 * 365 * DAY_US


def events(first_subject: int, subjects: int, random: np.random.Generator) -> pl.DataFrame:
    """The timed events of some subjects, sorted by subject and time."""
    times = START_US + random.integers(0, SPAN_US, (subjects, TIMES_PER_SUBJECT))
    n_at = random.poisson(EVENTS_PER_SUBJECT / TIMES_PER_SUBJECT - 1, times.size) + 1
    subject = np.repeat(np.arange(subjects) + first_subject, TIMES_PER_SUBJECT)
    weights = 1 / np.arange(1, CODES + 1)
    code = random.choice(CODES, n_at.sum(), p=weights / weights.sum())
    number = random.normal(0, 3, len(code)).round(1)
    return pl.DataFrame(
        {
            "subject_id": np.repeat(subject, n_at),
            "time": np.repeat(np.sort(times, axis=1).ravel(), n_at),
            "code": code,
            "numeric_value": np.where(code % 2 == 0, number, np.nan),
        }
    ).select(
        pl.col("subject_id").cast(pl.Int64),
        pl.col("time").cast(pl.Datetime("us")),
        pl.format("CODE//{}", pl.col("code").cast(pl.String).str.zfill(4)).alias("code"),
        pl.col("numeric_value").cast(pl.Float32).fill_nan(None),
    )


def static(first_subject: int, subjects: int, random: np.random.Generator) -> pl.DataFrame:
    """One static fact and a birth for each subject."""
    ids = np.arange(subjects) + first_subject
    birth = START_US - random.integers(20 * 365, 90 * 365, subjects) * DAY_US
    sex = pl.Series("code", np.where(random.random(subjects) < 0.5, "GENDER//F", "GENDER//M"))
    facts = pl.DataFrame({"subject_id": ids, "code": sex}).with_columns(
        time=pl.lit(None, pl.Datetime("us"))
    )
    births = pl.DataFrame({"subject_id": ids, "time": birth}).with_columns(
        pl.col("time").cast(pl.Datetime("us")), code=pl.lit("MEDS_BIRTH")
    )
    columns = ("subject_id", "time", "code")
    return pl.concat([facts.select(columns), births.select(columns)]).with_columns(
        numeric_value=pl.lit(None, pl.Float32)
    )


def labels(first_subject: int, subjects: int, n: int, random: np.random.Generator) -> pl.DataFrame:
    """Prediction times between half a year before and half a year after the record."""
    margin = 183 * DAY_US
    return (
        pl.DataFrame(
            {
                "subject_id": random.integers(0, subjects, n) + first_subject,
                "prediction_time": START_US + random.integers(-margin, SPAN_US + margin, n),
                "boolean_value": random.random(n) < 0.3,
            }
        )
        .select(
            pl.col("subject_id").cast(pl.Int64),
            pl.col("prediction_time").cast(pl.Datetime("us")),
            "boolean_value",
        )
        .sort("subject_id", "prediction_time")
    )


def make(n_events: int, shards: int, n_labels: int, folder: Path) -> None:
    """Write the data set, unless it is there already."""
    subjects = n_events // EVENTS_PER_SUBJECT // shards
    for shard in range(shards):
        path = folder / "data" / "train" / f"{shard}.parquet"
        label_path = folder / "labels" / "train" / f"{shard}.parquet"
        if label_path.exists():
            continue
        for parent in (path.parent, label_path.parent):
            parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng((SEED, n_events, shard))
        first = 1 + shard * subjects
        table = pl.concat([static(first, subjects, random), events(first, subjects, random)])
        table.sort("subject_id", "time", maintain_order=True).write_parquet(path)
        labels(first, subjects, n_labels // shards, random).write_parquet(label_path)


if __name__ == "__main__":
    make(*(int(text) for text in sys.argv[1:4]), Path(sys.argv[4]))
