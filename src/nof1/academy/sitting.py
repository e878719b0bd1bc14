"""One sitting: twelve cases, each answered alone, then with the card, then compared with the truth.

The order is kept here, on the server, and nowhere else: ``own`` answer, then ``card`` (checks may
be opened, the final answer is given), then ``feedback`` (the truth, and the learner's own line),
then the next case. A step that is not due is refused. ``view`` gives what may be seen at the step,
so that no page can show the card too early or the truth before the final answer.

A sitting is frozen: each step gives a new one. ``Desk`` (``nof1.academy.desk``) keeps the current
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from nof1.academy.answers import LESSON_LENGTH, MOVES, Answer, Choice, Facts, Pair
from nof1.academy.cases import CHECKS, Case
from nof1.academy.trees import case_tree
from nof1.core.errors import InputError

CASES = 12  # of one sitting
SITTINGS = 4  # of one test
MOST_SECONDS = 24 * 3600.0
SCHEMA: Literal["nof1/academy-sitting/1"] = "nof1/academy-sitting/1"


class Step(StrEnum):
    """What is due."""

    OWN = "own"
    CARD = "card"
    FEEDBACK = "feedback"
    DONE = "done"


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A check that was opened, and when (seconds after the card was shown)."""

    check: str
    seconds: float


class Sitting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a learner is in a sitting.

    Attributes
    ----------
    kind : ``test`` (a form of 48 cases in four sittings) or ``practice``.
    form : the seed of the test form, or of the practice plan.
    number : which of the four sittings, from 1; 1 in practice.
    cases : the identifiers of its cases, in order.
    silent : no feedback between the cases (a measurement in a trial).
    begun : when it was begun, UTC, ISO 8601.
    step : what is due for the current case.
    asked : when the current case was shown; ``carded``: when its card was.
    before : the own answer to the current case.
    opened : the checks opened in the current case.
    pending : the answer to the current case, while its feedback is shown.
    answers : the finished answers, in order.
    facts : what is true of each case that has its final answer, in order.
    """

    kind: Literal["test", "practice"] = "test"
    form: int = 1
    number: int = 1
    cases: tuple[str, ...]
    silent: bool = False
    begun: str
    step: Step = Step.OWN
    asked: str
    carded: str = ""
    before: Choice | None = None
    opened: tuple[Opened, ...] = ()
    pending: Answer | None = None
    answers: tuple[Answer, ...] = ()
    facts: tuple[Facts, ...] = ()
    schema: Literal["nof1/academy-sitting/1"] = SCHEMA

    @property
    def case(self) -> str:
        """The current case; empty when the sitting is done."""
        return "" if self.step is Step.DONE else self.cases[len(self.answers)]

    @property
    def place(self) -> tuple[int, int]:
        """Which case is being answered, and of how many: (1, 12) at first."""
        return min(len(self.answers) + 1, len(self.cases)), len(self.cases)

    @property
    def pairs(self) -> list[Pair]:
        """Each finished answer with the facts of its case."""
        return list(zip(self.facts, self.answers, strict=False))

    def own(self, case: str, act: bool, probability: float, now: datetime) -> Sitting:
        """Give the own answer, before the card.

        Raises
        ------
        InputError : it is not due, it is about another case, or the chance is not 0 to 1.
        """
        self.due(Step.OWN, case)
        before = _choice(act, probability)
        return msgspec.structs.replace(self, step=Step.CARD, before=before, carded=_text(now))

    def open_check(self, case: str, check: str, now: datetime) -> Sitting:
        """Write down that a check was opened; opening it again changes nothing.

        Raises
        ------
        InputError : the card is not shown now, or there is no such check.
        """
        self.due(Step.CARD, case)
        if check not in CHECKS:
            raise _refused("There is no such check.", "check", list(CHECKS))
        if check in {one.check for one in self.opened}:
            return self
        one = Opened(check, _between(self.carded, now))
        return msgspec.structs.replace(self, opened=(*self.opened, one))

    def final(self, given: Case, act: bool, probability: float, move: str,
              now: datetime) -> Sitting:  # fmt: skip
        """Give the final answer and say what was done with the card.

        Raises
        ------
        InputError : it is not due, or the move does not fit the act (``accept`` means to act as the
            card advises, ``reject`` means not to; ``modify`` fits both).
        """
        self.due(Step.CARD, given.id)
        if move not in MOVES:
            raise _refused("There is no such move.", "move", MOVES)
        after = _choice(act, probability)
        _fits(move, act == given.advised)
        answer = Answer(
            case=given.id,
            before=self.before or after,
            after=after,
            move=move,  # type: ignore[arg-type]
            checks=tuple(one.check for one in self.opened),
            check_seconds=tuple(one.seconds for one in self.opened),
            seconds=_between(self.asked, now),
            at=_text(now),
        )
        facts = (*self.facts, Facts.of(given))
        made = msgspec.structs.replace(self, step=Step.FEEDBACK, pending=answer, facts=facts)
        return made._next("", now) if self.silent else made

    def learn(self, case: str, lesson: str, now: datetime) -> Sitting:
        """Leave the feedback, with one line in the learner's own words (it may be empty).

        Raises
        ------
        InputError : it is not due, or the line is too long.
        """
        self.due(Step.FEEDBACK, case)
        line = " ".join(lesson.split())
        if len(line) > LESSON_LENGTH:
            raise _refused("The line is too long.", "lesson", f"{LESSON_LENGTH} characters")
        return self._next(line, now)

    def left(self) -> Sitting:
        """The same sitting, ended early: finished answers stay, an unfinished one is dropped."""
        facts = self.facts[: len(self.answers)]
        return msgspec.structs.replace(
            self, step=Step.DONE, carded="", before=None, opened=(), pending=None, facts=facts
        )

    def _next(self, line: str, now: datetime) -> Sitting:
        """The next case, or the end."""
        assert self.pending is not None
        answers = (*self.answers, msgspec.structs.replace(self.pending, lesson=line))
        step = Step.DONE if len(answers) == len(self.cases) else Step.OWN
        return msgspec.structs.replace(
            self, step=step, asked=_text(now), carded="", before=None, opened=(), pending=None,
            answers=answers,
        )  # fmt: skip

    def due(self, step: Step, case: str) -> None:
        """Nothing, when this step of this case is due.

        Raises
        ------
        InputError : it is not; says what is.
        """
        if self.step is Step.DONE:
            raise _refused("This sitting is finished.", "sitting", "a new sitting")
        if case != self.case:
            raise _refused(
                "This is not the case that is being answered: cases can be neither skipped nor "
                "answered again.", "case", "the current case",
            )  # fmt: skip
        if step is not self.step:
            raise _refused(NOT_DUE[self.step], "step", NEXT[self.step])

    def view(self, given: Case) -> dict[str, Any]:
        """What may be seen now, as plain data (schema ``nof1/academy-step/1``).

        The card is there from the step ``card`` on, what a check shows once it was opened, the
        truth in ``feedback`` only.
        """
        if given.id != self.case:
            raise _refused(
                "This is not the case that is being answered.", "case", "the current one"
            )
        place, of = self.place
        seen: dict[str, Any] = {
            "schema": "nof1/academy-step/1", "kind": self.kind, "number": self.number,
            "step": self.step.value, "place": place, "of": of, "case": given.id,
            "question": given.question, "threshold": given.threshold,
            "vignette": msgspec.to_builtins(given.vignette), "synthetic": True,
        }  # fmt: skip
        if self.before is not None:
            opened = {one.check: given.evidence[one.check] for one in self.opened}
            seen |= {"before": msgspec.to_builtins(self.before), "card": given.card,
                     "advised": given.advised, "checks": dict(CHECKS), "opened": opened,
                     "moves": list(MOVES)}  # fmt: skip
        if self.pending is not None:
            seen |= {"answer": self.pending.to_dict(), "feedback": feedback(given, self.pending)}
        return seen

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-sitting/1``)."""
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made

    @classmethod
    def from_dict(cls, data: object) -> Sitting:
        """Read the JSON form again.

        Raises
        ------
        InputError : when the data is not a sitting.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise InputError(f"This is not a sitting: {error}", where="sitting") from None


def begin(
    cases: Sequence[Case], now: datetime, *, kind: Literal["test", "practice"] = "test",
    form: int = 1, number: int = 1, silent: bool = False,
) -> Sitting:  # fmt: skip
    """A new sitting. For a test give all 48 cases: it takes the ``number``-th twelve.

    Raises
    ------
    InputError : no case, a case twice, or no such sitting.
    """
    names = tuple(case.id for case in cases)
    if kind == "test":
        if len(names) != CASES * SITTINGS or not 1 <= number <= SITTINGS:
            raise _refused("This is not a sitting of a test.", "sitting",
                           f"{CASES * SITTINGS} cases in sittings 1 to {SITTINGS}")  # fmt: skip
        names = names[CASES * (number - 1) : CASES * number]
    if not names or len(set(names)) < len(names):
        raise _refused("A sitting needs cases, each one once.", "sitting", "1 case or more")
    return Sitting(
        kind=kind, form=form, number=number, cases=names, silent=silent, begun=_text(now),
        asked=_text(now),
    )  # fmt: skip


def feedback(given: Case, answer: Answer) -> dict[str, Any]:
    """The truth beside the answer, as plain data.

    ``before_right`` and ``after_right`` judge the act against the true risk, never against the
    outcome, which is chance; ``effect`` says what the card did to the reader.
    """
    before, after = (one.act == given.truth.right for one in (answer.before, answer.after))
    return {
        "truth": msgspec.to_builtins(given.truth),
        "faulty": given.faulty,
        "topic": given.topic,
        "before_right": before,
        "after_right": after,
        "effect": EFFECTS[(before, after)],
        "catches": given.catches,
        "catches_label": CHECKS[given.catches],
        "caught": given.catches in answer.checks,
        "shows": given.evidence[given.catches],
        "explain": given.explain,
        "tree": case_tree(given),
    }


NOT_DUE = {
    Step.OWN: "Your own answer comes first, without the card.",
    Step.CARD: "Your own answer is given and stays. Now the final answer, with the card.",
    Step.FEEDBACK: "This case is answered. Read the feedback, then go on.",
}
NEXT = {
    Step.OWN: "the own answer",
    Step.CARD: "checks, or the final answer",
    Step.FEEDBACK: "your line about it, then the next case",
}
EFFECTS = {
    (True, True): "You were right before the card and after it.",
    (True, False): "You were right, and the card led you away from it.",
    (False, True): "The card helped: your final answer is right.",
    (False, False): "Your final answer is not right, as your own was not.",
}


def _fits(move: str, follows: bool) -> None:
    """The move and the act tell the same story."""
    if (move == "accept" and not follows) or (move == "reject" and follows):
        done = "acts as the card advises" if follows else "does not act as the card advises"
        raise _refused(
            f"You chose «{move}», but your final answer {done}.", "move",
            "accept: as the card advises; reject: not so; modify: either",
        )  # fmt: skip


def _choice(act: bool, probability: float) -> Choice:
    if not isinstance(act, bool):
        raise _refused("Say whether you would act.", "act", "yes or no")
    if type(probability) not in (int, float) or not 0 <= probability <= 1:  # not NaN either
        raise _refused("The chance is out of range.", "probability", "0 to 1 (0 to 100 of 100)")
    return Choice(act=act, probability=float(probability))


def _text(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _between(start: str, now: datetime) -> float:
    """Seconds since ``start``; a clock that was set back gives 0."""
    seconds = (now - datetime.fromisoformat(start)).total_seconds()
    return round(min(max(seconds, 0.0), MOST_SECONDS), 1)


def _refused(message: str, where: str, allowed: str | Sequence[str]) -> InputError:
    return InputError(message, where=where, allowed=allowed, next_step="Go back to your sitting.")
