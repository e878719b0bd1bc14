"""Related signals with a long past: what teaches a forecaster of a signal that has a short one.

Hospital admissions for influenza are counted since 2022; visits for influenza-like illness and
laboratory positivity since decades. Their product follows the same waves (Goldstein et al. 2011),
so ten seasons of it are learned beside the two of the signal itself.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.hub import truth
from nof1.surveillance.series import Floats, Panel, calendar
from nof1.surveillance.weeks import week_ends

VISITS = ("ilinet.csv.gz", "ilinet_hhs.csv.gz", "ilinet_state.csv.gz")
LABORATORY = (
    "WHO_NREVSS_Combined_prior_to_2015_16.csv.gz",
    "WHO_NREVSS_Clinical_Labs.csv.gz",
)
TRUSTED_SPECIMENS = 30.0  # a state with so many counts half its own, half its region's positivity
POSITIVE = {"B", "H3N2v", "TOTAL A", "TOTAL B"}
UNKNOWN = ["X", "NA", ""]
# The ten regions of the United States' health department, which report visits of their own.
REGIONS = {
    1: "CT ME MA NH RI VT", 2: "NJ NY PR VI", 3: "DE DC MD PA VA WV", 4: "AL FL GA KY MS NC SC TN",
    5: "IL IN MI MN OH WI", 6: "AR LA NM OK TX", 7: "IA KS MO NE", 8: "CO MT ND SD UT WY",
    9: "AZ CA HI NV", 10: "AK ID OR WA",
}  # fmt: skip
NATION = "US"


def read(folder: Path, places: pl.DataFrame) -> tuple[Panel, ...]:
    """Every related signal of a folder, one panel a source.

    The ILINet and NREVSS files, where they are there, become influenza visits (share of visits x
    laboratory positivity, per cent) of the nation, the regions and the states; every other CSV
    with the columns date, location, value is a signal of its own.

    Parameters
    ----------
    places : as ``surveillance.places.read`` gives them: place, name, short, population.

    Raises
    ------
    InputError : no such folder, or nothing in it that can be used.
    """
    if not folder.is_dir():
        raise InputError(
            "There is no such folder.",
            where=str(folder),
            next_step="Give --history the folder with the files of the past.",
        )
    found: list[Panel] = []
    taken = {*VISITS, *LABORATORY}
    there = {name for name in taken if (folder / name).is_file()}
    if there and there != taken:
        raise InputError(
            "Only some of the ILINet and NREVSS files are there.",
            where=folder.name,
            allowed="all of them, or none",
            next_step=f"Add: {', '.join(sorted(taken - there))}.",
        )
    if there:
        found += _visits_of(folder, places)
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")]):
        if path.name not in taken and _is_target(path):
            found.append(_with_population(truth.read(path, signal=path.name), places))
    if not found:
        raise InputError(
            "The folder has no history that can be used.",
            where=folder.name,
            allowed="ILINet and NREVSS files, or CSV files with the columns date, location, value",
            next_step=f"Looked for: {', '.join((*VISITS, *LABORATORY))}.",
        )
    return tuple(found)


def _visits_of(folder: Path, places: pl.DataFrame) -> list[Panel]:
    try:
        return influenza_visits(folder, places)
    except pl.exceptions.PolarsError:
        raise InputError(
            "The ILINet and NREVSS files lack a column, or a number in it is none.",
            where=folder.name,
            allowed="the files as FluView gives them",
        ) from None


def influenza_visits(folder: Path, places: pl.DataFrame) -> list[Panel]:
    """Share of visits for influenza-like illness x positivity: nation, regions, states.

    Raises
    ------
    InputError : the list of places has no abbreviations.
    """
    names = _abbreviations(places)
    if not places["short"].count():
        raise InputError(
            "The list of places has no abbreviations, and ILINet's areas are made of them.",
            where="--locations",
            allowed="a column abbreviation: US, AL, AK, ...",
        )
    tests = pl.concat([_laboratory(folder / name) for name in LABORATORY])
    tests = tests.with_columns(place=pl.col("region").replace_strict(names, default=None))
    tests = tests.drop_nulls("place").with_columns(
        area=pl.col("place").replace_strict(_region_of(), default=None)
    )
    return [_signal(folder / name, tests, names, places) for name in VISITS]


def _signal(path: Path, tests: pl.DataFrame, names: dict[str, str], places: pl.DataFrame) -> Panel:
    visits = _visits(path, names)
    by_area = _pooled(tests, ["date", "area"])
    nation = _pooled(tests, ["date"])
    own = _pooled(tests, ["date", "place"])
    rows = (
        visits.join(by_area, on=["date", "area"], how="left")
        .join(nation, on="date", how="left", suffix="_nation")
        .join(own, on=["date", "place"], how="left", suffix="_own")
    )
    wide = pl.when(pl.col("area").is_null()).then("share_nation").otherwise("share")
    trust = pl.col("tested_own") / (pl.col("tested_own") + TRUSTED_SPECIMENS)
    mixed = trust * pl.col("share_own") + (1 - trust) * wide
    value = pl.col("visits") * pl.coalesce(mixed, wide)
    return _panel(path.name.split(".")[0], rows.with_columns(value=value), places)


def _visits(path: Path, names: dict[str, str]) -> pl.DataFrame:
    """date, place, area (region, for a state or a region), visits in per cent."""
    raw = _table(path, 0)
    state = pl.col("region").replace_strict(names, default=None)
    number = pl.col("region").str.extract(r"^Region (\d+)$").cast(pl.Int64)
    return raw.select(
        date=week_ends(raw["year"].cast(pl.Int64), raw["week"].cast(pl.Int64)),
        place=pl.coalesce(state, "R" + number.cast(pl.String), pl.col("region")),
        area=pl.coalesce(number, state.replace_strict(_region_of(), default=None)),
        visits=pl.coalesce(
            pl.col("weighted_ili").cast(pl.Float64, strict=False),
            pl.col("unweighted_ili").cast(pl.Float64, strict=False),
        ),
    ).drop_nulls(["date", "visits"])


def _laboratory(path: Path) -> pl.DataFrame:
    """date, region, tested, positive: every specimen of a week in a state."""
    raw = _table(path, 1)
    counted = [one for one in raw.columns if one.startswith("A (") or one in POSITIVE]
    return raw.select(
        date=week_ends(raw["YEAR"].cast(pl.Int64), raw["WEEK"].cast(pl.Int64)),
        region=pl.col("REGION"),
        tested=pl.col("TOTAL SPECIMENS").cast(pl.Float64, strict=False),
        positive=pl.sum_horizontal(pl.col(counted).cast(pl.Float64, strict=False)),
    ).drop_nulls(["date", "tested"])


def _pooled(tests: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    sums = tests.drop_nulls(by).group_by(by).agg(pl.col("tested", "positive").sum())
    return sums.filter(pl.col("tested") > 0).select(
        *by, "tested", share=pl.col("positive") / pl.col("tested")
    )


def _unreadable(path: Path) -> InputError:
    return InputError(
        "A file of the history cannot be read.",
        where=path.name,
        allowed="comma-separated text with a header, also gzipped",
        next_step="Mend it, or take it out of the folder.",
    )


def _panel(signal: str, rows: pl.DataFrame, places: pl.DataFrame) -> Panel:
    known = rows.drop_nulls("value").sort("date")
    if known.is_empty():
        raise InputError(
            "No week of the visits has a laboratory positivity.",
            where=signal,
            next_step="Do the ILINet and NREVSS files hold the same years and places?",
        )
    first, last = known["date"][0], known["date"][-1]
    dates = calendar(first, last)
    columns = tuple(sorted(known["place"].unique().to_list()))
    at = {place: i for i, place in enumerate(columns)}
    values = np.full((len(dates), len(columns)), np.nan)
    row = (known["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(int) // 7
    values[row, known["place"].replace_strict(at).to_numpy()] = known["value"].to_numpy()
    people = _population(columns, places)
    return Panel(signal, dates, columns, values, last, population=people, unit="%")


def _population(columns: tuple[str, ...], places: pl.DataFrame) -> Floats:
    """(places,) by abbreviation; a region is the sum of its states, the nation of all."""
    people = dict(zip(places["short"], places["population"], strict=True))
    for number, states in REGIONS.items():
        people[f"R{number}"] = sum(people.get(state) or 0 for state in states.split())
    people["National"] = people.get(NATION)
    return np.array([people.get(column) or np.nan for column in columns], dtype=float)


def _with_population(panel: Panel, places: pl.DataFrame) -> Panel:
    people = dict(zip(places["place"], places["population"], strict=True))
    known = [people.get(place) or np.nan for place in panel.places]
    return replace(panel, population=np.array(known, dtype=float))


def _abbreviations(places: pl.DataFrame) -> dict[str, str]:
    known = places.drop_nulls(["name", "short"])
    return dict(zip(known["name"], known["short"], strict=True)) | {"New York City": "NYC"}


def _region_of() -> dict[str, int]:
    pairs = {state: number for number, states in REGIONS.items() for state in states.split()}
    return pairs | {"NYC": 2}


def _table(path: Path, skip: int) -> pl.DataFrame:
    """A gzipped CSV as text columns, without the title lines above its header."""
    try:
        lines = gzip.decompress(path.read_bytes()).split(b"\n", skip)[-1]
        return pl.read_csv(io.BytesIO(lines), infer_schema=False, null_values=UNKNOWN)
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError):
        raise _unreadable(path) from None


def _is_target(path: Path) -> bool:
    try:
        head = pl.read_csv(path, n_rows=0, infer_schema=False).columns
    except (OSError, pl.exceptions.PolarsError):
        raise _unreadable(path) from None
    return {"date", "location", "value"} <= set(head)
