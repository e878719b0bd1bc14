"""A case as pages: the order of steps, what may be seen at each, what is counted, the scores."""

# ruff: noqa: F811 (fixtures are imported by name)

import re

import pytest

from academy_site_samples import (  # noqa: F401
    CASES,
    academy_app,
    academy_workspace,
    answer,
    begin,
    current,
    reader,
    step,
)
from nof1.academy.cases import CHECKS
from nof1.academy.history import all_scores
from nof1.web.site import academy_case
from sitting_samples import card


def page(browser):
    return browser.get("/academy/case").text


def test_the_card_and_the_truth_are_not_there_too_early(reader):
    case = begin(reader)
    text = page(reader)
    assert case.question in text
    assert "Who answers" not in text
    assert "EXPLAINED" not in text
    step(reader, "own", case=case.id, act="yes", chance="30")
    text = page(reader)
    assert "Who answers" in text
    assert "EXPLAINED" not in text
    assert "SHOWN-" not in text
    told = reader.get("/academy/case?format=json").json()
    assert "feedback" not in told
    assert told["card"]["basis"]["validated_in"] == academy_case.LATER


def test_a_check_shows_itself_once_it_is_opened_and_is_counted(reader):
    case = begin(reader)
    step(reader, "own", case=case.id, act="yes", chance="30")
    assert step(reader, "check", case=case.id, check="units").status_code == 303
    text = page(reader)
    assert "SHOWN-units" in text
    assert "SHOWN-drift" not in text
    act = "yes" if case.advised else "no"
    step(reader, "final", case=case.id, act=act, chance="20", move="accept")
    text = page(reader)
    assert "EXPLAINED" in text
    assert "You opened it." in text
    assert f"The card was <strong>{'wrong' if case.faulty else 'right'}</strong>" in text
    told = reader.get("/academy/case?format=json").json()
    assert told["answer"]["checks"] == ["units"]
    assert told["feedback"]["truth"]["risk"] == case.truth.risk
    assert f"{told['feedback']['tree']['truth']:,}" in text


def test_steps_can_be_neither_skipped_nor_done_again(reader):
    case = begin(reader)
    for what in ("check", "final", "learn"):
        fields = {"check": "units", "act": "yes", "chance": "1", "move": "accept"}
        refused = step(reader, what, case=case.id, **fields)
        assert refused.status_code == 400
        assert "Your own answer comes first" in refused.text
    step(reader, "own", case=case.id, act="yes", chance="30")
    again = step(reader, "own", case=case.id, act="no", chance="1")
    assert again.status_code == 400
    other = next(name for name in CASES if name != case.id)
    assert step(reader, "check", case=other, check="units").status_code == 400
    assert "SHOWN-" not in page(reader)


def test_a_move_that_does_not_fit_keeps_what_was_typed(reader):
    case = begin(reader)
    step(reader, "own", case=case.id, act="yes", chance="30")
    act = "no" if case.advised else "yes"
    refused = step(reader, "final", case=case.id, act=act, chance="37", move="accept")
    assert refused.status_code == 400
    assert 'value="37"' in refused.text
    assert "your final answer does not act as the card advises" in refused.text
    assert re.search(r'value="accept" required checked', refused.text)


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"act": "yes"}, {"act": "maybe", "chance": "3"}, {"act": "yes", "chance": "101"},
        {"act": "yes", "chance": "-1"}, {"act": "yes", "chance": "nan"},
        {"act": "yes", "chance": "<script>alert(1)</script>"}, {"act": "yes", "chance": "9" * 9000},
        {"act": "<b>", "chance": "'\""},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_and_nothing_moves(reader, fields):
    case = begin(reader)
    refused = step(reader, "own", **{"case": case.id, **fields})
    assert refused.status_code == 400
    assert "<script>alert" not in refused.text
    assert "Traceback" not in refused.text
    assert "Who answers" not in page(reader)


@pytest.mark.parametrize("case", ["", "../x", "<b>", "c" * 9000, "c0' OR 1=1"])
def test_another_case_is_refused(reader, case):
    begin(reader)
    refused = step(reader, "own", case=case, act="yes", chance="1")
    assert refused.status_code == 400
    assert "not the case" in refused.text


def test_a_form_that_is_too_large_is_refused(reader):
    begin(reader)
    assert step(reader, "learn", lesson="x" * 20_000).status_code == 400


def test_a_step_without_a_sitting_leads_back(reader):
    for what in ("own", "check", "final", "learn", "leave"):
        assert step(reader, what, case="c0").status_code == 303


def test_a_practice_ends_at_the_scores_and_they_are_those_of_the_answers(reader):
    begin(reader)
    for place in range(12):
        ended = answer(reader, own="no", checks=["drift"] if place < 5 else [], lesson="x")
    assert ended.headers["location"] == "/academy/scores"
    told = reader.get("/academy/scores?format=json").json()
    assert told["cases"] == 12
    assert told["faulty"] == 6
    assert told["checks"] == {"drift": 5}
    assert told["final_accuracy"]["count"] == 6  # every card was followed, half were wrong
    rows = reader.get("/academy/scores?format=csv").text.splitlines()
    final = next(one for one in rows if one.startswith("Right after"))
    assert final.split(",")[1:3] == ["6", "12"]
    text = reader.get("/academy/scores").text
    assert "(6 of 12 cases)" in text
    assert "not proven" in text
    assert "12 cases answered" in text


def test_no_share_stands_without_its_interval_and_its_count(reader):
    begin(reader)
    for _ in range(9):
        answer(reader)
    for row in re.findall(
        r"<tr><th scope=\"row\">Right after.*?</tr>", reader.get("/academy/scores").text
    ):
        assert re.search(r"\d+ to \d+ of 100 \(\d+ of \d+ cases\)", row)
        assert "95% interval" in row


def test_a_test_is_four_sittings_and_tells_the_wrong_cards_at_the_end(reader):
    for sitting in range(4):
        begin(reader, "test")
        text = reader.get("/academy/test").text
        assert "were wrong" not in text
        assert not re.search(r'"faulty"', reader.get("/academy/test?format=json").text)
        for _ in range(12):
            ended = answer(reader, follow=sitting % 2 == 0)
        assert ended.headers["location"] == "/academy/test"
    text = reader.get("/academy/test").text
    found = re.search(r"Of 48 cards, (\d+) were wrong", text)
    assert 17 <= int(found[1]) <= 24
    assert "would accept" in text
    assert "no diagnosis" in text
    (told,) = reader.get("/academy/test?format=json").json()["tests"]
    assert told["complete"] is True
    assert told["scores"]["faulty"] == int(found[1])


def test_leaving_keeps_what_was_finished(reader):
    begin(reader)
    answer(reader)
    assert step(reader, "leave").headers["location"] == "/academy"
    assert "Begin a practice" in page(reader)
    assert reader.get("/academy/scores?format=json").json()["cases"] == 1


def test_beginning_twice_goes_on_with_the_first(reader):
    first = begin(reader)
    step(reader, "begin", kind="test")
    assert current(reader).id == first.id


def test_going_back_to_a_finished_case_is_not_possible(reader):
    case = begin(reader)
    answer(reader)
    assert step(reader, "learn", case=case.id, lesson="again").status_code == 400


def test_the_card_is_covered_until_it_may_be_seen():
    whole = card(0.4) | {"evidence": [{"text": "LDL", "events": [1], "citation": "old guideline"}]}
    seen = academy_case.covered(whole)
    assert seen["evidence"] == [{"text": "LDL"}]
    assert seen["basis"]["knowledge_date"] == academy_case.LATER
    assert whole["basis"]["knowledge_date"] == "2026-01-01"


def test_lines_of_a_check():
    assert academy_case.lines("A.\nb\n\nc ") == {"sentence": "A.", "rows": ["b", "c"]}


def test_every_check_can_be_opened(reader):
    case = begin(reader)
    step(reader, "own", case=case.id, act="no", chance="5")
    for check in CHECKS:
        step(reader, "check", case=case.id, check=check)
    assert all(f"SHOWN-{check}" in page(reader) for check in CHECKS)
    assert step(reader, "check", case=case.id, check="no-such").status_code == 400


def test_figures_of_nothing_say_so():
    assert all_scores([])[0].cases == 0
