"""``nof1 surveillance allocate|validate|score``: plans from forecasts, and checks of hub files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli import surveillance_plan_text as text
from nof1.cli.options import common, step, tell
from nof1.core import audit as log
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from nof1.surveillance.allocate.answer import Asked, Known
    from nof1.surveillance.allocate.regret import Regret
    from nof1.surveillance.allocate.tables import Places
    from nof1.surveillance.hub.rows import Forecast
    from nof1.surveillance.series import Panel
    from nof1.surveillance.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
ANYTHING = click.Path(path_type=Path)


@click.command()
@common
@click.argument("signal", required=False)
@click.option("--forecast", "hub_file", type=FILE, help="Hub file, instead of a SIGNAL.")
@click.option("--supply", required=True, help="Units there are: 500, or 90% of the median need.")
@click.option(
    "--resource",
    default="beds",
    show_default=True,
    help="What is shared out: beds, vaccines, staff, ...",
)
@click.option("--horizon", default=1, show_default=True, help="Weeks from the reference date.")
@click.option(
    "--need-per-case", "per_case", default=1.0, show_default=True, help="Units for one case."
)
@click.option(
    "--floor",
    default=0.0,
    show_default=True,
    help="Least share of each place's median need that is met, 0 to 1.",
)
@click.option(
    "--cvar", "cvar_weight", default=0.0, show_default=True, help="Weight of the worst scenarios."
)
@click.option(
    "--cvar-level",
    default=0.9,
    show_default=True,
    help="Which are the worst; 0.9: the worst tenth.",
)
@click.option("--capacity", type=FILE, help="CSV location, capacity: most units of a place.")
@click.option("--now", type=FILE, help="CSV location, now: units that stand there today.")
@click.option(
    "--transfer-cost",
    default=0.01,
    show_default=True,
    help="Cost of a moved unit, in units of unmet need.",
)
@click.option(
    "--transfer-costs",
    type=FILE,
    help="CSV from, to, cost of single pairs; others: --transfer-cost.",
)
@click.option("--locations", type=FILE, help="CSV location, location_name, population.")
@click.option("--history", type=FILE, help="Target data (date, location, value) up to today.")
@click.option(
    "--correlation", type=float, help="Of the places, 0 to 1 [default: from their history, or 0.5]."
)
@click.option("--scenarios", default=200, show_default=True, help="Joint scenarios to draw.")
@click.option("--seed", default=0, show_default=True, help="Which scenarios are drawn.")
@click.option("--seconds", default=20.0, show_default=True, help="Time limit of the search.")
@click.option(
    "--past",
    multiple=True,
    type=ANYTHING,
    help="Past hub files, for the plan's regret (repeatable).",
)
@click.option("--truth", type=FILE, help="Target data that says what came, for --past.")
@click.option(
    "--past-supply", default=90.0, show_default=True, help="Supply in past weeks, % of what came."
)
@click.option("--out", type=FILE, help="Write the plan's rows as CSV.")
def allocate(
    workspace: str | None,
    as_json: bool,
    signal: str | None,
    hub_file: Path | None,
    past: tuple[Path, ...],
    truth: Path | None,
    past_supply: float,
    out: Path | None,
    **said: Any,
) -> None:
    """Share out beds, vaccines, staff or tests over places under a forecast's uncertainty.

    Least expected unmet need over joint scenarios, plus --cvar times the mean of the worst ones.
    Takes the kept forecast of a SIGNAL in the workspace, or a hub file. Change a setting to see
    what it costs.
    """
    from nof1.surveillance import answers, documents
    from nof1.surveillance.allocate.answer import answer

    if (signal is None) == (hub_file is None):
        raise UsageError(
            "Give a SIGNAL of the workspace or --forecast FILE, one of them.",
            next_step="nof1 surveillance allocate --forecast HUB.csv --supply 500",
        )
    store = None if signal is None else _store(workspace)
    forecast, as_of = _forecast(store, signal, hub_file)
    asked = _asked(said)
    known = _known(store, signal, forecast, as_of, said)
    regret = _regret(past, _came(store, signal, past, truth), past_supply, asked, known)
    step("looking for the best plan")
    made = answer(asked, forecast, known, regret)
    data = documents.head(
        "allocation",
        signal or forecast.target,
        as_of,
        synthetic=store.signal(signal).synthetic if store and signal else False,
        places=_told_places([row["place"] for row in made["rows"]], known.places),
        notes=made.pop("notes") + ([text.FINAL] if regret and truth is not None else []),
        not_checked=made.pop("not_checked"),
    )
    data |= made
    if store is not None:
        answers.keep(store.folder, data)
        log.append(
            open_workspace(workspace).audit,
            "surveillance allocate",
            signal=signal,
            resource=data["resource"],
            supply=data["supply"],
        )
    if out is not None:
        text.write_rows(data["rows"], out)
    tell(data, text.plan(data), as_json=as_json)


@click.command()
@common
@click.argument("paths", nargs=-1, required=True, type=ANYTHING, metavar="FILE...")
@click.option(
    "--tasks", "tasks_file", type=FILE, help="A hub's tasks.json [default: FluSight's target]."
)
@click.option("--locations", type=FILE, help="CSV of the allowed places: column location.")
@click.option("--any-place", is_flag=True, help="Do not check the places.")
@click.pass_context
def validate(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    paths: tuple[Path, ...],
    tasks_file: Path | None,
    locations: Path | None,
    any_place: bool,
) -> None:
    """Check forecast files against the hub's rules and tell every fault at once.

    FILE: hub files or folders of them. Exit code 1: a file has faults.
    """
    from nof1.surveillance.allocate.tables import read_ids
    from nof1.surveillance.hub.rows import files_of
    from nof1.surveillance.hub.tasks import flusight, read
    from nof1.surveillance.hub.validate import validate as check

    asked = flusight() if tasks_file is None else read(tasks_file)
    if locations is not None:
        asked = asked.for_places(read_ids(locations))
    if any_place:
        asked = asked.for_places(None)
    reports = [check(path, asked) for path in files_of(paths)]
    data = {
        "schema": "nof1/surveillance-validate/1",
        "ok": all(one.ok for one in reports),
        "files": [one.to_dict() for one in reports],
    }
    tell(data, text.checked(data), as_json=as_json)
    ctx.exit(0 if data["ok"] else 1)


@click.command()
@common
@click.argument("paths", nargs=-1, required=True, type=ANYTHING, metavar="FORECASTS...")
@click.option("--truth", type=FILE, required=True, help="Target data: date, location, value.")
@click.option("--baseline", help="Model to compare with: relative skill and interval.")
@click.option("--target", help="Which target, when the files hold several.")
def score(
    workspace: str | None,
    as_json: bool,
    paths: tuple[Path, ...],
    truth: Path,
    baseline: str | None,
    target: str | None,
) -> None:
    """Score forecasts against what came: WIS and its parts, log-WIS, coverage, relative skill.

    FORECASTS: hub files or folders of them; the model is taken from the file's name.
    """
    from nof1.surveillance.hub import rows, scoring
    from nof1.surveillance.hub.truth import read

    came = read(truth)
    forecasts = [one for path in rows.files_of(paths) for one in rows.read(path, target)]
    judged = scoring.judge(forecasts, came)
    data = {
        "schema": "nof1/surveillance-score/1",
        "truth": {"file": truth.name, "last_date": came.dates[-1].item().isoformat()},
        "models": [scoring.summary(one) for one in judged],
        "baseline": baseline,
        "comparison": None if baseline is None else scoring.compare(judged, baseline),
        "notes": text.SCORE_NOTES,
    }
    tell(data, text.scored(data), as_json=as_json)


def _store(workspace: str | None) -> Store:
    from nof1.surveillance.store import FOLDER, Store

    found: Workspace = open_workspace(workspace)
    return Store(found.root / FOLDER)


def _forecast(
    store: Store | None, signal: str | None, hub_file: Path | None
) -> tuple[Forecast, date]:
    """The forecast asked for and its as-of day; of several reference dates the newest."""
    from nof1.surveillance import answers
    from nof1.surveillance.allocate.answer import from_answer
    from nof1.surveillance.hub import rows

    if hub_file is not None:
        newest = rows.read(hub_file)[-1]
        return newest, newest.reference_date
    if store is None or signal is None:
        raise UsageError("There is no signal.", where="SIGNAL")
    store.signal(signal)
    kept = answers.read(store.folder, signal).get("forecast")
    if kept is None:
        raise WorkspaceError(
            "This signal has no kept forecast.",
            where=signal,
            next_step=f"Make one: nof1 surveillance forecast {signal}",
        )
    return from_answer(kept), date.fromisoformat(str(kept["as_of"]))


RANGES = {  # option -> its name here, least, most
    "need-per-case": ("per_case", 1e-6, 1e6), "floor": ("floor", 0, 1),
    "cvar": ("cvar_weight", 0, 1e6), "cvar-level": ("cvar_level", 0.01, 0.999),
    "transfer-cost": ("transfer_cost", 0, 1e6), "correlation": ("correlation", 0, 1),
    "scenarios": ("scenarios", 1, 5000), "seed": ("seed", 0, 2**32),
    "seconds": ("seconds", 0.1, 1e5),
}  # fmt: skip


def _asked(said: dict[str, Any]) -> Asked:
    from nof1.surveillance.allocate.answer import Asked

    for option, (name, least, most) in RANGES.items():
        if said[name] is not None and not least <= said[name] <= most:  # NaN is not, either
            raise UsageError(
                "A setting is out of range.", where=f"--{option}", allowed=f"{least:g} to {most:,g}"
            )
    return Asked(**{name: said[name] for name in Asked.__dataclass_fields__ if name in said})


def _known(
    store: Store | None, signal: str | None, forecast: Forecast, as_of: date, said: dict[str, Any]
) -> Known:
    """Places, history and limits, from the files named and the workspace."""
    import numpy as np

    from nof1.surveillance.allocate import tables
    from nof1.surveillance.allocate.answer import Known
    from nof1.surveillance.allocate.past import parts

    names, _, _ = parts(forecast, said["horizon"])
    capacity = said["capacity"] and tables.read_units(said["capacity"], "capacity", names)
    now = said["now"] and tables.read_units(said["now"], "now", names)
    cost = None
    if now is not None and said["transfer_costs"]:
        cost = tables.read_costs(said["transfer_costs"], names, said["transfer_cost"])
    elif now is not None:
        cost = np.full((len(names), len(names)), float(said["transfer_cost"]))
    return Known(
        places=_places(store, said["locations"]),
        panel=_panel(store, signal, as_of, said["history"]),
        capacity=capacity,
        now=now,
        cost=cost,
    )


def _places(store: Store | None, path: Path | None) -> Places:
    from nof1.surveillance.allocate.tables import Places, read_places

    if path is not None:
        return read_places(path)
    rows = [] if store is None else store.places().to_dicts()
    return Places(
        {row["place"]: row["name"] for row in rows if row["name"]},
        {row["place"]: row["population"] for row in rows if row["population"]},
    )


def _panel(store: Store | None, signal: str | None, as_of: date, path: Path | None) -> Panel | None:
    """The weekly history, nothing later than the as-of day."""
    from nof1.surveillance.hub import truth

    if path is not None:
        return truth.read(path).until(as_of)
    if store is None or signal is None:
        return None
    return store.panel(signal, as_of=as_of, weekly=True)


def _came(
    store: Store | None, signal: str | None, past: tuple[Path, ...], path: Path | None
) -> tuple[Panel, Callable[[date], Panel | None]] | None:
    """What came in past weeks, and what was known of it on a day; None when it is not asked.

    Without a signal the file's final counts stand in for what was known.
    """
    from nof1.surveillance.hub import truth

    if not past:
        return None
    if path is not None:
        final = truth.read(path)
        return final, lambda day: final.until(day - timedelta(days=1))
    if store is None or signal is None:
        raise UsageError(
            "Past forecasts need what came.", where="--truth", allowed="--past DIR --truth FILE"
        )
    return store.panel(signal, weekly=True), lambda day: _then(store, signal, day)


def _then(store: Store, signal: str, day: date) -> Panel | None:
    """The panel as known on a day, or None when nothing was known then."""
    try:
        return store.panel(signal, as_of=day, weekly=True)
    except InputError:
        return None


def _regret(
    past: tuple[Path, ...],
    came: tuple[Panel, Callable[[date], Panel | None]] | None,
    supply: float,
    asked: Asked,
    known: Known,
) -> list[Regret] | None:
    """Regret of plans with these settings on past forecasts, or None when none were given."""
    from nof1.surveillance.allocate.past import weeks
    from nof1.surveillance.allocate.regret import Settings, regrets
    from nof1.surveillance.hub import rows

    if came is None:
        return None
    if not 0 < supply <= 1000:
        raise UsageError(
            "A share of the need is out of range.", where="--past-supply", allowed="0 to 1000 %"
        )
    forecasts = [one for path in rows.files_of(past) for one in rows.read(path)]
    step(f"planning {len(forecasts)} past weeks")
    judged = weeks(
        forecasts,
        came[0],
        horizon=asked.horizon,
        known=came[1],
        places=known.places,
        factor=asked.per_case,
    )
    settings = Settings(
        share=supply / 100,
        floor=asked.floor,
        cvar_level=asked.cvar_level,
        cvar_weight=asked.cvar_weight,
        draws=asked.scenarios,
        seed=asked.seed,
    )
    return regrets(judged, settings)


def _told_places(names: list[str], places: Places) -> list[dict[str, Any]]:
    return [
        {"id": one, "name": places.names.get(one), "population": places.population.get(one)}
        for one in names
    ]
