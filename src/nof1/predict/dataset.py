"""The learning table of a task: features, outcomes and groups of every row of the cohort."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.engine import Engine
from nof1.core.errors import ModelError
from nof1.learn.censoring import horizon_labels
from nof1.learn.sums import FloatArray
from nof1.predict import features
from nof1.predict.codesets import CodeSet, resolve_all
from nof1.predict.cohort import Cohort, Source
from nof1.predict.matrix import FeatureMatrix
from nof1.predict.spec import AGE, FeatureSpec
from nof1.predict.task import Task
from nof1.predict.vocabulary import vocabulary

Rows = NDArray[np.int64]
MOST_COLUMNS = 1_000
CHUNK = 500
SEX = "static/GENDER//"


@dataclass(frozen=True)
class Outcome:
    """What happened to each row, in the form of the task's kind.

    Attributes
    ----------
    kind : ``binary`` or ``survival``.
    label : (n,) 0/1; in survival 1 when the outcome was ever seen.
    duration_days, cause : (n,) time observed; 0 censored, 1 the outcome, 2.. competing.
    """

    kind: str
    label: FloatArray
    duration_days: FloatArray
    cause: Rows

    @classmethod
    def of(cls, task: Task, frame: pl.DataFrame) -> Outcome:
        """From the cohort's frame."""
        cause = frame["cause"].to_numpy().astype(np.int64)
        label = (cause == 1) if task.kind == "survival" else frame["label"].to_numpy()
        days = frame["duration_days"].to_numpy().astype(np.float64)
        return cls(task.kind, np.asarray(label, dtype=np.float64), days, cause)

    def target(self, rows: Rows) -> Any:
        """What a learner is trained on."""
        if self.kind == "binary":
            return self.label[rows]
        return self.duration_days[rows], self.cause[rows]

    def labels(self, horizon_days: float) -> tuple[FloatArray, FloatArray]:
        """Outcome by the horizon (0/1) and censoring weight of each row."""
        if self.kind == "binary":
            return self.label, np.ones(len(self.label))
        return horizon_labels(self.duration_days, self.cause, horizon_days)


@dataclass(frozen=True)
class Dataset:
    """Everything that learning needs, row by row in the cohort's order.

    Attributes
    ----------
    spec : features from which ``columns`` are a choice.
    columns : names of the columns of ``X`` (n, p); NaN is missing.
    patients : (n,) subject of each row.
    groups : attribute -> (n,) label of each row, for the subgroup table.
    """

    task: Task
    cohort: Cohort
    spec: FeatureSpec
    columns: tuple[str, ...]
    X: FloatArray
    outcome: Outcome
    patients: Rows
    groups: Mapping[str, NDArray[Any]]

    def dense(self, columns: Sequence[str] | None = None) -> FloatArray:
        """Some columns of ``X``, in the order asked for (what the leakage audit reads)."""
        if columns is None:
            return self.X
        return self.X[:, [self.columns.index(column) for column in columns]]


def assemble(
    task: Task,
    record: Source,
    cohort: Cohort,
    known: pl.Series | None = None,
    engine: Engine | None = None,
) -> Dataset:
    """Build the learning table.

    Parameters
    ----------
    known : (n,) whether a row may be looked at to choose the features (not the test rows).

    Raises
    ------
    ModelError : when no feature varies.
    """
    rows = cohort.frame if known is None else cohort.frame.filter(known)
    full = vocabulary_of(task, record, rows, engine)
    matrix = features.build(record.shards(), cohort.frame, full, engine)
    least = min(task.features.min_patients, max(2, len(cohort.frame) // 10))
    columns = _useful_columns(matrix, least)
    if not columns:
        raise ModelError(
            "No feature varies between the patients of this cohort.",
            where=f"task {task.name}, features",
            next_step="Widen the windows, lower min_patients, or import more of the record.",
        )
    return _dataset(task, cohort, matrix, columns)


def on_columns(
    task: Task,
    record: Source,
    cohort: Cohort,
    spec: FeatureSpec,
    columns: tuple[str, ...],
    engine: Engine | None = None,
) -> Dataset:
    """The learning table with columns that were chosen before, for example by several sites."""
    matrix = features.build(record.shards(), cohort.frame, narrowed(spec, columns), engine)
    return _dataset(task, cohort, matrix, columns)


def _dataset(
    task: Task, cohort: Cohort, matrix: FeatureMatrix, columns: tuple[str, ...]
) -> Dataset:
    X = matrix.dense(columns)
    return Dataset(
        task=task,
        cohort=cohort,
        spec=narrowed(matrix.spec, columns),
        columns=columns,
        X=X,
        outcome=Outcome.of(task, cohort.frame),
        patients=cohort.frame["subject_id"].to_numpy(),
        groups=_groups(task, cohort.frame, columns, X),
    )


def narrowed(spec: FeatureSpec, columns: tuple[str, ...]) -> FeatureSpec:
    """The smallest specification that still has all of ``columns``."""
    fields = [spec.field(column) for column in columns]
    windowed = {field.code for field in fields if field.window is not None}
    static = set(columns)
    return FeatureSpec(
        codes=tuple(code for code in spec.codes if code in windowed),
        static_codes=tuple(c for c in spec.static_codes if f"static/{c}" in static),
        static_values=tuple(c for c in spec.static_values if f"static/{c}/value" in static),
        windows=tuple(w for w in spec.windows if any(f.window == w for f in fields)),
        aggregates=tuple(a for a in spec.aggregates if any(f.aggregate == a for f in fields)),
        age=AGE in static,
    )


def vocabulary_of(
    task: Task, record: Source, rows: pl.DataFrame, engine: Engine | None = None
) -> FeatureSpec:
    """All features that the task allows and that enough patients of ``rows`` have."""
    wanted = task.features
    sets = {one for one in (wanted.only, wanted.exclude) if one is not None}
    codes = resolve_all(tuple(sets), record.codes()["code"].to_list(), record.ancestors())
    found = vocabulary(
        record.shards(),
        rows,
        min_patients=wanted.min_patients,
        exclude=_members(wanted.exclude, codes),
        engine=engine,
    )
    only = set(_members(wanted.only, codes)) if wanted.only is not None else None
    static = wanted.static
    return FeatureSpec(
        codes=_kept(found.codes, only),
        static_codes=_kept(found.static_codes, only) if static else (),
        static_values=_kept(found.static_values, only) if static else (),
        windows=wanted.windows,
        aggregates=wanted.aggregates,
        age=wanted.age,
    )


def _members(codeset: CodeSet | None, codes: Mapping[CodeSet, tuple[str, ...]]) -> tuple[str, ...]:
    return codes[codeset] if codeset is not None else ()


def _kept(codes: tuple[str, ...], only: set[str] | None) -> tuple[str, ...]:
    return codes if only is None else tuple(code for code in codes if code in only)


def _useful_columns(matrix: FeatureMatrix, least: int) -> tuple[str, ...]:
    """Columns in which at least ``least`` rows differ from the commonest value; the most varied
    ones when there are too many. No outcome is looked at. Of equal columns the first is kept.
    """
    found: dict[bytes, tuple[int, int, str]] = {}
    for start in range(0, len(matrix.columns), CHUNK):
        names = matrix.columns[start : start + CHUNK]
        for place, (name, values) in enumerate(zip(names, matrix.dense(names).T, strict=True)):
            differ = varied(values)
            if differ >= least:
                digest = hashlib.blake2b(values.tobytes(), digest_size=16).digest()
                found.setdefault(digest, (-differ, start + place, name))
    kept = sorted(found.values())[:MOST_COLUMNS]
    return tuple(name for _, _, name in sorted(kept, key=lambda entry: entry[1]))


def varied(values: FloatArray) -> int:
    """Rows (n,) that differ from the commonest value, missing being one."""
    missing = int(np.isnan(values).sum())
    _, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return len(values) - max(missing, int(counts.max(initial=0)))


def _groups(
    task: Task, frame: pl.DataFrame, columns: tuple[str, ...], X: FloatArray
) -> dict[str, NDArray[Any]]:
    groups: dict[str, NDArray[Any]] = {}
    if task.groups.site and frame["site"].n_unique() > 1:
        groups["site"] = frame["site"].fill_null("unknown").to_numpy()
    if task.groups.sex and (sexes := [c for c in columns if c.startswith(SEX)]):
        groups["sex"] = _sex(sexes, columns, X)
    if task.groups.age_years and AGE in columns:
        groups["age"] = age_bands(X[:, columns.index(AGE)], task.groups.age_years)
    return groups


def _sex(sexes: list[str], columns: tuple[str, ...], X: FloatArray) -> NDArray[Any]:
    label = np.full(len(X), "other or unknown", dtype=object)
    for column in sexes:
        label[X[:, columns.index(column)] == 1] = column.removeprefix(SEX)
    return label.astype(str)


def age_labels(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Names of the bands between the edges in years, youngest first."""
    edges = tuple(sorted(edges))
    middle = [f"{low:g} to under {high:g}" for low, high in pairwise(edges)]
    return (f"under {edges[0]:g}", *middle, f"{edges[-1]:g} and over")


def age_bands(ages: FloatArray, edges: tuple[float, ...]) -> NDArray[Any]:
    """Label of the band of each age in years: ``40 to under 65``; ``unknown`` for NaN."""
    edges = tuple(sorted(edges))
    label = np.array(age_labels(edges))[np.searchsorted(edges, np.nan_to_num(ages), side="right")]
    return np.where(np.isnan(ages), "unknown", label)
