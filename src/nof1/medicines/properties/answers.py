"""Predictions as JSON and as rows of a CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from nof1.core.errors import InputError
from nof1.medicines.properties.model import Answer, Prediction
from nof1.medicines.properties.table import CLASSIFICATION, Label


def to_dict(one: Prediction) -> dict[str, Any]:
    """JSON form of a prediction."""
    return {
        "smiles": one.smiles,
        "domain": {
            "zone": one.verdict.zone,
            "reason": one.verdict.reason,
            "similarity": one.verdict.similarity,
            "scaffold_seen": one.verdict.scaffold_seen,
            "neighbour": one.neighbour,
            "in_training": one.known,
        },
        "answers": {answer.label.name: _answer(answer) for answer in one.answers},
    }


def _answer(answer: Answer) -> dict[str, Any]:
    if answer.value is None:
        return {"value": None, "withheld": answer.withheld}
    if answer.label.kind == CLASSIFICATION:
        return {"value": answer.value, "classes": list(answer.classes)}
    return {"value": answer.value, "low": answer.low, "high": answer.high}


class Sheet:
    """A CSV with one row for each row read, unusable ones too; does nothing without a path.

    Raises
    ------
    InputError : when the file cannot be written.
    """

    def __init__(self, path: Path | None, labels: Sequence[Label]) -> None:
        self._path, self._labels = path, labels
        self._stream: TextIO | None = None

    def __enter__(self) -> Sheet:
        if self._path is not None:
            try:
                self._stream = open(self._path, "w", encoding="utf-8", newline="")
            except OSError as error:
                raise InputError(
                    f"The table cannot be written: {error.strerror}.", where=self._path.name
                ) from None
            self._put(
                ["row", "smiles", "problem", "zone", "similarity", "neighbour", *self._heads()]
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def write(self, row: int, problem: str | None, one: Prediction | None) -> None:
        """One row."""
        if self._stream is None:
            return
        if one is None:
            self._put([row, "", problem, "", "", "", *[""] * len(self._heads())])
            return
        cells = [cell for answer in one.answers for cell in _cells(answer)]
        near = f"{one.verdict.similarity:.3f}"
        self._put([row, one.smiles, "", one.verdict.zone, near, one.neighbour, *cells])

    def _heads(self) -> list[str]:
        heads = []
        for label in self._labels:
            own = ("may be 0", "may be 1") if label.kind == CLASSIFICATION else ("low", "high")
            heads += [label.name, *(f"{label.name} {one}" for one in own), f"{label.name} withheld"]
        return heads

    def _put(self, cells: Sequence[Any]) -> None:
        assert self._stream is not None
        csv.writer(self._stream).writerow(cells)


def _cells(answer: Answer) -> list[Any]:
    if answer.value is None:
        return ["", "", "", answer.withheld]
    if answer.label.kind == CLASSIFICATION:
        return [f"{answer.value:.4g}", int(0 in answer.classes), int(1 in answer.classes), ""]
    return [f"{answer.value:.6g}", f"{answer.low:.6g}", f"{answer.high:.6g}", ""]
