"""A drug screen: responses of cell lines to drugs, with what is known about both.

All models and splits work on this one shape. ``NaN`` in ``response`` is "not measured"; a held-out
pair is one that is set to NaN, so a model that is fitted on a masked screen cannot see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nof1.learn.sums import FloatArray

UNKNOWN = ""
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Screen:
    """Cell lines x drugs.

    Attributes
    ----------
    lines, drugs : names, unique.
    response : (lines, drugs) ln IC50 in ln(µmol/L) or AUC; lower is more sensitive.
    omics : (lines, features), NaN where missing; ``features`` are their names.
    tissues, subtypes : one for each line, ``""`` where unknown.
    chemistry : (drugs, descriptors) bits or numbers, a row of NaN where there is no structure.
    classes : target class or pathway of each drug, ``""`` where unknown.
    compounds : key of each drug's substance; equal keys are one substance under two ids.
    measure : ``ln_ic50_um`` or ``auc``.
    titles : name of each drug for people.
    """

    lines: tuple[str, ...]
    drugs: tuple[str, ...]
    response: FloatArray = field(repr=False)
    omics: FloatArray = field(repr=False)
    features: tuple[str, ...]
    tissues: tuple[str, ...]
    subtypes: tuple[str, ...]
    chemistry: FloatArray = field(repr=False)
    classes: tuple[str, ...]
    compounds: tuple[str, ...]
    measure: str
    titles: tuple[str, ...]

    @property
    def measured(self) -> Mask:
        """(lines, drugs) where there is a response."""
        return np.isfinite(self.response)

    def masked(self, hidden: Mask) -> Screen:
        """The same screen without the responses of ``hidden`` (lines, drugs)."""
        return replace(self, response=np.where(hidden, np.nan, self.response))

    def known(self) -> Screen:
        """Only the lines and drugs with at least one response: all that a model may look at."""
        seen = self.measured
        return self.part(np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0)))

    def part(self, lines: Places, drugs: Places) -> Screen:
        """The screen of some lines and drugs, given by position."""
        return replace(
            self,
            lines=tuple(self.lines[i] for i in lines),
            drugs=tuple(self.drugs[j] for j in drugs),
            response=self.response[np.ix_(lines, drugs)],
            omics=self.omics[lines],
            tissues=tuple(self.tissues[i] for i in lines),
            subtypes=tuple(self.subtypes[i] for i in lines),
            chemistry=self.chemistry[drugs],
            classes=tuple(self.classes[j] for j in drugs),
            compounds=tuple(self.compounds[j] for j in drugs),
            titles=tuple(self.titles[j] for j in drugs),
        )

    def has_subtypes(self) -> bool:
        """Whether a second, finer tissue label is known for any line."""
        return any(self.subtypes)


def places(wanted: Sequence[str], known: Mapping[str, int]) -> Places:
    """Positions of names in a known list, -1 for those that are new."""
    return np.array([known.get(name, -1) for name in wanted], dtype=np.int64)


def positions(names: Sequence[str]) -> dict[str, int]:
    """Name -> position."""
    return {name: place for place, name in enumerate(names)}


def take(rows: FloatArray, at: Places, fill: float | FloatArray = 0.0) -> FloatArray:
    """Rows at the positions; ``fill`` where the position is -1."""
    if not len(rows):
        return np.broadcast_to(fill, (len(at), *rows.shape[1:])).astype(np.float64)
    wide = at.reshape(-1, *([1] * (rows.ndim - 1)))
    found: FloatArray = np.where(wide >= 0, rows[np.maximum(at, 0)], fill)
    return found
