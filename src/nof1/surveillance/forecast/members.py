"""What each member says now, in units of each place's scale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from nof1.surveillance.forecast import classic, climatology, seir, windows
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.forecast.pool import PRIOR, Past
from nof1.surveillance.forecast.scaled import OFFSET, Scaled
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import WEEK, Floats

NAMES = tuple(PRIOR)


@dataclass(frozen=True)
class Origin:
    """What the members said in one week, kept to be judged later.

    Attributes
    ----------
    last : the newest week that was known.
    places : of the axis of the answers.
    answers : name -> (places, steps, 23) roots divided by ``scale``.
    scale : (places,) of the roots, as it was then.
    unit : (places,) counts for a rate of 1, as it was then.
    """

    last: date
    places: tuple[str, ...]
    answers: dict[str, Floats]
    scale: Floats
    unit: Floats

    def past(self, now: Scaled) -> Past:
        """The answers beside what is known of their weeks today."""
        steps = next(iter(self.answers.values())).shape[1]
        row = (np.datetime64(self.last) - now.panel.dates[0]).astype(int) // WEEK
        column = [now.panel.places.index(p) if p in now.panel.places else -1 for p in self.places]
        came = np.full((len(self.places), steps), np.nan)
        for step in range(1, steps + 1):
            if 0 <= row + step < len(now.roots):
                came[:, step - 1] = self._roots(now, row + step, column) / self.scale
        return Past(self.answers, came)

    def _roots(self, now: Scaled, row: int, column: list[int]) -> Floats:
        """(places,) what came in one week as roots in the unit of then; NaN for a place gone.

        Without a population the unit follows the heights that are known, so it grows in a wave.
        """
        roots = np.append(now.roots[row], np.nan)[column]  # -1: a place that is gone
        ratio = np.append(now.unit, np.nan)[column] / self.unit
        other = np.maximum((roots**4 - OFFSET) * ratio + OFFSET, 0.0) ** 0.25
        return np.asarray(np.where(ratio == 1.0, roots, other))


def answer(now: Scaled, learned: Learned, only: tuple[str, ...] = NAMES) -> Origin:
    """Ask every member that can answer; one that cannot is left out."""
    steps, size = learned.steps, now.scale[:, None, None]
    inputs, whole = windows.now(now)
    here = (inputs.window[:, -1] + now.centre)[:, None, None]
    said: dict[str, Floats] = {}
    for name, learner in (("trees", learned.trees), ("deep", learned.nets)):
        if learner is not None and name in only and whole.any():
            change = np.full((len(whole), steps, len(LEVELS)), np.nan)
            change[whole] = learner.quantiles(inputs.take(whole))
            said[name] = here + change
    if "classic" in only:
        said["classic"] = classic.quantiles(now, steps) / size
    if "seir" in only:
        said["seir"] = seir.quantiles(now, steps, learned.curves) / size
    if "climatology" in only:
        said["climatology"] = climatology.quantiles(now, steps, learned.table) / size
    if "climatology" in said and set(only) != {"climatology"}:
        said["climatology"] = _beside(said)
    some = {name: made for name, made in said.items() if np.isfinite(made).any()}
    return Origin(now.panel.dates[-1].item(), now.panel.places, some, now.scale, now.unit)


def _beside(said: dict[str, Floats]) -> Floats:
    """The climatology where another member answers too; NaN elsewhere.

    Alone it would say of a place whose newest weeks are missing what is usual, whatever goes on.
    """
    others = [np.isfinite(made) for name, made in said.items() if name != "climatology"]
    read = np.any(others, axis=0) if others else np.zeros(said["climatology"].shape, dtype=bool)
    return np.asarray(np.where(read, said["climatology"], np.nan))
