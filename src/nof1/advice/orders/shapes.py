"""What is asked of the order checks, and what they answer.

A request holds draft orders. The answer holds alerts, most urgent first, and a statement of what
was and what was not checked: no alert never means more than "these families ran, on these data".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nof1.core.finding import Finding

INTERRUPTIVE, INLINE, PASSIVE = 1, 2, 3

State = Literal["checked", "not_checked"]


@dataclass(frozen=True)
class Draft:
    """One medicine that somebody is about to order.

    Attributes
    ----------
    medicine : our name of the ingredient (``nof1.knowledge.drugs``); None when nobody here knows
        the code or the words.
    code : vocabulary and code as ordered (``RxNorm//1191``); "" when the order has words only.
    display : what a person reads.
    reference : where it stands in the request (``MedicationRequest/mr1``).
    dose, unit : one dose and its unit, as ordered. per_day : doses a day; None when not said.
    route : the route in the order's own words or code.
    raw_index : position of its entry in the Bundle of draft orders, from 0. Two ingredients of one
        combination product share it.
    """

    medicine: str | None
    code: str
    display: str
    reference: str
    dose: float | None
    unit: str | None
    per_day: float | None
    route: str | None
    raw_index: int


@dataclass(frozen=True)
class Alert:
    """Something that speaks against a draft order (or against the two together).

    Attributes
    ----------
    finding : of kind ``alert``; its ``what.display`` is the summary, below 140 characters.
    tier : 1 interruptive (critical), 2 in-line (warning), 3 passive (information).
    family : which family of checks says it (``Checked.family``).
    draft : the order; None when it is about the patient alone.
    alternatives : medicines of the same class that went through the same families for this patient
        and raised nothing of tier 1 or 2, and no open question that could forbid them. Empty where
        the alert asks for another dose or for watching only.
    rule : ``id`` of the row of ``tiers.tsv`` that gave the tier (``interactions/tier-2``); "" when
        no row did.
    """

    finding: Finding
    tier: int
    family: str
    draft: Draft | None
    alternatives: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True)
class Checked:
    """One family of checks for one order: it ran, or why it could not.

    Attributes
    ----------
    family : ``interactions``, ``allergies``, ``renal``, ``hepatic``, ``pregnancy``, ``age``,
        ``duplicates``, ``genes``, ``phenoconversion``, ``conditions``, ``laboratory``, ``burden``,
        ``monitoring``, ``omissions``, ``models``, ``region`` or ``imaging``; ``medicine``: whether
        the order itself could be read; ``dose``: its amount.
    subject : the medicine's (or model's) name.
    reason : why it was not checked. resolve : what would settle it. None when it was checked.
    """

    family: str
    subject: str
    state: State
    reason: str | None = None
    resolve: str | None = None


@dataclass(frozen=True)
class Advice:
    """The whole answer: alerts by tier, and what was looked at."""

    alerts: tuple[Alert, ...]
    coverage: tuple[Checked, ...]

    @property
    def gaps(self) -> tuple[Checked, ...]:
        """What was not checked."""
        return tuple(one for one in self.coverage if one.state == "not_checked")
