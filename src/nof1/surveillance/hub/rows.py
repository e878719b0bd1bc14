"""Hub rows: quantile forecasts of several places and horizons, as a table and as a file."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.core.whole import whole_file
from nof1.surveillance.hub.tasks import TARGET
from nof1.surveillance.scores import LEVELS

Floats = NDArray[np.float64]
COLUMNS = (
    "reference_date",
    "location",
    "horizon",
    "target",
    "target_end_date",
    "output_type",
    "output_type_id",
    "value",
)
SATURDAY = 5
NAMED = re.compile(r"^(\d{4}-\d{2}-\d{2})-([A-Za-z0-9_]+-[A-Za-z0-9_]+)$")


@dataclass(frozen=True)
class Forecast:
    """The quantiles of one model on one reference date.

    Attributes
    ----------
    model : ``team-model``, or the file's name where it follows no pattern.
    reference_date : a Saturday; the week that ends on it has horizon 0.
    places, horizons : what the first two axes of ``quantiles`` are.
    quantiles : (places, horizons, 23) at ``scores.LEVELS``; NaN where the file has no forecast.
    """

    model: str
    reference_date: date
    places: tuple[str, ...]
    horizons: tuple[int, ...]
    quantiles: Floats
    target: str = TARGET

    def at(self, horizon: int) -> Floats:
        """(places, 23) quantiles of one horizon.

        Raises
        ------
        InputError : the forecast does not have this horizon.
        """
        if horizon not in self.horizons:
            raise InputError(
                f"The forecast has no horizon {horizon}.",
                where=self.model,
                allowed=[str(one) for one in self.horizons],
            )
        picked: Floats = self.quantiles[:, self.horizons.index(horizon)]
        return picked


def table(forecast: Forecast) -> pl.DataFrame:
    """The hub rows of a forecast, in the hub's order of columns.

    Raises
    ------
    InputError : the reference date is not a Saturday, quantiles are missing, negative or cross;
        the places are named.
    """
    _check(forecast)
    places, horizons = len(forecast.places), len(forecast.horizons)
    levels = [f"{level:g}" for level in LEVELS]
    each = len(levels)
    weeks = list(forecast.horizons)
    ends = [forecast.reference_date + timedelta(days=7 * week) for week in weeks]
    size = places * horizons * each
    return pl.DataFrame(
        {
            "reference_date": [forecast.reference_date] * size,
            "location": np.repeat(np.array(forecast.places, dtype=object), horizons * each),
            "horizon": np.tile(np.repeat(np.array(weeks, dtype=np.int32), each), places),
            "target": [forecast.target] * size,
            "target_end_date": [day for day in ends for _ in levels] * places,
            "output_type": ["quantile"] * size,
            "output_type_id": levels * (places * horizons),
            "value": forecast.quantiles.reshape(-1),
        },
        schema_overrides={"location": pl.String},
    )


def answered(forecast: Forecast) -> Forecast:
    """The forecast without places that lack one: a hub takes a place with all its rows or not."""
    whole = np.asarray(np.isfinite(forecast.quantiles).all(axis=(1, 2)))
    places = tuple(place for place, there in zip(forecast.places, whole, strict=True) if there)
    return replace(forecast, places=places, quantiles=forecast.quantiles[whole])


def write(forecasts: Sequence[Forecast], path: Path) -> Path:
    """Write forecasts as hub rows; parquet when the name ends so, else CSV.

    Values keep four decimals: a forecast of a count has no more.
    """
    rows = pl.concat([table(one) for one in forecasts]).with_columns(pl.col("value").round(4))
    with whole_file(path) as there:
        if path.suffix == ".parquet":
            rows.write_parquet(there)
        else:
            rows.write_csv(there)
    return path


def read(path: Path, target: str | None = None) -> list[Forecast]:
    """The quantile forecasts of a file, one for each reference date and target, oldest first.

    Rows of other output types are left alone. This reads files that passed ``validate``; it
    refuses what cannot be read, and says where to look.

    Parameters
    ----------
    target : keep this target only.

    Raises
    ------
    InputError : no such file, columns missing, no quantile rows, or values that are no numbers.
    """
    rows = _quantiles(path)
    if target is not None:
        rows = rows.filter(pl.col("target") == target)
    if rows.is_empty():
        raise _unreadable(
            path, "The file has no quantile forecasts" + (f" of {target}." * bool(target) or ".")
        )
    model = model_of(path)
    keys = rows.select("reference_date", "target").unique().sort("reference_date", "target")
    return [
        _forecast(
            model,
            day,
            name,
            rows.filter((pl.col("reference_date") == day) & (pl.col("target") == name)),
            path,
        )
        for day, name in keys.iter_rows()
    ]


def day_of(text: pl.Expr) -> pl.Expr:
    """A date written as 2024-01-06 and of a year from 1900 on; null for anything else."""
    day = text.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(text.str.contains(r"^(19|2\d)\d{2}-\d{2}-\d{2}$")).then(day)


def model_of(path: Path) -> str:
    """``team-model`` of a file name ``YYYY-MM-DD-team-model.csv``, else the name without ending."""
    matched = NAMED.match(path.stem)
    return matched.group(2) if matched else path.stem


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Forecast files: those named, and the CSV and parquet files of the folders named.

    Raises
    ------
    InputError : a path does not exist, or a folder holds no such file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix in (".csv", ".parquet"))
            if not inside:
                raise InputError(
                    "The folder holds no forecast file.", where=path.name, allowed=".csv, .parquet"
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError("There is no such file.", where=str(path))
    return found


def _check(forecast: Forecast) -> None:
    if forecast.reference_date.weekday() != SATURDAY:
        raise InputError(
            f"The reference date {forecast.reference_date} is not a Saturday.",
            where="reference_date",
            allowed="the Saturday that ends the week of horizon 0",
        )
    q = forecast.quantiles
    shape = (len(forecast.places), len(forecast.horizons), len(LEVELS))
    if q.shape != shape:
        raise InputError(f"Quantiles of shape {q.shape}.", where="quantiles", allowed=str(shape))
    faults = {
        "missing": ~np.isfinite(q).all(axis=2),
        "negative": (q < 0).any(axis=2),
        "crossing": (np.diff(q, axis=2) < 0).any(axis=2),
    }
    for what, where in faults.items():
        bad = [forecast.places[i] for i in np.unique(np.nonzero(where)[0])]
        if bad:
            raise InputError(
                f"{len(bad)} places have {what} quantiles: {', '.join(bad[:5])}.",
                where="quantiles",
                allowed="23 ascending values of 0 or more for each place and horizon",
            )


def _quantiles(path: Path) -> pl.DataFrame:
    """Typed quantile rows of a file."""
    rows = _raw(path)
    missing = [name for name in COLUMNS if name not in rows.columns]
    if missing:
        raise _unreadable(path, f"The file lacks the columns {', '.join(missing)}.")
    rows = rows.filter(pl.col("output_type").cast(pl.String) == "quantile")
    typed = rows.select(
        day_of(pl.col("reference_date").cast(pl.String)).alias("reference_date"),
        pl.col("location").cast(pl.String),
        pl.col("horizon").cast(pl.String).cast(pl.Int32, strict=False),
        pl.col("target").cast(pl.String),
        pl.col("output_type_id").cast(pl.String).cast(pl.Float64, strict=False).round(6),
        pl.col("value").cast(pl.String).cast(pl.Float64, strict=False),
    )
    if typed.null_count().sum_horizontal().sum() > 0:
        raise _unreadable(path, "Some dates, horizons, levels or values cannot be read.")
    return typed


def _raw(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False, encoding="utf8")
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    except pl.exceptions.PolarsError:
        raise _unreadable(path, "The file is not a table that can be read.") from None


def _forecast(model: str, day: date, target: str, rows: pl.DataFrame, path: Path) -> Forecast:
    places = tuple(rows["location"].unique(maintain_order=True).to_list())
    horizons = tuple(sorted(rows["horizon"].unique().to_list()))
    levels = {round(float(level), 6): i for i, level in enumerate(LEVELS)}
    values = np.full((len(places), len(horizons), len(LEVELS)), math.nan)
    at = {place: i for i, place in enumerate(places)}
    week = {horizon: i for i, horizon in enumerate(horizons)}
    for place, horizon, level, value in rows.select(
        "location", "horizon", "output_type_id", "value"
    ).iter_rows():
        if level in levels:
            values[at[place], week[horizon], levels[level]] = value
    partial = np.isnan(values).any(axis=2) & ~np.isnan(values).all(axis=2)
    if partial.any():
        raise _unreadable(path, f"{int(partial.sum())} forecasts lack some of the 23 quantiles.")
    return Forecast(model, day, places, horizons, values, target)


def _unreadable(path: Path, message: str) -> InputError:
    return InputError(
        message,
        where=path.name,
        allowed=", ".join(COLUMNS),
        next_step=f"See every fault: nof1 surveillance validate {path.name}",
    )
