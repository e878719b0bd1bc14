"""One import: files are read, their days and places checked, and what changed is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance import places
from nof1.surveillance.intake import calendars, reading
from nof1.surveillance.intake.batch import Batch, Merged
from nof1.surveillance.intake.merge import merge
from nof1.surveillance.intake.reading import Part, Request
from nof1.surveillance.store import REPORTS, VERSIONS, Signal, Store, checked_name


@dataclass(frozen=True)
class Imported:
    """What an import did: the signal, what changed, rows read, rows set aside, notes, the files."""

    signal: Signal
    merged: Merged
    rows: int
    aside: pl.DataFrame
    notes: tuple[str, ...]
    files: int
    known_on: date
    quarantine: Path | None


def bring(store: Store, paths: Sequence[Path], request: Request) -> Imported:
    """Import files into one signal; several files of one import are added together.

    Raises
    ------
    InputError : a file cannot be read, lacks a column, or can be read in two ways; nothing is
        imported then.
    UsageError : the signal exists and means something else.
    """
    checked_name(request.signal)
    part = reading.read(paths, request, store)
    return _stored(store, part, request, reading.files_of(paths))


def _stored(store: Store, part: Part, request: Request, files: Sequence[Path]) -> Imported:
    """Check places and days, then merge and keep the rows that were set aside."""
    rows, unknown, notes = places.mended(part.rows, store.places(), given=request.locations_given)
    rows, off = calendars.set_apart(rows, unknown, "the place is not on the list of places")
    there = store.signal(request.signal) if store.has(request.signal) else None
    usual = there.step_days if there and not part.daily else None
    days = calendars.settle(
        rows,
        part.kind,
        request.known_on,
        request.today,
        request.week_date,
        request.step_days or usual,
    )
    aside = pl.concat([part.aside, off, *days.aside])
    if not days.rows.height:
        calendars.refuse_nothing(aside)
    unit = request.unit or part.unit or (there.unit if there else "1")
    signal = Signal(
        name=request.signal, unit=unit, synthetic=request.synthetic, title=request.title
    )
    full = request.full or part.full
    batch = Batch(
        kind=part.kind,
        rows=_shaped(days.rows, part),
        known_on=days.known_on,
        step_days=days.step_days,
        own_total=part.own_total,
        full=full,
    )
    merged = merge(store, signal, batch, backfill=request.backfill)
    kept = keep_aside(store, request.signal, files, aside)
    return Imported(
        signal=store.signal(request.signal),
        merged=merged,
        rows=part.read,
        aside=aside,
        notes=(*part.notes, *notes, *days.notes),
        files=len(files),
        known_on=days.known_on,
        quarantine=kept,
    )


def _shaped(rows: pl.DataFrame, part: Part) -> pl.DataFrame:
    """Rows in the columns of the store, one for each case or cell."""
    cell = ["place", "stratum", "date"]
    if part.daily and part.kind == "versions":
        return _cases_by_day(rows)
    if part.daily and "key" in rows.columns:
        return rows.select("key", *cell, "reported", "outbreak").unique("key", keep="first")
    if part.daily:
        grouped = rows.group_by(*cell, "reported").agg(
            pl.len().cast(pl.Int64).alias("count"), pl.col("outbreak").sum()
        )
        return grouped.select(list(REPORTS))
    if part.kind == "reports":
        once = _agreed(rows, [*cell, "reported"]).filter(pl.col("value").is_not_null())
        count = pl.col("value").cast(pl.Int64).alias("count")
        return once.with_columns(count, outbreak=pl.lit(0, pl.Int64)).select(list(REPORTS))
    return _agreed(rows, [*cell, "known_on"]).select(list(VERSIONS))


def _agreed(rows: pl.DataFrame, cell: list[str]) -> pl.DataFrame:
    """Each number once; files that say different numbers for one day cannot be merged."""
    once = rows.unique(cell, keep="first", maintain_order=True)
    if once.height < rows.height:
        kinds = rows.group_by(cell).agg(pl.col("value").n_unique().alias("kinds"))
        torn = int((kinds["kinds"] > 1).sum())
        if torn:
            raise InputError(
                f"The files give different numbers for {torn} same places and dates.",
                where="PATH...",
                allowed="one number for a place and a date, on one day of knowledge",
                next_step="Import the files one by one, each with its own --known-on DATE.",
            )
    return once


def _cases_by_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Cases without a day of report: counts by day, 0 on the days between without a case."""
    found = rows.group_by("place", "stratum", "date", "known_on").agg(
        pl.len().cast(pl.Float64).alias("value")
    )
    first, last = found["date"].min(), found["date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    days = pl.DataFrame({"date": pl.date_range(first, last, timedelta(days=1), eager=True)})
    every = found.select("place", "stratum", "known_on").unique().join(days, how="cross")
    filled = every.join(found, on=["place", "stratum", "date", "known_on"], how="left")
    return filled.with_columns(pl.col("value").fill_null(0.0)).select(list(VERSIONS))


def keep_aside(
    store: Store, signal: str, files: Sequence[Path], aside: pl.DataFrame
) -> Path | None:
    """Write the rows that were set aside to the quarantine; None when there are none.

    The name holds a hash of the files' names and sizes: the same import overwrites its own file.
    """
    marks = [f"{path.name}:{path.stat().st_size}" for path in files]
    number = hashlib.sha256("|".join(marks).encode()).hexdigest()[:12]
    path = store.folder / "quarantine" / signal / f"{number}.csv"
    if not aside.height:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.sort("file", "row").write_csv(path)
    return path
