"""Answers as people type them."""

import pytest

from nof1.academy.curriculum.lesson import lesson
from nof1.academy.curriculum.posing import pose, read_number, told

ALERTS = lesson("base-rates").exercises[0]
SET = next(one for one in lesson("intervals").exercises if one.kind == "conformal-set")


def test_an_answer_near_enough_is_right_and_others_are_not():
    posed = pose(ALERTS, 3)
    assert posed.right(posed.shown)
    assert posed.right(f"{posed.answer + 0.99:.2f}")
    assert posed.right(f"{posed.answer + 1.2:.2f}") is False


@pytest.mark.parametrize(
    "given", ["", "many", "nan", "inf", "1e999", "1_0", "<b>", "0x10", "9" * 5000]
)
def test_what_is_no_number_is_neither_right_nor_wrong(given):
    assert read_number(given) is None or given == "9" * 5000
    assert pose(ALERTS, 3).right(given) in (None, False)


@pytest.mark.parametrize(("given", "number"), [("12,5 %", 12.5), ("\u22123", -3.0), (" 7 ", 7.0)])
def test_numbers_as_people_write_them(given, number):
    assert read_number(given) == number


def test_one_of_the_choices_is_right():
    posed = pose(SET, 1)
    assert posed.right(posed.answer) is True
    other = next(name for name in SET.made_by.choices if name != posed.answer)
    assert posed.right(other) is False
    assert posed.right("no such") is None


def test_a_drawing_stands_beside_the_solution_where_there_is_one():
    assert "people with an alert are ill" in pose(ALERTS, 1).picture.description
    assert pose(SET, 1).picture is None


def test_numbers_for_a_sentence():
    assert [told(n) for n in (16.98, 4.25, 0.5, 0.125, -12.0, 8.84)] == [
        "17", "4.2", "0.5", "0.12", "-12", "8.8",
    ]  # fmt: skip
