"""Settings of an effect analysis."""

from __future__ import annotations

from dataclasses import dataclass, field

from nof1.core.errors import UsageError
from nof1.learn.additive import Recipe as Box
from nof1.learn.boosting import Settings


@dataclass(frozen=True)
class Recipe:
    """How effects are estimated.

    Attributes
    ----------
    folds : nobody's nuisances, or effect, come from a model that has seen that person.
    nuisance : glass box of propensity and outcomes, with fine planes so that a corner in which
        nobody has a choice is seen; effect : glass box of the effect itself.
    least_propensity : below this chance of either option (or above 1 minus it) nobody is like the
        person in the other arm, and no effect is given.
    learners : that are tried; None tries all of them while rows times columns stay below 5
        million, and only the line of modifiers beyond.
    challengers : learners that are only compared with.
    resamples : of the Poisson bootstrap.
    level : of all intervals.
    """

    folds: int = 5
    nuisance: Box = field(
        default_factory=lambda: Box(
            n_bags=4, max_pairs=8, pair_bins=14, boost=Settings(learning_rate=0.25)
        )
    )
    effect: Box = field(default_factory=lambda: Box(n_bags=8, max_pairs=4))
    least_propensity: float = 0.1
    learners: tuple[str, ...] | None = None
    challengers: tuple[str, ...] = ()
    resamples: int = 200
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2 or not 0 < self.least_propensity < 0.5 or not 0.5 < self.level < 1:
            raise UsageError(
                "A setting of the effect analysis is out of range.",
                allowed="folds >= 2, 0 < least_propensity < 0.5, 0.5 < level < 1",
            )
