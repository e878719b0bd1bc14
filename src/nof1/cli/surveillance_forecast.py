"""``nof1 surveillance forecast|backtest``: the coming weeks, and a past season as it was known."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import surveillance_forecast_text as text
from nof1.cli.options import DAY, common, step, tell
from nof1.core import audit as log
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    import polars as pl

    from nof1.surveillance.forecast.backtest import Season
    from nof1.surveillance.forecast.learned import Learned
    from nof1.surveillance.series import Panel
    from nof1.surveillance.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SATURDAY = 5


@click.command()
@common
@click.argument("signal", required=False)
@click.option("--target", type=FILE, help="As-of file (date, location, value), not a SIGNAL.")
@click.option("--locations", type=FILE, help="CSV location, location_name, population.")
@click.option("--history", type=FOLDER, help="Folder of related signals with a long past.")
@click.option(
    "--reference-date",
    type=DAY,
    help="Saturday that ends the week of horizon 0 [default: of the newest data].",
)
@click.option(
    "--as-of", type=DAY, help="For a SIGNAL: use what was known on this day [default: the newest]."
)
@click.option("--horizons", default="0-3", show_default=True, help="Weeks: 0-3, or 0,1.")
@click.option("--models", type=FOLDER, help="Keep what was learned here, and use it again.")
@click.option("--out", type=FILE, help="Write hub rows: .csv or .parquet.")
def forecast(
    workspace: str | None,
    as_json: bool,
    signal: str | None,
    target: Path | None,
    locations: Path | None,
    history: Path | None,
    reference_date: datetime | None,
    as_of: datetime | None,
    horizons: str,
    models: Path | None,
    out: Path | None,
) -> None:
    """Forecast the coming weeks of every place, with 23 quantiles.

    A SIGNAL of the workspace, or one target file as it was known on its day. Teaching the members
    takes a minute with a long --history; --models (in a workspace: always) keeps them.
    """
    from nof1.surveillance import answers, documents
    from nof1.surveillance.forecast import answer, run, targets

    if (signal is None) == (target is None):
        raise UsageError(
            "Give a SIGNAL of the workspace or --target FILE, one of them.",
            next_step="nof1 surveillance forecast --target FILE.csv --locations FILE.csv",
        )
    reference = reference_date.date() if reference_date else None
    weeks = weeks_of(horizons)
    places = _places(locations)
    store = None if signal is None else _store(workspace)
    panel, notes = _panel(store, signal, target, places, reference, as_of)
    _check_today(panel)
    reference = reference or _next_week(panel)
    _check_out(out, reference)
    steps = max(4, *run.steps_ahead(panel, reference, weeks))
    kept = models or (store.folder / "models" if store is not None else None)
    learned = _learned(panel, history, places, store, reference, steps, kept)
    step("asking the members")
    earlier = run.retrospect(panel, learned)
    made = run.forecast(panel, learned, reference, weeks, earlier=earlier)
    reported = targets.as_reported(store, signal, panel.known_on) if store and signal else None
    data = documents.head(
        "forecast",
        signal or made.forecast.target,
        panel.known_on,
        synthetic=store.signal(signal).synthetic if store and signal else False,
        places=_told(panel),
        notes=[*text.late(panel, reference), *notes, *text.notes(made, learned)],
        not_checked=text.not_checked(made, learned),
    ) | answer.parts(made, panel, learned, earlier, reported)
    if out is not None:
        _write(made.forecast, out)
    if store is not None:
        answers.keep(store.folder, data)
        log.append(open_workspace(workspace).audit, "surveillance forecast", signal=signal)
    tell(data, text.forecast(data, out), as_json=as_json)


@click.command()
@common
@click.option("--asof", type=FOLDER, required=True, help="One file a week: 2023-10-14.csv.gz.")
@click.option("--locations", type=FILE, help="CSV location, location_name, population.")
@click.option("--history", type=FOLDER, help="Folder of related signals with a long past.")
@click.option("--truth", type=FILE, help="What came [default: the newest file of --asof].")
@click.option("--horizons", default="0-3", show_default=True, help="Weeks: 0-3, or 0,1.")
@click.option("--models", type=FOLDER, help="Keep what was learned here, and use it again.")
@click.option("--out", type=FOLDER, help="Write a hub file for every week, and the baseline's.")
def backtest(
    workspace: str | None,
    as_json: bool,
    asof: Path,
    locations: Path | None,
    history: Path | None,
    truth: Path | None,
    horizons: str,
    models: Path | None,
    out: Path | None,
) -> None:
    """Forecast a past season week by week, each week with its own file only, and score it.

    Files are named by their reference date. The members are taught once, from the first file and
    the history, with nothing of the season.
    """
    from nof1.surveillance.forecast import backtest as test
    from nof1.surveillance.forecast import targets
    from nof1.surveillance.forecast.run import steps_ahead
    from nof1.surveillance.hub import truth as hub_truth

    places, ahead = _places(locations), weeks_of(horizons)
    weeks = test.weeks_of(asof)
    _check_out(out, *(day for day, _ in weeks))
    files = [(day, *targets.of_file(path, places, day)) for day, path in weeks]
    panels = [(day, panel) for day, panel, _ in files]
    first, panel = panels[0]
    steps = max(4, *steps_ahead(panel, first, ahead))
    learned = _learned(panel, history, places, None, first, steps, models)
    season = test.season(panels, learned, ahead, step)
    came = hub_truth.read(truth or weeks[-1][1])
    odd = test.span([day for day, _ in weeks])
    data = {
        "schema": "nof1/surveillance-backtest/1",
        "weeks": [day.isoformat() for day, _ in weeks],
        "horizons": ahead,
        "taught": {"until": learned.until.isoformat(), "examples": learned.examples},
        **text.judged(season, test.judged(season, came), [*odd, *files[-1][2]]),
        "written": [] if out is None else _write_season(season, out),
    }
    tell(data, text.backtest(data), as_json=as_json)


def weeks_of(words: str) -> list[int]:
    """``"0-3"`` or ``"0,2"`` as weeks from the reference date.

    Raises
    ------
    UsageError : something else.
    """
    span = re.fullmatch(r"\s*(\d)\s*-\s*(\d)\s*", words)
    if span and span[1] <= span[2]:
        return list(range(int(span[1]), int(span[2]) + 1))
    if re.fullmatch(r"\s*\d(\s*,\s*\d)*\s*", words):
        return sorted({int(word) for word in words.split(",")})
    raise UsageError(
        f"These are no horizons: {words!r}.",
        where="--horizons",
        allowed="0-3, or 0,1,2; weeks from the reference date, whose own week is 0",
    )


def _store(workspace: str | None) -> Store:
    from nof1.surveillance.store import FOLDER as NAME
    from nof1.surveillance.store import Store

    return Store(open_workspace(workspace).root / NAME)


def _places(locations: Path | None) -> pl.DataFrame | None:
    from nof1.surveillance import places

    return None if locations is None else places.read(locations)


def _panel(
    store: Store | None,
    signal: str | None,
    target: Path | None,
    places: pl.DataFrame | None,
    reference: date | None,
    as_of: datetime | None,
) -> tuple[Panel, list[str]]:
    from nof1.surveillance.forecast import targets

    if store is not None and signal is not None:
        return targets.of_store(store, signal, as_of.date() if as_of else None)
    assert target is not None
    if as_of is not None:
        raise UsageError(
            "A target file is known on one day only.",
            where="--as-of",
            next_step="Give the file of that day, and --reference-date.",
        )
    return targets.of_file(target, places, reference)


def _learned(
    panel: Panel,
    history: Path | None,
    places: pl.DataFrame | None,
    store: Store | None,
    reference: date,
    steps: int,
    folder: Path | None,
) -> Learned:
    from nof1.surveillance.forecast import keeping, related

    known = places if places is not None or store is None else store.places()
    if history is not None and known is None:
        raise UsageError(
            "The history needs the names and people of the places.",
            where="--history",
            next_step="Add --locations FILE.csv",
        )
    signals = () if history is None or known is None else related.read(history, known)
    return keeping.found_or_learned(panel, signals, reference, steps, folder, step)


def _check_today(panel: Panel) -> None:
    """Refuse weeks of the future: a wrong year makes decades of missing weeks before it."""
    newest: date = panel.dates[-1].item()
    if newest >= date.today() + timedelta(days=7):
        raise InputError(
            f"The newest week, {newest}, lies in the future.",
            where=panel.signal,
            allowed="weeks up to the present one",
            next_step="Mend the date, or say with --reference-date what was known.",
        )


def _check_out(out: Path | None, *references: date) -> None:
    """Refuse what could not be written before the minutes of teaching, not after them."""
    odd = [day for day in references if day.weekday() != SATURDAY]
    if out is not None and odd:
        raise UsageError(
            f"Hub rows need a Saturday as reference date, and {odd[0]} is none.",
            where="--out",
            next_step="Leave --out away (--json has every quantile), or give weeks that end on "
            "Saturdays.",
        )


def _next_week(panel: Panel) -> date:
    newest: date = panel.dates[-1].item()
    return newest + timedelta(days=7)


def _told(panel: Panel) -> list[dict[str, Any]]:
    from nof1.surveillance.forecast.answer import places

    return places(panel)


def _write(made: Any, out: Path) -> None:
    from nof1.surveillance.hub import rows

    rows.write([rows.answered(made)], out)


def _write_season(season: Season, out: Path) -> list[str]:
    written = []
    for forecasts in ([one.forecast for one in season.made], season.baselines):
        for one in forecasts:
            name = f"{one.reference_date}-{one.model}.csv"
            _write(one, out / one.model / name)
            written.append(f"{one.model}/{name}")
    return written
