"""From a task file to a model that may answer: train, test, ask every gate, and write its verdict.

A model speaks only when all of this holds: no copy and no patient on both sides of the split, an
AUROC whose interval lies above chance, a calibration that is not far off, and more skill than a
model that sees nothing but the outer frame of the film. What fails is stored, and withheld.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, ModelError
from nof1.imaging.explaining.placing import grid_of
from nof1.imaging.gates.cells import cell_features, only_frame, squares_of
from nof1.imaging.gates.domain import statistics
from nof1.imaging.gates.door import SUBFOLDER, Door, fit_domains
from nof1.imaging.gates.leakage import leakage_report
from nof1.imaging.gates.orientation import Orientation
from nof1.imaging.gates.orientation_training import train_orientation
from nof1.imaging.gates.plain import from_pictures
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality, measures
from nof1.imaging.gates.shortcuts import ABOVE_CHANCE, LEAST_GAIN
from nof1.imaging.gates.verdict import GateReport
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.folder import ModelFolder, extend_folder
from nof1.imaging.training.course import OnEpoch
from nof1.imaging.training.evaluating import FindingFigures
from nof1.imaging.training.running import Run, run
from nof1.imaging.training.task import ImagingTask
from nof1.learn.comparison import difference
from nof1.learn.discrimination import auroc, auroc_figure

Say = Callable[[str], None]
CHANCE = 0.5
SLOPE = (0.5, 2.0)  # of the calibration, on test pictures; outside it the probabilities mislead


@dataclass
class Looks:
    """What the gates need of each film, taken while it is loaded; no film is kept."""

    measures: list[dict[str, float]] = field(default_factory=list)
    statistics: list[NDArray[np.float64]] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)

    def add(self, pixels: NDArray[Any]) -> None:
        """One film as it came."""
        film = np.asarray(pixels, dtype=np.float32)
        self.measures.append(measures(film))
        self.statistics.append(statistics(film))
        self.sides.append(min(film.shape))


@dataclass(frozen=True, eq=False)
class Built:
    """A finished model: its folder, its figures, and whether it may speak."""

    folder: ModelFolder
    figures: tuple[FindingFigures, ...]
    passed: bool
    reasons: tuple[str, ...]


def build(
    task: ImagingTask,
    out: str | Path,
    *,
    checkpoints: str | Path | None = None,
    on_epoch: OnEpoch | None = None,
    say: Say = lambda _: None,
    half: bool = False,
) -> Built:
    """Train the model of a task and give it its gates.

    Parameters
    ----------
    out : the model's folder; new.
    checkpoints : a folder from which a stopped run goes on.
    say : told what is being done.

    Raises
    ------
    InputError, ModelError, UsageError : the task's files do not fit, or ``out`` holds a model.
    """
    looks = Looks()
    say("training")
    done = run(task, out, checkpoints=checkpoints, on_epoch=on_epoch, half=half, on_film=looks.add)
    return gated_and_judged(task, done, looks, say)


def gated_and_judged(task: ImagingTask, done: Run, looks: Looks, say: Say) -> Built:
    """Give a trained and tested model its gates, and write whether it may speak."""
    out = done.folder.path
    say("training the gates")
    gated, notes = _gates(done, looks)
    say("looking for leaks and shortcuts")
    leak = leakage_report(
        list(done.data.images),
        splits=_split_words(done),
        patients=done.data.patients,
        labels=None if done.data.labels.ndim > 1 else done.data.labels.astype(str),
    )
    shortcuts = _shortcuts(task, done)
    reasons = (*_failures(leak, shortcuts, done.figures), *notes)
    card = {
        **gated.about["card"],
        "leakage": leak.to_dict(),
        "shortcuts": shortcuts,
        "gates": {"notes": list(notes)},
    }
    verdict = {"passed": not reasons, "reasons": list(reasons)}
    synthetic = done.data.synthetic
    grid = asdict(grid_of(Ensemble.open(out)))  # kept: asking again costs each first film
    told = {"card": card, "may_speak": verdict, "synthetic": synthetic, "grid": grid}
    folder = extend_folder(out, told)
    return Built(folder, done.figures, not reasons, reasons)


def _gates(done: Run, looks: Looks) -> tuple[ModelFolder, tuple[str, ...]]:
    """Fit the door on the training pictures; notes say which part could not be made."""
    place, train = done.folder.path, done.train
    notes: list[str] = []
    orientation = _orientation(done, notes)
    door = Door(
        quality=Quality.learned([looks.measures[i] for i in train], min(looks.sides)),
        orientation=orientation,
        domains=_domains(done, looks, notes),
        population=Population.fit([done.data.headers[i] for i in train]),
    )
    return door.save(place), tuple(notes)


def _orientation(done: Run, notes: list[str]) -> Orientation | None:
    data, train = done.data, done.train
    try:
        return train_orientation(
            done.folder.path / SUBFOLDER,
            list(data.images[train]),
            patients=None if data.patients is None else data.patients[train],
            held_out=done.fitted.inner,
        )
    except (InputError, ModelError) as error:
        notes.append(f"orientation cannot be checked: {error.message}")
        return None


def _domains(done: Run, looks: Looks, notes: list[str]) -> dict[str, Any]:
    ensemble, data, train = Ensemble.open(done.folder.path), done.data, done.train
    squares = (data.images[train].astype(np.float32) / 255)[:, None]
    labels = data.labels[train].reshape(len(train), -1)
    kinds = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
    try:
        return fit_domains(
            np.stack([looks.statistics[i] for i in train]),
            done.fitted.inner,
            labels=kinds,
            features=ensemble.features(squares),
        )
    except (InputError, ModelError) as error:
        notes.append(f"foreign pictures cannot be recognised: {error.message}")
        return {}


def _split_words(done: Run) -> NDArray[np.str_] | None:
    """Train or test for each picture; None with folds, where every picture is both."""
    if len(done.train) == len(done.rows) and (done.train == done.rows).all():
        return None
    words = np.full(len(done.data.images), "", dtype="<U5")
    words[done.train], words[done.rows] = "train", "test"
    return words


def _shortcuts(task: ImagingTask, done: Run) -> dict[str, Any]:
    """For each finding: the frame alone, the model, and the paired difference on test pictures."""
    frames = cell_features(only_frame(squares_of(list(done.data.images))))
    truth = done.tested.values
    found = {}
    for k, name in enumerate(task.classes):
        y = np.zeros(len(done.data.images), dtype=np.int64)
        known = np.zeros(len(y), dtype=bool)
        labels = done.data.labels.reshape(len(y), -1)
        column = labels[:, k] if labels.shape[1] == len(task.classes) else labels[:, 0] == k
        y[:] = column == 1
        known[:] = labels[:, min(k, labels.shape[1] - 1)] >= 0
        told = known[done.rows] & (truth[:, k] >= 0)
        if min(int(y[done.rows][told].sum()), int((1 - y[done.rows][told]).sum())) < 10:
            continue
        rows = np.flatnonzero(known)
        frame = np.full(len(y), np.nan)
        frame[rows] = from_pictures(frames[rows], y[rows], done.fold[rows])
        found[name] = _against_frame(done, k, y, frame, told)
    return found


def _against_frame(
    done: Run,
    k: int,
    y: NDArray[np.int64],
    frame: NDArray[np.float64],
    told: NDArray[np.bool_],
) -> dict[str, Any]:
    rows = done.rows[told]
    people = None if done.data.patients is None else done.data.patients[rows]
    full = done.tested.risk[told, k]
    first, second = auroc(y[rows], full), auroc(y[rows], frame[rows])
    return {
        "full": auroc_figure(y[rows], full, patients=people).to_dict(),
        "frame_only": auroc_figure(y[rows], frame[rows], patients=people).to_dict(),
        "difference": difference(first, second, patients=people).to_dict(),
    }


def _failures(
    leak: GateReport, shortcuts: dict[str, Any], figures: tuple[FindingFigures, ...]
) -> tuple[str, ...]:
    """Why the model may not speak."""
    found = [f"leakage: {leak.because}"] if leak.judgement == "failed" else []
    if not figures:
        found.append("no finding has both answers among the test pictures")
    for one in figures:
        if one.auroc.low is None or one.auroc.low <= CHANCE:
            found.append(f"{one.name}: the AUROC's interval does not lie above chance")
        slope = one.evaluation.figures.get("calibration_slope")
        if slope is not None and slope.value is not None and not _inside(slope.value):
            found.append(f"{one.name}: the calibration slope is {slope.value:.2f}")
        found += [f"{one.name}: {why}" for why in _shortcut(shortcuts.get(one.name))]
    return tuple(found)


def _shortcut(against: dict[str, Any] | None) -> list[str]:
    """Whether the outer frame of a film tells (nearly) as much as the model."""
    if against is None or against["difference"]["low"] is None:
        return ["too few test pictures to rule out a shortcut"]
    gain, frame = against["difference"], against["frame_only"]
    if gain["low"] <= 0:
        return ["not better than the outer frame of the film alone"]
    if frame["low"] > ABOVE_CHANCE and gain["value"] < LEAST_GAIN:
        return [
            f"the outer frame of the film alone reaches an AUROC of {frame['value']:.2f}; the "
            f"model is only {gain['value']:.2f} better (at least {LEAST_GAIN} is asked for)"
        ]
    return []


def _inside(slope: float) -> bool:
    return SLOPE[0] <= slope <= SLOPE[1]
