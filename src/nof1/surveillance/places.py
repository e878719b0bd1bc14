"""Places: their list, the words people use for them, and the borders on a map.

"6" is no place where the list says "06": identifiers are texts. A place written in another way is
mended only when exactly one place of the list can be meant, and the import says how many.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from nof1.core.errors import InputError
from nof1.core.whole import whole_file
from nof1.surveillance.intake import columns, numbers, tables
from nof1.surveillance.store import PLACES, Store

_NAMES = {
    "place": ("location", "place", "fips", "id", "code"),
    "name": ("location_name", "name", "place_name"),
    "population": ("population", "pop", "inhabitants", "people"),
    "latitude": ("latitude", "lat", "y"),
    "longitude": ("longitude", "lon", "lng", "long", "x"),
    "short": ("abbreviation", "short", "short_name", "alias"),
}


def read(path: Path) -> pl.DataFrame:
    """A list of places: the columns of ``store.PLACES`` and ``short`` (another name, or null).

    Raises
    ------
    InputError : no column of identifiers or of names, a place twice, or a number that is none.
    """
    table = tables.read(path)
    plain = {columns.plain(name): name for name in table.columns}
    found = {
        role: plain[next(name for name in names if name in plain)]
        for role, names in _NAMES.items()
        if any(name in plain for name in names)
    }
    if "place" not in found:
        raise InputError(
            "The list of places has no column of identifiers.",
            where=path.name,
            allowed=f"a column {', '.join(_NAMES['place'])}; found: {', '.join(table.columns)}",
        )
    frame = table.frame.select(pl.col(name).alias(role) for role, name in found.items())
    frame = frame.filter(pl.col("place").is_not_null())
    if frame["place"].n_unique() != frame.height:
        raise InputError("The list names a place twice.", where=path.name, allowed="one row each")
    return _numbered(frame, path.name)


def _numbered(frame: pl.DataFrame, where: str) -> pl.DataFrame:
    for role in ("population", "latitude", "longitude"):
        if role in frame.columns:
            got = numbers.read(frame[role], where)
            if got.unreadable.any():
                raise InputError(
                    f"The column of {role} holds texts that are no numbers.",
                    where=f"{where}, {int(got.unreadable.sum())} rows",
                )
            frame = frame.with_columns(got.values.alias(role))
    if "population" in frame.columns and bool((frame["population"] <= 0).any()):
        raise InputError("A population is not above 0.", where=where, allowed="people, above 0")
    missing = {
        role: kind
        for role, kind in {**PLACES, "short": pl.String}.items()
        if role not in frame.columns
    }
    frame = frame.with_columns(pl.lit(None, kind).alias(role) for role, kind in missing.items())
    return frame.select(*PLACES, "short")


def keep(store: Store, fresh: pl.DataFrame) -> int:
    """Add a list to the store's places, newer words over older ones; how many there are now."""
    path = store.folder / "places.parquet"
    old = pl.read_parquet(path) if path.is_file() else fresh.clear()
    both = pl.concat([fresh, old.join(fresh, on="place", how="anti")], how="diagonal_relaxed")
    both = both.sort("place")
    with whole_file(path) as there:
        both.write_parquet(there)
    return both.height


def mended(
    frame: pl.DataFrame, known: pl.DataFrame, *, given: bool
) -> tuple[pl.DataFrame, pl.Expr, list[str]]:
    """Places as the list writes them.

    Parameters
    ----------
    frame : a table with the column ``place``.
    known : the list; empty when there is none.
    given : the list was named for this very file: abbreviations count ("DE" is Delaware only on
        the list of a file that means the United States) and other places are refused. A list
        from an earlier import mends only when it fits at least half of the file's places.

    Returns
    -------
    The table; which rows have a place that is to be refused; notes on what was mended.
    """
    written = frame["place"].unique().drop_nulls().to_list()
    if not known.height:
        return frame, pl.lit(False), _one_digit(written)
    listed = set(known["place"])
    meant = {p: _meant(p, known, listed, given) for p in written if p not in listed}
    words = {place: other for place, other in meant.items() if other is not None}
    unknown = sorted(place for place, other in meant.items() if other is None)
    if not given and len(unknown) > len(written) / 2:
        return frame, pl.lit(False), _one_digit(written)
    frame = frame.with_columns(pl.col("place").replace(words)) if words else frame
    notes = _mends(words)
    if unknown and not given:
        some = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        notes.append(f"{_count(len(unknown))} not on the list of places, kept: {some}")
    return frame, pl.col("place").is_in(unknown if given else []), notes


def _mends(words: dict[str, str]) -> list[str]:
    padded = sorted(place for place, other in words.items() if other.lstrip("0") == place)
    notes = []
    if padded:
        notes.append(
            f'{_count(len(padded))} came without the leading zero ("{padded[0]}" was read as '
            f'"{words[padded[0]]}")'
        )
    if len(words) > len(padded):
        notes.append(f"{_count(len(words) - len(padded))} given by name and read as the code")
    return notes


def _count(places: int) -> str:
    return f"{places} place{'s' * (places != 1)}"


def _meant(place: str, known: pl.DataFrame, listed: set[str], short: bool) -> str | None:
    """The one place of the list that is meant, or None."""
    widths = sorted({len(one) for one in listed if one.isdigit()})
    padded = [place.zfill(width) for width in widths if place.isdigit()]
    if match := [one for one in padded if one in listed]:
        return match[0]
    low = place.strip().casefold()
    names = ("place", "name", "short") if short else ("place", "name")
    same = pl.any_horizontal(pl.col(one).str.to_lowercase() == low for one in names if one in known)
    found = known.filter(same.fill_null(False))["place"].to_list()
    if not found and low in ("national", "united states") and "US" in listed:
        return "US"
    return found[0] if len(found) == 1 else None


def _one_digit(written: list[str]) -> list[str]:
    digits = {place for place in written if place.isdigit()}
    if not any(len(one) == 1 for one in digits) or not any(len(one) == 2 for one in digits):
        return []
    return [
        'places with one digit beside places with two: state codes have two ("06"). '
        "Give the list of places with --locations, then they are mended"
    ]


def keep_map(store: Store, path: Path) -> int:
    """Keep a map of borders; how many places it draws.

    Raises
    ------
    InputError : no GeoJSON FeatureCollection, or a feature without ``properties.id``.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError("The map is no readable JSON.", where=path.name) from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features or data.get("type") != "FeatureCollection":
        raise InputError(
            "The map is no GeoJSON with features.", where=path.name, allowed="FeatureCollection"
        )
    bad = [n for n, one in enumerate(features) if not _is_place(one)]
    if bad:
        raise InputError(
            f"{len(bad)} features of the map have no properties.id, the place's identifier.",
            where=f"{path.name}, feature {bad[0] + 1}",
            allowed='{"properties": {"id": "06", "name": "California"}, ...}',
        )
    store.folder.mkdir(parents=True, exist_ok=True)
    kept = store.folder / "map.geojson"
    if path.resolve() != kept.resolve():  # the map that is kept already may be given again
        shutil.copyfile(path, kept)
    return len(features)


def _is_place(feature: Any) -> bool:
    about = feature.get("properties") if isinstance(feature, dict) else None
    return isinstance(about, dict) and isinstance(about.get("id"), str) and bool(about["id"])
