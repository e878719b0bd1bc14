"""``nof1 surveillance nowcast|transmission``: what the counts will be, and how fast it spreads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import DAY, common, named, step, tell
from nof1.cli.surveillance_nowcast_text import nowcast_text, transmission_text
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    import polars as pl

    from nof1.surveillance.nowcast.spreading import Cases
    from nof1.surveillance.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
WEEK_DAYS = 7
NOT_A_WEEK = "The window is not a whole number of weeks: the weekday pattern shows in the numbers."


@dataclass(frozen=True)
class Source:
    """Where the reports come from.

    ``store`` is None when a file was named: then nothing is kept in the workspace.
    """

    signal: str
    as_of: date
    synthetic: bool
    places: list[dict[str, Any]]
    reports: pl.DataFrame | None  # None: a signal of values without report days
    store: Store | None


def options(command: Any) -> Any:
    """The options that both commands share."""
    for option in (
        click.option(
            "--without", multiple=True, metavar="PLACE", help="Leave a place out (repeatable)."
        ),
        click.option(
            "--max-delay", type=int, metavar="DAYS", help="Longest delay [default: from the data]."
        ),
        click.option(
            "--reports", "file", type=FILE, help="A CSV file instead of the workspace's signal."
        ),
        click.option(
            "--as-of",
            type=DAY,
            help="Use what was known on this day [default: the newest report day].",
        ),
    ):
        command = option(command)
    return command


def source(
    signal: str | None,
    workspace: str | None,
    file: Path | None,
    as_of: datetime | None,
    without: Sequence[str],
) -> Source:
    """The reports asked for.

    Raises
    ------
    UsageError : no such signal.
    InputError : an unreadable file, nothing known by then, or nothing left.
    """
    day = as_of.date() if as_of else None
    if file is not None:
        found = _of_file(signal or "reports", file, day)
    else:
        found = _of_store(named(signal, "--reports"), workspace, day)
    known = {str(place["id"]) for place in found.places}
    unknown = [place for place in without if place not in known]
    if unknown or (known and known <= set(without)):
        raise UsageError(
            f"There is no place {unknown[0]!r}." if unknown else "No place is left.",
            where="--without",
            allowed=", ".join(sorted(known)[:60]),
        )
    if not without:
        return found
    import polars as pl

    rows = found.reports
    kept = None if rows is None else rows.filter(~pl.col("place").is_in(list(without)))
    places = [place for place in found.places if place["id"] not in without]
    return Source(found.signal, found.as_of, found.synthetic, places, kept, found.store)


def _of_file(signal: str, file: Path, day: date | None) -> Source:
    import polars as pl

    from nof1.surveillance.nowcast.triangle import checked

    try:
        rows = pl.read_csv(file, infer_schema_length=0)
    except FileNotFoundError:
        raise InputError(
            "There is no such file.", where=str(file), next_step="Check the path."
        ) from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError):
        raise InputError("The file is not a CSV table.", where=file.name) from None
    rows = checked(rows, day or date.max)
    newest = rows["reported"].max()
    last = day or (newest if isinstance(newest, date) else date.max)
    if last > datetime.now().date() and day is None:  # the user's own calendar day
        raise InputError(
            f"Reports are dated after today: {last}.",
            where=f"{file.name}, column reported",
            next_step="Correct the dates, or say which day is meant with --as-of.",
        )
    ids = rows["place"].unique().sort().to_list()
    places = [{"id": one, "name": None, "population": None} for one in ids]
    return Source(signal, last, False, places, rows, None)


def _of_store(signal: str, workspace: str | None, day: date | None) -> Source:
    from nof1.surveillance.store import FOLDER, Store

    store = Store(open_workspace(workspace).root / FOLDER)
    about = store.signal(signal)
    newest = store.last_day(signal, day)
    rows = store.reports(signal, day) if about.kind == "reports" else None
    places = store.describe(signal, day)
    return Source(signal, day or newest, about.synthetic, places, rows, store)


@click.command()
@common
@click.argument("signal", required=False)
@options
@click.option(
    "--strata/--total", default=False, help="Each stratum too, or totals only [default: totals]."
)
@click.pass_context
def nowcast(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    signal: str | None,
    as_of: datetime | None,
    file: Path | None,
    max_delay: int | None,
    without: tuple[str, ...],
    strata: bool,
) -> None:
    """What the counts of the newest days will be when all reports are in.

    SIGNAL is a signal of the workspace that has report days. --reports takes a CSV file with the
    columns place, stratum (may be left out), date, reported, count: new reports by the day they
    are about and the day they came in; negative counts take back. Exit code 1: reporting stopped
    somewhere, or no nowcast was possible.
    """
    found = source(signal, workspace, file, as_of, without)
    if found.reports is None:
        raise UsageError(
            f"The signal {signal!r} has no report days, so its delays cannot be known.",
            where="SIGNAL",
            next_step="Import a line list, or counts with a column of report days.",
        )
    step("laying out the reports, learning delays from past days")
    data = nowcast_document(found, strata, max_delay)
    _keep(found, data)
    tell(data, nowcast_text(data), as_json=as_json)
    ctx.exit(1 if data["not_checked"] else 0)


def nowcast_document(found: Source, strata: bool, max_delay: int | None) -> dict[str, Any]:
    """The JSON form, ``nof1/surveillance-nowcast/1``."""
    from nof1.surveillance import documents
    from nof1.surveillance.nowcast import answer, estimate
    from nof1.surveillance.nowcast.performance import document, performance

    assert found.reports is not None
    made = estimate.prepare(found.reports, found.as_of, strata=strata, max_delay=max_delay)
    result = estimate.finish(made, found.as_of)
    notes = [f"Delays up to {result.max_delay} days are allowed for.", *result.notes]
    head = documents.head(
        "nowcast",
        found.signal,
        found.as_of,
        synthetic=found.synthetic,
        places=found.places,
        notes=notes,
        not_checked=answer.not_checked(result),
    )
    return {
        **head,
        "step_days": 1,
        "max_delay_days": result.max_delay,
        "rows": answer.rows(result),
        "last_week": answer.last_week(result),
        "past": document(performance(made)),
    }


def _keep(found: Source, data: dict[str, Any]) -> None:
    if found.store is not None:
        from nof1.surveillance.answers import keep

        keep(found.store.folder, data)


@click.command()
@common
@click.argument("signal", required=False)
@options
@click.option(
    "--serial-interval-mean", "mean", type=float, required=True, help="Its mean, in days."
)
@click.option(
    "--serial-interval-sd", "sd", type=float, required=True, help="Its standard deviation, in days."
)
@click.option(
    "--window",
    type=click.IntRange(2, 28),
    default=WEEK_DAYS,
    show_default=True,
    help="Days that are looked at together.",
)
@click.pass_context
def transmission(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    signal: str | None,
    as_of: datetime | None,
    file: Path | None,
    max_delay: int | None,
    without: tuple[str, ...],
    mean: float,
    sd: float,
    window: int,
) -> None:
    """How fast it spreads: reproduction number, growth per day, doubling time.

    Computed on the nowcast's draws, so reports still to come widen the intervals. The serial
    interval (days from the onset of a case to the onset of those it infects) belongs to the
    disease; take it from a study, for example 2.6 and 1.5 days for influenza. Exit code 1: the
    history is too short to say anything.
    """
    from nof1.surveillance.transmission import SerialInterval

    interval = SerialInterval.gamma(mean, sd)
    found = source(signal, workspace, file, as_of, without)
    step("drawing nowcasts and reproduction numbers")
    data = transmission_document(found, interval, window, max_delay)
    _keep(found, data)
    tell(data, transmission_text(data), as_json=as_json)
    ctx.exit(0 if data["rows"] else 1)


def transmission_document(
    found: Source, interval: Any, window: int, max_delay: int | None
) -> dict[str, Any]:
    """The JSON form, ``nof1/surveillance-transmission/1``."""
    from nof1.surveillance import documents
    from nof1.surveillance.nowcast.spreading import spreading

    cases, notes, unknown = _cases(found, max_delay)
    rows, short = spreading(cases, interval, window)
    head = documents.head(
        "transmission",
        found.signal,
        found.as_of,
        synthetic=found.synthetic,
        places=found.places,
        notes=[*notes, *([NOT_A_WEEK] if window % WEEK_DAYS else [])],
        not_checked=[*unknown, *short],
    )
    return {
        **head,
        "window_days": window,
        "serial_interval": {"mean_days": interval.mean_days, "sd_days": interval.sd_days},
        "rows": rows,
    }


def _cases(
    found: Source, max_delay: int | None
) -> tuple[list[Cases], list[str], list[dict[str, str]]]:
    from nof1.surveillance.nowcast import answer, estimate
    from nof1.surveillance.nowcast.spreading import of_nowcast, of_panel

    if found.reports is not None:
        result = estimate.nowcast(found.reports, found.as_of, max_delay=max_delay)
        return of_nowcast(result), list(result.notes), answer.not_checked(result)
    assert found.store is not None
    panel = found.store.panel(found.signal, found.as_of)
    if panel.step_days != 1:
        raise UsageError(
            f"The signal {found.signal!r} is weekly; the serial interval is a matter of days.",
            where="SIGNAL",
            allowed="a signal of days",
            next_step="Import daily counts, or read the trend from: nof1 surveillance forecast",
        )
    panel = panel.only([str(place["id"]) for place in found.places])
    note = "No report days are known: late reports were NOT allowed for; newest days read too low."
    return of_panel(panel), [note], []
