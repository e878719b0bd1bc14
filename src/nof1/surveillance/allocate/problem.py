"""What is to be shared out: needs in scenarios, the supply, and the limits of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.surveillance.scores import Floats

Ints = NDArray[np.int64]
HIGHEST = 10**9


@dataclass(frozen=True)
class Problem:
    """Units of one resource (beds, doses, staff, tests) for places with uncertain need.

    Attributes
    ----------
    places : names of the places.
    need : (scenarios, places) units needed, 0 or more; equally likely scenarios.
    supply : whole units there are, those that already stand in places included.
    floor : least share (0 to 1) of each place's median need that a plan must give.
    capacity : (places,) most units a place can use; None where there is no limit.
    now : (places,) units that stand in the places today; None: all are in one store.
    cost : (places, places) cost of moving one unit from a row's place to a column's, in units of
        unmet need: 0.1 says that ten units are moved gladly if one need more is met.
    cvar_level : 0.9 looks at the worst tenth of the scenarios.
    cvar_weight : how much the mean of those counts beside the mean of all; 0 not at all.
    """

    places: tuple[str, ...]
    need: Floats
    supply: int
    floor: float = 0.0
    capacity: Ints | None = None
    now: Ints | None = None
    cost: Floats | None = None
    cvar_level: float = 0.9
    cvar_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.need.ndim != 2 or self.need.shape[1] != len(self.places) or not self.need.size:
            raise _refusal("no scenarios of need for its places", "(scenarios, places)")
        if not np.isfinite(self.need).all() or self.need.min() < 0:
            raise _refusal("needs that are missing or negative", "0 or more for each place")
        if self.supply < 0 or self.supply > HIGHEST:
            raise _refusal(f"a supply of {self.supply}", f"0 to {HIGHEST:,} whole units")
        if not 0 <= self.floor <= 1:
            raise _refusal(f"a floor of {self.floor:g}", "a share from 0 to 1")
        if not 0 < self.cvar_level < 1 or not 0 <= self.cvar_weight < HIGHEST:
            raise _refusal("a tail that cannot be", "level between 0 and 1, weight 0 or more")
        self._check_places()

    def _check_places(self) -> None:
        size = len(self.places)
        for name, limit in (("capacity", self.capacity), ("now", self.now)):
            if limit is not None and (limit.shape != (size,) or limit.min(initial=0) < 0):
                raise _refusal(f"a wrong {name}", "0 or more whole units for each place")
        if self.now is not None and self.now.sum() > self.supply:
            raise _refusal(
                f"{int(self.now.sum())} units in the places but a supply of {self.supply}",
                "a supply that counts the units in the places too",
            )
        if self.cost is not None and not (
            self.cost.shape == (size, size)
            and np.isfinite(self.cost).all()
            and self.cost.min() >= 0
        ):
            raise _refusal("wrong transfer costs", "0 or more for each pair of places")

    @property
    def median(self) -> Floats:
        """(places,) median need."""
        middle: Floats = np.median(self.need, axis=0)
        return middle

    def least(self) -> Ints:
        """(places,) units that the floor asks for, rounded up."""
        whole: Ints = np.ceil(self.floor * self.median - 1e-9).astype(np.int64)
        return whole

    def most(self) -> Ints:
        """(places,) units beyond which no scenario has a use, or the capacity if that is less."""
        useful = np.ceil(self.need.max(axis=0) - 1e-9).astype(np.int64)
        most: Ints = useful if self.capacity is None else np.minimum(useful, self.capacity)
        return most

    def unmet(self, allocated: Ints) -> Floats:
        """(scenarios,) need that a plan leaves unmet, summed over the places."""
        missing: Floats = np.clip(self.need - allocated, 0, None).sum(axis=1)
        return missing


@dataclass(frozen=True)
class Conflict:
    """A limit that makes every plan impossible, and what would make one possible."""

    limit: str
    message: str
    next_step: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"limit": self.limit, "message": self.message, "next_step": self.next_step}


def conflicts(problem: Problem) -> list[Conflict]:
    """The limits that stand in each other's way; empty when a plan exists.

    Floors, capacities and the supply are the only limits of a plan, so comparing them is enough:
    units that stand in a place can be moved or left idle.
    """
    found = []
    least, most = problem.least(), problem.most()
    over = np.flatnonzero(least > most)
    best = best_floor(problem)
    lower = f"a floor of {best:.3f} is the highest that fits"
    if len(over):
        at = int(over[np.argmax((least - most)[over])])
        names = ", ".join(problem.places[i] for i in over[:5])
        found.append(
            Conflict(
                "capacity",
                f"The floor asks for more than the capacity of {len(over)} places: {names}"
                f"{' ...' if len(over) > 5 else ''}. {problem.places[at]} must get {least[at]} "
                f"and can use {most[at]}.",
                f"Lower --floor ({lower}) or raise the capacity of these places.",
            )
        )
    if least.sum() > problem.supply:
        found.append(
            Conflict(
                "supply",
                f"The floor asks for {int(least.sum())} units and there are {problem.supply}.",
                f"Lower --floor ({lower}) or raise --supply to {int(least.sum())}.",
            )
        )
    return found


def best_floor(problem: Problem) -> float:
    """The highest floor, to three decimals and rounded down, for which a plan exists."""
    low, high = 0, 1000
    while low < high:
        middle = (low + high + 1) // 2
        one = replace(problem, floor=middle / 1000)
        least = one.least()
        fits = least.sum() <= problem.supply and bool(np.all(least <= problem.most()))
        low, high = (middle, high) if fits else (low, middle - 1)
    return low / 1000


def _refusal(what: str, allowed: str) -> InputError:
    return InputError(f"The plan has {what}.", where="allocation", allowed=allowed)
