"""Scores that rank compounds for a target: similarity to known actives, a model, and naive ones.

The similarity to the nearest known active is the standard of ligand-based screening (Hert et al.,
J. Chem. Inf. Comput. Sci. 44 (2004) 1177: "MAX fusion"). The naive scores know no chemistry but the
weight; a ranking that does not beat them has learned nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nof1.medicines.library import bits
from nof1.medicines.library.actives import Compounds

SIMILARITY = "similarity to actives"
HEAVIER = "heavier first"
TYPICAL = "weight like actives"
NAIVE = (HEAVIER, TYPICAL)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """A trained property model, as far as screening needs it.

    Parameters
    ----------
    name : of the model.
    predict : SMILES -> one number each, higher is more active; NaN where the model says nothing.
    trained_on : standardised SMILES that the model has seen; neither they nor their series test it.
    """

    name: str
    predict: Callable[[Sequence[str]], Values]
    trained_on: frozenset[str] = frozenset()


def nearest(
    fingerprints: bits.Words,
    known: bits.Words,
    least: float = -1.0,
    *,
    folds: bits.Words | None = None,
    counts: NDArray[np.uint16] | None = None,
) -> tuple[Values, NDArray[np.int64]]:
    """Each row's largest Tanimoto similarity to ``known``, and to which.

    Of equally similar ones the first counts; without one above ``least`` both are -1.
    """
    values, which = np.empty(len(fingerprints)), np.empty(len(fingerprints), np.int64)
    own = bits.counted(fingerprints).astype(np.uint16) if counts is None else counts
    bits.nearest(
        fingerprints,
        bits.folded(fingerprints) if folds is None else folds,
        own,
        np.ascontiguousarray(known),
        bits.folded(known),
        bits.counted(known),
        least,
        values,
        which,
    )
    return values, which


def naive(name: str, compounds: Compounds, actives: Compounds) -> Values:
    """A score without chemistry, higher is better; ``actives`` are those one may know."""
    if name == HEAVIER:
        return compounds.weights
    found: Values = -np.abs(compounds.weights - np.median(actives.weights))
    return found


def fused(*scores: Values) -> Values:
    """The mean of the ranks of each score, 0 to 1, higher is better; NaN ranks last."""
    found: Values = np.mean([_share_below(one) for one in scores], axis=0)
    return found


def _share_below(score: Values) -> Values:
    plain = np.where(np.isnan(score), -np.inf, score)
    ordered = np.sort(plain)
    left = np.searchsorted(ordered, plain, "left")
    right = np.searchsorted(ordered, plain, "right")
    found: Values = (left + right) / (2 * max(len(plain), 1))
    return found
