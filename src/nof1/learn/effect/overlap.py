"""Is anybody like this person in the other arm? Without such people an effect is a guess.

References
----------
Crump, Hotz, Imbens & Mitnik, Biometrika 96 (2009) 187; D'Amour et al., J. Econometrics 221
(2021) 644.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nof1.learn.bins import SMALLEST_GROUP
from nof1.learn.effect.arms import Arms
from nof1.learn.sums import FloatArray, SecureSum, local_sum

CELLS = 20


@dataclass(frozen=True)
class Overlap:
    """How the chances of the option of interest lie in both arms.

    Attributes
    ----------
    least : a person whose chance of either option is below it has no counterpart.
    counts : (2, 20) people of the comparator (row 0) and of the option of interest (row 1) in
        twentieths of the propensity; 0 where fewer than 10.
    refused : share of people without a counterpart, 0 to 1.
    effective : (2,) effective number of people in each arm after weighting.
    """

    least: float
    counts: FloatArray
    refused: float
    effective: tuple[float, float]

    def supported(self, propensity: ArrayLike) -> NDArray[np.bool_]:
        """(n,) whether the person has counterparts in both arms."""
        return supported(propensity, self.least)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "least_propensity": self.least,
            "comparator": self.counts[0].tolist(),
            "treatment": self.counts[1].tolist(),
            "share_refused": self.refused,
            "effective_people": list(self.effective),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Overlap:
        """Read back what ``to_dict`` wrote."""
        counts = np.array([data["comparator"], data["treatment"]], dtype=np.float64)
        first, second = data["effective_people"]
        return cls(data["least_propensity"], counts, data["share_refused"], (first, second))


def supported(propensity: ArrayLike, least: float) -> NDArray[np.bool_]:
    """(n,) whether both options had at least the chance ``least``."""
    chance = np.asarray(propensity, dtype=np.float64)
    return (chance >= least) & (chance <= 1 - least)


def overlap(
    arms: Arms, propensity: FloatArray, least: float, total: SecureSum = local_sum,
    alone: ArrayLike = False,
) -> Overlap:  # fmt: skip
    """Counts by propensity and arm, and what weighting leaves of the people.

    Parameters
    ----------
    alone : (n,) whether the row lies in a region without choice (see ``one_armed``).
    """
    cell = np.minimum((propensity * CELLS).astype(np.int64), CELLS - 1)
    inside = supported(propensity, least) & ~np.asarray(alone)
    tables = [
        np.bincount(cell[arms.treated == arm], minlength=CELLS).astype(np.float64) for arm in (0, 1)
    ]
    weights = np.where(arms.treated == 1, 1 / np.clip(propensity, 1e-3, 1),
                       1 / np.clip(1 - propensity, 1e-3, 1)) * inside  # fmt: skip
    powers = [weights[arms.treated == arm] ** k for arm in (0, 1) for k in (1, 2)]
    moments = np.array([part.sum() for part in powers])
    sums = total(np.concatenate([*tables, moments, [len(cell), inside.sum()]]))
    counts = sums[: 2 * CELLS].reshape(2, CELLS)
    one, two, three, four, people, kept = sums[2 * CELLS :]
    effective = float(one**2 / max(two, 1e-12)), float(three**2 / max(four, 1e-12))
    shown = np.where(counts < SMALLEST_GROUP, 0.0, counts)
    return Overlap(least, shown, float(1 - kept / max(people, 1.0)), effective)
