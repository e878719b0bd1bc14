"""Answers: their JSON form, what belongs to which case, and which ones are first."""

import json

import pytest

from nof1.academy.answers import Answer, Choice, Facts, first_only, paired
from nof1.core.errors import InputError
from sitting_samples import answer, case


def test_an_answer_is_the_same_after_json():
    made = answer(case(), True, False, checks=("units", "range"))
    assert Answer.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize("wrong", [{"probability": 1.01}, {"probability": -0.1}, {"act": "yes"},
                                   {"more": 1}])  # fmt: skip
def test_what_is_no_choice_is_refused(wrong):
    good = {"act": True, "probability": 0.5}
    made = answer(case(), True, True).to_dict()
    assert Answer.from_dict({**made, "before": good}).before == Choice(act=True, probability=0.5)
    with pytest.raises(InputError, match="not an answer"):
        Answer.from_dict({**made, "before": good | wrong})


def test_answers_find_their_cases_and_strangers_are_refused():
    one, two = case("a"), case("b", faulty=True)
    found = paired([one, two], [answer(two, True, True), answer(one, True, True)])
    assert [made.id for made, _ in found] == ["b", "a"]
    with pytest.raises(InputError, match="1 of 2 answers"):
        paired([one], [answer(one, True, True), answer(two, True, True)])


def test_only_the_first_answer_to_a_case_counts():
    one, two = case("a"), case("b")
    pairs = [(one, answer(one, True, False)), (two, answer(two, True, True)),
             (one, answer(one, True, True))]  # fmt: skip
    kept, left = first_only(pairs)
    assert [(made.id, said.after.act) for made, said in kept] == [("a", False), ("b", True)]
    assert left == 1


def test_another_case_of_the_same_name_is_another_case():
    one, two = case("a", right=True), case("a", right=False)
    assert first_only([(one, answer(one, True, True)), (two, answer(two, True, True))])[1] == 0


def test_facts_are_those_of_the_case():
    made = case("a", right=False, faulty=True, outcome=True)
    facts = Facts.of(made)
    assert (facts.id, facts.topic, facts.faulty, facts.threshold) == ("a", "unit-slip", True, 0.2)
    assert (facts.advised, facts.risk, facts.catches) == (True, 0.4, "units")
    assert (facts.truth.risk, facts.truth.right, facts.truth.outcome) == (0.1, False, True)
