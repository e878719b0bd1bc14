"""The shape of an answer: one medicine is one row, one question about it is one column.

A column holds reasons (something speaks against the medicine, or for it) and open questions
(something could not be checked). Columns are never added up into one number: the verdict of a row
is the most cautious thing that any of its columns asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from functools import cached_property

from nof1.core.finding import EventRef
from nof1.knowledge.base import SHIPPED, Base, listed, sources
from nof1.knowledge.facts import step


class Status(StrEnum):
    """What became of the question of one column."""

    CLEAR = "clear"
    CAUTION = "caution"
    STOP = "stop"
    NOT_KNOWN = "not_known"


class Level(IntEnum):
    """What a reason asks for; lower is more cautious (``nof1.knowledge.facts.STEPS``)."""

    CONTRAINDICATED = 0
    AVOID = 1
    ADJUST = 2
    WATCH = 3
    NONE = 4


def level_of(action: str) -> Level:
    """The level of an action of the safety tables (``facts.ACTIONS``)."""
    return Level(step(action))


@dataclass(frozen=True)
class Cited:
    """Where a fact stands: source id, its date, until when somebody vouched for it, the place."""

    id: str
    published: date | None
    valid_until: date | None
    citation: str


def cited(source: str, citation: str, base: Base = SHIPPED) -> Cited:
    """A fact's source with its dates; of several (``a|b``) the earliest dates count.

    A source that nobody lists keeps its name, without dates.
    """
    known = [sources(base)[name] for name in listed(source) if name in sources(base)]
    return Cited(
        ", ".join(listed(source)),
        min((one.published for one in known), default=None),
        min((one.valid_until for one in known), default=None),
        citation or "; ".join(one.citation for one in known),
    )


def with_detail(text: str, detail: str, action: str) -> str:
    """A fact's text, and its detail (a dose, what to watch, what else) as a sentence of its own.

    >>> with_detail("More bleeding.", "haemoglobin", "monitor")
    'More bleeding. Watch: haemoglobin.'
    >>> with_detail("At most 20 mg a day.", "at most 20 mg a day", "reduce")
    'At most 20 mg a day.'
    """
    if not detail or detail.lower() in text.lower():
        return text
    return f"{text} {DETAILS.get(action, 'Consider')}: {detail.removesuffix('.')}."


DETAILS = {"monitor": "Watch", "adjust": "Dose", "reduce": "Dose", "interval": "Dose"}


@dataclass(frozen=True)
class Reason:
    """One thing that is known.

    Attributes
    ----------
    short : what a reader sees first, of at most about 40 characters.
    text : one or two sentences.
    events : the patient's events that it rests on; source : the fact that it rests on.
    """

    level: Level
    short: str
    text: str
    events: tuple[EventRef, ...] = ()
    source: Cited | None = None


@dataclass(frozen=True)
class Open:
    """One thing that is not known.

    Attributes
    ----------
    text : what is not known and why; resolve : what would settle it.
    worst : the most cautious thing that the answer could ask for. ``NONE``: nobody knows, because
        no fact in our tables speaks about it.
    short : what is missing, in a few words (``creatinine``).
    """

    text: str
    resolve: str
    short: str
    worst: Level = Level.NONE

    @property
    def decisive(self) -> bool:
        """Whether the answer could forbid the medicine."""
        return self.worst <= Level.AVOID


NOT_IN_TABLE = "not in table"  # ``short`` of a question that our tables cannot answer


@dataclass(frozen=True)
class Column:
    """The answer to one question about one medicine.

    Attributes
    ----------
    text : all of it in words, the most important first.
    reasons : most cautious first; opens : what was not checked.
    """

    name: str
    status: Status
    text: str
    reasons: tuple[Reason, ...] = ()
    opens: tuple[Open, ...] = ()

    @property
    def level(self) -> Level:
        """The most cautious thing that a reason asks for."""
        return min((one.level for one in self.reasons), default=Level.NONE)


def column(
    name: str, reasons: list[Reason], opens: list[Open], clear: str, *, informative: bool = False
) -> Column:
    """A column from what was found.

    Parameters
    ----------
    clear : the sentence when there is neither a reason nor an open question: what was checked.
    informative : reasons that ask for nothing make the column clear, and their text is its text.
    """
    ordered = tuple(sorted(dict.fromkeys(reasons), key=lambda one: (one.level, one.text)))
    questions = tuple(sorted(dict.fromkeys(opens), key=lambda one: (one.worst, one.text)))
    status = _status(ordered, questions)
    said = [one.text for one in ordered] + [one.text for one in questions]
    assert informative or all(one.level < Level.NONE for one in ordered)
    return Column(name, status, " ".join(said) or clear, ordered, questions)


def _status(reasons: tuple[Reason, ...], opens: tuple[Open, ...]) -> Status:
    """Stop and caution come from what is known; a question makes no column clear."""
    level = min((one.level for one in reasons), default=Level.NONE)
    if level <= Level.AVOID:
        return Status.STOP
    if level < Level.NONE:
        return Status.CAUTION
    return Status.NOT_KNOWN if opens else Status.CLEAR


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
    """

    medicine: Named
    purpose: str
    current: EventRef | None
    columns: Mapping[str, Column]
    laboratory: Column | None
    grade: int
    grade_text: str
    covered: bool = True

    @cached_property
    def level(self) -> Level:
        """The most cautious level of all columns."""
        return min((one.level for one in self.columns.values()), default=Level.NONE)

    @cached_property
    def opens(self) -> tuple[Open, ...]:
        """All open questions, those that could forbid the medicine first."""
        found = [one for each in self.columns.values() for one in each.opens]
        return tuple(sorted(found, key=lambda one: one.worst))

    @cached_property
    def verdict(self) -> Verdict:
        """Known reasons first; then questions whose answer could forbid the medicine."""
        if self.level <= Level.AVOID:
            return (Verdict.CONTRAINDICATED, Verdict.AVOID)[self.level]
        if not self.covered or any(one.decisive for one in self.opens):
            return Verdict.CHECK_FIRST
        return Verdict.ADJUST if self.level == Level.ADJUST else Verdict.STANDARD


ORDER = (
    "efficacy",
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
