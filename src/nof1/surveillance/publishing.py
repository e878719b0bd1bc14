"""A table of counts for others: by place, stratum and date, with totals; hidden cells or noise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.core.whole import whole_file, write_whole
from nof1.surveillance import privacy, suppression
from nof1.surveillance.series import TOTAL, Panel
from nof1.surveillance.store import Signal, Store

WHOLE = 1e-6
SUM_OF_OTHERS = 0.9  # of the dates on which one place is the sum of all others: it is their total
WHOLES = ("US", TOTAL, "ALL")  # of these the name is enough
LEDGER = "published.json"
UNIT_OF_PRIVACY = "one case: adding or removing it changes any table's probability by exp(epsilon)"


@dataclass(frozen=True)
class Published:
    """A table for others.

    Attributes
    ----------
    rows : place, stratum, date, count (null = not shown), status ("shown", "hidden",
        "not reported", "noisy").
    hidden : how many numbers are not shown.
    total_place : a place of the signal that is the sum of the others, or None.
    noise : what was spent, or None.
    """

    rows: pl.DataFrame
    hidden: int
    total_place: str | None
    noise: privacy.Noisy | None
    as_of: date
    k: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Cube:
    """Counts (dates, places, strata), -1 where not reported; no totals in it."""

    counts: NDArray[np.int64]
    dates: list[date]
    places: list[str]
    strata: list[str]
    total_place: str | None
    notes: tuple[str, ...]


def publish(
    store: Store,
    name: str,
    as_of: date | None = None,
    *,
    k: int = suppression.SMALLEST,
    epsilon: float | None = None,
    weekly: bool = False,
) -> Published:
    """The counts of a signal for others.

    Parameters
    ----------
    k : the smallest count above 0 that is shown; not used with ``epsilon``.
    epsilon : privacy loss for one case; None: small cells are hidden instead.
    weekly : whole weeks instead of days.

    Raises
    ------
    UsageError : the signal is no whole, non-negative count; or a bad k or epsilon.
    """
    signal = store.signal(name)
    known = as_of or store.last_day(name)
    cube = _cube(store, signal, known, weekly)
    if epsilon is None:
        cells, sums, total, hidden = _hide(cube, k)
        noise = None
    else:
        noise = privacy.randomised(cube.counts[cube.counts >= 0], epsilon)
        cells, sums, total = _sums(_scattered(cube.counts, noise.counts), cube.counts >= 0)
        hidden = 0
    rows = _rows(cube, cells, sums, total, "shown" if noise is None else "noisy")
    return Published(rows, hidden, cube.total_place, noise, known, k, cube.notes)


def _cube(store: Store, signal: Signal, known: date, weekly: bool) -> _Cube:
    if signal.unit != "1":
        raise UsageError(
            f"The signal {signal.name!r} holds no counts but values of unit {signal.unit}.",
            where="signal",
            allowed="counts (unit 1): only they have small cells and cases",
        )
    strata = list(signal.strata) or [""]
    panels = [store.panel(signal.name, known, stratum, weekly) for stratum in strata]
    base = store.panel(signal.name, known, "", weekly)
    if not len(base.dates):
        raise UsageError(
            "No day or week of this signal was over by then.",
            where=signal.name,
            next_step="Ask for a later day.",
        )
    places, total_place = list(base.places), _sum_place(base)
    if total_place is not None:
        places.remove(total_place)
    values = np.stack([one.only(places).values for one in panels], axis=2)
    if bool(np.any((values < 0) | (np.abs(values - np.round(values)) > WHOLE))):
        raise UsageError(
            "The signal has values that are no counts: below 0, or not whole.",
            where=signal.name,
            next_step=f"See nof1 surveillance quality {signal.name}.",
        )
    counts = np.where(np.isnan(values), -1, np.round(np.nan_to_num(values))).astype(np.int64)
    notes = _notes(signal, base.only(places), values, total_place)
    return _Cube(counts, base.dates.tolist(), places, strata, total_place, notes)


def _notes(
    signal: Signal, base: Panel, values: NDArray[np.float64], total_place: str | None
) -> tuple[str, ...]:
    """Where the published totals are not those of the source."""
    notes = []
    if total_place is not None:
        notes.append(f"{total_place} is written as the sum of the other places of the signal")
    gap = float(np.nansum(base.values) - np.nansum(values))
    if signal.own_total and gap:
        notes.append(
            f"totals are sums of the strata; the source's own totals differ by {gap:+,.0f} in all "
            "(cases without a stratum)"
        )
    return tuple(notes)


def _sum_place(panel: Panel) -> str | None:
    """A place that is the sum of all others ("US" beside its states), or None."""
    if len(panel.places) < 3:
        return None
    if named := [place for place in panel.places if place in WHOLES]:
        return named[0]
    whole = np.nansum(panel.values, axis=1)
    for at, place in enumerate(panel.places):
        others = whole - np.nan_to_num(panel.values[:, at])
        busy = others > 0
        same = np.abs(panel.values[busy, at] - others[busy]) <= 0.02 * others[busy]
        if busy.any() and same.mean() >= SUM_OF_OTHERS:
            return place
    return None


Cells = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _sums(counts: NDArray[np.int64], there: NDArray[np.bool_]) -> Cells:
    """Cells, sums over strata, and totals over places: NaN where a part was not reported."""
    cells = np.where(there, counts, np.nan)
    sums = cells.sum(axis=2)
    total = np.concatenate([cells, sums[:, :, None]], axis=2).sum(axis=1)
    return cells, sums, total


def _scattered(counts: NDArray[np.int64], noisy: NDArray[np.int64]) -> NDArray[np.int64]:
    out = counts.copy()
    out[counts >= 0] = noisy
    return out


def _hide(
    cube: _Cube, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]:
    """Cells and sums with what must not be shown as minus infinity, and how many those are."""
    cells, sums, total = _sums(cube.counts, cube.counts >= 0)
    for at in range(len(cube.dates)):
        there = (cube.counts[at] >= 0).all(axis=1)  # a place without report has no sums to protect
        marks = suppression.suppress(cube.counts[at][there], k)
        rows = np.flatnonzero(there)
        cells[at][rows] = np.where(marks.cells > 0, -np.inf, cells[at][rows])
        sums[at][rows] = np.where(marks.row_sums > 0, -np.inf, sums[at][rows])
        column = np.append(marks.column_sums, marks.total)
        # a total that lacks a place is not shown at all
        total[at] = np.where(column > 0, -np.inf, total[at])
        lone = ~there
        cells[at][lone] = np.where(cells[at][lone] < k, -np.inf, cells[at][lone])
    only = len(cube.strata) == 1
    parts = (sums, total[:, -1:]) if only else (cells, sums, total)
    return cells, sums, total, int(sum(np.isneginf(part).sum() for part in parts))


def _rows(
    cube: _Cube,
    cells: NDArray[np.float64],
    sums: NDArray[np.float64],
    total: NDArray[np.float64],
    status: str,
) -> pl.DataFrame:
    """One row for each number: the strata, stratum "" for their sum, and TOTAL for all places."""
    only = len(cube.strata) == 1
    strata = [""] if only else [*cube.strata, ""]
    body = sums[:, :, None] if only else np.concatenate([cells, sums[:, :, None]], axis=2)
    last = total[:, None, -1:] if only else total[:, None, :]
    whole = np.concatenate([body, last], axis=1)
    name = cube.total_place or TOTAL
    shape = whole.shape
    at = np.indices(shape).reshape(3, -1)
    flat = whole.ravel()
    frame = pl.DataFrame(
        {
            "place": np.array([*cube.places, name])[at[1]],
            "stratum": np.array(strata)[at[2]],
            "date": pl.Series(cube.dates, dtype=pl.Date).gather(at[0]),
            "value": flat,
        }
    )
    value = pl.col("value")
    said = (
        pl.when(value.is_nan())
        .then(pl.lit("not reported"))
        .when(value.is_infinite())
        .then(pl.lit("hidden"))
        .otherwise(pl.lit(status))
    )
    count = pl.when(value.is_finite()).then(value).cast(pl.Int64)
    return frame.select("place", "stratum", "date", count=count, status=said)


def spent(store: Store, name: str) -> float:
    """The sum of epsilon over all releases of a signal with noise."""
    return float(sum(one["epsilon"] for one in _ledger(store) if one["signal"] == name))


def _ledger(store: Store) -> list[dict[str, Any]]:
    path = store.folder / LEDGER
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def note_release(store: Store, name: str, done: Published, day: date) -> None:
    """Write a release with noise into the ledger of the room."""
    if done.noise is None:
        return
    entry = {
        "signal": name,
        "as_of": done.as_of.isoformat(),
        "day": day.isoformat(),
        "epsilon": done.noise.epsilon,
    }
    text = json.dumps([*_ledger(store), entry], indent=1)
    write_whole(store.folder / LEDGER, text + "\n")  # half a ledger would forget what was spent


def write(done: Published, path: Path, about: dict[str, Any]) -> None:
    """Write the CSV, and beside it what a reader of the CSV must know (FILE.about.json)."""
    text = json.dumps(about, ensure_ascii=False, indent=1)
    with whole_file(path) as there:
        done.rows.write_csv(there)
        there.with_name(f"{path.name}.about.json").write_text(text + "\n", encoding="utf-8")
