"""One question about one medicine: reasons, what could not be checked, and where facts stand.

A column holds reasons (something speaks against the medicine, or for it) and open questions
(something could not be checked).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Protocol

from nof1.core.finding import EventRef
from nof1.knowledge.base import SHIPPED, Base, listed, sources
from nof1.knowledge.facts import step
from nof1.knowledge.rows import Review, review_of


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
    """Where a fact stands: source id, its date, until when somebody vouched for it, the place.

    ``reviewer`` has reviewed the row and vouches for it until ``reviewed_until``; empty: nobody.
    """

    id: str
    published: date | None
    valid_until: date | None
    citation: str
    reviewer: str = ""
    reviewed_until: date | None = None


@functools.lru_cache(maxsize=8192)
def cited(source: str, citation: str, base: Base = SHIPPED, review: Review | None = None) -> Cited:
    """A fact's source with its dates; of several (``a|b``) the earliest dates count.

    A source that nobody lists keeps its name, without dates. ``review``: of the fact's row.
    """
    known = [sources(base)[name] for name in listed(source) if name in sources(base)]
    return Cited(
        ", ".join(listed(source)),
        min((one.published for one in known), default=None),
        min((one.valid_until for one in known), default=None),
        citation or "; ".join(one.citation for one in known),
        review.words if review else "",
        review.valid_until if review else None,
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


class Fact(Protocol):
    """A row of a table of safety, whichever table it is from."""

    @property
    def action(self) -> str:
        """What it asks for (``facts.ACTIONS``)."""

    @property
    def detail(self) -> str:
        """The dose, or what to watch."""

    @property
    def text(self) -> str:
        """What a person reads."""

    @property
    def source(self) -> str:
        """Ids of sources, joined by ``|``."""

    @property
    def citation(self) -> str:
        """Where in the source."""


def reason(
    fact: Fact, short: str, lead: str, events: tuple[EventRef, ...] = (), base: Base = SHIPPED
) -> Reason:
    """A fact that speaks about this patient: ``lead`` says why, then the fact's own words."""
    return Reason(
        level_of(fact.action),
        short,
        f"{lead}{with_detail(fact.text, fact.detail, fact.action)}",
        events,
        cited(fact.source, fact.citation, base, review_of(fact, base)),
    )


def asks(fact: Fact) -> bool:
    """Whether a fact asks for anything at all."""
    return level_of(fact.action) is not Level.NONE


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
    informative : reasons that ask for nothing make the column clear, and their text is its text;
        they keep their order.
    """
    ordered = tuple(
        sorted(dict.fromkeys(reasons), key=lambda one: (one.level, "" if informative else one.text))
    )
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
