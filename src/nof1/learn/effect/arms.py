"""The rows of a comparison: who took which of two options, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.core.errors import InputError, ModelError
from nof1.learn.additive import Recipe as Box
from nof1.learn.binned import Binned
from nof1.learn.rows import Keys, check_features, check_keys, check_weights, uniform
from nof1.learn.sums import FloatArray, SecureSum, local_sum

LEAST = 20
"""Fewest people with a known outcome in an arm, and fewest with the rarer answer of yes/no."""


@dataclass(frozen=True)
class Arms:
    """This site's rows of a comparison of two options.

    Attributes
    ----------
    X : (n, p) what was known at the start, NaN is missing; names : of its columns.
    treated : (n,) 1 the option of interest, 0 the comparator.
    y : (n,) the outcome: 0/1, or a number such as days free of the event.
    weight : (n,) 0 where the outcome is not known, else the inverse of the probability that it
        was to be known (1 without censoring).
    keys : (n,) whole numbers, equal for rows of one patient.
    binary : whether ``y`` is 0/1.
    kin : of each column, what it is about: columns of one code are kin.
    """

    X: FloatArray
    names: tuple[str, ...]
    treated: FloatArray
    y: FloatArray
    weight: FloatArray
    keys: Keys
    binary: bool
    kin: tuple[str, ...]
    _bins: dict[tuple[Any, ...], tuple[SecureSum, Binned]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(
        cls,
        X: ArrayLike,
        treated: ArrayLike,
        y: ArrayLike,
        *,
        names: Sequence[str] | None = None,
        weight: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        binary: bool = True,
        kin: Sequence[str] | None = None,
        secure_sum: SecureSum = local_sum,
    ) -> Arms:
        """Checked rows.

        Raises
        ------
        InputError : arrays of different length, an arm that is neither 0 nor 1, an outcome that
            is not finite, or not 0/1 where it has to be.
        ModelError : an arm is (almost) empty, or its outcome never or always happens.
        """
        table, labels = check_features(X, names)
        size = len(table)
        arm = _numbers(treated, size, "treated")
        outcome = _numbers(y, size, "y")
        if not np.isin(arm, (0.0, 1.0)).all():
            raise InputError("An arm is neither 0 nor 1.", where="treated", allowed=["0", "1"])
        if binary and not np.isin(outcome, (0.0, 1.0)).all():
            raise InputError("An outcome is neither 0 nor 1.", where="y", allowed=["0", "1"])
        known = check_weights(weight, size)
        about = tuple(kin) if kin is not None else labels
        made = cls(table, labels, arm, outcome, known, check_keys(keys, table, arm), binary, about)
        _refuse_thin(made, secure_sum)
        return made

    def at(self, rows: NDArray[np.bool_]) -> Arms:
        """Some rows."""
        return replace(
            self, X=self.X[rows], treated=self.treated[rows], y=self.y[rows],
            weight=self.weight[rows], keys=self.keys[rows],
        )  # fmt: skip

    def another(self, y: ArrayLike, weight: ArrayLike, secure_sum: SecureSum = local_sum) -> Arms:
        """The same people with another yes/no outcome; bins are shared.

        Raises
        ------
        InputError, ModelError : see ``of``.
        """
        made = Arms.of(
            self.X, self.treated, y, names=self.names, weight=weight, keys=self.keys,
            kin=self.kin, secure_sum=secure_sum,
        )  # fmt: skip
        made._bins.update(self._bins)
        return made

    def bins(self, box: Box, total: SecureSum) -> Binned:
        """The features on bins of all sites, agreed on once for each kind of box."""
        return self._agreed(self.X, "features", box, total)

    def bins_with_option(self, box: Box, total: SecureSum) -> Binned:
        """The same with the option taken as the last feature."""
        option = self._agreed(self.treated[:, None], "option", box, total)
        return self.bins(box, total).beside(option)

    def _agreed(self, X: FloatArray, what: str, box: Box, total: SecureSum) -> Binned:
        # By the sum that agreed on them, which is kept, so that no other can have its id.
        place = (what, id(total), box.max_bins, box.smallest_group)
        if place not in self._bins:
            made = Binned.agree(
                X, self.keys, total, max_bins=box.max_bins, smallest=box.smallest_group
            )
            self._bins[place] = (total, made)
        return self._bins[place][1]

    def folds(self, count: int, seed: int) -> NDArray[np.int64]:
        """A fold (n,) for each row, from 0 on, dealt by a hash of the patient."""
        return (uniform(self.keys, seed, 7_001) * count).astype(np.int64)


def patient_sums(keys: Keys, values: FloatArray) -> FloatArray:
    """Sums of (n,) or (n, k) values over the rows of each patient here."""
    _, place = np.unique(keys, return_inverse=True)
    columns = values.reshape(len(values), -1).T
    added = [np.bincount(place, weights=one) for one in columns]
    return np.stack(added, axis=1) if added else np.zeros((0, 0))


def _numbers(values: ArrayLike, size: int, where: str) -> FloatArray:
    made = np.ascontiguousarray(values, dtype=np.float64)
    if made.shape != (size,) or not np.isfinite(made).all():
        raise InputError(
            f"{where} has shape {made.shape} or holds a value that is not finite.",
            where=where,
            allowed=f"{size} finite numbers",
        )
    return made


def _refuse_thin(arms: Arms, total: SecureSum) -> None:
    """An effect needs people on both sides, and an outcome that can go either way."""
    known = arms.weight > 0
    counts = []
    for arm in (1.0, 0.0):
        here = known & (arms.treated == arm)
        counts += [here.sum(), arms.y[here].sum() if arms.binary else LEAST]
    treated, treated_events, others, other_events = total(np.array(counts, dtype=np.float64))
    if min(treated, others) < LEAST:
        raise ModelError(
            f"An arm is (almost) empty: {treated:.0f} people with the treatment and {others:.0f} "
            "with the comparator have a known outcome.",
            where="treatment",
            allowed=f"at least {LEAST} in each arm",
            next_step="Check the code sets of both arms and the washout.",
        )
    if arms.binary and not 0 < treated_events + other_events < treated + others:
        raise ModelError(
            "The outcome never or always happens: there is no effect to estimate.",
            where="outcome",
            next_step="Check the outcome's code set and the time at risk.",
        )
