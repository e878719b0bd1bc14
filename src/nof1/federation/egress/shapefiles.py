"""The curves and planes inside a model's JSON files, wherever they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from nof1.core.artefacts import Artefact
from nof1.learn.shapes import SCHEMA, ShapeModel
from nof1.learn.sums import FloatArray


def shape_models(artefact: Artefact) -> Iterator[tuple[str, ShapeModel]]:
    """(place, model) of each set of curves, for example one for each cause of a survival model."""
    for name, raw in artefact.files.items():
        if name.endswith(".json") and SCHEMA.encode() in raw:
            yield from _inside(name, json.loads(raw))


def _inside(place: str, node: Any) -> Iterator[tuple[str, ShapeModel]]:
    if isinstance(node, dict):
        if node.get("schema") == SCHEMA:
            yield place, ShapeModel.from_dict(node)
            return
        node = node.items()
    elif isinstance(node, list):
        node = enumerate(node)
    else:
        return
    for key, value in node:
        yield from _inside(f"{place}, {key}", value)


def cuts_of(artefact: Artefact, columns: int) -> list[FloatArray]:
    """For each column the cuts of its curve; empty where it has none."""
    cuts: list[FloatArray] = [np.empty(0) for _ in range(columns)]
    for _, model in shape_models(artefact):
        for term in model.terms:
            if len(term.features) == 1 and term.features[0] < columns:
                cuts[term.features[0]] = term.cuts[0]
    for name, raw in artefact.files.items():
        if name.endswith("trees.json"):
            stored = json.loads(raw).get("cuts", [])
            if len(stored) == columns:
                cuts = [np.array(one, dtype=np.float64) for one in stored]
    return cuts
