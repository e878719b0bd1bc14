"""Simulated learners: readers whose way of relying on cards is known, to test the test.

They say whether a form is long enough to see what it should see. They say nothing about people.

For each case a learner has an own act, right with chance ``accuracy``, and a chance near the true
risk. Then the card: where it agrees, the act stays (but for ``away``); where it disagrees, the
chance of a wrong final act is ``over`` (own act right, card wrong) or ``under`` (own act wrong,
card right). The three may change from the first case to the last (fatigue), and may be others where
the card's reasons look odd (``VISIBLE``): that is what tells a reader of explanations from one who
follows blindly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nof1.academy.answers import Answer, Asked, Choice, Facts, Truths

# Topics in which the reasons on the card look odd to somebody who reads them.
VISIBLE = frozenset(("unit-slip", "leakage", "spurious", "surprising"))
# As in the catalogue (``nof1.academy.faults``); a test holds the two against each other.
FAULTS = (
    "stale-lab", "unit-slip", "wrong-population", "leakage", "miscalibration", "drifted-feature",
    "imputed", "spurious", "old-rule",
)  # fmt: skip
JITTER = 0.08  # how far a learner may be from the archetype, either way
LEAST, MOST = 0.02, 0.98  # nobody is wholly sure to do something
START = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Reliance:
    """Chances of a wrong final act, 0 to 1 (see the module): ``over``, ``under``, ``away``."""

    over: float
    under: float
    away: float = 0.03


@dataclass(frozen=True, slots=True)
class Learner:
    """A simulated reader.

    Attributes
    ----------
    name : the archetype.
    first, last : reliance at the first case and at the last; between them it changes evenly.
    odd : reliance where the reasons look odd; None: as everywhere.
    accuracy : chance that the own act is right, 0.5 (guessing) to 1.
    noise : spread of the own chance around the true risk, standard deviation in log odds.
    checks : chance to open the check that shows the fault.
    seconds : time for a case at the beginning; ``hurry`` the part of it that is lost at the end.
    """

    name: str
    first: Reliance
    last: Reliance
    odd: Reliance | None = None
    accuracy: float = 0.75
    noise: float = 0.6
    checks: float = 0.3
    seconds: float = 60.0
    hurry: float = 0.0

    def at(self, place: float, topic: str) -> Reliance:
        """Reliance at ``place`` of the form (0 first case, 1 last) for a topic."""
        if self.odd is not None and topic in VISIBLE:
            return self.odd
        parts = (
            a + (b - a) * place for a, b in zip(_three(self.first), _three(self.last), strict=True)
        )
        return Reliance(*parts)


def _steady(name: str, reliance: Reliance, odd: Reliance | None = None, **more: float) -> Learner:
    return Learner(name, reliance, reliance, odd, **more)


_AWAKE, _FOLLOWS = Reliance(0.15, 0.15), Reliance(0.95, 0.05)
ARCHETYPES: dict[str, Learner] = {
    one.name: one
    for one in (
        _steady("always-follow", _FOLLOWS, checks=0.05, seconds=20.0),
        _steady("never-follow", Reliance(0.05, 0.95), checks=0.1),
        _steady("explanation-follower", _FOLLOWS, Reliance(0.1, 0.9, 0.7), seconds=50.0),
        _steady("calibrated", _AWAKE, checks=0.7, seconds=90.0),
        Learner("fatigued", _AWAKE, _FOLLOWS, checks=0.3, hurry=0.7),
    )
}


def like(archetype: Learner, draw: np.random.Generator, jitter: float = JITTER) -> Learner:
    """A learner near an archetype: every chance moved by up to ``jitter`` either way."""

    def moved(one: Reliance) -> Reliance:
        return Reliance(*(_chance(value + draw.uniform(-jitter, jitter)) for value in _three(one)))

    odd = moved(archetype.odd) if archetype.odd else None
    steady = archetype.first == archetype.last
    first = moved(archetype.first)
    last = first if steady else moved(archetype.last)
    accuracy = archetype.accuracy + draw.uniform(-jitter, jitter)
    return replace(archetype, first=first, last=last, odd=odd, accuracy=accuracy)


def answers(learner: Learner, cases: Sequence[Asked], draw: np.random.Generator) -> list[Answer]:
    """What this learner answers to these cases, in order."""
    end = max(len(cases) - 1, 1)
    return [_answer(learner, case, i / end, draw) for i, case in enumerate(cases)]


def _answer(learner: Learner, case: Asked, place: float, draw: np.random.Generator) -> Answer:
    own_right = bool(draw.random() < learner.accuracy)
    before = case.truth.right if own_right else not case.truth.right
    chance = wrong_chance(learner.at(place, case.topic), own_right, not case.faulty)
    after = case.truth.right if draw.random() >= chance else not case.truth.right
    own = _side(case.truth.risk, learner.noise * draw.normal(), case.threshold, before)
    pull = 0.7 if after == case.advised else 0.1
    log_odds = (1 - pull) * _logit(own) + pull * _logit(case.risk)
    final = _side(_expit(log_odds), 0.0, case.threshold, after)
    opened = (case.catches,) if draw.random() < learner.checks else ()
    return Answer(
        case=case.id,
        before=Choice(act=before, probability=own),
        after=Choice(act=after, probability=final),
        move="accept" if after == case.advised else "reject",
        checks=opened,
        check_seconds=(5.0,) * len(opened),
        seconds=round(learner.seconds * (1 - learner.hurry * place) * draw.lognormal(0, 0.3), 1),
        at=START,
    )


def wrong_chance(reliance: Reliance, own_right: bool, card_right: bool) -> float:
    """The chance of a wrong final act; where both are wrong nobody finds the way back."""
    if own_right:
        return _chance(reliance.away if card_right else reliance.over)
    return _chance(reliance.under) if card_right else MOST


def plain_form(seed: int, count: int = 48) -> list[Facts]:
    """A form without stories, with 35 to 50 wrong cards of 100: what answers and scores need."""
    draw = np.random.default_rng(seed)
    faulty = int(draw.integers(math.ceil(count * 17 / 48), count // 2 + 1))
    topics = [FAULTS[i % len(FAULTS)] for i in range(faulty)]
    topics += ["surprising" if i % 4 == 0 else "none" for i in range(count - faulty)]
    return [
        _plain(f"plain-{seed}-{i}", topics[place], draw)
        for i, place in enumerate(draw.permutation(count))
    ]


def _plain(name: str, topic: str, draw: np.random.Generator) -> Facts:
    threshold, right = 0.2, bool(draw.random() < 0.5)
    faulty = topic not in ("none", "surprising")
    risk, said = (
        _expit(_logit(threshold) + (1 if up else -1) * draw.uniform(0.3, 1.5))
        for up in (right, right != faulty)
    )
    truth = Truths(risk=risk, right=right, outcome=bool(draw.random() < risk))
    return Facts(id=name, topic=topic, faulty=faulty, threshold=threshold, risk=said, truth=truth,
                 advised=right != faulty, catches="source-events")  # fmt: skip


def _three(one: Reliance) -> tuple[float, float, float]:
    return one.over, one.under, one.away


def _chance(value: float) -> float:
    return min(max(value, LEAST), MOST)


def _side(risk: float, shift: float, threshold: float, act: bool) -> float:
    """The risk moved by ``shift`` log odds; mirrored at the threshold when the act says so."""
    gap = _logit(risk) + shift - _logit(threshold)
    return _expit(_logit(threshold) + (abs(gap) if act else -abs(gap) - 1e-6))


def _logit(risk: float) -> float:
    safe = min(max(risk, 1e-6), 1 - 1e-6)
    return math.log(safe / (1 - safe))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
