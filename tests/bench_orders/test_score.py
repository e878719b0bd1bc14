"""What counts as right, and the shares with their intervals."""

from dataclasses import replace

import pytest
from bench.orders.answers import Answer, Said
from bench.orders.score import Share, judge, scores, share
from bench.orders.tables import Case, Order

CASE = Case("renal/r/1", "renal", "r", (Order("a"),), (), (), "interrupt", "read", "s")


def said(*tiers, family="renal"):
    return Answer(tuple(Said(tier, "x", family) for tier in tiers))


def right(expected, answer, **more):
    return judge(replace(CASE, expected=expected, **more), answer).right


def test_an_interruption_needs_tier_1_from_a_family_that_can_know():
    assert right("interrupt", said(2, 1))
    assert not right("interrupt", said(2))
    assert not right("interrupt", said(1, family="allergies"))
    assert right("interrupt", said(1, family=""))  # a service that names no families


def test_a_warning_may_be_stronger_but_not_weaker():
    assert right("warn", said(1))
    assert right("warn", said(2))
    assert not right("warn", said(3))


@pytest.mark.parametrize("expected", ["passive", "silent"])
def test_harmless_orders_are_not_interrupted_by_any_family(expected):
    assert right(expected, said(2, 3))
    assert not right(expected, said(1, family="allergies"))


def test_a_gap_must_be_named():
    gap = {"category": "coverage", "row": "no_kidney"}
    assert right("not_checked", Answer(not_checked=("renal: no eGFR",)), **gap)
    assert not right("not_checked", Answer(not_checked=("allergies: none recorded",)), **gap)


def test_an_error_is_never_right():
    assert not right("silent", Answer(error="status 500"))
    assert not right("interrupt", replace(said(1), error="status 500"))


def test_the_scores():
    answers = [("interrupt", said(1)), ("interrupt", said()), ("warn", said(1)), ("warn", said(3))]
    answers += [("silent", said(1)), ("silent", said(2)), ("passive", said(2)), ("passive", said())]
    found = scores([judge(replace(CASE, expected=one), answer) for one, answer in answers])
    assert (found["sensitivity"].hits, found["sensitivity"].count) == (2, 4)
    assert (found["ppv_strict"].hits, found["ppv_strict"].count) == (1, 3)
    assert (found["ppv_wide"].hits, found["ppv_wide"].count) == (2, 3)
    assert (found["harmless_interrupted"].hits, found["harmless_interrupted"].count) == (1, 4)
    assert (found["harmless_warned"].hits, found["harmless_warned"].count) == (1, 2)
    assert found["said_so"] == Share(0, 0, None, None)
    assert found["said_so"].text == "no such case"


def test_a_miss_is_open_when_its_own_family_is_named():
    outcomes = [
        judge(CASE, Answer(not_checked=("renal: no eGFR",))),
        judge(CASE, Answer(not_checked=("allergies: mentions renal",))),
        judge(CASE, said(2, family="medicine")),
    ]
    assert (scores(outcomes)["missed_openly"].hits, len(outcomes)) == (2, 3)


# scipy 1.17.1, binomtest(8, 10).proportion_ci(method="wilson"):
# 0.4902 to 0.9433.
def test_the_interval():
    found = share([judge(CASE, said(1))] * 8 + [judge(CASE, said())] * 2, lambda one: one.right)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert found.text == "80.0 % (49.0 to 94.3; 8 of 10)"
