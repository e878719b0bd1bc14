"""The rules for single cells of a hub file; each check adds the typed column for the next ones.

A check takes the rows as text, notes its faults and returns the rows with ``_reference``, ``_end``
(dates), ``_horizon`` (weeks), ``_level`` and ``_value`` (numbers); null where a cell cannot be
read, so one bad cell is told once and does not set off the rules that build on it.
"""

from __future__ import annotations

import difflib

import polars as pl

from nof1.surveillance.hub.faults import Report, lines, quoted
from nof1.surveillance.hub.rows import COLUMNS, day_of
from nof1.surveillance.hub.tasks import Tasks
from nof1.surveillance.hub.text import LINE

SATURDAY = 6  # polars counts 1 Monday to 7 Sunday
WHOLE = r"^-?\d+$"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMMA = r"^-?\d+,\d+$"
MISSING = ("", "na", "nan", "null", "none", "n/a", "inf", "-inf", "+inf", "infinity", "-infinity")
NEAR = 1e-4  # closer than this to a level, a number was meant to be it


def check_spaces(cells: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Spaces around a cell make it another text ("0.1 " is not "0.1"); they are noted and cut."""
    for name in (one for one in COLUMNS if one in cells.columns):
        bad = cells.filter(pl.col(name) != pl.col(name).str.strip_chars())
        _note(
            report,
            bad,
            name,
            "spaces",
            "with spaces around the text",
            allowed="no spaces at the ends of a cell",
            next_step="Trim the column before writing.",
        )
    return cells.with_columns(pl.col(pl.String).str.strip_chars())


def check_dates(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """Dates as 2024-01-06; one reference date, a Saturday, in the hub's list where it has one."""
    for name, typed in (("reference_date", "_reference"), ("target_end_date", "_end")):
        if name not in rows.columns:
            continue
        rows = rows.with_columns(day_of(pl.col(name)).alias(typed))
        _note(
            report,
            rows.filter(pl.col(typed).is_null()),
            name,
            "date_format",
            "that are no dates as the hub writes them",
            allowed="2024-01-06 (year, month, day, with hyphens)",
            next_step="Write ISO dates; a spreadsheet may have changed them on opening.",
        )
    if "_reference" in rows.columns:
        _reference(rows, asked, report)
    return rows


def _reference(rows: pl.DataFrame, asked: Tasks, report: Report) -> None:
    known = rows.filter(pl.col("_reference").is_not_null())
    _note(
        report,
        known.filter(pl.col("_reference").dt.weekday() != SATURDAY),
        "reference_date",
        "not_saturday",
        "that are not a Saturday",
        allowed="the Saturday that ends the week in which the forecast is handed in",
        next_step="Use the next Saturday, also when you hand in on a Wednesday.",
    )
    days = known["_reference"].unique().sort().to_list()
    if len(days) > 1:
        report.add(
            "many_dates",
            f"The file has {len(days)} reference dates: {quoted(days)}.",
            where="column reference_date",
            count=len(days),
            allowed="one reference date a file, the one in its name",
            next_step="Write one file for each reference date.",
        )
    if asked.reference_dates is not None:
        _note(
            report,
            known.filter(
                ~pl.col("_reference").is_in(list(asked.reference_dates))
                & (pl.col("_reference").dt.weekday() == SATURDAY)
            ),
            "reference_date",
            "date_not_asked",
            "that the hub does not ask for",
            allowed=f"one of {len(asked.reference_dates)} dates from "
            f"{min(asked.reference_dates)} to {max(asked.reference_dates)}",
            next_step="Look up the hub's rounds in its tasks.json.",
        )


def check_targets(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """The target's name, exactly as the hub writes it."""
    if "target" in rows.columns:
        bad = rows.filter(~pl.col("target").is_in(list(asked.targets)))
        found = str(bad["target"][0]) if bad.height else ""
        near = difflib.get_close_matches(found, asked.targets, n=1, cutoff=0.5)
        _note(
            report,
            bad,
            "target",
            "target",
            "that this hub does not have",
            allowed=", ".join(f'"{one}"' for one in asked.targets),
            next_step=f'Write "{near[0]}".' if near else "Use a name from the hub's tasks.json.",
        )
    return rows


def check_horizons(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """Horizons as whole numbers of weeks."""
    if "horizon" not in rows.columns:
        return rows
    number = pl.when(pl.col("horizon").str.contains(WHOLE)).then(
        pl.col("horizon").cast(pl.Int32, strict=False)
    )
    rows = rows.with_columns(number.alias("_horizon"))
    allowed = ", ".join(str(one) for one in asked.horizons)
    _note(
        report,
        rows.filter(pl.col("_horizon").is_null()),
        "horizon",
        "horizon_text",
        "that are no whole numbers",
        allowed=f"{allowed} (a number alone: 1, not 1.0 or '1 wk ahead')",
        next_step="Keep the number of weeks only; 0 is the week that ends on the reference date.",
    )
    _note(
        report,
        rows.filter(
            pl.col("_horizon").is_not_null() & ~pl.col("_horizon").is_in(list(asked.horizons))
        ),
        "horizon",
        "horizon_range",
        "that the hub does not ask for",
        allowed=allowed,
        next_step="Drop these rows. Count from the reference date, not from the last data.",
    )
    return rows


def check_places(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """Places from the hub's list, as text with their leading zero."""
    if "location" not in rows.columns or asked.locations is None:
        return rows
    known = list(asked.locations)
    bad = rows.filter(~pl.col("location").is_in(known))
    place = pl.col("location")
    padded = place.str.replace(r"\.0$", "").str.zfill(2)
    zero = place.str.contains(r"^\d(\.0)?$") & padded.is_in(known)
    small = place.str.to_uppercase().is_in(known) & ~zero
    _note(
        report,
        bad.filter(zero),
        "location",
        "leading_zero",
        "without their leading zero",
        allowed="two digits as text, for example 06",
        next_step="Keep the column as text (R: sprintf('%02d', x); pandas: str.zfill(2)). "
        "A spreadsheet drops the zero on opening.",
    )
    _note(
        report,
        bad.filter(~zero),
        "location",
        "location",
        "that the hub does not know",
        allowed=", ".join(known[:6]) + f" ... ({len(known)} places)",
        next_step="Write capitals: US."
        if bad.filter(~zero).height and bad.filter(~zero).select(small.all()).item()
        else "Use the codes of the hub's list of locations (FIPS codes, and US), not names.",
    )
    return rows


def check_levels(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """Quantile levels, written as the hub writes them."""
    if "output_type_id" not in rows.columns:
        return rows
    texts = [f"{level:g}" for level in asked.levels]
    number = pl.when(pl.col("output_type_id").str.contains(NUMBER)).then(
        pl.col("output_type_id").cast(pl.Float64, strict=False)
    )
    nearest = pl.lit(None, dtype=pl.Float64)
    for level in asked.levels:
        nearest = pl.when((number - level).abs() < NEAR).then(level).otherwise(nearest)
    rows = rows.with_columns(nearest.alias("_level"), number.alias("number"))
    _note(
        report,
        rows.filter(pl.col("_level").is_null()),
        "output_type_id",
        "level",
        "that are none of the hub's quantile levels",
        allowed=", ".join(texts),
        next_step="Write the level as a share: 0.1, not 10 or 10%.",
    )
    inexact = rows.filter((pl.col("number") != pl.col("_level")).fill_null(False))
    _note(
        report,
        inexact,
        "output_type_id",
        "level_rounding",
        "that are almost, but not exactly, a level",
        allowed=", ".join(texts),
        next_step="Round before writing (R: round(x, 3); Python: round(x, 3)): "
        "0.1, not 0.100000001.",
    )
    odd = rows.filter(
        (pl.col("number") == pl.col("_level")) & ~pl.col("output_type_id").is_in(texts)
    )
    if odd.height:
        report.notes.append(
            f"{odd.height} levels are written as {quoted(odd['output_type_id'].to_list())}; "
            "some hubs compare text and want 0.1, not 0.10."
        )
    return rows.drop("number")


def check_values(rows: pl.DataFrame, asked: Tasks, report: Report) -> pl.DataFrame:
    """Values as finite numbers, not below the hub's least."""
    if "value" not in rows.columns:
        return rows
    cell = pl.col("value")
    number = pl.when(cell.str.contains(NUMBER)).then(cell.cast(pl.Float64, strict=False))
    number = pl.when(number.is_finite()).then(number)
    rows = rows.with_columns(number.alias("_value"))
    bad = rows.filter(pl.col("_value").is_null())
    missing = cell.str.to_lowercase().is_in(list(MISSING))
    _note(
        report,
        bad.filter(missing),
        "value",
        "value_missing",
        "that are missing or not finite",
        allowed="a number of 0 or more",
        next_step="Give a number, or drop the whole forecast (all its levels).",
    )
    _note(
        report,
        bad.filter(cell.str.contains(COMMA)),
        "value",
        "decimal_comma",
        "with a comma in the number",
        allowed="a point as decimal mark and no mark for thousands: 1234.5",
        next_step="Write with a decimal point (R: dec = '.'; pandas: decimal='.').",
    )
    _note(
        report,
        bad.filter(~missing & ~cell.str.contains(COMMA)),
        "value",
        "value_text",
        "that are no numbers",
        allowed="a number such as 12 or 12.5",
        next_step="Keep the number only, without units or signs.",
    )
    if asked.minimum is not None:
        _note(
            report,
            rows.filter(pl.col("_value") < asked.minimum),
            "value",
            "negative",
            f"below {asked.minimum:g}",
            allowed=f"{asked.minimum:g} or more",
            next_step=f"Cut at {asked.minimum:g}: a count cannot be less.",
        )
    return rows


def _note(
    report: Report,
    bad: pl.DataFrame,
    column: str,
    code: str,
    fault: str,
    *,
    allowed: str,
    next_step: str,
) -> None:
    if bad.height:
        report.add(
            code,
            f"{bad.height} values of {column} {fault}: {quoted(bad[column].to_list())}.",
            where=f"column {column}, {lines(bad[LINE].to_list())}",
            count=bad.height,
            allowed=allowed,
            next_step=next_step,
        )
