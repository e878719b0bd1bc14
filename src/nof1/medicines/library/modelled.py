"""A trained property model as one more score of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nof1.core import artefacts
from nof1.core.errors import ModelError, UsageError
from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.library.ranking import Model, Values
from nof1.medicines.properties.model import PropertyModel

BATCH = 1_000


def property_model(models: Path, name: str, label: str | None = None) -> Model:
    """The model ``name`` of a workspace's folder of models, for one of its labels.

    Higher predictions rank first. What the model withholds ranks last.

    Parameters
    ----------
    label : may be left out when the model has one only.

    Raises
    ------
    ModelError : no such model, or one that may not speak. UsageError : the label is not one of it.
    """
    artefact = artefacts.load(models, name)
    found = PropertyModel.read(artefact)
    names = [one.name for one in found.labels]
    if label is None and len(names) == 1:
        label = names[0]
    if label not in names:
        raise UsageError(
            f"The model {name} has several labels, or not this one.",
            where="--model-label",
            allowed=names,
        )
    if label in found.failed:
        raise ModelError(
            f"The model {name} may not speak about {label}: {found.failed[label]}",
            where="--model",
            next_step="Screen without --model, or train a better one.",
        )
    place = names.index(label)

    def predict(smiles: Sequence[str]) -> Values:
        parts = [_predicted(found, place, smiles[at : at + BATCH]) for at in _starts(smiles)]
        return np.concatenate(parts) if parts else np.zeros(0)

    shown = f"model {artefact.name} {artefact.version}, {label}"
    return Model(shown, predict, frozenset(found.compounds))


def _starts(smiles: Sequence[str]) -> range:
    return range(0, len(smiles), BATCH)


def _predicted(model: PropertyModel, place: int, smiles: Sequence[str]) -> Values:
    done = standardise(smiles)
    usable = done.usable()
    values = np.full(len(smiles), np.nan)
    texts = [str(done.smiles[at]) for at in usable]
    for at, one in zip(
        usable, model.predict(texts, [done.molecules[n] for n in usable]), strict=True
    ):
        said = one.answers[place].value
        values[at] = np.nan if said is None else said
    return values
