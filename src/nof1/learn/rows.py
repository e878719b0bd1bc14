"""Check the rows given to a learner, and name each row so that it can be drawn by hash.

Validation parts and bags are drawn from a hash of the row's key, never from its position: the same
rows are drawn in any order and at any number of sites.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError, ModelError, UsageError
from nof1.learn.sums import FloatArray

Keys = NDArray[np.uint64]


SIDE = 8


def columns(X: FloatArray) -> Iterator[FloatArray]:
    """The columns of a table, a few at a time laid out anew: one by one, each value of a column
    would be fetched with the seven beside it, eight times over."""
    for start in range(0, X.shape[1], SIDE):
        yield from np.ascontiguousarray(X[:, start : start + SIDE].T)


def check_features(
    X: ArrayLike, names: Sequence[str] | None = None
) -> tuple[FloatArray, tuple[str, ...]]:
    """Features as float64 (n_rows, n_features) and their names; NaN means missing.

    Raises
    ------
    InputError : not two-dimensional, an infinite value (the column is named), or names that do not
        fit the number of columns or repeat.
    """
    table = np.ascontiguousarray(X, dtype=np.float64)
    if table.ndim != 2:
        raise InputError(
            f"The features have {table.ndim} dimension(s).",
            where="X",
            allowed="a table (n_rows, n_features)",
            next_step="For one row, pass X.reshape(1, -1).",
        )
    n_features = table.shape[1]
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(n_features))
    if len(labels) != n_features or len(set(labels)) != n_features:
        raise InputError(
            f"{len(labels)} names ({len(set(labels))} different) for {n_features} features.",
            where="names",
            allowed="one different name for each column of X",
        )
    infinite = np.flatnonzero(np.isinf(table).any(axis=0))
    if infinite.size:
        raise InputError(
            f"{infinite.size} feature column(s) hold an infinite value.",
            where=f"X, column {labels[infinite[0]]}",
            allowed="finite numbers; NaN where a value is missing",
            next_step="Correct the source or set the value to missing.",
        )
    return table, labels


def check_width(X: ArrayLike, names: Sequence[str]) -> FloatArray:
    """Features for prediction: as many columns as in training.

    Raises
    ------
    InputError : another number of columns, or an infinite value.
    """
    table = np.ascontiguousarray(X, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(names):
        raise InputError(
            f"The features have shape {table.shape}; the model needs {len(names)} columns.",
            where="X",
            allowed=f"(n_rows, {len(names)})",
            next_step="Build the features with the specification stored beside the model.",
        )
    return check_features(table, names)[0]


def check_weights(weights: ArrayLike | None, n_rows: int) -> FloatArray:
    """Sample weights (n_rows,), default all 1.

    Raises
    ------
    InputError : wrong length, negative or not finite.
    """
    if weights is None:
        return np.ones(n_rows)
    checked = np.ascontiguousarray(weights, dtype=np.float64)
    if checked.shape != (n_rows,) or not np.all(np.isfinite(checked)) or np.any(checked < 0):
        raise InputError(
            f"The sample weights have shape {checked.shape} or are negative or not finite.",
            where="sample_weight",
            allowed=f"{n_rows} finite numbers >= 0",
        )
    return checked


def check_labels(y: ArrayLike, n_rows: int) -> FloatArray:
    """Binary outcome (n_rows,): 1 the outcome happened, 0 it did not.

    Raises
    ------
    InputError : wrong length or anything but 0 and 1.
    """
    labels = np.ascontiguousarray(y, dtype=np.float64)
    if labels.shape != (n_rows,) or not np.all((labels == 0) | (labels == 1)):
        raise InputError(
            f"The outcome has shape {labels.shape} or values other than 0 and 1.",
            where="y",
            allowed=f"{n_rows} values, each 0 or 1",
            next_step="Leave rows with an unknown outcome out of the cohort.",
        )
    return labels


def check_durations(y: Any, n_rows: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Survival outcome ``(duration, cause)``: cause 0 censored, 1 the outcome, 2.. competing.

    Raises
    ------
    InputError : wrong lengths, durations not finite or not above 0, causes not whole numbers >= 0.
    """
    if not isinstance(y, tuple | list) or len(y) != 2:
        raise InputError("The outcome is not a pair.", where="y", allowed="(duration, cause)")
    duration = np.ascontiguousarray(y[0], dtype=np.float64)
    cause = np.ascontiguousarray(y[1], dtype=np.float64)
    if duration.shape != (n_rows,) or cause.shape != (n_rows,):
        raise InputError(
            f"Durations have shape {duration.shape}, causes {cause.shape}.",
            where="y",
            allowed=f"two arrays of length {n_rows}",
        )
    if not np.all(np.isfinite(duration)) or np.any(duration <= 0):
        raise InputError(
            f"{int(np.sum(~(duration > 0) | ~np.isfinite(duration)))} duration(s) are not above 0.",
            where="y, duration",
            allowed="finite durations above 0",
            next_step="Leave out rows whose event is not after the prediction time.",
        )
    if not np.all(np.isfinite(cause)) or np.any((cause < 0) | (cause != np.floor(cause))):
        raise InputError("A cause is not a whole number >= 0.", where="y, cause")
    return duration, cause.astype(np.int64)


def check_events(n_outcome: float, n_other: float, *, needed: int = 2) -> None:
    """Refuse to learn an outcome that (almost) never or always happens.

    Raises
    ------
    ModelError : fewer than ``needed`` rows with, or without, the outcome over all sites.
    """
    if min(n_outcome, n_other) < needed:
        word = "never" if n_outcome < needed else "always"
        raise ModelError(
            f"The outcome (almost) {word} happens: {n_outcome:.0f} rows with it and "
            f"{n_other:.0f} without.",
            where="y",
            allowed=f"at least {needed} rows with and {needed} without the outcome",
            next_step="Check the outcome's code set and the time at risk, or widen the cohort.",
        )


def check_monotone(monotone: Any, names: Sequence[str]) -> NDArray[np.int8]:
    """Monotone directions (n_features,): +1 rising, -1 falling, 0 free.

    Parameters
    ----------
    monotone : None, one number per feature, or a mapping from name to direction.

    Raises
    ------
    UsageError : an unknown name or a direction other than -1, 0, +1.
    """
    if monotone is None:
        return np.zeros(len(names), dtype=np.int8)
    if isinstance(monotone, dict):
        unknown = sorted(set(monotone) - set(names))
        if unknown:
            raise UsageError(f"Unknown feature {unknown[0]!r}.", where="monotone", allowed=names)
        monotone = [monotone.get(name, 0) for name in names]
    signs = np.asarray(monotone)
    if signs.shape != (len(names),) or not np.all(np.isin(signs, (-1, 0, 1))):
        raise UsageError(
            "The monotone directions do not fit the features.",
            where="monotone",
            allowed=f"{len(names)} values, each -1, 0 or +1",
        )
    return signs.astype(np.int8)


def mix(values: Keys) -> Keys:
    """Scramble 64-bit integers (SplitMix64 finaliser, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def row_keys(X: FloatArray, *outcome: NDArray[Any]) -> Keys:
    """Name each row by a hash of its content; equal rows are told apart by counting them.

    Pass explicit keys (hashed patient ids) to the learners instead when a patient has several rows,
    or when equal rows at different sites must be drawn as in the pooled table.
    """
    keys = np.zeros(len(X), dtype=np.uint64)
    for column in chain(columns(X), outcome):
        values = np.asarray(column, dtype=np.float64) + 0.0  # -0.0 becomes 0.0
        values = np.where(np.isnan(values), np.nan, values)  # one bit pattern for missing
        keys = mix(keys ^ np.ascontiguousarray(values).view(np.uint64))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(X) else order
    repeat = np.arange(len(X)) - np.repeat(starts, np.diff(np.r_[starts, len(X)]))
    keys[order] = mix(ordered ^ mix(repeat.astype(np.uint64)))
    return keys


def check_keys(keys: ArrayLike | None, X: FloatArray, *outcome: NDArray[Any]) -> Keys:
    """Given keys (n_rows,) as uint64, or the hash of each row's content."""
    if keys is None:
        return row_keys(X, *outcome)
    given = np.asarray(keys)
    if given.shape != (len(X),) or given.dtype.kind not in "iu":
        raise InputError(
            f"The keys have shape {given.shape} and type {given.dtype}.",
            where="keys",
            allowed=f"{len(X)} whole numbers, equal for rows of one patient",
        )
    return (
        given.astype(np.int64).view(np.uint64)
        if given.dtype.kind == "i"
        else given.astype(np.uint64)
    )


def uniform(keys: Keys, *salts: int) -> FloatArray:
    """A number in [0, 1) for each key, fixed by key and salts."""
    mixed = mix(keys)
    for salt in salts:
        mixed = mix(mixed ^ mix(np.full(1, salt % 2**64, dtype=np.uint64)))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def patient_shares(keys: Keys) -> FloatArray:
    """1 / (rows of the same key): sums of these never exceed the number of patients."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return 1.0 / counts[inverse.reshape(-1)]


def add_up(start: float, parts: FloatArray) -> FloatArray:
    """start + parts[:, 0] + parts[:, 1] + ..., strictly in this order."""
    total = np.full(len(parts), start)
    if len(parts) > 1:
        for column in parts.T:
            total += column
        return total
    return np.add.accumulate(np.c_[total, parts], axis=1)[:, -1]
