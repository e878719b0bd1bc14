"""Windowed features of a cohort, or of one patient, from the event table.

``build`` makes the matrix of a whole cohort shard by shard; ``row`` makes the same numbers for one
patient, with the same kernel. Nothing that became known after the prediction time is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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

# The accumulators of a code before its first event: counts and sums, then the other aggregates.
_CLEARED = np.array([0.0] * 4 + [np.nan] * 4)


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
    blocks = [_opened(block, spec) if isinstance(block, Path) else block for block in found]
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

    Raises
    ------
    InputError : when the events are of several patients, or encoded for another specification.
    """
    if events.spec != spec:
        raise InputError("The events were encoded for other features.", allowed="the same spec")
    if len(events.subject_id) > 1:
        raise InputError("The events are of more than one patient.", allowed="one patient's events")
    if len(events.subject_id) == 0:  # a patient of whom nothing is known
        events = replace(events, subject_id=np.zeros(1, np.int64), offsets=np.zeros(2, np.int64))
    time = np.array([np.datetime64(at, "us")])
    one = _Rows(events.subject_id, time.astype(np.int64), np.zeros(1, np.int64))
    matrix = FeatureMatrix(spec, events.subject_id, time, (_block(events, spec, one),))
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


def _shard_block(task: tuple[Path, Path | None], spec: FeatureSpec, rows: _Rows) -> Block | Path:
    """The rows of one shard, or the folder they were written to; this runs in a worker."""
    path, folder = task
    events = _shards.read(path, spec, rows.subject_id)
    here = np.isin(rows.subject_id, events.subject_id)
    part = _Rows(rows.subject_id[here], rows.time[here], rows.position[here])
    if folder is None:
        return _block(events, spec, part)
    folder.mkdir(parents=True, exist_ok=True)
    block = _block(events, spec, part, folder)
    for name in ("rows", "starts", "static"):
        np.save(folder / f"{name}.npy", getattr(block, name))
    return folder


def _opened(folder: Path, spec: FeatureSpec) -> Block:
    """A block whose arrays stay on disk until they are looked at."""

    def array(name: str) -> Array:
        path = folder / f"{name}.npy"
        loaded: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        return loaded

    stored = {name: array(name) for name in spec.aggregates}
    return Block(array("rows"), array("starts"), array("code"), stored, array("static"))


def _block(events: Events, spec: FeatureSpec, rows: _Rows, folder: Path | None = None) -> Block:
    """Run the kernel. All rows must be of subjects in ``events``."""
    from nof1.predict.native import native

    call = native().call
    subject = np.searchsorted(events.subject_id, rows.subject_id)
    at = np.ascontiguousarray(rows.time, np.int64)
    widths = np.array([width_us(name) for name in spec.windows], np.int64)
    n_rows, n_windows, n_codes = len(at), len(widths), len(spec.codes)
    table = (events.offsets, events.time, events.recorded, int(len(events.recorded) > 0))
    wanted_rows = (subject, at, n_rows)
    windows = (widths, n_windows, n_codes)

    starts = np.zeros(n_rows * n_windows + 1, np.int64)
    met_in = np.full(n_codes, -1, np.int64)
    n = call("count_entries", *table, events.code, *wanted_rows, *windows, met_in, starts)
    code, stored = _storage(spec, n, folder)
    out = (stored.get(name, np.empty(0, kind)) for name, kind in _TYPES.items())
    room = (np.tile(_CLEARED, n_codes), np.empty(n_codes, np.int32))
    values = (*table, events.code, events.value, *wanted_rows)
    call("fill_entries", *values, *windows, *room, starts, _wanted(spec), code, *out)

    static = _absent_static(spec, n_rows)
    numbers = _shards.layout(spec)
    if static.size:
        call("fill_static", *values, numbers.columns, numbers.birth, static.shape[1], static)
    return Block(rows.position, starts, code, stored, static)


def _wanted(spec: FeatureSpec) -> int:
    """The aggregates of a spec as bits, in the order of AGGREGATES."""
    return sum(1 << i for i, name in enumerate(AGGREGATES) if name in spec.aggregates)


def _storage(spec: FeatureSpec, n: int, folder: Path | None) -> tuple[Array, dict[str, Array]]:
    """Room for the entries, in memory or in files."""
    types = {"code": np.int32} | {name: _TYPES[name] for name in spec.aggregates}
    room: dict[str, Array] = {}
    for name, kind in types.items():
        if folder is None:
            room[name] = np.empty(n, kind)
        else:
            path = folder / f"{name}.npy"
            room[name] = np.asarray(np.lib.format.open_memmap(path, "w+", np.dtype(kind), (n,)))
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
    return Block(rows, starts, code, stored, _absent_static(spec, len(rows)))


def _absent_static(spec: FeatureSpec, n_rows: int) -> Array:
    return np.tile(absent_values(spec)[: len(spec.static_columns)], (n_rows, 1))
