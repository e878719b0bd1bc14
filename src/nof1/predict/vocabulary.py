"""Which codes become features: those that enough patients of the cohort had, known in time.

Only what was known at the prediction time is looked at, so a code that appears later cannot enter
the model. Give the training rows only, or the choice itself peeks at the test rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import UsageError
from nof1.predict.shards import cohort_table
from nof1.predict.spec import AGGREGATES, WINDOWS, FeatureSpec
from nof1.record.events import BIRTH, DEATH, TIME

# When somebody was observed says how the record was kept, not how the person is.
FOLLOW_UP = ("END_OF_FOLLOW_UP", "OBSERVATION_PERIOD")


@dataclass(frozen=True)
class Vocabulary:
    """Codes with enough patients, the most frequent first (equal ones by name).

    Attributes
    ----------
    codes : dated codes.
    static_codes : static facts without a number.
    static_values : static facts with a number.
    patients : for each code how many patients of the cohort had it, known in time. A code that is
        both dated and static has the larger of its two counts.
    """

    codes: tuple[str, ...]
    static_codes: tuple[str, ...]
    static_values: tuple[str, ...]
    patients: dict[str, int]

    def spec(
        self,
        windows: tuple[str, ...] = WINDOWS,
        aggregates: tuple[str, ...] = AGGREGATES,
        age: bool = True,
    ) -> FeatureSpec:
        """Features over all codes of the vocabulary."""
        return FeatureSpec(
            self.codes, self.static_codes, self.static_values, windows, aggregates, age
        )


def vocabulary(
    shards: Iterable[Path],
    cohort: pl.DataFrame,
    min_patients: int = 10,
    max_codes: int | None = None,
    exclude: Iterable[str] = (),
    engine: Engine | None = None,
) -> Vocabulary:
    """Codes that at least ``min_patients`` of a cohort had before their last prediction time.

    Parameters
    ----------
    shards : parquet files of the event table; every subject is in one shard only.
    cohort : ``subject_id`` and ``prediction_time`` of the training rows.
    min_patients : smallest number of patients, 1 or more.
    max_codes : keep this many of the dated codes at most, the most frequent ones.
    exclude : codes that may not become features, besides birth, death and follow-up marks.
    engine : where the shards are worked on (default: this process).

    Raises
    ------
    UsageError : when a limit is below 1.
    InputError : when the cohort or a shard lacks a column.
    """
    if min_patients < 1 or (max_codes is not None and max_codes < 1):
        raise UsageError("A limit of the vocabulary is below 1.", allowed="1 or more")
    paths = [Path(path) for path in shards]
    last = cohort_table(cohort).group_by("subject_id").agg(pl.col("prediction_time").max())
    tasks = [(path, last) for path in paths]
    counted = (engine or LocalEngine()).map(_count, tasks, names=[path.name for path in paths])
    kept = _enough(counted, min_patients, (BIRTH, DEATH, *FOLLOW_UP, *exclude))
    dated = kept.filter(~pl.col("static"))["code"].to_list()
    facts = kept.filter(pl.col("static"))
    return Vocabulary(
        codes=tuple(dated[:max_codes]),
        static_codes=tuple(facts.filter(~pl.col("numeric"))["code"].to_list()),
        static_values=tuple(facts.filter(pl.col("numeric"))["code"].to_list()),
        patients=dict(kept.sort("patients").select("code", "patients").iter_rows()),
    )


def _count(task: tuple[Path, pl.DataFrame]) -> pl.DataFrame:
    """Patients by code in one shard: code, static, patients, numeric."""
    path, last = task
    events = pl.scan_parquet(path)
    known = pl.col("time").is_null() | (pl.col("time").cast(TIME) <= pl.col("prediction_time"))
    if "recorded" in events.collect_schema():
        recorded = pl.col("recorded").cast(TIME)
        known &= recorded.is_null() | (recorded <= pl.col("prediction_time"))
    return (
        events.join(last.lazy(), on="subject_id", how="inner")
        .filter(known, pl.col("code").is_not_null())
        .group_by(pl.col("code").cast(pl.String), pl.col("time").is_null().alias("static"))
        .agg(
            pl.col("subject_id").n_unique().alias("patients"),
            pl.col("numeric_value").is_finite().any().alias("numeric"),
        )
        .collect()
    )


def _enough(
    counted: list[pl.DataFrame], min_patients: int, without: tuple[str, ...]
) -> pl.DataFrame:
    schema = {"code": pl.String, "static": pl.Boolean, "patients": pl.UInt32, "numeric": pl.Boolean}
    return (
        pl.concat([pl.DataFrame(schema=schema), *counted])
        .group_by("code", "static")
        .agg(pl.col("patients").sum(), pl.col("numeric").any())
        .filter(pl.col("patients") >= min_patients, ~pl.col("code").is_in(without))
        .sort("patients", "code", descending=[True, False])
    )
