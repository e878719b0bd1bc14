"""Adding reports: new ones by their day of report, corrections by the day of the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from nof1.core.errors import UsageError
from nof1.surveillance.intake.batch import CASE, CELL, Batch, Full, Merged
from nof1.surveillance.store import REPORTS, Signal, Store

Work = tuple[pl.DataFrame, pl.DataFrame, Merged]


def added(store: Store, signal: Signal, batch: Batch, exists: bool, backfill: bool) -> Work:
    """The rows and the base of a signal of reports after a batch, and what changed."""
    cases = "key" in batch.rows.columns
    keys = ["key"] if cases else [*CELL, "reported"]
    base = _base(store, signal, batch.rows.schema, cases) if exists else batch.rows.clear()
    new = batch.rows
    late = _late(new.join(base, on=keys, how="anti"), signal, batch.known_on, backfill)
    lost = _withdrawn(base, new, keys, batch.full)
    today = pl.lit(max([batch.known_on, *_days(signal, new)]) if exists else batch.known_on)
    both = new.join(base, on=keys, how="inner", suffix="_old")
    values = CASE if cases else ["count", "outbreak"]
    moved = both.filter(pl.any_horizontal(pl.col(v).ne_missing(pl.col(f"{v}_old")) for v in values))
    steps = [_counted(late.drop("late")), *_differences(moved, lost, cases, today)]
    changes = pl.concat([one.select(list(REPORTS)) for one in steps])
    old = [store.rows(signal.name).collect()] if exists else []
    rows = _summed(pl.concat([*old, changes.cast(REPORTS)]))  # type: ignore[arg-type]
    kept = pl.concat([base.join(pl.concat([new, lost]), on=keys, how="anti"), new])
    done = Merged(
        new=late.height,
        changed=moved.height,
        withdrawn=lost.height,
        unchanged=new.height - late.height - moved.height,
        late=int(late["late"].sum()),
        places=new["place"].n_unique(),
    )
    return rows, kept, done


def _base(store: Store, signal: Signal, schema: pl.Schema, cases: bool) -> pl.DataFrame:
    base = pl.read_parquet(store.path(signal.name) / f"base-{signal.generation}.parquet")
    if ("key" in base.columns) != cases:
        raise UsageError(
            "Some files of this signal have a case number and others have none.",
            where=signal.name,
            allowed="all with, or all without: else a case could be counted twice",
            next_step="Give the new file a signal of its own, or name its column: --column id=NAME",
        )
    return base.select(list(schema))


def _days(signal: Signal, rows: pl.DataFrame) -> list[date]:
    places = rows["place"].unique().to_list()
    return [date.fromisoformat(signal.known[p]) for p in places if p in signal.known]


def _late(rows: pl.DataFrame, signal: Signal, known_on: date, backfill: bool) -> pl.DataFrame:
    """New rows; those that carry a day before the place's last known day move to the file's day."""
    last = [date.fromisoformat(day) for day in signal.known.values()]
    known = pl.DataFrame(
        {"place": list(signal.known), "last": last}, schema={"place": pl.String, "last": pl.Date}
    )
    rows = rows.join(known, on="place", how="left", maintain_order="left")
    late = (pl.col("reported") <= pl.col("last")).fill_null(False) & (not backfill)
    day = pl.max_horizontal(pl.lit(known_on), "last")
    moved = pl.when("late").then(day).otherwise("reported").alias("reported")
    moves = rows.with_columns(late=late, given=pl.col("reported")).with_columns(moved)
    really = pl.col("late") & (pl.col("reported") != pl.col("given"))
    return moves.with_columns(late=really).drop("last", "given")


def _withdrawn(
    base: pl.DataFrame, new: pl.DataFrame, keys: Sequence[str], full: Full
) -> pl.DataFrame:
    """Rows of the base that the new, full files no longer have."""
    if full == "no" or not new.height:
        return base.clear()
    gone = base.join(new, on=list(keys), how="anti")
    gone = gone.join(new.select("place").unique(), on="place", how="semi")
    if full == "all":
        return gone
    inside = [
        pl.col(name).is_between(pl.lit(new[name].min()), pl.lit(new[name].max()))
        for name in ("date", "reported")
    ]
    return gone.filter(*inside)


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Reports of rows: a case counts one."""
    return rows if "count" in rows.columns else rows.with_columns(count=pl.lit(1, pl.Int64))


def _differences(
    moved: pl.DataFrame, lost: pl.DataFrame, cases: bool, today: pl.Expr
) -> list[pl.DataFrame]:
    """Corrections, known from ``today`` on."""
    gone = _counted(lost).with_columns(-pl.col("count"), -pl.col("outbreak"), reported=today)
    if not cases:
        change = moved.with_columns(
            pl.col("count") - pl.col("count_old"),
            pl.col("outbreak") - pl.col("outbreak_old"),
            reported=today,
        )
        return [gone, change]
    after = _counted(moved).with_columns(reported=today)
    before = after.with_columns(
        *(pl.col(f"{name}_old").alias(name) for name in CASE), count=pl.lit(-1, pl.Int64)
    ).with_columns(-pl.col("outbreak"))
    return [gone, before, after]


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    keys = [*CELL, "reported"]
    return rows.group_by(keys).agg(pl.col("count").sum(), pl.col("outbreak").sum()).sort(keys)
