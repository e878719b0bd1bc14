"""Is a challenger really better than the glass box, on the same rows?

Two statistics on the same rows are correlated; the interval of their *difference* is found from
the row-wise differences of their influence values (paired). This is DeLong's test for two AUROCs
and its counterpart for C; it agrees with a paired, patient-level bootstrap and needs no random
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from nof1.core.errors import InputError
from nof1.learn.figures import LEVEL, Estimate, Figure


def difference(
    first: Estimate,
    second: Estimate,
    *,
    patients: ArrayLike | None = None,
    level: float = LEVEL,
) -> Figure:
    """``first - second`` with its paired interval; both from the same rows in the same order."""
    if first.influence.shape != second.influence.shape:
        raise InputError(
            "The two statistics come from different rows.",
            allowed="two estimates over the same rows in the same order",
        )
    gap = Estimate(first.value - second.value, first.influence - second.influence)
    return gap.figure(level=level, patients=patients, note="paired difference")


@dataclass(frozen=True)
class Choice:
    """Which learner is kept, and each challenger's difference from the favourite."""

    kept: str
    favourite: str
    differences: dict[str, Figure]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kept": self.kept,
            "favourite": self.favourite,
            "differences": {name: one.to_dict() for name, one in self.differences.items()},
            "reason": self.reason,
        }


def choose_learner(
    estimates: Mapping[str, Estimate],
    *,
    favourite: str = "glassbox",
    patients: ArrayLike | None = None,
    level: float = LEVEL,
) -> Choice:
    """Keep the favourite unless a challenger is better by more than the interval of the difference.

    Parameters
    ----------
    estimates : per learner a statistic where higher is better (AUROC, C), over the same rows.
    favourite : the learner that a clinician can read.
    """
    if favourite not in estimates:
        raise InputError(
            f"There is no learner {favourite!r}.", allowed=list(estimates), where="favourite"
        )
    gaps = {
        name: difference(one, estimates[favourite], patients=patients, level=level)
        for name, one in estimates.items()
        if name != favourite
    }
    better = {name: gap for name, gap in gaps.items() if gap.low is not None and gap.low > 0}
    if not better:
        return Choice(favourite, favourite, gaps, f"No challenger is clearly better at {level:g}.")
    best = max(better, key=lambda name: (estimates[name].value, name))
    return Choice(best, favourite, gaps, f"{best} is better by {better[best]}.")
