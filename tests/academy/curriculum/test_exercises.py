"""Every kind of exercise against another way to its answer: by counting people, or by chance."""

import random
from fractions import Fraction as F

import pytest

from nof1.academy.curriculum import answers
from nof1.academy.curriculum.exercises import KINDS
from nof1.academy.curriculum.lesson import lessons

SEEDS = range(25)


def exact(number):
    return F(str(number))


def ppv(n, ill=None):
    """Person by person: 100,000 people, so that all groups are whole."""
    scale = 100
    ill = (n["ill"] if ill is None else ill) * scale
    people = [True] * ill + [False] * (n["people"] * scale - ill)
    true_alerts = sum(people) * n["sensitivity"] // 100
    false_alerts = people.count(False) * (100 - n["specificity"]) // 100
    return F(100 * true_alerts, true_alerts + false_alerts)


def percent(odds):
    return 100 * odds / (1 + odds)


def odds(per_cent):
    return F(per_cent) / (100 - F(per_cent))


def conformal(n):
    kept = [word for word in ("ill", "healthy") if n[word] > n["error"]]
    return {0: "atypical", 2: "both"}.get(len(kept), kept[0] if kept else "")


def gate(n):
    off = []
    if n["slope"] < 0.9 or n["slope"] > 1.1:
        off.append("slope")
    if not 88.5 <= n["held"] <= 91.5:
        off.append("coverage")
    return {0: "passes", 2: "both fail"}.get(len(off), off[0] if off else "")


def brier(n):
    first = (n["first"] - 100 * n["happened"]) ** 2
    return F(first + n["second"] ** 2, 20_000)


def both_sides(n):
    """All ways to deal the rows, one by one: 4 of 5 places are training."""
    from itertools import product

    ways = list(product(range(5), repeat=n["rows"]))
    both = sum(0 < sum(place < 4 for place in way) < len(way) for way in ways)
    return F(100 * both, len(ways))


ORACLES = {
    "share-of-people": lambda n: F(sum(i % 50 < n["percent"] / 2 for i in range(n["people"]))),
    "more-people": lambda n: F(n["base"] * (100 + n["percent"]), 100) - n["base"],
    "relative-to-whole": lambda n: F(n["base"] * (100 + n["percent"]), 100),
    "alerts-ill": ppv,
    "alerts-clinic": ppv,
    "quiet-ill": lambda n: n["ill"] - round(n["ill"] * n["sensitivity"] / 100),
    "group-gap": lambda n: n["ill"] - F(n["people"] * n["percent"], 100),
    "odds-slip": lambda n: percent(odds(n["shown"]) / F(8, 5)),
    "brier": brier,
    "outside": lambda n: n["patients"] - F(n["patients"] * n["level"], 100),
    "width": lambda n: F(n["high"] * n["people"], 100) - F(n["low"] * n["people"], 100),
    "conformal-set": conformal,
    "harms": lambda n: F(100, n["times"] + 1),
    "net-benefit": lambda n: n["found"] - n["false"] * F(n["at"], 100 - n["at"]),
    "act-on-all": lambda n: n["found"] - (1000 - n["found"]) * F(n["at"], 100 - n["at"]),
    "alerts-moved": lambda n: ppv(n, n["here"]),
    "base-rate-moved": lambda n: percent(odds(n["shown"]) * odds(n["here"]) / odds(n["there"])),
    # 113.12 g/mol: molar mass of C4H7N3O from the atomic weights 12.011, 1.008, 14.007, 15.999.
    "unit-slip": lambda n: n["value"] * 10_000 / (4 * 12.011 + 7 * 1.008 + 3 * 14.007 + 15.999),
    "reasons-to-risk": lambda n: percent(
        odds(n["start"]) * exact(n["first"]) * exact(n["second"]) * exact(n["third"])
    ),
    "without-reason": lambda n: percent(odds(n["start"]) * exact(n["second"]) * exact(n["third"])),
    "points-to-cases": lambda n: F(113 * n["vignettes"], 1000),
    "blind-overrides": lambda n: F(n["alerts"] * n["real"] * n["overridden"], 10_000),
    "needed-overrides": lambda n: F(n["alerts"] * (100 - n["real"]), 100),
    "alert-minutes": lambda n: F(n["a_day"] * n["seconds"], 60),
    "nowcast": lambda n: F(100 * n["so_far"], n["share"]),
    "apparent-fall": lambda n: 100 - n["share"],
    "forecast-misses": lambda n: n["weeks"] - F(n["weeks"] * n["held"], 100),
    "false-alarms": lambda n: n["series"] * exact(n["level"]) / 100,
    "alarm-share": lambda n: F(100 * n["real"])
    / (n["real"] + (n["series"] - n["real"]) * exact(n["level"]) / 100),
    "one-more-case": lambda n: F(100_000, n["people"]),
    "shared-rows": both_sides,
    "best-of-many": lambda n: 100 - 100 * F(19, 20) ** n["settings"],
    "may-be-seen": lambda n: len([d for d in n["list"] if d in range(-365, 1)]),
    "gate": gate,
    "two-sites": lambda n: n["total"] - n["own"],
    "privacy-budget": lambda n: int(exact(n["budget"]) // exact(n["each"])),
}  # fmt: skip


def test_every_kind_has_another_way_to_its_answer_and_is_used():
    assert set(ORACLES) == set(KINDS)
    assert {e.kind for one in lessons() for e in one.exercises} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_computed_answer_is_that_of_the_other_way(name):
    for seed in SEEDS:
        numbers = KINDS[name].numbers(seed)
        expected = ORACLES[name](numbers)
        if KINDS[name].choices:
            assert numbers["answer"] == expected
            assert expected in KINDS[name].choices
        else:
            near = {"unit-slip": 0.1, "brier": 1e-9}.get(name, 1e-6)
            assert numbers["answer"] == pytest.approx(float(expected), abs=near)


@pytest.mark.parametrize("name", KINDS)
def test_another_seed_asks_something_else_and_the_same_one_the_same(name):
    drawn = [repr(KINDS[name].numbers(seed)) for seed in SEEDS]
    assert len(set(drawn)) >= 3
    assert drawn[0] == repr(KINDS[name].numbers(0))


def test_every_choice_of_an_exercise_can_be_the_answer():
    for name in ("conformal-set", "gate"):
        seen = {KINDS[name].numbers(seed)["answer"] for seed in range(200)}
        assert seen == set(KINDS[name].choices)


def test_people_of_a_tree_add_up():
    for seed in SEEDS:
        n = KINDS["alerts-ill"].numbers(seed)
        assert n["found"] + n["missed"] == n["ill"]
        assert n["found"] + n["false"] == n["alerts"]


def test_the_threshold_is_where_acting_and_waiting_cost_the_same():
    for harm in (1, 3, 9, 19):
        at = answers.threshold(harm)
        assert at * harm == pytest.approx(1 - at)


def test_a_moved_base_rate_is_what_bayes_says():
    """A likelihood ratio is the same in both places; the prior is not."""
    shown, there, here = 0.4, 0.2, 0.05
    ratio = shown / (1 - shown) / (there / (1 - there))
    post = ratio * here / (ratio * here + 1 - here)
    assert answers.moved(shown, there, here) == pytest.approx(post)


def test_the_share_of_alarms_by_chance():
    draw, false, weeks = random.Random(1), 0, 40
    for _ in range(weeks):
        false += sum(draw.random() < 0.01 for _ in range(995))
    assert answers.alarm_share(5, 995, 0.01) == pytest.approx(5 / (5 + false / weeks), abs=0.04)


def test_an_empty_set_is_atypical_and_never_neither():
    assert answers.conformal_set(0.01, 0.02, 0.1) == "atypical"
    assert answers.conformal_set(0.1, 0.5, 0.1) == "healthy"
