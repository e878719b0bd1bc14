"""A lesson: sections of text, drawings, exercises and questions, and a step on the live pages.

Each lesson is one YAML file in ``lessons/``. ``lessons()`` reads and checks them all;
``lesson(id)`` gives one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

import msgspec
import yaml

from nof1.academy.curriculum import words
from nof1.academy.curriculum.exercises import KINDS, Kind
from nof1.core.errors import InputError, UsageError

PER_MINUTE = 200  # words that a reader who is not a native speaker reads
THINKING = {"exercise": 1.0, "question": 0.4}  # minutes beyond the words
TRACKS = {
    "core": "For everybody",
    "epidemiology": "For epidemiologists",
    "data-science": "For data scientists",
}
LIVE_PAGES = (
    "patient", "patients", "model", "models", "quality", "surveillance", "federation",
    "governance", "case", "compounds",
)  # fmt: skip


class Drawing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture made by ``drawings.KINDS[kind]`` with the settings in ``of``."""

    kind: str
    of: dict[str, Any] = {}


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words around a computed answer; ``{name}`` stands for a number of ``exercises.KINDS[kind]``.

    ``ask`` may use the drawn numbers, ``solution`` also the steps and the answer.
    """

    id: str
    kind: str
    ask: str
    solution: str

    @property
    def made_by(self) -> Kind:
        """How its numbers and its answer are made."""
        return KINDS[self.kind]


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to answer, and what is said to a reader who does."""

    text: str
    feedback: str
    right: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with exactly one right answer."""

    id: str
    ask: str
    choices: list[Choice]

    def __post_init__(self) -> None:
        if len(self.choices) < 2 or sum(one.right for one in self.choices) != 1:
            raise ValueError(f"the question {self.id} needs one right choice among several")

    def shuffled(self, seed: int) -> list[tuple[int, Choice]]:
        """The choices with their numbers, in another order for each seed."""
        order = list(enumerate(self.choices))
        Random(f"{self.id} {seed}").shuffle(order)
        return order


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the four."""

    text: str | None = None
    drawing: Drawing | None = None
    exercise: Exercise | None = None
    question: Question | None = None

    def __post_init__(self) -> None:
        if (
            sum(one is not None for one in (self.text, self.drawing, self.exercise, self.question))
            != 1
        ):
            raise ValueError("a part is one of text, drawing, exercise, question")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A heading and what stands below it."""

    heading: str
    parts: list[Part]


class Live(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look at on a real page of nof1; ``page`` is one of ``LIVE_PAGES``."""

    page: str
    link: str
    do: str

    def __post_init__(self) -> None:
        if self.page not in LIVE_PAGES:
            raise ValueError(f"no page {self.page!r} to send a learner to")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where facts come from: ``label`` is author and year, ``full`` says where it was published."""

    key: str
    label: str
    full: str


class Lesson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lesson of about ten minutes.

    Attributes
    ----------
    number : its place within its track, from 1.
    goal : what a reader can do afterwards, in one sentence.
    topics : faults of teaching cases (``Case.topic``) that this lesson prepares for.
    remember : the one line to keep.
    """

    id: str
    number: int
    track: Literal["core", "epidemiology", "data-science"]
    title: str
    goal: str
    topics: list[str]
    sections: list[Section]
    remember: str
    live: Live
    sources: list[Source]

    @property
    def labels(self) -> dict[str, str]:
        """Key of a source -> its label."""
        return {one.key: one.label for one in self.sources}

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """All exercises in reading order."""
        return tuple(part.exercise for part in self.parts() if part.exercise)

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions in reading order."""
        return tuple(part.question for part in self.parts() if part.question)

    def parts(self) -> Iterator[Part]:
        """All parts in reading order."""
        for section in self.sections:
            yield from section.parts

    def count(self) -> int:
        """Words of the lesson as a reader meets them: of a question, the right feedback alone."""
        told = [self.goal, self.remember, self.live.do, *(one.heading for one in self.sections)]
        told += [part.text for part in self.parts() if part.text]
        told += [text for one in self.exercises for text in (one.ask, one.solution)]
        for question in self.questions:
            told += [question.ask, *(choice.text for choice in question.choices)]
            told += [choice.feedback for choice in question.choices if choice.right]
        return sum(len(words.plain(text).split()) for text in told)

    @property
    def minutes(self) -> float:
        """Reading time at 200 words a minute, and a minute for each exercise."""
        thought = THINKING["exercise"] * len(self.exercises)
        thought += THINKING["question"] * len(self.questions)
        return self.count() / PER_MINUTE + thought


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons, track by track, in the order of reading.

    Raises
    ------
    InputError : a file is not a lesson, with its name and what is wrong.
    """
    folder = files(__package__).joinpath("lessons")
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".yaml"))
    found = [read(folder.joinpath(name).read_text(encoding="utf-8"), name) for name in names]
    return tuple(sorted(found, key=lambda one: (list(TRACKS).index(one.track), one.number)))


def lesson(name: str) -> Lesson:
    """One lesson.

    Raises
    ------
    UsageError : there is no such lesson.
    """
    for one in lessons():
        if one.id == name:
            return one
    raise UsageError(
        "There is no such lesson.",
        allowed=[one.id for one in lessons()],
        next_step="Choose one from the list.",
    )


def track(name: str) -> tuple[Lesson, ...]:
    """The lessons of one track."""
    return tuple(one for one in lessons() if one.track == name)


def read(text: str, name: str) -> Lesson:
    """A lesson from its YAML text, checked.

    Raises
    ------
    InputError : it is no YAML, misses a field, or names an unknown kind of exercise.
    """
    try:
        made = msgspec.convert(yaml.safe_load(text), Lesson)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise _refused(name, str(error)[:300]) from None
    for exercise in made.exercises:
        if exercise.kind not in KINDS:
            raise _refused(name, f"there is no kind of exercise {exercise.kind!r}")
    return made


def _refused(name: str, why: str) -> InputError:
    return InputError(
        f"This is not a lesson: {why}",
        where=name,
        next_step="Compare it with another lesson of the folder.",
    )
