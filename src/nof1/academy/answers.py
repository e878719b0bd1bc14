"""What a learner says about one case: before the card, after it, and what was checked between.

The own answer comes first. Only then it is known whether the card moved the reader, and in which
direction: without it over-reliance and under-reliance cannot be told apart from plain skill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, get_args

import msgspec

from nof1.core.errors import InputError

Move = Literal["accept", "modify", "reject"]
MOVES: tuple[str, ...] = get_args(Move)
LESSON_LENGTH = 280  # characters of the one-line lesson


class Known(Protocol):
    """What is true of a case (``cases.Truth``): see there."""

    @property
    def risk(self) -> float:
        """The true chance of the outcome, 0 to 1."""

    @property
    def right(self) -> bool:
        """Whether acting is right."""

    @property
    def outcome(self) -> bool:
        """What was drawn for this one patient."""


class Asked(Protocol):
    """What scores need of a case; ``cases.Case`` has it, and so have the tests' plain cases."""

    @property
    def id(self) -> str:
        """Unique in its bank."""

    @property
    def topic(self) -> str:
        """The fault's name, ``none`` or ``surprising``."""

    @property
    def faulty(self) -> bool:
        """Whether the card's advice is wrong."""

    @property
    def threshold(self) -> float:
        """Act at or above this risk, 0 to 1."""

    @property
    def advised(self) -> bool:
        """Whether the card says: act."""

    @property
    def risk(self) -> float:
        """The risk on the card, 0 to 1."""

    @property
    def catches(self) -> str:
        """The one check that shows the fault."""

    @property
    def truth(self) -> Known:
        """What is true."""


class Truths(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The three truths of a case, as ``cases.Truth`` has them."""

    risk: float
    right: bool
    outcome: bool


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What scores need of a case, kept beside the answer: a bank may be built anew."""

    id: str
    topic: str
    faulty: bool
    threshold: float
    advised: bool
    risk: float
    catches: str
    truth: Truths

    @classmethod
    def of(cls, case: Asked) -> Facts:
        """The facts of a case."""
        names = ("id", "topic", "faulty", "threshold", "advised", "risk", "catches")
        truth = {name: getattr(case.truth, name) for name in ("risk", "right", "outcome")}
        return cls(**{name: getattr(case, name) for name in names}, truth=Truths(**truth))


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision and a chance: ``act`` at the threshold or not, and ``probability``, 0 to 1."""

    act: bool
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to one case.

    Attributes
    ----------
    case : the case's ``id``.
    before, after : the own answer before the card was seen, and the final one.
    move : what the reader did with the card: ``accept`` (the final act is what it advises),
        ``reject`` (it is not), ``modify`` (either, with a condition or another chance).
    checks : the checks that were opened, in order, each once.
    check_seconds : when each of them was opened, in seconds after the card was shown.
    seconds : from the question to the final answer.
    lesson : the learner's own line.
    at : when the final answer was given, UTC, ISO 8601 (``2026-11-26T12:00:00Z``).
    """

    case: str
    before: Choice
    after: Choice
    move: Move
    checks: tuple[str, ...] = ()
    check_seconds: tuple[float, ...] = ()
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    lesson: str = ""
    at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made

    @classmethod
    def from_dict(cls, data: object) -> Answer:
        """Read the JSON form again.

        Raises
        ------
        InputError : when the data is not an answer; says which field.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise InputError(f"This is not an answer: {error}", where="answer") from None


Pair = tuple[Asked, Answer]


def paired(cases: Sequence[Asked], answers: Sequence[Answer]) -> list[Pair]:
    """Each answer with its case, in the order of the answers.

    Raises
    ------
    InputError : when an answer is about a case that is not among ``cases``.
    """
    known = {case.id: case for case in cases}
    strange = sum(one.case not in known for one in answers)
    if strange:
        raise InputError(
            f"{strange} of {len(answers)} answers are about cases that are not in this bank.",
            where="answers",
            next_step="Use the bank that the answers were given to.",
        )
    return [(known[one.case], one) for one in answers]


def first_only(pairs: Sequence[Pair]) -> tuple[list[Pair], int]:
    """The first answer to each case, in order, and how many later ones were left out.

    A later answer to the same case says what is remembered, not how a card is read.
    """
    first: dict[tuple[str, float, float], Pair] = {}
    for case, answer in pairs:
        first.setdefault((case.id, case.risk, case.truth.risk), (case, answer))
    return list(first.values()), len(pairs) - len(first)
