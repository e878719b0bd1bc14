"""The teaching case: one invented patient, the card a reader gets, and what is true.

A case holds everything that a sitting needs, so that nothing is computed while somebody answers:
the story, the card that the real engine made, what each check shows when it is opened, and the
truth. ``to_dict`` and ``from_dict`` are the JSON form (schema ``nof1/academy-case/1``).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from nof1.core.errors import InputError
from nof1.core.finding import Finding, Status

SCHEMA: Literal["nof1/academy-case/1"] = "nof1/academy-case/1"

# What a reader may open before the final answer, always in this order, for every case.
CHECKS: dict[str, str] = {
    "source-events": "Open the source events behind the reasons",
    "lab-dates": "Look at the dates of the laboratory results",
    "units": "Compare the units with earlier results",
    "population": "Ask for which people the model was made",
    "calibration": "Open the calibration of the model in use",
    "drift": "Open the drift monitor of the inputs",
    "missing": "List what was missing and what was put in its place",
    "reasons": "Read all reasons, and what each rests on",
    "knowledge-date": "Ask how old the rule or the model's knowledge is",
    "range": "Ask for the range around the number",
}
GOOD, SURPRISING = "none", "surprising"
DENOMINATOR = 100


class Lab(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One result as it stands in the patient's chart.

    ``low`` and ``high`` are the normal band in ``unit`` (None: no limit on that side); ``day`` is
    the date it was taken, ISO 8601.
    """

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    day: str


class Vignette(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the reader is told before the card: ``age`` in years, and true words of the record."""

    age: int
    sex: str
    problems: list[str]
    medicines: list[str]
    labs: list[Lab]
    note: str


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the generator knows.

    Attributes
    ----------
    risk : the true chance of the outcome, 0 to 1, from the known hazards.
    right : whether acting is right: ``risk`` is at or above the case's threshold.
    outcome : what was drawn for this one patient (True: it happened). A right decision can end
        badly and a wrong one well, so no decision is judged by it.
    """

    risk: float
    right: bool
    outcome: bool


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One teaching case. Always about an invented patient.

    Attributes
    ----------
    id : unique in its bank.
    topic : name of the fault in it; ``none`` for a sound card, ``surprising`` for a card that is
        right and looks odd.
    faulty : whether a fault was put in; it then flips the advice (``advised != truth.right``).
    question : what is asked, with the threshold in words.
    vignette : what the reader sees first.
    card : ``Finding.to_dict()`` of the real engine, on the record as it stands.
    threshold : act when the risk is at or above it, 0 to 1.
    advised : what the card advises: its risk is at or above the threshold.
    truth : what is true.
    evidence : check -> what it shows for this case; every check of ``CHECKS``, in every case.
        Plain text; the first line is a sentence, each further line one row of detail.
    catches : the one check that shows the fault (for a sound card: the one that confirms it best).
    explain : what was wrong (or why it was right), and the lesson, in plain words.

    Raises
    ------
    InputError : when the parts contradict each other.
    """

    id: str
    topic: str
    faulty: bool
    question: str
    vignette: Vignette
    card: dict[str, Any]
    threshold: float
    advised: bool
    truth: Truth
    evidence: dict[str, str]
    catches: str
    explain: str
    synthetic: Literal[True] = True
    schema: Literal["nof1/academy-case/1"] = SCHEMA

    def __post_init__(self) -> None:
        wrong = _contradiction(self)
        if wrong:
            raise InputError(
                f"This is not a teaching case: {wrong}.",
                where=f"case {self.id[:60]}",
                allowed=SCHEMA,
                next_step="Build the bank again; do not edit cases by hand.",
            )

    @property
    def risk(self) -> float:
        """The risk on the card, 0 to 1."""
        return float(self.card["value"]["amount"])

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-case/1``)."""
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made

    @classmethod
    def from_dict(cls, data: object) -> Case:
        """Read the JSON form again, with all checks.

        Raises
        ------
        InputError : when the data does not follow the schema, or contradicts itself.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise InputError(
                f"This is not a teaching case: {error}",
                allowed=SCHEMA,
                next_step="Build the bank again; do not edit cases by hand.",
            ) from None


def per_hundred(risk: float) -> str:
    """A chance as people read it.

    >>> per_hundred(0.214)
    '21 of 100'
    """
    return f"{math.floor(risk * DENOMINATOR + 0.5)} of {DENOMINATOR}"


def _contradiction(case: Case) -> str:
    """What contradicts what in a case, in words; empty for a sound one."""
    finding = Finding.from_dict(case.card)
    if finding.status is not Status.FOUND or finding.value is None:
        return "its card gives no number"
    if not finding.synthetic:
        return "its card is not about a synthetic patient"
    if set(case.evidence) != set(CHECKS) or not all(case.evidence.values()):
        return "it must show something for every check, and for no other"
    if case.catches not in CHECKS:
        return "the check that catches its fault is unknown"
    if not (0 < case.threshold < 1 and 0 <= case.truth.risk <= 1):
        return "threshold and true risk lie between 0 and 1"
    if case.advised != (finding.value.amount >= case.threshold):
        return "what it advises is not what its card says"
    if case.truth.right != (case.truth.risk >= case.threshold):
        return "what is right does not follow from the true risk"
    if case.faulty != (case.advised != case.truth.right):
        return "a faulty card is wrong, and a sound card is right"
    return "" if case.faulty != (case.topic in (GOOD, SURPRISING)) else "topic and fault disagree"
