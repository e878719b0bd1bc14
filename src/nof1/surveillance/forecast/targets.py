"""The panel to forecast: whole weeks, late reports allowed for, a total beside the places."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.forecast.coherent import TOTALS
from nof1.surveillance.forecast.doubts import doubts
from nof1.surveillance.hub import truth
from nof1.surveillance.hub.tasks import TARGET
from nof1.surveillance.nowcast.estimate import Nowcast, nowcast
from nof1.surveillance.series import TOTAL, Panel
from nof1.surveillance.store import Store

BEFORE = "The newest weeks are not complete: they are the nowcast's mean."
MOST = 1e9  # cases of one week in one place, more than there can be
_LATE = "{} weeks of the file end on or after the reference date and were not used."
_FRESH = "No value before the reference date, so no forecast: {}."


def of_store(store: Store, signal: str, as_of: date | None) -> tuple[Panel, list[str]]:
    """A signal of the workspace by whole weeks, and what a reader must know about it.

    Counts that come in late (a signal of reports) are replaced by their nowcast, or the newest
    weeks of every epidemic would look like its end.

    Raises
    ------
    InputError : no such signal, or nothing known by then.
    """
    panel, notes = store.panel(signal, as_of), []
    if store.signal(signal).kind == "reports":
        made = nowcast(store.reports(signal, as_of), panel.known_on)
        panel, late = nowcasted(panel, made)
        notes = [BEFORE, *late]
    weekly = with_population(panel.weekly(), store.places())
    if not len(weekly.dates):
        raise InputError(
            "The signal has no whole week yet.",
            where=signal,
            allowed="weeks from Sunday to Saturday",
            next_step="Wait for more days, or ask for a later --as-of.",
        )
    return with_total(weekly), [*notes, *doubts(weekly)]


def as_reported(store: Store, signal: str, as_of: date | None) -> Panel:
    """The same weeks as counted so far, without any nowcast."""
    return with_total(store.panel(signal, as_of, weekly=True))


def nowcasted(panel: Panel, made: Nowcast) -> tuple[Panel, list[str]]:
    """A daily panel with the newest days as the nowcast's mean; unknown ones are missing."""
    values = panel.values.copy()
    rows = {day: i for i, day in enumerate(panel.dates.tolist())}
    at = [i for i, day in enumerate(made.dates.tolist()) if day in rows]
    into = [rows[made.dates[i].item()] for i in at]
    with np.errstate(invalid="ignore"):
        mean = np.round(made.draws.mean(axis=0))  # (units, window); NaN where there is no nowcast
    unknown = []
    for unit, (place, stratum) in enumerate(made.units):
        if stratum or place not in panel.places:
            continue
        values[into, panel.places.index(place)] = mean[unit, at]
        if made.unknown[unit]:
            unknown.append(f"{place}: {made.unknown[unit]}")
    return replace(panel, values=values), unknown


def of_file(
    path: Path, places: pl.DataFrame | None, reference: date | None
) -> tuple[Panel, list[str]]:
    """A target file as known on its day, and what a reader must know about it.

    Weeks from the reference date on cannot have been known when the forecast was due: they are
    left out, and so are places that have no value before it, so that nothing there can change it.

    Raises
    ------
    InputError : an unreadable file, places that the list does not have, or no week before the
        reference date.
    """
    if not path.is_file():
        raise InputError(
            "There is no such file.",
            where=str(path),
            next_step="Give the target file: columns date, location, value.",
        )
    panel = truth.read(path, signal=TARGET)
    notes: list[str] = []
    if reference is not None:
        panel, notes = before(panel, reference, path.name)
    _check_size(panel, path)
    if places is not None:
        _check(panel, places, path)
        panel = with_population(panel, places)
    return panel, [*notes, *doubts(panel)]


def before(panel: Panel, reference: date, where: str) -> tuple[Panel, list[str]]:
    """The weeks that end before the reference date, and what was left out.

    Raises
    ------
    InputError : there is no such week.
    """
    cut = panel.until(reference - timedelta(days=1))
    known = ~np.isnan(cut.values)
    rows, there = np.flatnonzero(known.any(axis=1)), np.asarray(known.any(axis=0))
    if not len(rows):
        raise InputError(
            f"The file has no value before the reference date {reference}.",
            where=where,
            next_step="The reference date is the Saturday that ends the week of horizon 0.",
        )
    # A later row in the file makes its calendar longer: only weeks with a value count.
    weeks = slice(rows[0], rows[-1] + 1)
    cut = replace(cut, dates=cut.dates[weeks], values=cut.values[weeks])
    old = [place for place, has in zip(cut.places, there, strict=True) if has]
    late = int((panel.dates >= np.datetime64(reference)).sum())
    notes = [_LATE.format(late)] if late else []
    fresh = ", ".join(sorted({*cut.places} - {*old})[:8])
    return cut.only(old), [*notes, *([_FRESH.format(fresh)] if fresh else [])]


def with_population(panel: Panel, places: pl.DataFrame) -> Panel:
    """The panel with people and names of its places, as far as the list has them."""
    listed = {row["place"]: row for row in places.iter_rows(named=True)}
    people = [(listed.get(place) or {}).get("population") for place in panel.places]
    names = [(listed.get(place) or {}).get("name") or place for place in panel.places]
    known = np.array([np.nan if one is None else one for one in people], dtype=float)
    return replace(panel, population=known, names=tuple(names))


def with_total(panel: Panel) -> Panel:
    """The panel with the sum over its places, unless it has one or has one place only.

    Shares of visits cannot be added, so a panel in per cent has no total.

    Where a place is missing the sum is missing: part of a sum is not a small sum. A newest week
    that some places lack is left missing too, and carried on by the forecast.
    """
    several = len(panel.places) > 1 and panel.unit != "%"
    if not several or any(total in panel.places for total in TOTALS):
        return panel
    values = np.column_stack([panel.values, panel.values.sum(axis=1)])
    people = panel.population
    return replace(
        panel,
        places=(*panel.places, TOTAL),
        values=values,
        population=None if people is None else np.append(people, people.sum()),
        names=(*panel.names, "All places") if panel.names else (),
    )


def _check_size(panel: Panel, path: Path) -> None:
    large = int((np.nan_to_num(np.abs(panel.values), nan=0.0) > MOST).sum())
    if large:
        raise InputError(
            f"{large} values are infinite or above {MOST:.0e}.",
            where=f"{path.name}, column value",
            allowed="counts of one week",
            next_step="Mend them, or leave them empty when they are unknown.",
        )


def _check(panel: Panel, places: pl.DataFrame, path: Path) -> None:
    known = set(places["place"].to_list())
    unknown = [place for place in panel.places if place not in known]
    if unknown:
        zero = [place for place in unknown if place.zfill(2) in known]
        raise InputError(
            f"Not in the list of places: {', '.join(unknown[:5])}"
            + (f" and {len(unknown) - 5} more." if len(unknown) > 5 else "."),
            where=path.name,
            allowed=", ".join(sorted(known)[:8]) + ", ...",
            next_step="A leading zero is missing: 06, not 6; save the column as text."
            if zero
            else "Add them to --locations, or take them out of the target.",
        )
