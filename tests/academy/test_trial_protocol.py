"""The protocol says what it assumes, and that nothing is proven."""

import json

import pytest

from nof1.academy.trial import ARMS
from nof1.academy.trial_protocol import protocol
from nof1.academy.trial_size import Assumptions


@pytest.fixture(scope="module")
def made():
    return protocol()


def test_it_says_first_that_nothing_is_proven(made):
    assert made.parts[0].text.startswith("Benefit in people is not proven.")
    assert "patients fare better" in made.parts[-1].text


def test_the_number_of_people_stands_with_its_assumptions(made):
    text = next(one.text for one in made.parts if one.title == "Number of people")
    assert text.startswith("ASSUMED")
    assert f"{made.each_arm} people in each arm ({3 * made.each_arm} in all)" in text
    for assumed in ("50 of 100 before", "20 of 48 cards", "70 of 100", "falling by 20, 5, 0"):
        assert assumed in text


def test_all_arms_and_the_primary_outcome_are_named(made):
    parts = {one.title: one.text for one in made.parts}
    assert all(arm in parts["Arms"] for arm in ARMS)
    assert "Over-reliance" in parts["Primary outcome"]


def test_an_effect_that_is_too_small_says_so():
    text = str(protocol(Assumptions(falls=(0.06, 0.05, 0.0))).to_dict())
    assert "more than 600 people" in text


def test_the_json_form(made):
    data = json.loads(json.dumps(made.to_dict()))
    assert data["schema"] == "nof1/academy-protocol/1"
    assert data["people_each_arm"] == made.each_arm
    assert data["assumptions"]["falls"] == {"simulator": 0.2, "lessons": 0.05, "waiting": 0.0}
