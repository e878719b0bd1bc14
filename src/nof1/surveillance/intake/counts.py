"""Tables of numbers: counts by day or week and place, reporting triangles, hub target data, ILINet.

All have one row for a number; they differ in the names of their columns and in what says the day:
a date, or a year and a week; a day of report (a triangle) or a day from which the number was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.intake import columns, dates, numbers
from nof1.surveillance.intake.tables import ROW, Table, aside, split
from nof1.surveillance.weeks import System, week_ends

ROLES = ("date", "year", "week", "place", "value", "report", "known", "stratum")
TOTALS = ("00+", "0+", "all", "total", "overall", "all ages", "all_ages", "alle", "")
ILI_VALUES = ("unweighted_ili", "percent_positive", "weighted_ili")
LARGEST = 1e12  # more than all people, and a whole number in floats
MOST_CONFLICTS = 0.01  # above this share, a column that splits the numbers was overlooked


@dataclass(frozen=True)
class Counts:
    """The numbers of a file.

    Attributes
    ----------
    rows : place, stratum, date, value (null = not reported), reported or null, known_on or null.
    aside : rows set aside.
    has_report : the file gives days of report; value is how many NEW reports came in on that day.
    own_total : the file gives totals beside strata.
    unit : what the file shows of the unit: "1", "%", or "" when it shows nothing.
    """

    rows: pl.DataFrame
    aside: pl.DataFrame
    notes: tuple[str, ...]
    has_report: bool
    own_total: bool
    unit: str


def read(
    table: Table,
    said: Mapping[str, str],
    *,
    date_format: str | None = None,
    decimal: str | None = None,
    target: str | None = None,
    system: System = "cdc",
) -> Counts:
    """The numbers of a table.

    Parameters
    ----------
    said : role -> column, the user's words.
    target : which target of a hub file, where it has several.
    system : of a year and a week: MMWR ("cdc") or ISO weeks.

    Raises
    ------
    InputError : a column is missing, the file is a forecast, or dates or numbers read two ways.
    """
    _refuse_forecast(table)
    table = _one_target(table, target)
    found = _roles(table, said)
    frame, bad, notes = _dated(table, found, date_format, system)
    got = numbers.read(
        frame[found["value"]], table.name, semicolons=table.semicolons, decimal=decimal
    )
    frame = frame.with_columns(value=got.values, _odd=got.unreadable)
    frame, out = split(table.name, frame, pl.col("_odd"), "the value is no number")
    frame, large = split(
        table.name, frame, pl.col("value").abs() > LARGEST, "the value is too large"
    )
    bad += [out, large]
    reports = "report" in found or "delay" in found
    if reports:
        part = pl.col("value") != pl.col("value").round()
        frame, out = split(table.name, frame, part, "the number of reports is not whole")
        bad.append(out)
    frame = _placed(frame, found)
    frame, none = split(table.name, frame, pl.col("place").is_null(), "no place")
    own_total = "stratum" in found and bool((frame["stratum"] == "").any())
    names = ["place", "stratum", "date", "value", "reported", "known_on", ROW]
    cells, twice, lines = _once(table.name, frame.select(names))
    roles = ", ".join(f"{role}={column}" for role, column in found.items())
    all_notes = (*table.notes, f"{table.name}: columns {roles}", *notes, *got.notes, *lines)
    strata = cells["stratum"].n_unique() > 1
    return Counts(
        rows=cells,
        aside=pl.concat([table.aside, *bad, none, twice]),
        notes=all_notes,
        has_report=reports,
        own_total=own_total and strata,
        unit="%" if columns.plain(found["value"]) in ILI_VALUES else "",
    )


def _refuse_forecast(table: Table) -> None:
    if "output_type" in table.columns:
        raise InputError(
            "This is a forecast of a hub (it has output_type), not observed numbers.",
            where=table.name,
            allowed="target data: date, location, value; or target_end_date, location, observation",
            next_step="Check a forecast with: nof1 surveillance validate FILE.",
        )


def _one_target(table: Table, target: str | None) -> Table:
    """The rows of one target, where the file has a column of targets."""
    if "target" not in table.columns:
        return table
    there = table.frame["target"].unique().drop_nulls().sort().to_list()
    if (target is None and len(there) > 1) or (target is not None and target not in there):
        raise InputError(
            "The file has several targets." if target is None else "The file has no such target.",
            where=table.name,
            allowed=there,
            next_step='Say which: --target "NAME".',
        )
    kept = table.frame if target is None else table.frame.filter(pl.col("target") == target)
    return Table(table.name, kept, table.aside, table.semicolons, table.notes)


def _roles(table: Table, said: Mapping[str, str]) -> dict[str, str]:
    plain = {columns.plain(name): name for name in table.columns}
    said = dict(said)
    if "region_type" in plain and "value" not in said:
        measure = next((plain[name] for name in ILI_VALUES if name in plain), None)
        said |= {"value": measure} if measure else {}
        said.setdefault("place", plain.get("region", "region"))
    found = columns.assign(table.columns, ROLES, said, table.name)
    if "year" in found and "week" in found and "date" not in said:
        found.pop("date", None)
    elif "date" in found:
        found.pop("year", None)
        found.pop("week", None)
    else:
        columns.need(found, ["date"], table.columns, table.name)
    if "delay" in plain and "report" not in found:
        found["delay"] = plain["delay"]
    columns.need(found, ["value"], table.columns, table.name)
    return found


def _dated(
    table: Table, found: Mapping[str, str], date_format: str | None, system: System
) -> tuple[pl.DataFrame, list[pl.DataFrame], list[str]]:
    """The table with date, reported and known_on as dates."""
    texts = {r: table.frame[found[r]] for r in ("date", "report", "known") if r in found}
    got = dates.read(texts, table.name, date_format) if texts else dates.Dates({}, {})
    days = dict(got.columns)
    bad, notes = [], list(got.notes)
    if "year" in found:
        year = table.frame[found["year"]].cast(pl.Int64, strict=False)
        week = table.frame[found["week"]].cast(pl.Int64, strict=False)
        days["date"] = week_ends(year, week, system)
        notes.append(f"{table.name}: weeks are {'MMWR' if system == 'cdc' else 'ISO'} weeks")
    none = pl.Series([None], dtype=pl.Date).new_from_index(0, table.frame.height)
    frame = table.frame.with_columns(
        date=days["date"], reported=days.get("report", none), known_on=days.get("known", none)
    )
    if "delay" in found:
        delay = pl.col(found["delay"]).cast(pl.Int64, strict=False)
        frame = frame.with_columns(reported=pl.col("date") + pl.duration(days=delay))
    reason = "the year has no such week" if "year" in found else "the date is no date"
    frame, out = split(table.name, frame, pl.col("date").is_null(), reason)
    bad.append(out)
    if "report" in found or "delay" in found:
        frame, out = split(table.name, frame, pl.col("reported").is_null(), "no report day")
        bad.append(out)
        early = pl.col("reported") < pl.col("date")
        frame, out = split(table.name, frame, early, "reported before the day it is about")
        bad.append(out)
    return frame, bad, notes


def _placed(frame: pl.DataFrame, found: Mapping[str, str]) -> pl.DataFrame:
    place = pl.col(found["place"]) if "place" in found else pl.lit("ALL")
    stratum = pl.col(found["stratum"]).fill_null("") if "stratum" in found else pl.lit("")
    total = stratum.str.to_lowercase().is_in(TOTALS)
    return frame.with_columns(
        place=place, stratum=pl.when(total).then(pl.lit("")).otherwise(stratum)
    )


def _once(name: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Each number once; a number that comes twice with different values is set aside, all of it.

    Raises
    ------
    InputError : it happens so often that a column which splits the numbers was overlooked.
    """
    cell = ["place", "stratum", "date", "reported", "known_on"]
    first = frame.unique(cell, keep="first", maintain_order=True)
    if first.height == frame.height:
        return frame, aside(name, [], ""), []
    spread = frame.group_by(cell).agg(pl.col("value").n_unique().alias("kinds"))
    torn = spread.filter(pl.col("kinds") > 1).select(cell)
    if torn.height > max(MOST_CONFLICTS * spread.height, 3):
        raise InputError(
            f"{torn.height} combinations of place and date have several different numbers.",
            where=name,
            allowed="one number for a place and a date (and a report day, and a stratum)",
            next_step="Say the column that splits them: --column stratum=NAME; or, if the file "
            "holds versions, --column known=NAME.",
        )
    bad = frame.join(torn, on=cell, how="semi", nulls_equal=True)
    kept = first.join(torn, on=cell, how="anti", nulls_equal=True)
    same = frame.height - bad.height - kept.height
    notes = [f"{name}: {same} rows repeat a number and count once"] if same else []
    return kept, aside(name, bad[ROW], "two different numbers for one place and date"), notes
