"""What came: target data of a hub (date, location, value) as a panel of weeks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.hub.rows import day_of
from nof1.surveillance.hub.tasks import TARGET
from nof1.surveillance.series import WEEK, Floats, Panel, calendar

# The hubs' own names for the three columns, oldest first.
DATE = ("date", "target_end_date")
PLACE = ("location", "place")
VALUE = ("value", "observation")


def read(path: Path, *, known_on: date | None = None, signal: str = TARGET) -> Panel:
    """The weekly panel of a target file, CSV (also .csv.gz) or parquet.

    Parameters
    ----------
    known_on : the day as of which the file was written; default: its last date. Later dates in it
        are refused, because nothing later can have been known.

    Raises
    ------
    InputError : no such file, columns missing, values that are no numbers, a place and date twice,
        or dates that are not whole weeks apart.
    """
    rows = _typed(path)
    twice = rows.group_by("place", "date").len().filter(pl.col("len") > 1).height
    if twice:
        raise InputError(
            f"{twice} places and dates come more than once.",
            where=path.name,
            allowed="one row for each place and date",
            next_step="Keep one target and the newest version of each row.",
        )
    first, last = rows["date"].min(), rows["date"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise InputError("The file has no dates.", where=path.name)
    dates = calendar(first, last, WEEK)
    offset = (rows["date"].to_numpy().astype("datetime64[D]") - dates[0]).astype(int)
    if np.any(offset % WEEK):
        raise InputError(
            "The dates are not whole weeks apart.",
            where=f"{path.name}, column {DATE[0]}",
            allowed="the last day of each week, always the same weekday",
        )
    places = tuple(sorted(rows["place"].unique().to_list()))
    values = np.full((len(dates), len(places)), np.nan)
    at = rows["place"].replace_strict({place: i for i, place in enumerate(places)}).to_numpy()
    values[offset // WEEK, at] = rows["value"].fill_null(np.nan).to_numpy()
    return Panel(signal, dates, places, values, known_on or last)


def pick(panel: Panel, places: tuple[str, ...], days: list[date]) -> Floats:
    """(places, days) values; NaN where the panel has none."""
    column = {place: i for i, place in enumerate(panel.places)}
    row = {day: i for i, day in enumerate(panel.dates.tolist())}
    return np.array(
        [
            [
                panel.values[row[day], column[place]] if place in column and day in row else np.nan
                for day in days
            ]
            for place in places
        ]
    ).reshape(len(places), len(days))


def _typed(path: Path) -> pl.DataFrame:
    rows = _raw(path)
    names = [next((n for n in names if n in rows.columns), None) for names in (DATE, PLACE, VALUE)]
    missing = [one[0] for one, name in zip((DATE, PLACE, VALUE), names, strict=True) if not name]
    if missing:
        raise InputError(
            f"The file lacks the columns {', '.join(missing)}.",
            where=path.name,
            allowed="date, location, value",
        )
    day, place, value = (pl.col(str(name)).cast(pl.String).str.strip_chars() for name in names)
    known = pl.when(value.is_in(["", "NA", "NaN", "null"])).then(None).otherwise(value)
    typed = rows.select(
        day_of(day).alias("date"),
        place.alias("place"),
        known.cast(pl.Float64, strict=False).alias("value"),
        (known.is_not_null() & known.cast(pl.Float64, strict=False).is_null()).alias("bad"),
    )
    bad = int(typed["bad"].sum()) + typed["date"].null_count() + typed["place"].null_count()
    if bad or typed.is_empty():
        raise InputError(
            f"{bad} dates, places or values cannot be read." if bad else "The file has no rows.",
            where=path.name,
            allowed="dates as 2024-01-06, values as 12 or 12.5, empty or NA for unknown",
        )
    return typed.drop("bad")


def _raw(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    except pl.exceptions.PolarsError:
        raise InputError(
            "The file is not a table that can be read.",
            where=path.name,
            allowed="comma-separated text with a header, or parquet",
        ) from None
