"""A site's own series for a federated forecaster, and what of it can be summed.

Each site is a region: it holds the weekly counts of its own places. The task is a small file that
names the signal, as every site calls it, and the season that will be forecast; nothing of that
season is taught.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from nof1.core import yaml_lines
from nof1.core.errors import InputError
from nof1.core.workspace import Workspace
from nof1.core.yaml_lines import Node
from nof1.federation.averaging.joint import Joint, counted
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused
from nof1.imaging.training.task import name_of
from nof1.learn.sums import FloatArray
from nof1.surveillance.forecast import learned, season, windows
from nof1.surveillance.forecast.climatology import LEAST, NEAR, YEAR
from nof1.surveillance.forecast.run import MOST_STEPS
from nof1.surveillance.forecast.scaled import Scaled
from nof1.surveillance.forecast.targets import of_store
from nof1.surveillance.forecast.windows import Examples
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.store import FOLDER, Store, checked_name

HEIGHTS = np.linspace(-1.5, 3.0, 451)  # of the common scale, for the climatology's counts
MIDDLES = np.append(HEIGHTS, HEIGHTS[-1] + 0.01) - 0.005
COUNTS = "1"
LOCAL_STEPS, ROUNDS, PATIENCE = 20, 40, 6


@dataclass(frozen=True)
class SeriesTask:
    """What is asked.

    Attributes
    ----------
    signal : its name in the surveillance store of every site.
    before : a day of the season that will be forecast. steps : weeks ahead.
    rounds, local_steps, patience : of the averaging.
    """

    name: str
    signal: str
    before: date
    steps: int = 4
    rounds: int = ROUNDS
    local_steps: int = LOCAL_STEPS
    patience: int = PATIENCE


def read(text: str) -> SeriesTask:
    """The task of a federated forecaster.

    Raises
    ------
    InputError : naming line and column of what is wrong.
    """
    keys = ("name", "signal", "before", "steps", "rounds", "local_steps", "patience")
    parts = yaml_lines.parse(text, "task").mapping(keys, ("name", "signal", "before"))
    most = {"steps": MOST_STEPS, "rounds": 1000, "local_steps": 1000, "patience": 1000}
    numbers = {key: parts[key].whole(1, top) for key, top in most.items() if key in parts}
    return SeriesTask(
        name_of(parts["name"]), checked_name(parts["signal"].text()), _day(parts["before"]),
        **numbers,
    )  # fmt: skip


def _day(node: Node) -> date:
    try:
        return date.fromisoformat(node.text())
    except ValueError:
        node.refuse("This is no date.", allowed="for example 2024-10-05")


@dataclass(frozen=True, eq=False)
class Series:
    """One site's series, cut before the season; nothing of it leaves the site.

    Attributes
    ----------
    signals : on the common scale. until : the last day that is taught.
    train, held : windows of earlier seasons, and of the newest taught one, which stops it.
    digest : by which the surveillance room finds members that were taught this.
    """

    task: SeriesTask
    signals: tuple[Scaled, ...]
    until: date
    train: Examples
    held: Examples
    digest: str
    synthetic: bool


def prepare(text: str, workspace: Workspace, policy: Policy) -> Series:
    """The site's own series.

    Raises
    ------
    Refused : too few cases here, or values that are no counts. UsageError : no such signal.
    """
    task, store = read(text), Store(workspace.root / FOLDER)
    about = store.signal(task.signal)
    panel, _ = of_store(store, task.signal, None)
    signals, until = learned.taught(panel, (), task.before)
    if about.unit != COUNTS:
        raise Refused("least_patients", "The signal holds no counts, so nobody can be counted.")
    cases = int(np.nansum(np.maximum(panel.until(until).values, 0.0)))
    if cases < policy.least_patients:
        raise Refused("least_patients", f"Fewer than {policy.least_patients} cases are here.")
    lessons = windows.joined([windows.examples(one, task.steps) for one in signals])
    newest = int(season.seasons(np.array([until], dtype="datetime64[D]"))[0])
    return Series(
        task=task,
        signals=tuple(signals),
        until=until,
        train=_some(lessons, lessons.season < newest),
        held=_some(lessons, lessons.season == newest),
        digest=learned.digest(signals, task.steps),
        synthetic=about.synthetic or workspace.synthetic,
    )


def _some(lessons: Examples, rows: NDArray[np.bool_]) -> Examples:
    return Examples(lessons.inputs.take(rows), lessons.change[rows], lessons.season[rows])


def climatology(series: Series, joint: Joint) -> FloatArray:
    """(53, 23) quantiles of the heights in each week of a season, over the places of all sites.

    As ``forecast.climatology.learn``, from counts in cells of 0.01; NaN for a week with too few.
    """
    table = np.zeros((YEAR, len(HEIGHTS) + 1))
    for one in series.signals:
        week = np.repeat(season.weeks(one.panel.dates) - 1, one.z.shape[1])
        height = one.z.reshape(-1)
        known = np.isfinite(height)
        np.add.at(table, (week[known], np.searchsorted(HEIGHTS, height[known])), 1.0)
    (total,) = joint.sums(table)
    near = sum(np.roll(total, shift, axis=0) for shift in range(-NEAR, NEAR + 1))
    return np.stack([_quantiles(row) for row in np.asarray(near)])


def _quantiles(counts: FloatArray) -> FloatArray:
    """As of the heights themselves, each at the middle of its cell."""
    times = counted(counts)
    if times.sum() < LEAST:
        return np.full(len(LEVELS), np.nan)
    return np.asarray(np.quantile(np.repeat(MIDDLES, times), LEVELS))


def enough(total: int, fewest: int) -> None:
    """Nothing when all sites together have enough windows.

    Raises
    ------
    InputError : they have not.
    """
    if total < fewest:
        raise InputError(
            f"All sites together have {total} windows to learn from.",
            where="federation",
            allowed=f"{fewest} or more",
            next_step="Take more sites, or series with more seasons.",
        )
