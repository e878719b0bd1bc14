"""Stored models as the pages read them: whole, checked against their hashes, and read once.

A file that changes on the disk is read, and checked, again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.learn.shapes import ShapeModel, Term
from nof1.predict.edit import curves
from nof1.predict.fitting import GLASSBOX
from nof1.predict.model import SCHEMA, Model
from nof1.predict.review import feature_words
from nof1.web.site.house import House
from nof1.web.site.page import Missing

RISK, EFFECT, LABORATORY = "risk", "effect", "laboratory"


@dataclass(frozen=True)
class Stored:
    """A stored model with its card.

    Attributes
    ----------
    kind : ``risk``, ``effect`` or ``laboratory``.
    newest : the newest version of this name.
    mark : changes when a file of it changes.
    """

    kind: str
    artefact: Artefact
    newest: int
    mark: str

    @property
    def name(self) -> str:
        return self.artefact.name

    @property
    def version(self) -> int:
        return self.artefact.version

    @cached_property
    def card(self) -> dict[str, Any]:
        """The model card as data."""
        found: dict[str, Any] = self.artefact.json("card.json")
        return found

    @cached_property
    def model(self) -> Model | None:
        """The model itself; None for one that does not speak about a patient's risk."""
        about = self.artefact.files.get("model.json")
        if about is None or self.artefact.json("model.json").get("schema") != SCHEMA:
            return None
        return Model.read(self.artefact)

    @cached_property
    def shapes(self) -> ShapeModel | None:
        """The curves of a glass box; None for all others."""
        if self.model is None or self.model.pair.trained.name != GLASSBOX:
            return None
        return curves(self.model.pair.trained)

    @cached_property
    def single(self) -> list[tuple[str, str, Term]]:
        """(column, words, curve) of every curve that has a shape, the weightiest first."""
        if self.shapes is None or self.model is None:
            return []
        found = [one for one in self.shapes.terms if len(one.features) == 1 and len(one.cuts[0])]
        found.sort(key=lambda one: -one.importance)
        names = [self.shapes.names[one.features[0]] for one in found]
        return [(n, feature_words(self.model, n), one) for n, one in zip(names, found, strict=True)]


def root_of(house: House, kind: str) -> Path:
    """Where models of a kind lie."""
    workspace = house.workspace
    return {RISK: workspace.models, EFFECT: workspace.effects, LABORATORY: workspace.laboratory}[
        kind
    ]


def names(house: House, kind: str) -> list[str]:
    """Names of the stored models of a kind."""
    return artefacts.names(root_of(house, kind))


def stored(house: House, kind: str, name: str, version: str | int | None = None) -> Stored:
    """A model by its name and version (the newest when none is named).

    Raises
    ------
    Missing : there is none.
    ModelError : its files are damaged.
    """
    root = root_of(house, kind)
    known = artefacts.versions(root, name) if name in artefacts.names(root) else []
    wanted = max(known, default=0) if version is None else _number(version)
    if wanted not in known:
        raise Missing(
            "There is no model of this name and version.", "Go back to the list of models."
        )
    mark, newest = _mark(root / name / str(wanted)), max(known)
    key = ("model", kind, name, wanted, newest)
    return house.kept(
        key, lambda: Stored(kind, artefacts.load(root, name, wanted), newest, mark), mark
    )


def _number(version: str | int) -> int:
    text = str(version)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _mark(folder: Path) -> str:
    try:
        parts = [(one.name, one.stat()) for one in sorted(folder.iterdir())]
    except OSError:
        return ""
    return repr([(name, found.st_size, found.st_mtime_ns) for name, found in parts])
