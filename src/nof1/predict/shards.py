"""From the event table to the plain arrays that the feature kernel walks over.

Only five columns are read, and codes that no feature uses are left out while reading, so a shard
of ten million events takes about 300 MB, and the next shard takes the same memory again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.errors import InputError
from nof1.predict.spec import FeatureSpec
from nof1.record.events import BIRTH, TIME

NEVER = np.iinfo(np.int64).min
Array = npt.NDArray[Any]

# Columns that are read, and the kinds of types that can be taken.
_COLUMNS: dict[str, tuple[Any, ...]] = {
    "subject_id": (pl.Int64, pl.Int32, pl.Int16, pl.Int8, pl.UInt32, pl.UInt16, pl.UInt8),
    "time": (pl.Datetime, pl.Date),
    "code": (pl.String, pl.Categorical, pl.Enum),
    "numeric_value": (pl.Float32, pl.Float64),
    "recorded": (pl.Datetime, pl.Date),
}


@dataclass(frozen=True)
class Layout:
    """Numbers for the codes of a spec: windowed codes first, then static ones and birth."""

    codes: pl.Enum
    columns: Array
    birth: int


@lru_cache(maxsize=64)
def layout(spec: FeatureSpec) -> Layout:
    """The code numbers of a spec, and the static columns that each number fills."""
    codes = dict.fromkeys((*spec.codes, *spec.static_codes, *spec.static_values, BIRTH))
    numbers = {code: number for number, code in enumerate(codes)}
    columns = np.full((len(numbers), 2), -1, np.int32)
    start = int(spec.age)
    for column, code in enumerate(spec.static_codes, start):
        columns[numbers[code], 0] = column
    for column, code in enumerate(spec.static_values, start + len(spec.static_codes)):
        columns[numbers[code], 1] = column
    return Layout(pl.Enum(list(numbers)), columns, numbers[BIRTH] if spec.age else -1)


@dataclass(frozen=True)
class Events:
    """The events of some subjects as arrays, sorted by subject and time, static facts first.

    Attributes
    ----------
    subject_id : int64 (n_subjects,), ascending.
    offsets : int64 (n_subjects + 1,), where the events of each subject start.
    time : int64 (n_events,), microseconds since 1970 UTC; ``NEVER`` for static facts.
    recorded : int64 (n_events,), ``NEVER`` when known at ``time``; empty if that holds for all.
    code : int32 (n_events,), number in the spec's layout.
    value : float32 (n_events,), NaN when there is no number.
    spec : what the code numbers belong to.

    Raises
    ------
    InputError : when the arrays do not fit each other; machine code will trust them.
    """

    subject_id: Array
    offsets: Array
    time: Array
    recorded: Array
    code: Array
    value: Array
    spec: FeatureSpec

    def __post_init__(self) -> None:
        n, offsets = len(self.time), self.offsets
        fits = (
            len(offsets) == len(self.subject_id) + 1
            and offsets[0] == 0
            and offsets[-1] == n
            and bool(np.all(offsets[1:] >= offsets[:-1]))
            and len(self.code) == len(self.value) == n
            and len(self.recorded) in (0, n)
            and (n == 0 or (self.code.min() >= 0 and self.code.max() < self._n_codes))
        )
        if not fits:
            raise InputError("The arrays of these events do not fit each other.")

    @property
    def _n_codes(self) -> int:
        return len(layout(self.spec).columns)


def read(path: Path, spec: FeatureSpec, subjects: Array) -> Events:
    """Read what a spec needs of some subjects (int64, ascending) from one parquet shard."""
    frame = pl.scan_parquet(path)
    try:
        schema = frame.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"This is no readable parquet file ({type(error).__name__}).",
            where=path.name,
            next_step="Import the data again with nof1 ingest.",
        ) from None
    if len(subjects) and "subject_id" in schema:
        # The range is compared with the file's own statistics: row groups outside are not read.
        frame = frame.filter(pl.col("subject_id").is_between(int(subjects[0]), int(subjects[-1])))
    return encode(frame, spec, where=path.name)


def encode(events: pl.DataFrame | pl.LazyFrame, spec: FeatureSpec, where: str = "events") -> Events:
    """Turn an event table into arrays for the kernel.

    Rows that are not in order are sorted; rows at one time keep the order of the table.

    Raises
    ------
    InputError : when a column is missing or of another type, or a subject is null.
    """
    lazy = events.lazy()
    schema = lazy.collect_schema()
    _check_columns(schema, where)
    codes = layout(spec).codes
    recorded = pl.col("recorded") if "recorded" in schema else pl.lit(None, TIME).alias("recorded")
    table = (
        lazy.select(
            pl.col("subject_id").cast(pl.Int64),
            _physical(pl.col("time")),
            _physical(recorded),
            pl.col("code").cast(pl.String).cast(codes, strict=False).to_physical().cast(pl.Int32),
            pl.col("numeric_value").cast(pl.Float32).fill_null(float("nan")),
        )
        .filter(pl.col("code").is_not_null())
        .collect()
    )
    if table["subject_id"].null_count():
        raise InputError("An event has no subject_id.", where=f"{where}, column subject_id")
    return _arrays(table, spec)


def _physical(column: pl.Expr) -> pl.Expr:
    return column.cast(TIME).to_physical().fill_null(int(NEVER))


def _check_columns(schema: pl.Schema, where: str) -> None:
    for name, kinds in _COLUMNS.items():
        if name not in schema and name != "recorded":
            problem = f"column {name} is missing"
        elif name in schema and schema[name].base_type() not in (*kinds, pl.Null):
            problem = f"column {name} has the type {schema[name]}"
        else:
            continue
        raise InputError(
            f"This is no event table: {problem}.",
            where=where,
            allowed=[f"{key}: {known[0].__name__}" for key, known in _COLUMNS.items()],
            next_step="Import the data with nof1 ingest.",
        )


def _arrays(table: pl.DataFrame, spec: FeatureSpec) -> Events:
    subject, time = table["subject_id"].to_numpy(), table["time"].to_numpy()
    new = subject[1:] != subject[:-1]
    if np.any(subject[1:] < subject[:-1]) or np.any((time[1:] < time[:-1]) & ~new):
        return _arrays(table.sort("subject_id", "time", maintain_order=True), spec)
    starts = np.flatnonzero(new) + 1
    first = np.concatenate(([0], starts)) if len(subject) else np.empty(0, np.int64)
    recorded = table["recorded"]
    late = recorded.len() > 0 and recorded.max() != NEVER
    return Events(
        subject_id=fixed(subject[first], np.int64),
        offsets=fixed(np.append(first, len(subject)), np.int64),
        time=fixed(time, np.int64),
        recorded=fixed(recorded.to_numpy() if late else np.empty(0), np.int64),
        code=fixed(table["code"].to_numpy(), np.int32),
        value=fixed(table["numeric_value"].to_numpy(), np.float32),
        spec=spec,
    )


def fixed(array: Array, dtype: Any) -> Array:
    """The one form that the machine code expects; read-only, as nobody may change it."""
    fixed = np.ascontiguousarray(array, dtype).view()
    fixed.flags.writeable = False
    return fixed


def cohort_table(cohort: pl.DataFrame) -> pl.DataFrame:
    """The two columns of a cohort that features need, in their own types.

    Raises
    ------
    InputError : when one is missing, or a row lacks its subject or its prediction time.
    """
    needed = ("subject_id", "prediction_time")
    missing = [name for name in needed if name not in cohort.columns]
    if missing:
        raise InputError(f"The cohort has no column {missing[0]}.", allowed=needed)
    table = cohort.select(pl.col("subject_id").cast(pl.Int64), pl.col("prediction_time").cast(TIME))
    n_empty = table.height - table.drop_nulls().height
    if n_empty:
        raise InputError(
            f"{n_empty} rows of the cohort have no subject or no prediction time.",
            allowed="both in every row",
        )
    return table
