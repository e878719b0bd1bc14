"""Adding a file to a signal: only what changed is written, and never into the known past.

Source of the idea: archives of epidemic data keep, for each number, the day from which it was known
(J. Delphi group's "issue" date); a forecast of day d is honest only when made from those versions.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import polars as pl

from nof1.core.errors import UsageError
from nof1.record import generation
from nof1.surveillance.intake import merge_reports, merge_versions
from nof1.surveillance.intake.batch import Batch, Merged
from nof1.surveillance.store import KNOWN, Signal, Store, about


def merge(store: Store, signal: Signal, batch: Batch, *, backfill: bool = False) -> Merged:
    """Add a batch to a signal; the signal is made when it is not there.

    Parameters
    ----------
    signal : name, unit, title and synthetic of a new signal; of a known one they must be the same.
    backfill : the files complete the past on purpose: trust their days even where they lie before
        the day on which a place was last known. Numbers as of those days change.

    Raises
    ------
    UsageError : the signal exists with another kind, unit, step or mark of synthetic data.
    InputError : versions older than what is stored, without ``backfill``.
    WorkspaceError : another import is running, or the disk cannot be written.
    """
    with generation.locked(store.folder):
        there = store.signal(signal.name) if store.has(signal.name) else None
        if there is not None:
            _same(there, signal, batch)
        before = replace(there or signal, kind=batch.kind, step_days=batch.step_days)
        exists = there is not None
        base: pl.DataFrame | None = None
        if batch.kind == "reports":
            rows, base, merged = merge_reports.added(store, before, batch, exists, backfill)
        else:
            rows, merged = merge_versions.added(store, before, batch, exists, backfill)
        after = _after(before, batch)
        # a newer file that says the same is news as well: it was known on its day
        if not exists or not merged.nothing or after.known != before.known:
            _write(store, after, rows, base)
        return merged


def _same(there: Signal, asked: Signal, batch: Batch) -> None:
    """A signal means one thing: what differs is refused."""
    pairs = {
        "kind": (there.kind, batch.kind),
        "unit": (there.unit, asked.unit),
        "step_days": (there.step_days, batch.step_days),
        "synthetic": (there.synthetic, asked.synthetic),
    }
    if there.strata or batch.own_total:
        pairs["totals beside strata"] = (there.own_total, batch.own_total)
    for what, (has, gets) in pairs.items():
        if has != gets:
            raise UsageError(
                f"The signal {there.name!r} exists and differs from the file: {what} is {has}, "
                f"the file has {gets}.",
                where="--signal",
                allowed="files of the same meaning in one signal",
                next_step="Give the new numbers a signal of their own.",
            )


def _after(signal: Signal, batch: Batch) -> Signal:
    """The signal's description after the batch."""
    newest = batch.rows.group_by("place").agg(pl.col(KNOWN[batch.kind]).max().alias("day"))
    known = dict(signal.known)
    for place, day in newest.iter_rows():
        last = max(day, batch.known_on) if batch.kind == "reports" else day
        known[place] = max(known.get(place, ""), last.isoformat())
    strata = {*signal.strata, *batch.rows["stratum"].unique().to_list()} - {""}
    return replace(
        signal,
        strata=tuple(sorted(strata)),
        own_total=signal.own_total or batch.own_total,
        known=dict(sorted(known.items())),
        generation=signal.generation + 1,
    )


def _write(store: Store, signal: Signal, rows: pl.DataFrame, base: pl.DataFrame | None) -> None:
    """Write a new generation; the description that names it is put in place last, in one step."""
    folder = store.path(signal.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tables = {"rows": rows, "base": base}
        for name, table in tables.items():
            if table is not None:
                table.write_parquet(folder / f"{name}-{signal.generation}.parquet")
        fresh = folder / "signal.json.new"
        fresh.write_text(json.dumps(about(signal), ensure_ascii=False, indent=1), encoding="utf-8")
        generation.sync_below(folder)
        os.replace(fresh, folder / "signal.json")
    except OSError as error:
        raise generation.unwritable(error, folder) from error
    for path in folder.glob("*-*.parquet"):
        if _number(path) < signal.generation - 1:  # the one before stays for running readers
            path.unlink(missing_ok=True)


def _number(path: Path) -> int:
    tail = path.stem.rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0
