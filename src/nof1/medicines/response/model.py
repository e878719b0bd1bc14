"""The stored model for new tumours: averages, traits read from omics, ridge weights, intervals.

numbers.safetensors   all arrays
model.json            names, choices, limits, verdicts in short
trees.lgb.txt         LightGBM, where it has weight
card.json             figures of all splits; card.md the same as text

Of a cell line it holds the name, tissue and principal components of its omics, which say who is a
neighbour, and how strongly the line speaks; no measured response.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError
from nof1.learn.arrays import pack, unpack
from nof1.learn.sums import FloatArray
from nof1.medicines.response import kernels
from nof1.medicines.response.components import Components, FactorModel
from nof1.medicines.response.crossing import Blend
from nof1.medicines.response.domain import Domain
from nof1.medicines.response.intervals import Intervals
from nof1.medicines.response.naive import Cells, Naive
from nof1.medicines.response.ridge import DrugRidge
from nof1.medicines.response.screen import Screen
from nof1.medicines.response.space import Space
from nof1.medicines.response.trees import Trees

SCHEMA = "nof1/response-model/1"
NUMBERS, PLAIN, TREES = "numbers.safetensors", "model.json", "trees.lgb.txt"


@dataclass(frozen=True, eq=False)
class ResponseModel:
    """What speaks about a new tumour.

    Attributes
    ----------
    lines, tissues : of the training lines, in the order of the neighbours' arrays.
    drugs, titles, classes, chemistry : as in the screen.
    spread : (drugs,) standard deviation of each drug's responses.
    speaks : drugs for which the model beats the naive predictor on new cell lines.
    withheld : why it may not speak about a new line at all; empty when it may.
    """

    name: str
    parts: Components
    blend: Blend
    intervals: Intervals
    domain: Domain
    lines: tuple[str, ...]
    tissues: tuple[str, ...]
    screen: Screen
    spread: FloatArray
    speaks: frozenset[str]
    withheld: str
    data: Mapping[str, Any]

    def files(self) -> dict[str, bytes]:
        """The files to store."""
        plain, arrays = _described(self)
        files = {NUMBERS: pack(_doubles(arrays)), PLAIN: json.dumps(plain).encode()}
        if self.parts.trees is not None:
            files[TREES] = self.parts.trees.text.encode()
        return files

    @classmethod
    def read(cls, artefact: Artefact) -> ResponseModel:
        """Read a stored model.

        Raises
        ------
        ModelError : when it is no response model, or of another version of nof1.
        """
        if PLAIN not in artefact.files or NUMBERS not in artefact.files:
            raise _other(artefact.name)
        plain = artefact.json(PLAIN)
        if plain.get("schema") != SCHEMA:
            raise _other(artefact.name)
        arrays = unpack(artefact.files[NUMBERS])
        text = artefact.files[TREES].decode() if TREES in artefact.files else ""
        return _rebuilt(plain, arrays, text)


def _doubles(arrays: Mapping[str, Any]) -> dict[str, FloatArray]:
    return {name: np.asarray(array, np.float64) for name, array in arrays.items()}


def _other(name: str) -> ModelError:
    return ModelError(
        "This is no response model of this version of nof1.",
        where=name,
        allowed=SCHEMA,
        next_step="Train one: nof1 medicines response train NAME ...",
    )


def _described(model: ResponseModel) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    parts, screen = model.parts, model.screen
    side, side_arrays = kernels.to_dict(parts.factors.line_side)
    blind, blind_arrays = kernels.to_dict(parts.factors.blind_side)
    arrays = {
        "centre": parts.space.centre,
        "spread": parts.space.spread,
        "axes": parts.space.axes,
        "drug_mean": parts.naive.drug_mean,
        "tissue": parts.naive.tissue.deviation,
        "factor_mean": parts.factors.mean,
        "loading": parts.factors.loading,
        "ridge": parts.ridge.weights,
        "half": model.intervals.half,
        "drug_spread": model.spread,
        "chemistry": screen.chemistry,
        **{f"side.{name}": array for name, array in side_arrays.items()},
        **{f"blind.{name}": array for name, array in blind_arrays.items()},
        **{f"domain.{name}": array for name, array in model.domain.to_arrays().items()},
    }
    plain = {
        "schema": SCHEMA,
        "name": model.name,
        "features": list(parts.space.features),
        "has_subtypes": parts.space.has_subtypes,
        "drugs": list(screen.drugs),
        "titles": list(screen.titles),
        "classes": list(screen.classes),
        "compounds": list(screen.compounds),
        "measure": screen.measure,
        "lines": list(model.lines),
        "line_tissues": list(model.tissues),
        "overall": parts.naive.overall,
        "tissues": list(parts.naive.tissue.groups),
        "tissue_shrinkage": parts.naive.tissue.shrinkage,
        "side": side,
        "blind": blind,
        "blend": {"base": model.blend.base, "weights": dict(model.blend.weights)},
        "interval": {"new_drug": model.intervals.new_drug, "level": model.intervals.level},
        "speaks": sorted(model.speaks),
        "withheld": model.withheld,
        "data": dict(model.data),
    }
    if parts.naive.subtype is not None:
        plain["subtypes"] = list(parts.naive.subtype.groups)
        plain["subtype_shrinkage"] = parts.naive.subtype.shrinkage
        arrays["subtype"] = parts.naive.subtype.deviation
    if parts.trees is not None:
        _describe_trees(parts.trees, plain, arrays)
    return plain, arrays


def _describe_trees(trees: Trees, plain: dict[str, Any], arrays: dict[str, FloatArray]) -> None:
    plain["trees"] = {
        "base": trees.base,
        "tissues": list(trees.tissues),
        "classes": list(trees.classes),
    }
    arrays["trees.level"] = trees.drug_level
    arrays["trees.centre"], arrays["trees.axes"] = trees.centre, trees.axes


def _rebuilt(
    plain: Mapping[str, Any], arrays: Mapping[str, FloatArray], text: str
) -> ResponseModel:
    drugs = tuple(plain["drugs"])
    side = kernels.from_dict(plain["side"], _under("side.", arrays))
    features = tuple(plain["features"])
    space = Space(
        features, arrays["centre"], arrays["spread"], arrays["axes"], plain["has_subtypes"]
    )
    interval = plain["interval"]
    return ResponseModel(
        name=plain["name"],
        parts=Components(
            space,
            _naive(plain, arrays, drugs),
            _factors(plain, arrays, drugs, side),
            DrugRidge(drugs, arrays["ridge"]),
            _trees(plain, arrays, text, drugs),
        ),
        blend=Blend(plain["blend"]["base"], plain["blend"]["weights"]),
        intervals=Intervals(drugs, arrays["half"], interval["new_drug"], interval["level"]),
        domain=Domain.from_arrays(_under("domain.", arrays), side.likeness.known.numbers),
        lines=tuple(plain["lines"]),
        tissues=tuple(plain["line_tissues"]),
        screen=_empty_screen(plain, arrays),
        spread=arrays["drug_spread"],
        speaks=frozenset(plain["speaks"]),
        withheld=plain["withheld"],
        data=plain["data"],
    )


def _naive(
    plain: Mapping[str, Any], arrays: Mapping[str, FloatArray], drugs: tuple[str, ...]
) -> Naive:
    tissue = Cells(tuple(plain["tissues"]), arrays["tissue"], plain["tissue_shrinkage"])
    subtype = None
    if "subtypes" in plain:
        subtype = Cells(tuple(plain["subtypes"]), arrays["subtype"], plain["subtype_shrinkage"])
    none = np.zeros(0)
    return Naive(
        (), drugs, plain["overall"], arrays["drug_mean"], none, none, tissue, subtype, None
    )


def _under(prefix: str, arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """The arrays whose names begin with the prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _factors(
    plain: Mapping[str, Any],
    arrays: Mapping[str, FloatArray],
    drugs: tuple[str, ...],
    side: kernels.Regression,
) -> FactorModel:
    loading = arrays["loading"]
    traits = np.zeros((0, loading.shape[1]))
    blind = kernels.from_dict(plain["blind"], _under("blind.", arrays))
    mean, overall = arrays["factor_mean"], float(plain["overall"])
    return FactorModel((), drugs, mean, loading, traits, side, None, blind, overall)


def _trees(
    plain: Mapping[str, Any], arrays: Mapping[str, FloatArray], text: str, drugs: tuple[str, ...]
) -> Trees | None:
    if "trees" not in plain:
        return None
    own = plain["trees"]
    return Trees(
        own["base"],
        drugs,
        tuple(own["tissues"]),
        tuple(own["classes"]),
        arrays["trees.level"],
        arrays["trees.centre"],
        arrays["trees.axes"],
        text,
    )


def _empty_screen(plain: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Screen:
    """The drugs of the model, without lines."""
    drugs = tuple(plain["drugs"])
    return Screen(
        lines=(),
        drugs=drugs,
        response=np.zeros((0, len(drugs))),
        omics=np.zeros((0, len(plain["features"]))),
        features=tuple(plain["features"]),
        tissues=(),
        subtypes=(),
        chemistry=arrays["chemistry"],
        classes=tuple(plain["classes"]),
        compounds=tuple(plain["compounds"]),
        measure=plain["measure"],
        titles=tuple(plain["titles"]),
    )
