"""Adding versions: of each known day only what differs from the day before is kept."""

from __future__ import annotations

from datetime import date

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.intake.batch import CELL, Batch, Full, Merged
from nof1.surveillance.store import VERSIONS, Signal, Store

Work = tuple[pl.DataFrame, Merged]


def added(store: Store, signal: Signal, batch: Batch, exists: bool, backfill: bool) -> Work:
    """The rows of a signal of versions after a batch, and what changed."""
    old = store.rows(signal.name).collect() if exists else pl.DataFrame(schema=VERSIONS)
    rows, total = old, Merged(places=batch.rows["place"].n_unique())
    state: pl.DataFrame | None = None
    for (day,), part in batch.rows.sort("known_on").group_by("known_on", maintain_order=True):
        assert isinstance(day, date)
        later = rows.filter(pl.col("known_on") > day)
        if state is None or rows.filter(pl.col("known_on") >= day).height:
            state = _newest(rows.filter(pl.col("known_on") <= day))
        change, counts = _changed(state, part, batch.full, day)
        if not backfill:
            _refuse_past(signal, change, day)
        rows = _with(rows, change, state, later, day)
        state = pl.concat([state.join(change, on=CELL, how="anti"), change.drop("known_on")])
        total = total + counts
    return rows.sort(*CELL, "known_on"), total


def _refuse_past(signal: Signal, change: pl.DataFrame, day: date) -> None:
    """Refuse changes of what was known before: saying the same again is fine."""
    places = change["place"].unique().to_list()
    older = [signal.known[p] for p in places if day.isoformat() < signal.known.get(p, "")]
    if older:
        raise InputError(
            f"The file of {day} is older than what is known of {len(older)} places: it would "
            "change what was known in the past.",
            where=signal.name,
            allowed=f"files known on {max(older)} or later",
            next_step="Say the day of the file with --known-on DATE; or, if it completes the past "
            "on purpose, --backfill.",
        )


def _newest(rows: pl.DataFrame) -> pl.DataFrame:
    newest = rows.group_by(CELL).agg(pl.col("value").sort_by("known_on").last())
    return newest.select(*CELL, "value")


def _changed(
    state: pl.DataFrame, part: pl.DataFrame, full: Full, day: date
) -> tuple[pl.DataFrame, Merged]:
    """The rows of one known day that differ from the state before."""
    both = part.join(state, on=CELL, how="left", suffix="_old", coalesce=True)
    known = pl.col("there").fill_null(False)
    both = both.join(state.select(*CELL, there=True), on=CELL, how="left")
    differs = pl.when(known).then(pl.col("value").ne_missing(pl.col("value_old")))
    change = both.filter(differs.otherwise(pl.col("value").is_not_null()))
    gone = state.clear() if full == "no" else _gone(state, part)
    kept = [change.select(list(VERSIONS)), _null(gone, day)]
    old = int(change.select(known.sum()).item()) if change.height else 0
    done = Merged(
        new=change.height - old,
        changed=old,
        withdrawn=gone.height,
        unchanged=part.height - change.height,
    )
    return pl.concat(kept), done


def _gone(state: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """Values that a full file no longer has, of places that it has."""
    here = state.filter(pl.col("value").is_not_null())
    here = here.join(part.select("place", "stratum").unique(), on=["place", "stratum"], how="semi")
    return here.join(part, on=CELL, how="anti")


def _null(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    return rows.select(*CELL, value=pl.lit(None, pl.Float64), known_on=pl.lit(day))


def _with(
    rows: pl.DataFrame, change: pl.DataFrame, state: pl.DataFrame, later: pl.DataFrame, day: date
) -> pl.DataFrame:
    """Rows with the changes of one day; what later days said stays (a backfill between two)."""
    same_day = rows.filter(pl.col("known_on") == day).join(change, on=CELL, how="semi")
    rows = rows.join(same_day, on=[*CELL, "known_on"], how="anti")
    if not later.height or not change.height:
        return pl.concat([rows, change])
    following = later["known_on"].min()
    assert isinstance(following, date)
    explicit = later.filter(pl.col("known_on") == following)
    back = state.join(change, on=CELL, how="semi").join(explicit, on=CELL, how="anti")
    return pl.concat([rows, change, back.with_columns(known_on=pl.lit(following))])
