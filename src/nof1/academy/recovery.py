"""Is the test long enough? Simulated learners with known ways take it; does it see their ways?

*Told apart*: 200 times, each archetype (moved a little, so that no two learners are alike) takes a
form of 48 cases. It is told apart when its own kind explains its answers best. *Ranked*: of two
learners whose true reliance differs by at least ``FAR``, the one with more of it also shows more.
*Recovery*: learners with over- and under-reliance drawn evenly from 0 to 1 take two forms (96
cases); the error is the distance from the posterior mean to what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nof1.academy.answers import Asked, Pair
from nof1.academy.learners import ARCHETYPES, Learner, Reliance, answers, like, plain_form
from nof1.academy.posterior import Share, share
from nof1.academy.profiles import profile
from nof1.learn.sums import FloatArray

SCHEMA = "nof1/academy-simulate/1"
FAR = 0.3  # of reliance, 0 to 1: differences that a form of 48 cases must see
TOLD_AIM, ERROR_AIM = 0.95, 0.10
Forms = Callable[[int], Sequence[Asked]]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Errors of recovery for one parameter: mean and 95th percentile of |error|, and coverage.

    ``covered`` is the share of learners whose true value lies in the 95 % interval.
    """

    parameter: str
    learners: int
    cases: int
    mean_error: float
    error_95: float
    covered: float


@dataclass(frozen=True)
class Report:
    """What ``nof1 academy simulate`` prints.

    ``told`` and ``first`` map an archetype to a share over the seeds: told apart; and, for
    ``calibrated``, with the highest d' of the five. ``confused`` counts what was taken for what.
    ``ranked`` maps a parameter to the share of far pairs in the right order. ``separation`` is how
    often a learner who over-relies in 50 of 100 cases shows more than one who does in 20.
    """

    seeds: int
    cases: int
    told: dict[str, Share]
    confused: dict[str, dict[str, int]]
    ranked: dict[str, Share]
    best: Share
    separation: float
    recovered: tuple[Recovered, ...]

    @property
    def good(self) -> bool:
        """Whether the aims are met: every archetype told apart, both parameters recovered."""
        told = all(one.count >= TOLD_AIM * one.of for one in self.told.values())
        return told and all(one.mean_error <= ERROR_AIM for one in self.recovered)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/academy-simulate/1``)."""
        return {
            "schema": SCHEMA, "seeds": self.seeds, "cases": self.cases,
            "told_apart": {name: one.to_dict() for name, one in self.told.items()},
            "taken_for": self.confused,
            "ranked": {name: one.to_dict() for name, one in self.ranked.items()},
            "calibrated_has_highest_d_prime": self.best.to_dict(),
            "separation_50_against_20": self.separation,
            "aims": {"told_apart": TOLD_AIM, "mean_error": ERROR_AIM, "met": self.good},
            "recovered": [asdict(one) for one in self.recovered],
        }  # fmt: skip


def reliance(pairs: Sequence[Pair]) -> tuple[Share, Share]:
    """Over- and under-reliance alone (as in ``scores``, without the other figures)."""
    seen: tuple[list[bool], list[bool]] = ([], [])
    for case, answer in pairs:
        own_right = answer.before.act == case.truth.right
        if own_right == case.faulty:
            seen[0 if own_right else 1].append(answer.after.act != case.truth.right)
    over, under = (share(sum(one), len(one)) for one in seen)
    return over, under


def report(seeds: int = 200, seed: int = 1, forms: Forms = plain_form) -> Report:
    """Run all three checks. ``forms`` gives the form of 48 cases of a seed."""
    told: dict[str, int] = dict.fromkeys(ARCHETYPES, 0)
    confused: dict[str, dict[str, int]] = {name: {} for name in ARCHETYPES}
    ranked = {"over_reliance": [0, 0], "under_reliance": [0, 0]}
    best = 0
    for number in range(seed, seed + seeds):
        sat = _sat(forms(number), np.random.default_rng((number, 1)))
        for name, (_, pairs) in sat.items():
            taken = next(iter(profile(pairs)))
            told[name] += taken == name
            confused[name][taken] = confused[name].get(taken, 0) + 1
        _rank(sat, ranked)
        best += max(sat, key=lambda name: _apart(sat[name][1])) == "calibrated"
    return Report(
        seeds, len(forms(seed)), {name: share(count, seeds) for name, count in told.items()},
        confused, {name: share(*count) for name, count in ranked.items()}, share(best, seeds),
        separation(seeds, seed, forms), recover(seeds, seed, forms),
    )  # fmt: skip


def _sat(form: Sequence[Asked], draw: np.random.Generator) -> dict[str, tuple[Learner, list[Pair]]]:
    """Each archetype, moved a little, with its answers to the form."""
    sat = {}
    for name, archetype in ARCHETYPES.items():
        learner = like(archetype, draw)
        sat[name] = (learner, list(zip(form, answers(learner, form, draw), strict=True)))
    return sat


def _rank(sat: Mapping[str, tuple[Learner, list[Pair]]], ranked: dict[str, list[int]]) -> None:
    """Count the far pairs, and those in the right order."""
    for place, parameter in enumerate(ranked):
        true = {name: truth(learner, pairs)[place] for name, (learner, pairs) in sat.items()}
        shown = {name: reliance(pairs)[place].mean for name, (_, pairs) in sat.items()}
        for a, b in combinations(sat, 2):
            if abs(true[a] - true[b]) >= FAR:
                ranked[parameter][0] += (true[a] > true[b]) == (shown[a] > shown[b])
                ranked[parameter][1] += 1


def truth(learner: Learner, pairs: Sequence[Pair]) -> tuple[float, float]:
    """A learner's true over- and under-reliance on a form: the mean chance over its cases."""
    end = max(len(pairs) - 1, 1)
    at = [(case.faulty, learner.at(i / end, case.topic)) for i, (case, _) in enumerate(pairs)]
    over = [one.over for faulty, one in at if faulty]
    under = [one.under for faulty, one in at if not faulty]
    return float(np.mean(over)), float(np.mean(under))


def _apart(pairs: Sequence[Pair]) -> float:
    """d' without its interval."""
    from scipy.special import ndtri

    rates = []
    for faulty in (False, True):
        took = [answer.after.act == case.advised for case, answer in pairs if case.faulty is faulty]
        rates.append(share(sum(took), len(took)).mean)
    return float(ndtri(rates[0]) - ndtri(rates[1]))


def recover(seeds: int, seed: int, forms: Forms) -> tuple[Recovered, ...]:
    """Errors for over- and under-reliance over two forms."""
    rows: tuple[list[tuple[float, Share]], ...] = ([], [])
    count = 0
    for number in range(seed, seed + seeds):
        draw = np.random.default_rng((number, 2))
        over, under = draw.uniform(0, 1, 2)
        steady = Reliance(float(over), float(under))
        learner = Learner("drawn", steady, steady)
        form = [*forms(2 * number), *forms(2 * number + 1)]
        count = len(form)
        found = reliance(list(zip(form, answers(learner, form, draw), strict=True)))
        for place, true in enumerate((over, under)):
            rows[place].append((float(true), found[place]))
    names = ("over_reliance", "under_reliance")
    return tuple(_errors(name, row, count) for name, row in zip(names, rows, strict=True))


def _errors(name: str, rows: Sequence[tuple[float, Share]], cases: int) -> Recovered:
    errors: FloatArray = np.array([abs(one.mean - true) for true, one in rows])
    covered = float(np.mean([one.low <= true <= one.high for true, one in rows]))
    mean, high = float(errors.mean()), float(np.quantile(errors, 0.95))
    return Recovered(name, len(rows), cases, mean, high, covered)


def separation(seeds: int, seed: int, forms: Forms) -> float:
    """Chance that over-reliance of 50 of 100 shows more than 20 of 100 (ties count half)."""
    shown: tuple[list[float], ...] = ([], [])
    for number in range(seed, seed + seeds):
        form, draw = forms(number), np.random.default_rng((number, 3))
        for place, over in enumerate((0.5, 0.2)):
            steady = Reliance(over, 0.2)
            learner = Learner("drawn", steady, steady, accuracy=0.7)
            pairs = list(zip(form, answers(learner, form, draw), strict=True))
            shown[place].append(reliance(pairs)[0].mean)
    more, less = (np.array(one) for one in shown)
    gaps = more[:, None] - less[None, :]
    return float(np.mean(gaps > 1e-12) + np.mean(abs(gaps) <= 1e-12) / 2)
