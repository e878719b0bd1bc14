"""A fairer part of a data set: as many cases as controls of each kind (view, sex, age band ...)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError
from nof1.imaging.gates.plain import same_kinds

Rows = NDArray[np.int64]
BAND_YEARS = 15


def matched_rows(
    y: ArrayLike,
    kinds: Mapping[str, ArrayLike],
    *,
    ordered: ArrayLike | None = None,
    seed: int = 0,
) -> Rows:
    """Row numbers of a subset in which ``kinds`` tell nothing about the label.

    Within each combination of kinds, cases and controls are drawn without replacement until both
    are equally many. Rows whose ``ordered`` number (for example the order of admission) lies
    outside the range that both labels share are left out first.

    Raises
    ------
    InputError : a column of another length than the labels.
    """
    labels = np.asarray(y, dtype=np.int64)
    for name, values in kinds.items():
        if len(np.asarray(values)) != len(labels):
            raise InputError("A column does not fit the labels.", where=name)
    usable = _shared_range(labels, ordered)
    stratum = same_kinds(list(kinds.values())) if kinds else np.zeros(len(labels), dtype=str)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for name in np.unique(stratum):
        inside = usable & (stratum == name)
        cases, controls = (
            np.flatnonzero(inside & (labels == 1)),
            np.flatnonzero(inside & (labels == 0)),
        )
        few = min(len(cases), len(controls))
        chosen += rng.permutation(cases)[:few].tolist() + rng.permutation(controls)[:few].tolist()
    return np.array(sorted(chosen), dtype=np.int64)


def _shared_range(labels: Rows, ordered: ArrayLike | None) -> NDArray[np.bool_]:
    if ordered is None:
        return np.ones(len(labels), dtype=bool)
    number = np.asarray(ordered, dtype=np.float64)
    sides = [number[labels == label] for label in (0, 1)]
    if not all(len(side) for side in sides):
        return np.zeros(len(labels), dtype=bool)
    low, high = max(s.min() for s in sides), min(s.max() for s in sides)
    return np.asarray((number >= low) & (number <= high))


def age_bands(age_years: ArrayLike, years: int = BAND_YEARS) -> NDArray[np.str_]:
    """Names of age bands, "30 to 44"; "unknown" without an age.

    >>> age_bands([31, float("nan")]).tolist()
    ['30 to 44', 'unknown']
    """
    names = []
    for age in np.asarray(age_years, dtype=np.float64):
        low = 0 if np.isnan(age) else int(age // years) * years
        names.append("unknown" if np.isnan(age) else f"{low} to {low + years - 1}")
    return np.array(names)
