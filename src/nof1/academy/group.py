"""All learners together, and nobody alone: what a department may be told.

Counted is each learner's first finished test. The first ``FEWEST`` tests make the first view, and
each later view has at least ``BLOCK`` more (in the order in which they ended), so that the
difference of two views is never one person. When somebody's data is deleted, the next in order
moves up. There are no names, no ranks and no single values here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nof1.academy.history import pairs_of
from nof1.academy.posterior import Share, share
from nof1.academy.scores import UNPROVEN, Scores, score_pairs
from nof1.academy.sitting import SITTINGS
from nof1.academy.store import Store
from nof1.core.errors import UsageError
from nof1.learn.figures import Figure

FEWEST = 10
BLOCK = 5
SCHEMA = "nof1/academy-group/1"
TOLD = ("over_reliance", "under_reliance", "own_accuracy", "final_accuracy", "caught")


@dataclass(frozen=True)
class Group:
    """``learners`` tests together.

    ``pooled`` maps a share of ``scores`` to all answers counted together; ``mean`` to the mean over
    learners of each one's posterior mean, with an interval from drawing learners again (bootstrap),
    because answers of one learner are alike.
    """

    learners: int
    pooled: dict[str, Share]
    mean: dict[str, Figure]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-group/1``)."""
        return {
            "schema": SCHEMA,
            "learners": self.learners,
            "pooled": {name: one.to_dict() for name, one in self.pooled.items()},
            "mean": {name: one.to_dict() for name, one in self.mean.items()},
            "notice": UNPROVEN,
        }


def group(store: Store) -> Group:
    """The view of all who opted in and finished a test.

    Raises
    ------
    UsageError : fewer than ``FEWEST`` learners did.
    """
    tests = store.first_tests(SITTINGS)
    if len(tests) < FEWEST:
        raise UsageError(
            f"A view of all learners needs {FEWEST} of them with a finished test, so that nobody "
            "can be picked out; there are fewer.",
            where="academy",
            next_step="Wait. Nobody's own figures are shown to others.",
        )
    counted = tests[: len(tests) - len(tests) % BLOCK]
    scores = [score_pairs(pairs_of(one)) for one in counted]
    return Group(
        len(scores),
        {name: _pooled(scores, name) for name in TOLD},
        {name: _mean(scores, name) for name in TOLD},
    )


def _pooled(scores: list[Scores], name: str) -> Share:
    shares: list[Share] = [getattr(one, name) for one in scores]
    return share(sum(one.count for one in shares), sum(one.of for one in shares))


def _mean(scores: list[Scores], name: str) -> Figure:
    values = np.array([getattr(one, name).mean for one in scores])
    draw = np.random.default_rng(0)
    means = values[draw.integers(0, len(values), (2000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Figure(float(values.mean()), float(low), float(high))
