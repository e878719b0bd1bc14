"""Small tables beside a plan: places with names and people, units by place, costs of moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.allocate.problem import Ints
from nof1.surveillance.scores import Floats

PLACE = ("location", "place")


@dataclass(frozen=True)
class Places:
    """Names and people of places, from a list such as the hub's ``locations.csv``."""

    names: dict[str, str]
    population: dict[str, float]

    def people(self, places: Sequence[str]) -> Floats | None:
        """(places,) population, or None when one is not known."""
        found = [self.population.get(place) for place in places]
        return None if None in found else np.array(found, dtype=np.float64)


def read_places(path: Path) -> Places:
    """Places of a CSV: columns location (or place), location_name (or name), population.

    Raises
    ------
    InputError : no such file, no column of places, a place twice, or a population that is none.
    """
    rows, place = _rows(path)
    names = next((one for one in ("location_name", "name") if one in rows.columns), None)
    told = {} if names is None else dict(zip(rows[place], rows[names], strict=True))
    people = (
        _numbers(rows, "population", path) if "population" in rows.columns else [None] * rows.height
    )
    return Places(
        {one: name for one, name in told.items() if name},
        {
            one: number
            for one, number in zip(rows[place], people, strict=True)
            if number is not None and number > 0
        },
    )


def read_ids(path: Path) -> tuple[str, ...]:
    """The places of a CSV with the column location (or place), in its order.

    Raises
    ------
    InputError : no such file, no column of places, or a place twice.
    """
    rows, place = _rows(path)
    return tuple(rows[place].drop_nulls().to_list())


def read_units(path: Path, column: str, places: Sequence[str]) -> Ints:
    """(places,) whole units of a CSV with the columns location (or place) and ``column``.

    Raises
    ------
    InputError : a place of the plan is missing, the file has a place that the plan has not, or a
        number is not whole or negative. A missing limit is not taken for "no limit".
    """
    rows, place = _rows(path)
    if column not in rows.columns:
        raise InputError(
            f"The file lacks the column {column}.",
            where=path.name,
            allowed=f"{place}, {column}",
        )
    values = dict(zip(rows[place], _numbers(rows, column, path), strict=True))
    missing = [one for one in places if values.get(one) is None]
    unknown = [one for one in values if one not in places]
    for what, which in (("lacks", missing), ("has unknown", unknown)):
        if which:
            raise InputError(
                f"The file {what} {len(which)} places: {', '.join(which[:5])}.",
                where=f"{path.name}, column {place}",
                allowed="every place that gets a share, and no other",
                next_step=f"Write one row for each of: {', '.join(places[:8])}"
                + (" ..." if len(places) > 8 else "."),
            )
    numbers = np.array([values[one] for one in places], dtype=np.float64)
    bad = (numbers < 0) | (numbers != np.floor(numbers)) | (numbers > 1e9)
    if bad.any():
        raise InputError(
            f"{int(bad.sum())} values are not whole units of 0 or more.",
            where=f"{path.name}, column {column}",
            allowed="0, 1, 2, ...",
        )
    return numbers.astype(np.int64)


def read_costs(path: Path, places: Sequence[str], default: float) -> Floats:
    """(places, places) costs of a CSV with the columns from, to, cost; ``default`` for the rest.

    Raises
    ------
    InputError : columns missing, an unknown place, or a cost that is negative or no number.
    """
    rows = _table(path)
    if not {"from", "to", "cost"} <= set(rows.columns):
        raise InputError(
            "The file lacks a column.", where=path.name, allowed="from, to, cost (units of need)"
        )
    at = {place: i for i, place in enumerate(places)}
    unknown = [one for one in [*rows["from"], *rows["to"]] if one not in at]
    if unknown:
        raise InputError(
            f"The file has unknown places: {', '.join(map(str, unknown[:5]))}.",
            where=path.name,
            allowed="places that get a share",
        )
    made = np.full((len(places), len(places)), default)
    for source, target, cost in zip(
        rows["from"], rows["to"], _numbers(rows, "cost", path), strict=True
    ):
        if cost is None or cost < 0:
            raise InputError("A cost is missing or negative.", where=path.name, allowed="0 or more")
        made[at[source], at[target]] = cost
    return made


def _rows(path: Path) -> tuple[pl.DataFrame, str]:
    rows = _table(path)
    place = next((one for one in PLACE if one in rows.columns), None)
    if place is None:
        raise InputError(
            "The file has no column of places.", where=path.name, allowed=" or ".join(PLACE)
        )
    twice = rows.filter(pl.col(place).is_duplicated())[place].unique().sort().to_list()
    if twice:
        raise InputError(
            f"Places come more than once: {', '.join(map(str, twice[:5]))}.",
            where=f"{path.name}, column {place}",
            allowed="one row for each place",
        )
    return rows, place


def _table(path: Path) -> pl.DataFrame:
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    except pl.exceptions.PolarsError:
        raise InputError(
            "The file is not a table that can be read.",
            where=path.name,
            allowed="comma-separated text with a header",
        ) from None
    return rows.with_columns(pl.col(pl.String).str.strip_chars())


def _numbers(rows: pl.DataFrame, column: str, path: Path) -> list[float | None]:
    text = pl.col(column)
    known = pl.when(text.is_in(["", "NA"])).then(None).otherwise(text)
    typed = rows.select(known.alias("text"), known.cast(pl.Float64, strict=False).alias("number"))
    bad = typed.filter(
        (pl.col("text").is_not_null() & pl.col("number").is_null())
        | (pl.col("number").is_not_null() & ~pl.col("number").is_finite())
    ).height
    if bad:
        raise InputError(
            f"{bad} values are no numbers.",
            where=f"{path.name}, column {column}",
            allowed="numbers with a decimal point, without marks for thousands",
        )
    return typed["number"].to_list()
