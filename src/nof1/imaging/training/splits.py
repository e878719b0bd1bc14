"""Splits by patient: a patient never stands on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError

Rows = NDArray[np.int64]
NO_PATIENTS = (
    "There is no patient column: every picture counts as its own patient. If one patient has "
    "several pictures, the figures are too good."
)


def patient_codes(groups: ArrayLike | None, count: int) -> Rows:
    """A whole number for each row's patient; without groups every row is its own patient.

    Raises
    ------
    InputError : another number of groups than rows, or a row without one.
    """
    if groups is None:
        return np.arange(count, dtype=np.int64)
    names = np.array([str(one) for one in np.asarray(groups)])
    if len(names) != count:
        raise InputError(f"There are {len(names)} patients for {count} pictures.", where="groups")
    blank = int(np.isin(names, ["", "None", "nan"]).sum())
    if blank:
        raise InputError(
            f"{blank} pictures have no patient.",
            where="groups",
            next_step="Give each of them its patient, or leave them out.",
        )
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def folds(strata: ArrayLike, groups: ArrayLike | None, count: int, *, seed: int = 0) -> Rows:
    """(n,) the fold 0 .. count-1 of each row: whole patients, strata spread evenly.

    Patients are taken in random order, largest first, and each goes to the fold where its strata
    are scarcest. Same seed, same folds.

    Parameters
    ----------
    strata : (n,) labels whose share should be alike in all folds.

    Raises
    ------
    InputError : fewer patients than folds.
    """
    kinds = np.unique(np.asarray(strata), return_inverse=True)[1]
    patient = patient_codes(groups, len(kinds))
    if int(patient.max(initial=-1)) + 1 < count:
        raise InputError(f"Fewer than {count} patients cannot make {count} parts.")
    held = np.zeros((int(patient.max()) + 1, int(kinds.max()) + 1))
    np.add.at(held, (patient, kinds), 1)
    chance = np.random.default_rng(seed).permutation(len(held))
    order = chance[np.argsort(-held[chance].sum(axis=1), kind="stable")]
    filled = np.zeros((count, held.shape[1]))
    share = np.maximum(held.sum(axis=0), 1)
    place = np.zeros(len(held), dtype=np.int64)
    for one in order:
        # the fold which has least of what this patient brings; then the smallest fold
        burden = (filled / share) @ held[one]
        place[one] = np.lexsort((filled.sum(axis=1), burden))[0]
        filled[place[one]] += held[one]
    return place[patient]


def inner_part(
    strata: ArrayLike, groups: ArrayLike | None, share: float, *, seed: int = 0
) -> NDArray[np.bool_]:
    """(n,) True for the rows of the inner validation part: about ``share`` of the patients."""
    parts = max(2, round(1 / share))
    inside: NDArray[np.bool_] = folds(strata, groups, parts, seed=seed) == 0
    return inside


def crossing(groups: ArrayLike, sides: Sequence[ArrayLike]) -> int:
    """How many patients have rows on more than one side; ``sides`` are masks or row numbers."""
    names = np.asarray(groups)
    seen = [set(np.unique(names[np.asarray(side)]).tolist()) for side in sides]
    every = set().union(*seen)
    return sum(1 for one in every if sum(one in side for side in seen) > 1)
