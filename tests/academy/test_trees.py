"""Natural-frequency trees: the counts add up, and the words are true."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nof1.academy.answers import Facts, Truths
from nof1.academy.scores import score
from nof1.academy.trees import case_tree, practice_tree
from sitting_samples import answer, bank, case


def adds_up(node):
    if node["children"]:
        assert sum(child["count"] for child in node["children"]) == node["count"]
    for child in node["children"]:
        assert child["count"] >= 0
        adds_up(child)


@example(0.1999, 0.1999, 0.2)  # rounded to whole people, both would reach the threshold
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99))
def test_a_case_tree_adds_up_and_says_what_is_right(risk, said, threshold):
    one = Facts(id="a", topic="none", faulty=False, threshold=threshold, risk=said,
                advised=said >= threshold, catches="range",
                truth=Truths(risk=risk, right=risk >= threshold, outcome=False))  # fmt: skip
    made = case_tree(one)
    adds_up(made["root"])
    assert made["root"]["count"] == made["of"] == 1000
    assert (made["truth"] >= made["threshold"]) == one.truth.right
    assert (made["card"] >= made["threshold"]) == one.advised
    assert sum(made["if_act"].values()) == sum(made["if_not"].values()) == 1000
    assert abs(made["truth"] - 1000 * risk) <= 1


def test_the_words_hold_the_three_numbers():
    words = case_tree(case("a", right=False, faulty=True))["words"]
    assert re.findall(r"\d[\d,]*\d", words) == ["1,000", "100", "400", "200", "100", "200"]
    assert "fewer than" in words


@pytest.mark.parametrize("wrong", [10, 50, 500])
def test_in_practice_accepted_cards_are_right_and_wrong_ones(wrong):
    cases = bank()
    made = practice_tree(score(cases, [answer(c, c.truth.right, c.advised) for c in cases]), wrong)
    adds_up(made["root"])
    right, faulty = made["root"]["children"]
    assert (faulty["count"], right["count"]) == (wrong, 1000 - wrong)
    accepted = right["children"][0]["count"], faulty["children"][0]["count"]
    assert (made["accepted"], made["accepted_wrong"]) == (sum(accepted), accepted[1])
    assert "20 of 48 cards were wrong" in made["words"]
    assert made["enough"]


def test_few_cases_say_nothing_about_practice():
    cases = bank()[:12]  # twelve wrong cards and no right one
    made = practice_tree(score(cases, [answer(c, True, c.advised) for c in cases]))
    assert not made["enough"]
    assert "too few cases to say (12)" in made["words"]
