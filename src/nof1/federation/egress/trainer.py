"""The recipe of a stored model, as something that can be run again on other rows.

The attack and the audit only need a callable, so that any algorithm can be held to account: the
learners of the registry, the private glass box, or a function that somebody hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nof1.learn.learners import learner
from nof1.learn.sums import FloatArray
from nof1.predict.fitting import Trained
from nof1.predict.modelling import directions

Ints = NDArray[np.int64]
Scorer = Callable[[FloatArray], FloatArray]
"""Features (n, p) to log odds of the outcome by the horizon (n,)."""


@dataclass(frozen=True)
class Target:
    """What happened to each row.

    Attributes
    ----------
    kind : ``binary`` or ``survival``.
    label : (n,) 1 the outcome happened (by the horizon), 0 it did not.
    known : (n,) whether the label is known; false when follow-up ended before the horizon.
    days, cause : (n,) follow-up and cause; only used for survival.
    """

    kind: str
    label: FloatArray
    known: NDArray[np.bool_]
    days: FloatArray
    cause: Ints

    def at(self, rows: Ints) -> Target:
        """Some rows."""
        return Target(
            self.kind, self.label[rows], self.known[rows], self.days[rows], self.cause[rows]
        )

    def and_(self, other: Target) -> Target:
        """Both, one below the other."""
        return Target(
            self.kind,
            np.concatenate([self.label, other.label]),
            np.concatenate([self.known, other.known]),
            np.concatenate([self.days, other.days]),
            np.concatenate([self.cause, other.cause]),
        )

    @property
    def plain(self) -> Any:
        """What a learner is trained on."""
        return self.label if self.kind == "binary" else (self.days, self.cause)


class Trainer(Protocol):
    """Trains on rows and gives what the model says about others."""

    def __call__(self, X: FloatArray, target: Target, keys: Ints) -> Scorer:
        """Train.

        Parameters
        ----------
        X : (n, p) features, NaN missing. target : of each row.
        keys : (n,) whole numbers, equal for rows of one patient.
        """
        ...


@dataclass(frozen=True)
class Registered:
    """A learner of the registry, trained as ``nof1 train`` does.

    Attributes
    ----------
    name : of the learner. columns : names of the features. monotone : (pattern, direction) pairs.
    horizon_days : at which the model is asked.
    """

    name: str
    columns: tuple[str, ...]
    monotone: Sequence[tuple[str, int]]
    seed: int
    horizon_days: float

    def __call__(self, X: FloatArray, target: Target, keys: Ints) -> Scorer:
        """Train; see ``Trainer``."""
        trained = self.trained(X, target, keys)
        return lambda rows: trained.decision(rows, self.horizon_days)

    def trained(self, X: FloatArray, target: Target, keys: Ints) -> Trained:
        """The trained learner itself."""
        made = getattr(learner(self.name), target.kind)().fit(
            X,
            target.plain,
            self.columns,
            monotone=np.array(directions(self.monotone, self.columns), dtype=np.int8),
            seed=self.seed,
            keys=keys,
        )
        return Trained(self.name, target.kind, made)
