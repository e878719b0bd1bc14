"""From a task file to a detector of unusual films: learn from normal films, try it, gate it.

The sides of the split: the detector learns from and remembers the normal films of training; those
of testing set the ranks and are the trial's normal films. Abnormal films are never learnt from;
those of patients who are not in training try the detector.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.finding import NOTICE
from nof1.imaging.anomaly import storing
from nof1.imaging.anomaly.detector import Detector
from nof1.imaging.anomaly.learning import Learned, Lesson, OnPass, learn
from nof1.imaging.anomaly.trial import NOT_A_DIAGNOSIS, Proof
from nof1.imaging.answering.building import Looks, Say
from nof1.imaging.explaining.placing import grid_of
from nof1.imaging.gates.domain import Domain
from nof1.imaging.gates.door import STATISTICS, SUBFOLDER, Door
from nof1.imaging.gates.leakage import leakage_report
from nof1.imaging.gates.orientation import Orientation
from nof1.imaging.gates.orientation_training import train_orientation
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality
from nof1.imaging.gates.verdict import GateReport
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.folder import ABOUT, ModelFolder, extend_folder
from nof1.imaging.training.loading import DataSet, load
from nof1.imaging.training.running import SCHEMA, sides
from nof1.imaging.training.splits import NO_PATIENTS
from nof1.imaging.training.task import ImagingTask, plain
from nof1.learn.figures import Figure

QUESTION = "unusual"
RENAMED = {"epochs": "passes"}  # the task file's word -> the lesson's
LIMITS = (
    NOT_A_DIAGNOSIS,
    "The rank holds for films like the normal films of this task; another site or machine needs "
    "its own detector.",
    "Called abnormal by people and photographed in another way is the same to a detector: look at "
    "its places.",
)
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers: normal films to learn from, normal films held out, and abnormal films."""

    train: Rows
    held_out: Rows
    abnormal: Rows


@dataclass(frozen=True, eq=False)
class Detected:
    """A finished detector: its folder, what it has shown, and whether it may speak."""

    folder: ModelFolder
    proof: Proof
    passed: bool
    reasons: tuple[str, ...]


def build(
    task: ImagingTask,
    out: str | Path,
    *,
    on_pass: OnPass | None = None,
    say: Say = lambda _: None,
) -> Detected:
    """Train the detector of a task, put it on trial and give it its gates.

    Parameters
    ----------
    out : the model's folder; new.
    on_pass : told seed, pass and mean loss. say : told what is being done.

    Raises
    ------
    InputError, ModelError, UsageError : the task's files do not fit, there are too few normal
        films, or ``out`` holds a model.
    """
    place = Path(out)
    if (place / ABOUT).exists():
        raise UsageError(
            "There is already a model here.", where=place.name, next_step="Choose another folder."
        )
    looks = Looks()
    say("reading the films")
    data = load(task, looks.add)
    parts = parted(task, data)
    say("learning the normal films")
    learned = learn(
        data.images[parts.train],
        seeds=task.seeds,
        lesson=lesson_of(task),
        on_pass=on_pass,
    )
    say("putting the detector on trial")
    detector = _tried(learned, data, parts)
    storing.write(place, learned, detector)
    say("training the gates")
    notes = _gates(place, data, parts, looks)
    say("looking for leaks")
    leak = _leaks(data, parts)
    card = {
        **card_of(task, data, parts, detector.proof),
        "leakage": leak.to_dict(),
        "gates": {"notes": list(notes)},
    }
    reasons = (*_failures(detector.proof, leak), *notes)
    sections = _sections(task, card, reasons, data.synthetic)
    grid = asdict(grid_of(Ensemble.open(place)))  # kept: asking again costs each first film
    folder = extend_folder(place, {**sections, "grid": grid})
    return Detected(folder, detector.proof, not reasons, reasons)


def lesson_of(task: ImagingTask) -> Lesson:
    """How the task wants the training to go."""
    return Lesson(**{RENAMED.get(key, key): value for key, value in task.training.items()})


def parted(task: ImagingTask, data: DataSet) -> Parts:
    """The three kinds of films.

    Raises
    ------
    InputError : one side of the split has no normal film.
    """
    normal = np.flatnonzero(data.labels == 0)
    if not len(normal):
        raise InputError("No picture is called normal.", where="anomaly.normal")
    only = replace(data, labels=np.where(data.labels == 0, 0, -1))
    train, held_out = sides(task, only)
    abnormal = data.labels == 1
    if data.side is not None:
        abnormal &= data.side != "train"
    if data.patients is not None:
        abnormal &= ~np.isin(data.patients, data.patients[train])
    return Parts(train, held_out, np.flatnonzero(abnormal))


def _tried(learned: Learned, data: DataSet, parts: Parts) -> Detector:
    people = data.patients
    return Detector.build(
        learned.sight,
        data.images[parts.train],
        data.images[parts.held_out],
        patients=None if people is None else people[parts.held_out],
        abnormal=data.images[parts.abnormal] if len(parts.abnormal) else None,
        abnormal_patients=None if people is None else people[parts.abnormal],
    )


def _gates(place: Path, data: DataSet, parts: Parts, looks: Looks) -> tuple[str, ...]:
    """Fit the door on normal films; notes say which part could not be made.

    The network's own features are not asked about foreign pictures: that is the detector's
    question, and a very unusual film must reach it.
    """
    notes: list[str] = []
    normal = np.concatenate([parts.train, parts.held_out])
    apart = np.arange(len(normal)) >= len(parts.train)
    table = np.stack([looks.statistics[i] for i in normal])
    Door(
        quality=Quality.learned([looks.measures[i] for i in parts.train], min(looks.sides)),
        orientation=_orientation(place, data, normal, apart, notes),
        domains=_domains(table, apart, notes),
        population=Population.fit([data.headers[i] for i in parts.train]),
    ).save(place)
    return tuple(notes)


def _orientation(
    place: Path, data: DataSet, normal: Rows, apart: NDArray[np.bool_], notes: list[str]
) -> Orientation | None:
    try:
        return train_orientation(
            place / SUBFOLDER,
            list(data.images[normal]),
            patients=None if data.patients is None else data.patients[normal],
            held_out=apart,
        )
    except (InputError, ModelError) as error:
        notes.append(f"orientation cannot be checked: {error.message}")
        return None


def _domains(
    table: NDArray[np.float64], apart: NDArray[np.bool_], notes: list[str]
) -> dict[str, Domain]:
    try:
        return {STATISTICS: Domain.fit(table[~apart], table[apart])}
    except (InputError, ModelError) as error:
        notes.append(f"foreign pictures cannot be recognised: {error.message}")
        return {}


def _leaks(data: DataSet, parts: Parts) -> GateReport:
    rows = np.concatenate([parts.train, parts.held_out, parts.abnormal])
    return leakage_report(
        list(data.images[rows]),
        splits=np.repeat(["train", "test"], [len(parts.train), len(rows) - len(parts.train)]),
        patients=None if data.patients is None else data.patients[rows],
    )


def _failures(proof: Proof, leak: GateReport) -> list[str]:
    """Why the detector may not speak."""
    found = [] if proof.passed else [proof.reason.rstrip(".")]
    return found + ([f"leakage: {leak.because}"] if leak.judgement == "failed" else [])


def _sections(
    task: ImagingTask, card: dict[str, Any], reasons: tuple[str, ...], synthetic: bool
) -> dict[str, Any]:
    return {
        "name": task.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "question": QUESTION,
        "card": card,
        "may_speak": {"passed": not reasons, "reasons": list(reasons)},
        "synthetic": synthetic,
    }


def card_of(task: ImagingTask, data: DataSet, parts: Parts, proof: Proof) -> dict[str, Any]:
    """The card as data: counts, the trial's figures and limits, no patient's value."""
    people = data.patients
    sides_of = {"train": parts.train, "test": parts.held_out, "abnormal": parts.abnormal}
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "validated_by": "nobody: no clinician has reviewed this model",
        "task": plain(task),
        "pictures": {side: len(rows) for side, rows in sides_of.items()},
        "patients": {
            side: None if people is None else len(np.unique(people[rows]))
            for side, rows in sides_of.items()
        },
        "set_aside": data.aside,
        "tested_by": "held-out normal films, the same films with planted changes of unseen kinds, "
        "and films called abnormal where there are 20 or more",
        "findings": _figures(proof),
        "proof": proof.to_dict(),
        "notes": [*_gains(proof), *([] if people is not None else [NO_PATIENTS])],
        "limits": list(LIMITS),
    }


def _figures(proof: Proof) -> list[dict[str, Any]]:
    rows = {"planted, unseen": proof.planted, **{f"  {k}": one for k, one in proof.kinds.items()}}
    if proof.labelled is not None:
        rows["called abnormal"] = proof.labelled
    return [{"name": name, "auroc": one.to_dict(), "figures": {}} for name, one in rows.items()]


def _gains(proof: Proof) -> list[str]:
    """What the trial says beside its figures."""
    pairs: list[tuple[str, Figure | None]] = [
        ("Planted changes", proof.planted_gain),
        ("Films called abnormal", proof.labelled_gain),
    ]
    told = [f"{what}: AUROC above that of an untrained net by {one}." for what, one in pairs if one]
    return [*told, *([proof.reason] if proof.reason else [])]
