"""Source attributes: none blank, none invented, counted as the regulation counts them."""

import pytest

from nof1.advice.governance.attributes import (
    EVIDENCE,
    MODEL,
    PREDICTIVE,
    RULE,
    Answer,
    attributes,
    nothing,
)


def test_there_are_13_and_31_questions():
    assert (len(EVIDENCE), len(PREDICTIVE)) == (13, 31)
    assert [one.number for one in EVIDENCE] == [f"A.{n}" for n in range(1, 14)]
    # 45 CFR 170.315(b)(11)(iv)(B)(1) to (9): this many each
    parts = [sum(one.number.startswith(f"B.{n}.") for one in PREDICTIVE) for n in range(1, 10)]
    assert parts == [4, 4, 2, 4, 2, 4, 5, 4, 2]
    assert len({one.text for one in EVIDENCE}) == 13


def test_a_question_without_an_answer_is_blank():
    made = attributes("r/x", RULE, {"A.1": Answer("a paper"), "A.2": Answer("  ")})
    assert "A.1" not in made.blank
    assert len(made.blank) == 12
    assert made.to_dict()["answered"] == 1


def test_nothing_to_review_is_an_answer_and_counted():
    given = {one.number: Answer("yes") for one in PREDICTIVE}
    given |= {"B.6.i": nothing("never done"), "B.1.ii": nothing("not recorded")}
    made = attributes("models/x", MODEL, given)
    assert made.blank == ()
    assert made.lacking == ("B.1.ii", "B.6.i")
    data = made.to_dict()
    assert data["answered"] == 29
    assert data["not_available_beyond_the_regulation"] == ["B.1.ii"]


@pytest.mark.parametrize("questions", [EVIDENCE, PREDICTIVE])
def test_each_question_is_a_question(questions):
    assert all(one.text.endswith("?") and one.part for one in questions)
