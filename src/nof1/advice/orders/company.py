"""What a draft order meets, and what a family of checks answers: the shapes that families share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

from nof1.knowledge import interactions as pairs
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import Open, Reason, asks
from nof1.medicines.ranking.known import Known
from nof1.medicines.ranking.organs import Kidneys


@dataclass(frozen=True)
class Company:
    """What a draft order meets.

    Attributes
    ----------
    known : the patient, with the other drafts among the medicines taken now.
    kidney : kidney function, worked out once.
    drafted : names of medicines that are drafts of the same request, not taken now.
    twice : the same medicine stands in another order of the request.
    strangers : words of other drafts that nobody here knows.
    none_recorded : the record tells of no medicine taken now.
    daily_mg : milligrams a day of the order itself; None where it does not say them.
    """

    known: Known
    kidney: Kidneys
    drafted: frozenset[str]
    twice: bool
    strangers: tuple[str, ...]
    none_recorded: bool
    daily_mg: float | None = None


@dataclass(frozen=True)
class Raised:
    """A reason, the rule its tier hangs on, and what makes it one and the same reason.

    ``key`` is equal for the two directions of one pair; ``also`` are weaker reasons about it.
    """

    rule: str
    reason: Reason
    key: tuple[object, ...]
    also: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What one family says about one medicine."""

    family: str
    raised: tuple[Raised, ...] = ()
    opens: tuple[Open, ...] = field(default=())


Check = Callable[[str, Company, Base], Answer]


@functools.lru_cache(maxsize=1 << 15)
def meets(drug: str, other: str, base: Base) -> tuple[pairs.Interaction, ...]:
    """Rows of pairs that ask for something of two medicines, the most urgent first."""
    return tuple(one for one in pairs.between(drug, [other], base) if asks(one.pair))
