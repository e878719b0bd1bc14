"""Does a forecast file keep the hub's rules? All faults at once, in words a newcomer understands.

The rules are those of the hubverse (hubverse.io) and of the FluSight forecast hub: eight columns
with fixed names, one Saturday as reference date, whole weeks as horizons, FIPS codes with their
leading zero as text, 23 quantile levels that do not cross.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from nof1.surveillance.hub import text
from nof1.surveillance.hub.cells import (
    check_dates,
    check_horizons,
    check_levels,
    check_places,
    check_spaces,
    check_targets,
    check_values,
)
from nof1.surveillance.hub.faults import Report, lines, quoted
from nof1.surveillance.hub.rows import NAMED
from nof1.surveillance.hub.tasks import Tasks, flusight
from nof1.surveillance.hub.text import LINE

OTHER_TYPES = ("mean", "median", "cdf", "pmf", "sample")
FORECAST = ("location", "horizon", "target")
CELLS: tuple[Callable[[pl.DataFrame, Tasks, Report], pl.DataFrame], ...] = (
    check_dates,
    check_targets,
    check_horizons,
    check_places,
    check_levels,
    check_values,
)


def validate(path: Path, tasks: Tasks | None = None) -> Report:
    """Check one forecast file.

    Parameters
    ----------
    path : CSV or parquet.
    tasks : what the hub asks for; default: FluSight's weekly admissions, any Saturday.

    Returns
    -------
    the report: ``ok`` when no fault was found. Notes tell what is unusual but allowed.

    Raises
    ------
    InputError : there is no such file.
    """
    asked, report = tasks or flusight(), Report(path.name)
    _check_name(path, report)
    cells = text.read(path, report)
    if cells is None:
        return report
    cells = check_spaces(cells, report)
    rows = _quantile_rows(cells, report) if "output_type" in cells.columns else cells
    report.rows = rows.height
    if rows.is_empty():
        report.add(
            "no_rows",
            "The file has no rows of quantiles.",
            where="whole file",
            allowed="one row for each place, horizon and quantile level",
            next_step="Write the forecasts into the file.",
        )
        return report
    for check in CELLS:
        rows = check(rows, asked, report)
    _check_weeks(rows, report)
    _check_forecasts(rows, asked, report)
    _check_file_date(path, rows, report)
    return report


def _check_name(path: Path, report: Report) -> None:
    if not NAMED.match(path.stem) or path.suffix not in (".csv", ".parquet"):
        report.add(
            "file_name",
            f"The file name {path.name!r} does not follow the hub's pattern.",
            where="file name",
            allowed="YYYY-MM-DD-team-model.csv (or .parquet); one hyphen, between team and model",
            next_step="Rename it, for example to 2024-01-06-myteam-mymodel.csv.",
        )


def _quantile_rows(cells: pl.DataFrame, report: Report) -> pl.DataFrame:
    kinds = pl.col("output_type")
    other = cells.filter(kinds.is_in(OTHER_TYPES))
    if other.height:
        report.notes.append(
            f"{other.height} rows of other output types "
            f"({', '.join(sorted(other['output_type'].unique()))}) were not checked."
        )
    wrong = cells.filter((kinds != "quantile") & ~kinds.is_in(OTHER_TYPES))
    if wrong.height:
        report.add(
            "output_type",
            f"{wrong.height} rows have the output type {quoted(wrong['output_type'].to_list())}.",
            where=f"column output_type, {lines(wrong[LINE].to_list())}",
            count=wrong.height,
            allowed="quantile",
            next_step='Write "quantile", in small letters.',
        )
    return cells.filter(~kinds.is_in(OTHER_TYPES))


def _check_weeks(rows: pl.DataFrame, report: Report) -> None:
    """Every target_end_date is its reference date plus 7 days times the horizon."""
    if not {"_reference", "_end", "_horizon"} <= set(rows.columns):
        return
    due = pl.col("_reference") + pl.duration(days=7 * pl.col("_horizon"))
    wrong = rows.filter(pl.col("_end") != due).with_columns(due.alias("due"))
    if wrong.height:
        one = wrong.row(0, named=True)
        report.add(
            "end_date",
            f"{wrong.height} rows have a target_end_date that does not fit their horizon.",
            where=f"column target_end_date, {lines(wrong[LINE].to_list())}",
            count=wrong.height,
            allowed="reference_date + 7 days x horizon",
            next_step=f"Line {one[LINE]}: horizon {one['_horizon']} from {one['_reference']} ends "
            f"on {one['due']}, not {one['_end']}.",
        )


def _check_forecasts(rows: pl.DataFrame, asked: Tasks, report: Report) -> None:
    """Duplicates, missing levels and crossing, for each place, horizon and target."""
    keys = [one for one in (*FORECAST, "reference_date") if one in rows.columns]
    if not {"location", "horizon"} <= set(keys):
        return
    report.forecasts = rows.select(keys).unique().height
    if "_level" not in rows.columns:
        return
    _check_duplicates(rows, keys, report)
    have = (
        rows.filter(pl.col("_level").is_not_null())
        .group_by(keys)
        .agg(pl.col("_level").unique().alias("have"), pl.col(LINE).min())
    )
    every = rows.select(keys).unique().join(have, on=keys, how="left").sort(LINE, nulls_last=True)
    short = [
        (row, [level for level in asked.levels if level not in (row["have"] or [])])
        for row in every.iter_rows(named=True)
    ]
    short = [(row, gone) for row, gone in short if gone]
    if short:
        row, gone = short[0]
        report.add(
            "levels_missing",
            f"{len(short)} forecasts lack quantile levels, {sum(len(g) for _, g in short)} in all.",
            where=f"first: location {row['location']}, horizon {row['horizon']}: "
            + ", ".join(f"{level:g}" for level in gone[:5])
            + (" ..." if len(gone) > 5 else ""),
            count=len(short),
            allowed=f"all {len(asked.levels)} levels: "
            + ", ".join(f"{level:g}" for level in asked.levels),
            next_step="Add a row for each missing level.",
        )
    if "_value" in rows.columns:
        _check_crossing(rows, keys, report)
    _note_places(rows, asked, report)


def _check_duplicates(rows: pl.DataFrame, keys: list[str], report: Report) -> None:
    same = [*keys, "_level"]
    twice = rows.filter(pl.col("_level").is_not_null() & ~pl.struct(same).is_first_distinct())
    if twice.height:
        report.add(
            "duplicate",
            f"{twice.height} rows repeat a place, horizon and level that came before.",
            where=lines(twice[LINE].to_list()),
            count=twice.height,
            allowed="one row for each place, horizon and level",
            next_step="Drop the repeated rows; look whether two runs were joined.",
        )


def _check_crossing(rows: pl.DataFrame, keys: list[str], report: Report) -> None:
    known = rows.filter(pl.col("_level").is_not_null() & pl.col("_value").is_not_null())
    ordered = known.sort([*keys, "_level"]).with_columns(
        pl.col("_value").diff().over(keys).alias("step")
    )
    # equal levels are duplicates and told as such, not as crossing
    ordered = ordered.filter(pl.col("_level").diff().over(keys).fill_null(1) > 0)
    crossing = ordered.filter(pl.col("step") < 0)
    if crossing.height:
        row = crossing.sort(LINE).row(0, named=True)
        forecasts = crossing.select(keys).unique().height
        report.add(
            "crossing",
            f"{forecasts} forecasts have quantiles that cross: a higher level, a lower value.",
            where=f"first: location {row['location']}, horizon {row['horizon']}, level "
            f"{row['_level']:g}, line {row[LINE]}",
            count=forecasts,
            allowed="values that do not fall from level 0.01 to level 0.99",
            next_step="Sort the values of each forecast by level.",
        )


def _note_places(rows: pl.DataFrame, asked: Tasks, report: Report) -> None:
    if asked.locations is None:
        return
    here = set(rows["location"].to_list())
    gone = [one for one in asked.locations if one not in here]
    if gone:
        report.notes.append(
            f"No forecast for {len(gone)} of {len(asked.locations)} places "
            f"({', '.join(gone[:8])}{' ...' if len(gone) > 8 else ''}); a hub may allow this."
        )


def _check_file_date(path: Path, rows: pl.DataFrame, report: Report) -> None:
    named = NAMED.match(path.stem)
    if named is None or "_reference" not in rows.columns:
        return
    days = rows["_reference"].drop_nulls().unique().to_list()
    if len(days) == 1 and days[0].isoformat() != named.group(1):
        report.add(
            "file_date",
            f"The file name says {named.group(1)}, the reference date is {days[0]}.",
            where="file name and column reference_date",
            allowed="the same date in both",
            next_step="Rename the file or mend the column.",
        )
