"""Windowed features of a cohort, or of one patient, from the event table.

``build`` makes the matrix of a whole cohort shard by shard; ``row`` makes the same numbers for one
patient, with the same kernel. Nothing that became known after the prediction time is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nof1.core.engine import Engine, LocalEngine
from nof1.core.errors import InputError
from nof1.predict import shards as _shards
from nof1.predict.matrix import Block, FeatureMatrix, absent_values
from nof1.predict.shards import Events, cohort_table
from nof1.predict.spec import AGGREGATES, FeatureSpec, width_us
from nof1.predict.vocabulary import Vocabulary, vocabulary

__all__ = [
    "Events",
    "FeatureMatrix",
    "FeatureSpec",
    "Vocabulary",
    "build",
    "encode",
    "row",
    "vocabulary",
]

Array = npt.NDArray[Any]

# What the kernel stores for each entry, in the order of AGGREGATES.
_STORED = (np.uint32, np.uint32, np.float64, np.float64, np.float32, np.float32, np.float32)
_TYPES = dict(zip(AGGREGATES, (*_STORED, np.float64), strict=True))


@dataclass(frozen=True)
class _Rows:
    """The rows of a cohort, sorted by subject: ``position`` is their place in the cohort."""

    subject_id: Array
    time: Array
    position: Array


def build(
    shards: Iterable[Path],
    cohort: pl.DataFrame,
    spec: FeatureSpec,
    engine: Engine | None = None,
    folder: Path | None = None,
) -> FeatureMatrix:
    """Features of every row of a cohort.

    Parameters
    ----------
    shards : parquet files of the event table; every subject is in one shard only.
    cohort : columns ``subject_id`` and ``prediction_time``; other columns are not looked at.
    spec : the features.
    engine : where the shards are worked on (default: this process, one after another).
    folder : where the matrix is kept as memory-mapped files, for cohorts whose matrix does not fit
        into memory. By default it is held in memory.

    Returns
    -------
    The matrix, its rows in the order of the cohort. Subjects that are in no shard have a row in
    which everything is absent; ``FeatureMatrix.without_events`` counts them.

    Raises
    ------
    InputError : when a column is missing, a row has no subject or time, a shard is no event table,
        or a subject is in two shards.
    """
    table = cohort_table(cohort)
    rows = _rows_by_subject(table)
    paths = [Path(path) for path in shards]
    tasks = [(path, folder and folder / f"{i:05d}") for i, path in enumerate(paths)]
    work = partial(_shard_block, spec=spec, rows=rows)
    found = (engine or LocalEngine()).map(work, tasks, names=[path.name for path in paths])
    blocks = [block for block in found if len(block.rows)]
    absent = _absent_rows(blocks, len(rows.position))
    return FeatureMatrix(
        spec=spec,
        subject_id=table["subject_id"].to_numpy(),
        prediction_time=table["prediction_time"].to_numpy(),
        blocks=(*blocks, _absent_block(spec, absent)),
        without_events=len(absent),
    )


def row(events: Events, at: datetime, spec: FeatureSpec) -> npt.NDArray[np.float64]:
    """Features of one patient at one time: bit for bit the row that ``build`` makes.

    Parameters
    ----------
    events : the patient's events, from ``encode``; they may reach beyond ``at``.
    at : the prediction time, UTC without a zone.

    Returns
    -------
    float64 (n_features,), in the order of ``spec.columns``.
    """
    subject = events.subject_id if len(events.subject_id) else np.zeros(1, np.int64)
    if len(subject) > 1:
        raise InputError("The events are of more than one patient.", allowed="one patient's events")
    time = np.array([np.datetime64(at, "us")])
    one = _Rows(subject, time.astype(np.int64), np.zeros(1, np.int64))
    matrix = FeatureMatrix(spec, subject, time, (_block(events, spec, one),))
    only: npt.NDArray[np.float64] = matrix.dense()[0]
    return only


def encode(events: pl.DataFrame, spec: FeatureSpec) -> Events:
    """An event table as the arrays that ``row`` takes; see ``nof1.record.events``."""
    return _shards.encode(events, spec)


def _rows_by_subject(table: pl.DataFrame) -> _Rows:
    subject = table["subject_id"].to_numpy()
    order = np.argsort(subject, kind="stable")
    time = table["prediction_time"].to_physical().to_numpy()
    return _Rows(subject[order], time[order], order)


def _shard_block(task: tuple[Path, Path | None], spec: FeatureSpec, rows: _Rows) -> Block:
    """The rows of one shard; this runs in a worker."""
    path, folder = task
    events = _shards.read(path, spec, rows.subject_id)
    here = np.isin(rows.subject_id, events.subject_id)
    part = _Rows(rows.subject_id[here], rows.time[here], rows.position[here])
    return _block(events, spec, part, folder)


def _block(events: Events, spec: FeatureSpec, rows: _Rows, folder: Path | None = None) -> Block:
    """Run the kernel. All rows are of subjects in ``events``, if that has any subject."""
    from nof1.predict import kernel

    known = len(events.subject_id) > 0
    subject = np.searchsorted(events.subject_id, rows.subject_id) if known else [-1]
    subjects = _shards.fixed(np.asarray(subject)[: len(rows.position)], np.int64)
    times = _shards.fixed(rows.time, np.int64)
    widths = _shards.fixed(np.array([width_us(name) for name in spec.windows]), np.int64)
    table = (events.offsets, events.time, events.recorded, events.code)
    starts = kernel.count_entries(*table, subjects, times, widths, len(spec.codes))
    code, stored = _storage(spec, int(starts[-1]), folder)
    out = (code, *(stored.get(name, np.empty(0, kind)) for name, kind in _TYPES.items()))
    kernel.fill_entries(*table, events.value, subjects, times, widths, len(spec.codes), starts, out)
    n_static = len(spec.static_columns)
    static = np.tile(absent_values(spec)[:n_static], (len(subjects), 1))
    if n_static:
        numbers = _shards.layout(spec)
        kernel.fill_static(
            *table, events.value, subjects, times, numbers.columns, numbers.birth, static
        )
    return Block(rows.position, starts, code, stored, static)


def _storage(spec: FeatureSpec, n: int, folder: Path | None) -> tuple[Array, dict[str, Array]]:
    """Room for the entries, in memory or in files that the system may move out of memory."""
    types = {"code": np.int32} | {name: _TYPES[name] for name in spec.aggregates}
    if folder is None or n == 0:
        room: dict[str, Array] = {name: np.empty(n, kind) for name, kind in types.items()}
    else:
        folder.mkdir(parents=True, exist_ok=True)
        room = {
            name: np.asarray(
                np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.dtype(kind), (n,))
            )
            for name, kind in types.items()
        }
    return room.pop("code"), room


def _absent_rows(blocks: Sequence[Block], n_rows: int) -> Array:
    """Rows in no block; a row in two blocks is an error."""
    seen = np.zeros(n_rows, np.int64)
    for block in blocks:
        seen[block.rows] += 1
    if np.any(seen > 1):
        raise InputError(
            f"{int(np.sum(seen > 1))} cohort rows have events in more than one shard.",
            allowed="every subject in one shard",
            next_step="Import the data again with nof1 ingest; it sorts subjects into shards.",
        )
    return np.flatnonzero(seen == 0)


def _absent_block(spec: FeatureSpec, rows: Array) -> Block:
    code, stored = _storage(spec, 0, None)
    starts = np.zeros(len(rows) * len(spec.windows) + 1, np.int64)
    n_static = len(spec.static_columns)
    static = np.tile(absent_values(spec)[:n_static], (len(rows), 1))
    return Block(rows, starts, code, stored, static)
