"""A race against a challenger on the same compounds, split for split, with the cost of both.

The challenger gets the same training, validation and test compounds as our model, which joins
training and validation. What is compared is the figure of each split, by a paired difference:
both are judged on the same resampled compounds. Our model stays the one that is stored; where the
challenger is better, the card says so.

CPU seconds are those of the process, all threads. Ours hold everything that the answer needs:
features of the whole table (made once, counted in full in every split), inner folds for the
limits, the domain. The challenger gives no limits, so our learner's seconds without them (features
and one fit) stand beside. The challenger's hold its own features, fitting and predicting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.learn.figures import Figure, bootstrap, percentile_figure
from nof1.medicines.chemistry.splits import Split
from nof1.medicines.chemistry.toolkit import Molecule
from nof1.medicines.properties.card import CHALLENGER_BETTER
from nof1.medicines.properties.figures import (
    CLASSIFICATION,
    MAIN,
    REGRESSION,
    RESAMPLES,
    Floats,
    Held,
    Measure,
    figure,
)
from nof1.medicines.properties.table import Label, Table

BETTER, WORSE, LEVEL = CHALLENGER_BETTER, "challenger worse", "no clear difference"


class Challenger(Protocol):
    """Another learner that can be asked about the test compounds of a split."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def settings(self) -> str:
        """Its version and settings in words."""

    def predict(
        self,
        molecules: Sequence[Molecule],
        values: NDArray[np.float64],
        split: Split,
        *,
        classify: bool,
        seed: int,
    ) -> NDArray[np.float64]:
        """(test, labels) value or score, higher means class 1; test labels must not be used."""


def challenger(name: str) -> Challenger:
    """The challenger of this name.

    Raises
    ------
    UsageError : there is none of this name.
    MissingExtra : its package is not installed.
    """
    if name != "chemprop":
        raise UsageError("There is no such challenger.", where="--challenger", allowed=["chemprop"])
    from nof1.medicines.properties.chemprop import Chemprop

    return Chemprop()


class Race:
    """Laps of both; handed to ``evaluate``, asked for its :meth:`summary` afterwards.

    Parameters
    ----------
    features : CPU seconds that our features of the whole table took.
    clock : CPU seconds of the process.
    """

    def __init__(
        self,
        rival: Challenger,
        data: Table,
        features: float,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._rival, self._data, self._features, self._clock = rival, data, features, clock
        self._pairs: dict[tuple[str, str], list[tuple[Held, Floats]]] = {}
        self._seconds: dict[str, list[tuple[float, float, float]]] = {}

    def lap(self, split: Split, seed: int, ours: Sequence[tuple[Label, Held]], cpu: float) -> None:
        """Let the challenger answer about one split that our model took ``cpu`` seconds for."""
        start = self._clock()
        answers: dict[str, Floats] = {}
        for kind in dict.fromkeys(label.kind for label, _ in ours):
            names = [label.name for label, _ in ours if label.kind == kind]
            columns = [place for place, la in enumerate(self._data.labels) if la.name in names]
            found = self._rival.predict(
                self._data.molecules,
                self._data.values[:, columns],
                split,
                classify=kind == "classification",
                seed=seed,
            )
            answers |= dict(zip(names, found.T, strict=True))
        taken = self._clock() - start
        alone = self._features + sum(held.cpu for _, held in ours)
        self._seconds.setdefault(split.name, []).append((self._features + cpu, alone, taken))
        for label, held in ours:
            place = np.searchsorted(split.test, held.rows)
            pair = (held, np.asarray(answers[label.name][place], dtype=np.float64))
            self._pairs.setdefault((label.name, split.name), []).append(pair)

    def summary(self) -> dict[str, Any]:
        """Both figures, the paired difference and the CPU seconds, as JSON."""
        rows = len(self._data.keys)
        return {
            "name": self._rival.name,
            "settings": self._rival.settings,
            "kept": "ours",
            "labels": {
                label.name: {
                    split: compared(pairs, rows, classify=label.kind == "classification")
                    for (name, split), pairs in self._pairs.items()
                    if name == label.name
                }
                for label in self._data.labels
            },
            "cpu_seconds": {name: _cost(laps) for name, laps in self._seconds.items()},
        }


def _cost(laps: Sequence[tuple[float, float, float]]) -> dict[str, float | None]:
    """Mean CPU seconds a split: ours with its limits, our learner alone, the challenger's."""
    ours, alone, theirs = (float(np.mean(one)) for one in zip(*laps, strict=True))
    return {
        "ours": ours,
        "ours_without_limits": alone,
        "challenger": theirs,
        "times": theirs / ours if ours > 0 else None,
        "times_without_limits": theirs / alone if alone > 0 else None,
    }


def compared(
    pairs: Sequence[tuple[Held, Floats]], compounds: int, *, classify: bool
) -> dict[str, Any] | None:
    """Ours, the challenger's and challenger - ours on one label and kind of split.

    None where no split has both classes in its test compounds.

    Parameters
    ----------
    pairs : for each repeat our held-out predictions, and the challenger's in the same order.
    compounds : number of compounds in the whole table.
    """
    usable = [pair for pair in pairs if not classify or 0 < pair[0].y.mean() < 1]
    if not usable:
        return None
    name = MAIN["classification" if classify else "regression"]
    measure = (CLASSIFICATION if classify else REGRESSION)[name]
    held = [ours for ours, _ in usable]
    theirs = [_as(ours, other) for ours, other in usable]
    gap = difference(held, theirs, measure, compounds)
    return {
        "measure": name,
        "ours": figure(held, measure, compounds).to_dict(),
        "challenger": figure(theirs, measure, compounds).to_dict(),
        "difference": gap.to_dict(),
        "reading": reading(gap, classify=classify),
    }


def reading(gap: Figure, *, classify: bool) -> str:
    """Which is better, when the whole interval of the difference says so."""
    if gap.low is None or gap.high is None or gap.low <= 0 <= gap.high:
        return LEVEL
    return BETTER if (gap.low > 0) == classify else WORSE


def difference(
    ours: Sequence[Held], theirs: Sequence[Held], measure: Measure, compounds: int
) -> Figure:
    """Challenger - ours, mean over the repeats, both on the same resampled compounds."""

    def gap(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            each = [
                measure(b.y, b.prediction, weights[:, b.rows])
                - measure(a.y, a.prediction, weights[:, a.rows])
                for a, b in zip(ours, theirs, strict=True)
            ]
        found: Floats = np.mean(each, axis=0)
        return found

    value = float(gap(np.ones((1, compounds)))[0])
    return percentile_figure(value, bootstrap(gap, compounds, resamples=RESAMPLES))


def _as(held: Held, prediction: Floats) -> Held:
    """The same test compounds with other predictions."""
    return Held(
        held.rows,
        held.y,
        prediction,
        held.naive,
        held.neighbour,
        held.zones,
        held.covered,
        held.single,
    )
