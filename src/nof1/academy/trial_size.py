"""How many people a trial needs, by simulation, and invented answers to try the analysis on.

Everything here rests on assumptions, which are printed with every figure. Change one, and the
number of people changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nof1.academy.trial import ARMS, Arm, Occasion, Row, ancova
from nof1.learn.sums import FloatArray

POWER = 0.9
STEP = 6  # people in an arm: sizes are tried in these steps
MOST = 600


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the number of people rests on; shares are 0 to 1.

    Attributes
    ----------
    over : mean over-reliance before the training. Nobody knows it for your people: look at the
        pre-test of the first thirty and compute again.
    between : standard deviation of it between people.
    change : standard deviation of the change that a person shows anyway.
    falls : by how much over-reliance falls in each arm, on average.
    accuracy : chance that the own act is right: only then over-reliance can be seen.
    cases, faulty : of a test form.
    dropout : share of people without a second test.
    """

    over: float = 0.5
    between: float = 0.2
    change: float = 0.1
    falls: tuple[float, float, float] = (0.20, 0.05, 0.0)  # simulator, lessons, waiting
    accuracy: float = 0.7
    cases: int = 48
    faulty: int = 20
    dropout: float = 0.2

    @property
    def difference(self) -> float:
        """Assumed difference of simulator and lessons."""
        return self.falls[0] - self.falls[1]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; ``falls`` by arm."""
        return {**asdict(self), "falls": dict(zip(ARMS, self.falls, strict=True))}


def power(people: int, assumed: Assumptions, trials: int = 400, seed: int = 1) -> float:
    """Share of simulated trials with ``people`` drawn into each arm that see the difference.

    Seen: the whole 95 % interval of simulator minus lessons is below 0.
    """
    draw = np.random.default_rng((seed, people))
    labels = np.repeat(np.arange(3), people)
    seen = 0
    for _ in range(trials):
        pre, post = _trial(labels, assumed, draw)
        high = ancova(pre, post, labels, (0, 1)).high
        seen += high is not None and high < 0
    return seen / trials


def _trial(
    labels: Any, assumed: Assumptions, draw: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """(people,) shares seen before and after; NaN for those who did not come again."""
    true = _before(len(labels), assumed, draw)
    falls = np.array(assumed.falls)[labels] + assumed.change * draw.normal(size=len(labels))
    shares = []
    for risk in (true, np.clip(true - falls, 0.0, 1.0)):
        of = np.maximum(draw.binomial(assumed.faulty, assumed.accuracy, len(labels)), 1)
        shares.append(draw.binomial(of, risk) / of)
    gone = draw.random(len(labels)) < assumed.dropout
    return shares[0], np.where(gone, np.nan, shares[1])


def _before(count: int, assumed: Assumptions, draw: np.random.Generator) -> FloatArray:
    """True over-reliance of people: Beta with the assumed mean and spread."""
    whole = assumed.over * (1 - assumed.over) / assumed.between**2 - 1
    found: FloatArray = draw.beta(assumed.over * whole, (1 - assumed.over) * whole, count)
    return found


def people_needed(
    assumed: Assumptions, wanted: float = POWER, trials: int = 400, seed: int = 1
) -> tuple[int, float] | None:
    """People to draw into each arm, and the power with them; None when ``MOST`` are too few."""
    low, high = 0, MOST // STEP
    if power(MOST, assumed, trials, seed) < wanted:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if power(middle * STEP, assumed, trials, seed) >= wanted:
            high = middle
        else:
            low = middle
    return high * STEP, power(high * STEP, assumed, trials, seed)


def invented(people: int, assumed: Assumptions, seed: int = 1) -> Iterator[Row]:
    """Answers of a simulated trial, to try the analysis on: ``people`` in each arm."""
    draw = np.random.default_rng(seed)
    true = _before(3 * people, assumed, draw)
    for i, over in enumerate(true):
        arm = i % 3
        name: Arm = ARMS[arm]
        fall = assumed.falls[arm] + assumed.change * draw.normal()
        came_again = draw.random() >= assumed.dropout
        yield from _answers(f"p{i + 1:03}", name, "pre", float(over), assumed, draw)
        if came_again:
            after = min(max(float(over) - fall, 0.0), 1.0)
            yield from _answers(f"p{i + 1:03}", name, "post", after, assumed, draw)


def _answers(
    person: str, arm: Arm, occasion: Occasion, over: float, assumed: Assumptions,
    draw: np.random.Generator,
) -> Iterator[Row]:  # fmt: skip
    for number in range(assumed.cases):
        faulty, right = number < assumed.faulty, bool(draw.random() < 0.5)
        own_right = bool(draw.random() < assumed.accuracy)
        chance = (over if own_right else 1.0) if faulty else (0.03 if own_right else 0.3)
        wrong = bool(draw.random() < chance)
        yield Row(
            person=person,
            arm=arm,
            occasion=occasion,
            case=f"{occasion}-{number + 1}",
            advised=right != faulty,
            right=right,
            before=right == own_right,
            after=right != wrong,
        )
