"""The page of a ranking: side by side, never by colour alone, what is not known is said."""

from __future__ import annotations

import re
from typing import Any

import page_samples
from nof1.pictures import pages
from nof1.pictures.views.medicines import COLUMNS, STATUS, context


def text_of(**changes: Any) -> str:
    return pages.render("medicines", {**page_samples.medicines(), **changes})


def test_every_question_is_a_column_and_every_cell_has_a_sign_and_a_word() -> None:
    html = text_of()
    cells = re.findall(
        r'<td class="cell \w+"><span class="mark"><svg.*?</svg>\s*<span>(.*?)<', html, re.S
    )
    assert len(cells) == 2 * len(COLUMNS)
    assert set(cells) == {word for _, word in STATUS.values()}


def test_signs_of_different_states_are_drawn_differently() -> None:
    html = text_of()
    drawn = {
        word: re.search(rf"(<svg[^>]*>.*?</svg>)\s*<span>{word}<", html, re.S)
        for _, word in STATUS.values()
    }
    signs = [match.group(1).split("<svg")[-1] for match in drawn.values() if match]
    assert len(set(signs)) == len(STATUS)


def test_what_is_not_known_stands_in_the_table_and_in_full() -> None:
    html = text_of()
    assert "1 open" in html
    assert "<strong>Not known.</strong> clopidogrel" in html


def test_a_medicine_without_purpose_is_openly_so_and_one_purpose_needs_no_heading() -> None:
    data = page_samples.medicines()
    assert [group["purpose"] for group in context(data)["groups"]] == [
        "clopidogrel",
        "purpose not in our table",
    ]
    only = {**data, "rows": data["rows"][:1]}
    assert context(only)["groups"][0]["purpose"] is None


def test_a_usual_dose_with_open_questions_has_no_tick() -> None:
    data = page_samples.medicines()
    last = data["rows"][1]
    ask = data["rows"][0]["not_known"]
    assert context({**data, "rows": [last]})["groups"][0]["rows"][0]["severity"] == "good"
    asked = {**last, "not_known": ask}
    assert context({**data, "rows": [asked]})["groups"][0]["rows"][0]["severity"] == "info"


def test_a_medicine_that_is_taken_and_no_treatment_comes_before_the_table() -> None:
    html = text_of()
    assert html.index("for this it is no treatment") < html.index('class="matrix"')
    assert html.index("alone decides the verdict of") < html.index('class="matrix"')


def test_old_knowledge_is_said() -> None:
    assert "was valid until 2025-07-31" in text_of()
    assert "was valid until" not in text_of(knowledge=[])


def test_a_laboratory_hypothesis_has_a_part_of_its_own_and_no_column() -> None:
    html = text_of()
    assert "Laboratory" not in re.findall(r"<thead>.*?</thead>", html, re.S)[0]
    assert html.count(">Laboratory<") == 1
