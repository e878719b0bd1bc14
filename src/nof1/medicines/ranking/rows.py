"""One medicine for one patient: a row of columns, and the verdict that they come to.

Columns are never added up into one number: the verdict of a row is the most cautious thing that any
of its columns asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from nof1.core.finding import EventRef
from nof1.medicines.ranking.columns import Column, Level, Open
from nof1.medicines.ranking.expected import Benefit


@dataclass(frozen=True)
class Named:
    """A medicine: our name, RxNorm ingredient (or None), ATC codes."""

    name: str
    rxnorm: str | None
    atc: tuple[str, ...]


class Verdict(StrEnum):
    """What a row comes to, the most cautious first."""

    CONTRAINDICATED = "contraindicated"
    AVOID = "avoid"
    CHECK_FIRST = "check_first"
    ADJUST = "adjust"
    STANDARD = "standard"


@dataclass(frozen=True)
class Row:
    """One medicine for one patient.

    Attributes
    ----------
    current : the event that says that it is taken now; None when it is not taken.
    columns : name -> column, in the order of ``ORDER``.
    laboratory : what cell lines say, or None; it has no part in verdict or order.
    purpose : what it is for in this disease, or empty. Medicines of different purposes are no
        alternatives to each other: they are often given together.
    grade : strength of the evidence that it works for the disease; 0 is the strongest.
    covered : whether our tables of safety know anything about it; if not, silence is no all-clear.
    benefits : what is expected for this person, the preferred outcome first.
    """

    medicine: Named
    purpose: str
    current: EventRef | None
    columns: Mapping[str, Column]
    laboratory: Column | None
    grade: int
    grade_text: str
    covered: bool = True
    benefits: tuple[Benefit, ...] = ()

    @cached_property
    def level(self) -> Level:
        """The most cautious level of all columns."""
        return min((one.level for one in self.columns.values()), default=Level.NONE)

    @cached_property
    def opens(self) -> tuple[Open, ...]:
        """All open questions of safety, those that could forbid the medicine first.

        How well it works for this person is asked in ``efficacy`` and is no question of safety.
        """
        asked = (each for name, each in self.columns.items() if name != EFFICACY)
        found = [one for each in asked for one in each.opens]
        return tuple(sorted(found, key=lambda one: one.worst))

    @cached_property
    def verdict(self) -> Verdict:
        """Known reasons first; then questions whose answer could forbid the medicine."""
        if self.level <= Level.AVOID:
            return (Verdict.CONTRAINDICATED, Verdict.AVOID)[self.level]
        if not self.covered or any(one.decisive for one in self.opens):
            return Verdict.CHECK_FIRST
        return Verdict.ADJUST if self.level == Level.ADJUST else Verdict.STANDARD


EFFICACY = "efficacy"
ORDER = (
    EFFICACY,
    "pharmacogenomics",
    "phenoconversion",
    "interactions",
    "allergies",
    "renal",
    "hepatic",
    "pregnancy",
    "age",
    "conditions",
    "duplicates",
)
