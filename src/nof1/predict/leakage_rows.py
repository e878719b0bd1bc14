"""Leaks between the two sides of a split: patients, their copies, and units."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from nof1.predict.cohort import Cohort
from nof1.predict.problem import Matrix, Problem, code_of
from nof1.predict.splits import Rows, Splits

Floats = npt.NDArray[np.float64]

COLUMNS_AT_ONCE = 64
MIN_FRACTIONS = 5  # numbers with decimals that a row must have to be recognisable
MAX_TWINS = 0.01  # share of test rows with a copy in training
MAX_OUTSIDE = 0.2  # share of test values outside the central 99.8 % of the training values
MIN_VALUES = 100
UNIT_FACTOR = 3.0  # units of one quantity differ by more; people of two places by less
_NUMBERS = ("value_min", "value_max", "value_last", "value")


def both_sides(cohort: Cohort, splits: Splits) -> Iterator[Problem]:
    """Patients with rows among those a model is judged on and those it was fitted on."""
    subject = cohort.frame["subject_id"].to_numpy()
    shared = sum(
        len(np.intersect1d(subject[fitted], subject[judged])) for fitted, judged in splits.rounds()
    )
    if shared:
        yield Problem(
            "both sides",
            "patients",
            "patients",
            float(shared),
            1.0,
            f"{shared} patients have rows on both sides of the split.",
            "Split by patient (`nof1.predict.splits`).",
        )


def twins(matrix: Matrix, splits: Splits) -> Iterator[Problem]:
    """Rows that are the same in every feature, on both sides: perhaps one patient under two names.

    Rows with fewer than ``MIN_FRACTIONS`` numbers with decimals are not recognisable and pass.
    """
    keys, fractions = _fingerprints(matrix)
    clear = fractions >= MIN_FRACTIONS
    copies = judged_rows = 0
    for fitted, judged in splits.rounds():
        known = keys[fitted[clear[fitted]]]
        copies += int(np.isin(keys[judged[clear[judged]]], known).sum())
        judged_rows += len(judged)
    share = copies / max(judged_rows, 1)
    if copies:
        yield Problem(
            "both sides",
            "copies",
            "copies",
            share,
            MAX_TWINS,
            f"{copies} rows ({share:.1%}) have an exact copy on the other side of the split.",
            "Look for patients imported twice under different identifiers.",
            fails=share >= MAX_TWINS,
        )


def _fingerprints(matrix: Matrix) -> tuple[npt.NDArray[np.uint64], Rows]:
    """A hash of each row, and how many of its numbers have decimals."""
    keys: npt.NDArray[np.uint64] | None = None
    fractions: Rows | None = None
    for first in range(0, len(matrix.columns), COLUMNS_AT_ONCE):
        values = matrix.dense(matrix.columns[first : first + COLUMNS_AT_ONCE])
        if keys is None or fractions is None:
            keys = np.zeros(len(values), np.uint64)
            fractions = np.zeros(len(values), np.int64)
        numbers = np.where(np.isnan(values), -1.2345e300, values) + 0.0  # one NaN, no minus zero
        bits = np.ascontiguousarray(numbers).view(np.uint64)
        with np.errstate(over="ignore"):
            for column in bits.T:
                keys = (keys ^ column) * np.uint64(0x9E3779B97F4A7C15)
                keys ^= keys >> np.uint64(29)
        fractions += np.sum(np.isfinite(values) & (values != np.floor(values)), axis=1)
    if keys is None or fractions is None:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return keys, fractions


def unit_drift(matrix: Matrix, splits: Splits) -> Iterator[Problem]:
    """Measured numbers of judged rows that lie where the fitted ones have (almost) none."""
    names = [name for name in matrix.columns if name.rsplit("/", 1)[-1] in _NUMBERS]
    for first in range(0, len(names), COLUMNS_AT_ONCE):
        chosen = names[first : first + COLUMNS_AT_ONCE]
        values = matrix.dense(chosen)
        for position, name in enumerate(chosen):
            column = values[:, position]
            found = (
                p
                for fit, judged in splits.rounds()
                for p in _drift(name, column[fit], column[judged])
            )
            yield from islice(found, 1)


def _drift(name: str, train: Floats, test: Floats) -> Iterator[Problem]:
    train, test = train[np.isfinite(train)], test[np.isfinite(test)]
    if min(len(train), len(test)) < MIN_VALUES:
        return
    low, high = np.quantile(train, [0.001, 0.999])
    strange = test[(test < low) | (test > high)]
    outside = len(strange) / len(test)
    if outside >= MAX_OUTSIDE:
        middle = np.median(train)
        ratio = float(np.median(strange) / middle) if middle else np.inf
        yield Problem(
            "unit drift",
            name,
            code_of(name),
            outside,
            MAX_OUTSIDE,
            f"{outside:.0%} of the judged values lie outside the range of the fitted ones "
            f"(they are {ratio:.3g} times the usual value).",
            "Check the units of this code: nof1 quality.",
            fails=not 1 / UNIT_FACTOR < ratio < UNIT_FACTOR,
        )
