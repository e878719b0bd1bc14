"""How many people: power rises with people and effect, and is small without an effect."""

import pytest

from nof1.academy.trial_size import MOST, STEP, Assumptions, invented, people_needed, power

LARGE = Assumptions(falls=(0.35, 0.05, 0.0))


def test_power_rises_with_people_and_with_the_effect():
    assert power(12, LARGE, 200) < power(36, LARGE, 200)
    assert power(36, Assumptions(falls=(0.15, 0.05, 0.0)), 200) < power(36, LARGE, 200)


def test_without_an_effect_a_trial_sees_one_in_at_most_5_of_100():
    # A two-sided 95 % interval lies wholly below 0 in 2.5 of 100.
    assert power(40, Assumptions(falls=(0.1, 0.1, 0.0)), 600) <= 0.045


def test_the_number_is_the_smallest_step_with_enough_power():
    each, reached = people_needed(LARGE, 0.9, 200)
    assert each % STEP == 0
    assert reached >= 0.9
    assert power(each - STEP, LARGE, 200) < 0.9


def test_an_effect_that_no_trial_sees_has_no_number():
    assert people_needed(Assumptions(falls=(0.051, 0.05, 0.0)), 0.9, 30) is None
    assert MOST >= 100


def test_more_dropout_needs_more_people():
    few = people_needed(LARGE, 0.9, 200)
    many = people_needed(Assumptions(falls=LARGE.falls, dropout=0.6), 0.9, 200)
    assert many[0] > few[0]


def test_invented_answers_are_as_assumed():
    assumed = Assumptions(falls=(0.3, 0.1, 0.0), dropout=0.5)
    rows = list(invented(60, assumed, seed=2))
    people = {one.person for one in rows}
    came = {one.person for one in rows if one.occasion == "post"}
    assert len(people) == 180
    assert 0.35 < len(came) / len(people) < 0.65
    wrong = [one for one in rows if one.occasion == "pre" and one.advised != one.right]
    assert len(wrong) == 180 * assumed.faulty
    seen = [one.after != one.right for one in wrong if one.before == one.right]
    assert sum(seen) / len(seen) == pytest.approx(assumed.over, abs=0.05)
    assert rows == list(invented(60, assumed, seed=2)) != list(invented(60, assumed, seed=3))
