"""One shard of the new generation: the old rows, less what was replaced, plus the new ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from nof1.record.checks import refuse_contradictions
from nof1.record.events import SCHEMA, empty
from nof1.record.importers import Quarantined
from nof1.record.spill import member
from nof1.record.store import write_meds


@dataclass(frozen=True)
class Plan:
    """What an import replaces.

    Attributes
    ----------
    touched : sorted keys of all records that were read or withdrawn.
    last : frame of record_key and last (order of the occurrence that counts).
    files : frame of site and source_file whose old rows are all replaced.
    """

    touched: np.ndarray
    last: pl.DataFrame
    files: pl.DataFrame


@dataclass(frozen=True)
class Merged:
    """A merged shard; ``rows`` is None when nothing changed.

    Attributes
    ----------
    added, replaced, removed : new events without a predecessor in the same source record; new
        events with one; old events without a successor. So the record grows by
        ``added - removed``.
    superseded : new events that a later occurrence of the same record replaced at once.
    """

    rows: pl.DataFrame | None
    added: int = 0
    replaced: int = 0
    removed: int = 0
    superseded: int = 0
    quarantined: tuple[Quarantined, ...] = ()


def merged_shard(old_path: Path | None, new: pl.DataFrame, plan: Plan) -> Merged:
    """Merge one shard.

    Parameters
    ----------
    old_path : the shard in the generation in use; None when there is none.
    new : spilled rows of the shard (``nof1.record.spill.SPILLED``).
    """
    fresh = _current_only(new, plan.last)
    superseded = new.height - fresh.height
    gone = _gone(old_path, plan)
    if fresh.is_empty() and not gone.any() and old_path is not None:
        return Merged(None, superseded=superseded)
    old = pl.read_parquet(old_path) if old_path is not None else empty()
    both = pl.concat([old.filter(~gone).with_columns(_new=False), fresh.with_columns(_new=True)])
    kept, refused = refuse_contradictions(both)
    entered = kept.filter("_new")
    stayed = kept.height - entered.height
    replaced = _common(old.filter(gone), entered)
    rows = in_order(kept)
    return Merged(
        None if old_path is not None and rows.equals(old) else rows,
        added=entered.height - replaced,
        replaced=replaced,
        removed=old.height - stayed - replaced,
        superseded=superseded,
        quarantined=tuple(refused),
    )


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Event rows in the order of the record: subject, time (static first), then source order.

    The order is total up to identical rows, so the same rows always give the same table.
    """
    keys = ["subject_id", "time", "_file", "source_row", "_code", "record_key"]
    ranked = rows.with_columns(_file=_ranked("source_file"), _code=_ranked("code"))
    ordered = ranked.sort([*keys, "numeric_value", "text_value", "unit", "recorded", "site"])
    return ordered.select(list(SCHEMA))


def write_shard(rows: pl.DataFrame, path: Path) -> None:
    """Write a shard as parquet, in small row groups so that one patient is found quickly."""
    write_meds(rows, path, texts=("code",))


def _current_only(new: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """Rows of the occurrence that counts, without the column ``order``."""
    if last.is_empty() or new.is_empty():
        return new.drop("order")
    joined = new.join(last, on="record_key", how="left", maintain_order="left")
    counts = pl.col("last").is_null() | (pl.col("last") == pl.col("order"))
    return joined.filter(counts).drop("order", "last")


def _gone(old_path: Path | None, plan: Plan) -> pl.Series:
    """Which old rows are replaced or withdrawn; only three columns are read."""
    if old_path is None:
        return pl.Series([], dtype=pl.Boolean)
    old = pl.read_parquet(old_path, columns=["record_key", "site", "source_file"])
    by_key = pl.Series(member(old["record_key"].to_numpy(), plan.touched), dtype=pl.Boolean)
    if plan.files.is_empty():
        return by_key
    marked = old.join(
        plan.files.with_columns(pl.lit(True).alias("hit")),
        on=["site", "source_file"],
        how="left",
        maintain_order="left",
    )
    return by_key | marked["hit"].fill_null(False)


def _common(old: pl.DataFrame, new: pl.DataFrame) -> int:
    """How many new events follow an old one of the same record and patient."""
    keys = ["record_key", "subject_id"]
    counts = old.group_by(keys).len("a").join(new.group_by(keys).len("b"), on=keys)
    return int(counts.select(pl.min_horizontal("a", "b").sum()).item())


def _ranked(column: str) -> pl.Expr:
    """Texts as their rank: sorting numbers takes less memory than sorting texts."""
    return pl.col(column).rank("dense")
