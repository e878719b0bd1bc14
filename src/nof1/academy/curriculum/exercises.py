"""The kinds of exercises: how numbers are drawn by seed, and how the answer follows from them.

A lesson names a kind and gives the words; the numbers are drawn anew for every seed, so that doing
it again is worth it, and the answer is always computed (``answers``), never typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from nof1.academy.curriculum import answers, draws
from nof1.academy.curriculum.draws import Numbers
from nof1.pictures.picture import Picture


@dataclass(frozen=True)
class Kind:
    """One kind of exercise.

    Attributes
    ----------
    draw : the numbers of the question, by a seeded source of chance.
    solve : from these numbers, the steps in between and the ``answer`` (a number, or one of
        ``choices``).
    unit : what the answer counts, for the label of the field.
    within : how far an answer may lie from the computed one and still be right.
    choices : answer -> words, for an exercise where one chooses.
    picture : what is drawn beside the solution.
    """

    draw: Callable[[Random], Numbers]
    solve: Callable[[Numbers], Numbers]
    unit: str = ""
    within: float = 0.5
    choices: Mapping[str, str] | None = None
    picture: Callable[[Numbers], Picture] | None = None

    def numbers(self, seed: int) -> Numbers:
        """The numbers of one seed, with the steps and the answer."""
        drawn = self.draw(Random(seed))
        return {**drawn, **self.solve(drawn)}


SETS = {
    "both": "both “ill” and “healthy” stay possible",
    "ill": "only “ill” stays possible",
    "healthy": "only “healthy” stays possible",
    "atypical": "the patient is atypical for this model",
}
GATES = {
    "passes": "it passes both checks",
    "slope": "withheld: the calibration slope is outside",
    "coverage": "withheld: the coverage is off",
    "both fail": "withheld: both are off",
}


def _answer(of: Callable[[Numbers], Any]) -> Callable[[Numbers], Numbers]:
    return lambda n: {"answer": of(n)}


PERCENT, OF_100, PEOPLE = "%", "of 100", "people"
KINDS: dict[str, Kind] = {
    "share-of-people": Kind(
        draws.share_of_people,
        _answer(lambda n: n["people"] * n["percent"] / 100),
        PEOPLE,
        picture=draws.icons,
    ),
    "more-people": Kind(
        draws.more_people, _answer(lambda n: n["base"] * n["percent"] / 100), "more of 1,000"
    ),
    "relative-to-whole": Kind(
        draws.more_people,
        lambda n: {
            "extra": n["base"] * n["percent"] / 100,
            "answer": n["base"] * (1 + n["percent"] / 100),
        },
        "of 1,000",
    ),
    "alerts-ill": Kind(
        lambda c: draws.test(c, (10, 20, 30, 50)),
        draws.tested,
        OF_100,
        within=1,
        picture=draws.tree,
    ),
    "alerts-clinic": Kind(
        lambda c: draws.test(c, (200, 300, 400)), draws.tested, OF_100, within=1, picture=draws.tree
    ),
    "quiet-ill": Kind(
        lambda c: draws.test(c, (20, 50, 80, 100)),
        draws.quiet,
        PEOPLE,
        within=1,
        picture=draws.tree,
    ),
    "group-gap": Kind(draws.group, draws.group_gap, "people more (minus: fewer)"),
    "odds-slip": Kind(draws.slip, draws.unslipped, PERCENT, within=1),
    "brier": Kind(draws.two_answers, draws.brier, "from 0 to 1", within=0.011),
    "outside": Kind(
        draws.covered,
        _answer(lambda n: n["patients"] * (100 - n["level"]) / 100),
        "patients",
        within=1,
    ),
    "width": Kind(
        draws.width, _answer(lambda n: n["people"] * (n["high"] - n["low"]) / 100), PEOPLE, within=1
    ),
    "conformal-set": Kind(
        draws.plausible,
        _answer(lambda n: answers.conformal_set(n["ill"], n["healthy"], n["error"])),
        choices=SETS,
    ),
    "harms": Kind(draws.harms, _answer(lambda n: 100 * answers.threshold(n["times"])), PERCENT),
    "net-benefit": Kind(draws.decision, draws.benefit, "per 1,000 people", within=1),
    "act-on-all": Kind(draws.everybody, draws.benefit_of_all, "per 1,000 people", within=1),
    "alerts-moved": Kind(
        draws.two_places, draws.fewer_here, OF_100, within=1, picture=draws.tree_here
    ),
    "base-rate-moved": Kind(draws.moved, draws.corrected, PERCENT, within=1),
    "unit-slip": Kind(
        draws.creatinine, _answer(lambda n: n["value"] * answers.CREATININE), "µmol/L", within=2
    ),
    "reasons-to-risk": Kind(draws.reasons, draws.after, PERCENT, within=1),
    "without-reason": Kind(draws.reasons, draws.without, PERCENT, within=1),
    "points-to-cases": Kind(
        draws.points,
        _answer(lambda n: n["vignettes"] * n["points"] / 100),
        "more wrong answers",
        within=1,
    ),
    "blind-overrides": Kind(draws.overrides, draws.lost, "alerts", within=1),
    "alert-minutes": Kind(
        draws.minutes, _answer(lambda n: n["a_day"] * n["seconds"] / 60), "minutes a day", within=1
    ),
    "needed-overrides": Kind(
        draws.overrides,
        lambda n: {**draws.lost(n), "answer": n["alerts"] - n["alerts"] * n["real"] / 100},
        "alerts",
        within=1,
    ),
    "nowcast": Kind(
        draws.counted,
        _answer(lambda n: answers.final_count(n["so_far"], n["share"] / 100)),
        "cases",
        within=1,
    ),
    "apparent-fall": Kind(draws.dip, draws.fallen, PERCENT, within=1),
    "forecast-misses": Kind(
        draws.outside,
        lambda n: {
            "promised": n["weeks"] * (100 - n["level"]) / 100,
            "answer": n["weeks"] * (100 - n["held"]) / 100,
        },
        "weeks",
        within=1,
    ),
    "false-alarms": Kind(
        draws.strata, _answer(lambda n: n["series"] * n["level"] / 100), "a week", within=0.6
    ),
    "alarm-share": Kind(draws.alarms, draws.real_share, OF_100, within=1),
    "one-more-case": Kind(draws.towns, draws.one_more, "per 100,000", within=0.6),
    "shared-rows": Kind(
        draws.rows,
        _answer(lambda n: 100 * answers.on_both_sides(n["rows"], n["training"] / 100)),
        PERCENT,
        within=1,
    ),
    "best-of-many": Kind(
        draws.settings,
        _answer(lambda n: 100 * answers.at_least_one(n["settings"], n["level"] / 100)),
        PERCENT,
        within=1,
    ),
    "may-be-seen": Kind(
        draws.events, _answer(lambda n: answers.seen(n["list"], n["back"])), "events"
    ),
    "gate": Kind(
        draws.judged,
        _answer(lambda n: answers.gate(n["slope"], n["held"] / 100, n["aim"] / 100)),
        choices=GATES,
    ),
    "two-sites": Kind(draws.sum, _answer(lambda n: n["total"] - n["own"]), "patients"),
    "privacy-budget": Kind(
        draws.budget, _answer(lambda n: answers.trainings(n["budget"], n["each"])), "trainings"
    ),
}
