"""Training from file to stored artefact: table, figures on three splits, gate, model, card."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.medicines.properties import card, table
from nof1.medicines.properties.compounds import Compounds, Training
from nof1.medicines.properties.evaluate import REPEATS, Tell, evaluate
from nof1.medicines.properties.figures import MAIN
from nof1.medicines.properties.fitting import fit_label
from nof1.medicines.properties.learner import smooth
from nof1.medicines.properties.model import PropertyModel
from nof1.medicines.properties.race import Challenger, Race
from nof1.medicines.properties.table import CLASSIFICATION, Label, Table


@dataclass(frozen=True)
class Trained:
    """A stored model and what to tell about it."""

    artefact: Artefact
    model: PropertyModel
    card: dict[str, Any]


def train(
    models: Path,
    source: Path,
    labels: Sequence[str],
    *,
    name: str,
    smiles: str | None = None,
    kind: str | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
    rival: Challenger | None = None,
    tell: Tell = lambda text: None,
) -> Trained:
    """Learn from a compound file and store the model under ``models``.

    Parameters
    ----------
    repeats : random and balanced-scaffold splits to make, 1 or more.
    rival : a challenger that races on the same splits; the stored model stays ours.

    Raises
    ------
    InputError : the file cannot be read or has too few compounds (see :func:`table.load`).
    """
    tell("reading and standardising")
    data = table.load(source, labels, smiles=smiles, kind=kind)
    start = time.process_time()
    compounds = seen(data)
    race = None if rival is None else Race(rival, data, time.process_time() - start)
    figures = evaluate(
        compounds,
        data.labels,
        data.values,
        repeats=repeats,
        seed=seed,
        tell=tell,
        lap=None if race is None else race.lap,
    )
    tell("the model on all compounds")
    model = fit(data, compounds, gate(data.labels, figures), seed)
    found = None if race is None else race.summary()
    about = card.make(name, source.name, data, model, figures, seed=seed, challenger=found)
    files = model.files()
    about["content_hash"] = artefacts.content_hash(files)
    notes = {
        "card.json": json.dumps(about, indent=1).encode(),
        "card.md": card.text(about).encode(),
    }
    return Trained(artefacts.save(models, name, files, notes), model, about)


def seen(data: Table) -> Compounds:
    """The features of a table, computed once for all labels and splits."""
    even = any(smooth(len(data.keys), classify=la.kind == CLASSIFICATION) for la in data.labels)
    return Compounds.of(data.molecules, electronic=even)


def fit(
    data: Table, compounds: Compounds, failed: Mapping[str, str], seed: int = 0
) -> PropertyModel:
    """The model on all compounds of a table."""
    training = Training(compounds, seed)
    fitted = tuple(
        fit_label(training, column, classify=label.kind == CLASSIFICATION)
        for label, column in zip(data.labels, data.values.T, strict=True)
    )
    return PropertyModel(
        data.labels, fitted, training.columns, training.domain, tuple(data.keys), dict(failed)
    )


def gate(labels: Sequence[Label], figures: Mapping[str, Any]) -> dict[str, str]:
    """Labels whose model may not speak, with the reason.

    On random splits, the easiest question, the whole 95 % interval of the main figure must be
    better than the naive answer (the training mean; an AUROC of 0.5).
    """
    failed = {}
    for label in labels:
        random = figures[label.name]["random"]
        if not random["repeats"]:
            failed[label.name] = f"no figure: {random['why']}"
            continue
        main = random["metrics"][MAIN[label.kind]]
        classify = label.kind == CLASSIFICATION
        limit = main["low"] if classify else main["high"]
        better = limit is not None and (
            limit > random["naive"] if classify else limit < random["naive"]
        )
        if not better or not np.isfinite(main["value"]):
            failed[label.name] = "no better than the naive answer on random splits"
    return failed
