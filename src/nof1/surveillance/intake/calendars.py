"""The days of an import: steps of a day or a week, nothing in the future, the day of the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, NoReturn

import polars as pl

from nof1.core.errors import InputError
from nof1.surveillance.intake.tables import ASIDE, ROW
from nof1.surveillance.series import WEEK
from nof1.surveillance.weeks import NAMES, SATURDAY

OLDEST = date(1900, 1, 1)
MOST_ON_ONE_WEEKDAY = 0.95  # of the rows: then the table is weekly and the others are errors
Shape = Literal["reports", "versions"]


@dataclass(frozen=True)
class Days:
    """Rows whose days can be used, the step, the day of the files, and what was set aside."""

    rows: pl.DataFrame
    aside: list[pl.DataFrame]
    step_days: int
    known_on: date
    notes: tuple[str, ...]


def set_apart(rows: pl.DataFrame, bad: pl.Expr, reason: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are not ``bad``, and the others as rows set aside (``file``, row, reason)."""
    flags = rows.with_columns(_bad=bad)["_bad"].fill_null(False)
    if not flags.any():
        return rows, pl.DataFrame(schema=ASIDE)
    out = rows.filter(flags).select("file", pl.col(ROW).alias("row"), reason=pl.lit(reason))
    return rows.filter(~flags), out.cast(ASIDE)  # type: ignore[arg-type]


def settle(
    rows: pl.DataFrame,
    kind: Shape,
    known_on: date | None,
    today: date,
    week_date: Literal["end", "start"] | None,
    step_days: int | None,
) -> Days:
    """Check and complete the days of rows (columns date, reported or known_on, file, row).

    Raises
    ------
    InputError : weekly dates that are no Saturdays, without ``week_date``; a file of one day,
        without ``step_days``.
    """
    aside, notes = [], []
    impossible = (pl.col("date") < OLDEST) | (pl.col("date") > today)
    rows, out = set_apart(rows, impossible, f"the day lies before 1900 or after {today}")
    aside.append(out)
    if kind == "reports":
        late = pl.col("reported") > min(today, known_on or today)
        rows, out = set_apart(rows, late, f"reported after {min(today, known_on or today)}")
        aside.append(out)
    step = step_days or _step(rows)
    if step == WEEK:
        rows, out, lines = _weekly(rows, week_date)
        aside.append(out)
        notes += lines
    rows, day, lines = _known(rows, kind, known_on)
    notes += lines
    if kind == "versions":
        early = pl.col("known_on") < pl.col("date")
        rows, out = set_apart(rows, early, "the day or week was not over on the day of the file")
        aside.append(out)
    return Days(rows, aside, step, day or today, tuple(notes))


def _step(rows: pl.DataFrame) -> int:
    if not rows.height or "value" not in rows.columns:  # cases have days
        return 1
    if rows["date"].n_unique() == 1:
        raise InputError(
            "The file holds one single day: are its numbers daily or weekly?",
            where=str(rows["file"][0]),
            next_step="Say --step day or --step week.",
        )
    return WEEK if _main_weekday(rows)[1] >= MOST_ON_ONE_WEEKDAY else 1


def _main_weekday(rows: pl.DataFrame) -> tuple[int, float]:
    """The commonest weekday (0 Monday) of the rows and its share of them."""
    counts = rows.select(pl.col("date").dt.weekday() - 1).to_series().value_counts(sort=True)
    return int(counts[0, 0]), float(counts[0, 1]) / rows.height


def _weekly(
    rows: pl.DataFrame, week_date: Literal["end", "start"] | None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    if not rows.height:
        return rows, pl.DataFrame(schema=ASIDE), []
    weekday = _main_weekday(rows)[0]
    if weekday != SATURDAY and week_date is None:
        raise InputError(
            f"The weekly dates are {NAMES[weekday]}s: is that the first or the last day of a week?",
            where=str(rows["file"][0]),
            allowed="Saturdays (MMWR weeks end on them), or the meaning said",
            next_step="Say --week-date end or --week-date start.",
        )
    other = (pl.col("date").dt.weekday() - 1) != weekday
    rows, out = set_apart(rows, other, f"the day is no {NAMES[weekday]} like the other weeks")
    if week_date != "start":
        return rows, out, []
    moved = rows.with_columns(pl.col("date") + pl.duration(days=WEEK - 1))
    return moved, out, ["weekly dates were first days: moved to the last day of the week"]


def _known(
    rows: pl.DataFrame, kind: Shape, known_on: date | None
) -> tuple[pl.DataFrame, date | None, list[str]]:
    """The rows with ``known_on``, and the day of the files."""
    column = "reported" if kind == "reports" else "known_on"
    if kind == "reports":
        last = rows["reported"].max()
        return rows, known_on or (last if isinstance(last, date) else None), []
    if "known_on" not in rows.columns:
        rows = rows.with_columns(known_on=pl.lit(None, pl.Date))
    newest = rows["date"].max()
    day = known_on or (newest if isinstance(newest, date) else None)
    blank = rows[column].null_count()
    rows = rows.with_columns(pl.col("known_on").fill_null(pl.lit(day, pl.Date)))
    if not blank or known_on is not None:
        last = rows["known_on"].max()
        return rows, last if isinstance(last, date) else day, []
    note = (
        f"no day of the file was said: taken as known on its last day, {day}; what was known "
        "before cannot be re-made from it (say --known-on DATE)"
    )
    return rows, day, [note]


def refuse_not_saturday(day: date, where: str) -> None:
    """Refuse a reference date that is no Saturday.

    Raises
    ------
    InputError : it is another weekday.
    """
    if day.weekday() != SATURDAY:
        raise InputError(
            f"The reference date {day} is a {NAMES[day.weekday()]}.",
            where=where,
            allowed="a Saturday, the end of an MMWR week",
        )


def refuse_nothing(aside: pl.DataFrame) -> NoReturn:
    """Refuse an import of which no row can be used.

    Raises
    ------
    InputError : always; with the commonest reason.
    """
    reasons = aside.group_by("reason").len().sort("len", descending=True)
    why = f"{reasons['reason'][0]} ({reasons['len'][0]} rows)" if aside.height else "no rows"
    raise InputError(
        f"No row can be used: {why}. Nothing was imported.",
        where=str(aside["file"][0]) if aside.height else None,
        next_step="Look at that column; say another with --column ROLE=NAME.",
    )
