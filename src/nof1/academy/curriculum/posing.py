"""An exercise put to a reader: its words with numbers in them, and whether an answer is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nof1.academy.curriculum.draws import Numbers
from nof1.academy.curriculum.lesson import Exercise
from nof1.pictures.picture import Picture

LONGEST = 40  # letters of an answer


@dataclass(frozen=True)
class Posed:
    """An exercise with the numbers of one seed.

    Attributes
    ----------
    answer : the computed answer, a number or one of the choices of its kind.
    shown : the answer as a reader sees it.
    """

    exercise: Exercise
    seed: int
    ask: str
    solution: str
    answer: Any
    shown: str
    numbers: Numbers

    @property
    def picture(self) -> Picture | None:
        """What is drawn beside the solution, if anything."""
        draw = self.exercise.made_by.picture
        return None if draw is None else draw(self.numbers)

    def right(self, given: str) -> bool | None:
        """Whether an answer is right; None when it cannot be read as one.

        A comma is read as a decimal point, and a percent sign is left out.
        """
        kind, given = self.exercise.made_by, given.strip()[:LONGEST]
        if kind.choices is not None:
            return given == self.answer if given in kind.choices else None
        number = read_number(given)
        return None if number is None else abs(number - self.answer) <= kind.within + 1e-9


def read_number(given: str) -> float | None:
    """A number as people type it; None when it is none.

    >>> read_number(" 12,5 % "), read_number("−3"), read_number("many")
    (12.5, -3.0, None)
    """
    cleaned = given.strip().removesuffix("%").strip().replace("\u2212", "-").replace(",", ".")
    try:
        number = float(cleaned)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cleaned else None


def pose(exercise: Exercise, seed: int) -> Posed:
    """The exercise with the numbers of a seed; the same seed gives the same numbers."""
    numbers = exercise.made_by.numbers(seed)
    answer = numbers["answer"]
    choices = exercise.made_by.choices
    shown = choices[answer] if choices else told(answer)
    words = {**numbers, "answer": shown}
    return Posed(
        exercise,
        seed,
        exercise.ask.format_map(words),
        exercise.solution.format_map(words),
        answer,
        shown,
        numbers,
    )


def told(number: float) -> str:
    """A number for a sentence, without digits that mean nothing.

    >>> told(17.0), told(16.98), told(4.25), told(0.5), told(-12.0), told(1243.2)
    ('17', '17', '4.2', '0.5', '-12', '1,243')
    """
    if abs(number - round(number)) < 0.05 or abs(number) >= 10:
        return f"{round(number):,}"
    return (
        f"{number:.2f}"
        if abs(number) < 0.995 and round(number, 1) != round(number, 2)
        else f"{number:.1f}"
    )
