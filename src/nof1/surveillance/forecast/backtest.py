"""A past season, week by week, with only what was known in each week.

Members are taught once, from the first file of the season; every week's forecast is made from
that week's own file and from what the members said in the weeks before. Truth is looked at only
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance.forecast import run
from nof1.surveillance.forecast import season as calendar
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.members import NAMES, Origin
from nof1.surveillance.forecast.pool import Mix, pooled, tune
from nof1.surveillance.forecast.run import Made
from nof1.surveillance.hub.baseline import baseline
from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.hub.scoring import compare, judge, summary
from nof1.surveillance.series import Panel

BASELINE = "flat-baseline"
WITHOUT = "without-"


@dataclass(frozen=True)
class Season:
    """Forecasts of every week, ours, the baseline's and ours without each member."""

    made: list[Made]
    baselines: list[Forecast]
    without: dict[str, list[Forecast]]


def weeks_of(folder: Path) -> list[tuple[date, Path]]:
    """The as-of files of a folder, oldest first: each is named by its reference date.

    Raises
    ------
    InputError : no such folder, no file named YYYY-MM-DD.csv (also .csv.gz, .parquet), or two
        files of the same day.
    """
    found: list[tuple[date, Path]] = []
    for path in sorted(folder.glob("*") if folder.is_dir() else []):
        day = _day(path)
        if day and found and found[-1][0] == day:
            raise InputError(
                f"The week {day} has more than one file.",
                where=f"{found[-1][1].name}, {path.name}",
                next_step="Keep one file for each reference date.",
            )
        found += [(day, path)] if day else []
    if not found:
        raise InputError(
            "The folder has no as-of files.",
            where=str(folder),
            allowed="one file a week, named by its reference date: 2023-10-14.csv or .csv.gz",
        )
    return found


def _day(path: Path) -> date | None:
    """The reference date in a file's name; None for a file that is no as-of file."""
    if not path.name.endswith((".csv", ".csv.gz", ".parquet")):
        return None
    try:
        return date.fromisoformat(path.name[:10])
    except ValueError:
        return None


def season(
    panels: Sequence[tuple[date, Panel]],
    learned: Learned,
    horizons: Sequence[int] = (0, 1, 2, 3),
    say: Callable[[str], None] = lambda text: None,
) -> Season:
    """Forecast each week from its own panel; each uses the weeks before, never those after."""
    made: list[Made] = []
    origins: list[Origin] = []
    flat = []
    without: dict[str, list[Forecast]] = {name: [] for name in NAMES}
    for reference, panel in panels:
        say(f"week of {reference}")
        one = run.forecast(panel, learned, reference, horizons, earlier=origins)
        made.append(one)
        quantiles = baseline(panel, horizons, reference_date=reference)
        flat.append(replace(one.forecast, model=BASELINE, quantiles=quantiles))
        for name in NAMES:
            without[name].append(_without(name, one, origins, panel, reference, horizons))
        origins += [one.origin] if one.origin.answers else []
    return Season(made, flat, without)


def span(weeks: Sequence[date]) -> list[str]:
    """A word when the weeks lie in more than one season: members are taught before the first."""
    if calendar.start(weeks[0]) == calendar.start(weeks[-1]):
        return []
    return [
        "The weeks lie in more than one season, and the members were taught before the first: "
        "run each season by itself to teach them all that was known."
    ]


def _without(
    name: str,
    one: Made,
    origins: list[Origin],
    panel: Panel,
    reference: date,
    horizons: Sequence[int],
) -> Forecast:
    """The week's forecast as it had been without one member, weights and width tuned anew."""
    rest = tuple(other for other in one.origin.answers if other != name)
    if name not in one.origin.answers or not rest:
        return replace(one.forecast, model=f"{WITHOUT}{name}")
    mix = tune([origin.past(one.scaled) for origin in origins], rest)
    units = pooled({other: one.origin.answers[other] for other in rest}, mix)
    counts, _, _ = run.finished(units, one.scaled, one.carried, panel)
    ahead = run.steps_ahead(panel, reference, horizons)
    quantiles = counts[:, [step - 1 for step in ahead]]
    return replace(one.forecast, model=f"{WITHOUT}{name}", quantiles=quantiles)


def judged(season: Season, came: Panel) -> dict[str, dict[str, Any]]:
    """Scores and comparison with the flat baseline on shared tasks, by model."""
    ours = [one.forecast for one in season.made]
    rest = [forecast for forecasts in season.without.values() for forecast in forecasts]
    tasks = judge([*ours, *season.baselines, *rest], came)
    compared = compare([one for one in tasks if not one.model.startswith(WITHOUT)], BASELINE)
    rows = {one.model: summary(one) for one in tasks}
    for row in compared:
        rows[row["model"]] |= row
    return rows


def worth(rows: dict[str, dict[str, Any]], mixes: list[Mix]) -> list[dict[str, Any]]:
    """Each member's mean weight, and the mean WIS of the pool with and without it."""
    return [
        {
            "name": name,
            "weight": float(np.mean([mix.weights.get(name, 0.0) for mix in mixes])),
            "wis_with": rows[run.MODEL]["wis"],
            "wis_without": rows[f"{WITHOUT}{name}"]["wis"],
        }
        for name in NAMES
    ]
