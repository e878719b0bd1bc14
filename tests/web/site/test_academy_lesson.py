"""A lesson as a page: without scripts, with right, wrong and strange answers, and kept."""

# ruff: noqa: F811 (fixtures are imported by name)

import re
from html import unescape

import pytest

import site_samples as samples
from academy_site_samples import academy_app, academy_workspace, reader  # noqa: F401
from nof1.academy.curriculum.lesson import lesson, lessons
from nof1.academy.curriculum.posing import pose

BASE = "/academy/lessons/base-rates"
ONE = lesson("base-rates")


@pytest.mark.parametrize("one", lessons(), ids=[one.id for one in lessons()])
def test_every_lesson_stands_and_its_live_step_leads_to_a_real_page(site, one):
    page = site.get(f"/academy/lessons/{one.id}")
    assert page.status_code == 200
    assert all(section.heading in unescape(page.text) for section in one.sections)
    assert all(f'id="source-{source.key}"' in page.text for source in one.sources)
    found = re.search(r'<h2 id="live">.*?href="([^"]+)"', page.text, re.S)
    if found:
        assert site.get(found[1].replace("&amp;", "&")).status_code == 200
    else:
        assert one.live.page in ("quality", "governance", "federation", "surveillance")


def test_the_answer_is_not_on_the_page_before_one_is_given(site):
    posed = pose(ONE.exercises[0], 4)
    page = site.get(f"{BASE}?seed=4")
    assert posed.ask[:40] in page.text
    assert "of 100. Trained" not in page.text
    assert posed.solution[:30] not in page.text
    asked = site.get(f"{BASE}?seed=4&format=json").json()["asked"]
    assert {one["right"] for one in asked} == {None}
    assert all("answer" not in one for one in asked)


def test_right_wrong_and_unread_answers(site):
    posed = pose(ONE.exercises[0], 4)
    right = site.get(BASE, params={"seed": "4", "e-alerts": posed.shown}).text
    assert "<strong>Right.</strong>" in right
    assert "people with an alert are ill" in right
    wrong = site.get(BASE, params={"seed": "4", "e-alerts": "99"}).text
    assert "<strong>Not so.</strong>" in wrong
    assert "The way to the answer" in wrong
    assert "cannot be read" in site.get(BASE, params={"seed": "4", "e-alerts": "many"}).text


def test_every_choice_has_its_feedback_on_the_page(site):
    for question in ONE.questions:
        for number, choice in enumerate(question.choices):
            page = site.get(BASE, params={f"q-{question.id}": str(number)}).text
            assert choice.feedback[:40] in page


def test_all_answers_are_carried_by_the_address(site):
    params = {"seed": "4", "e-alerts": "3", "e-quiet": "2", "q-moved": "1"}
    told = site.get(BASE, params={**params, "format": "json"}).json()
    given = {one["id"]: one["given"] for one in told["asked"]}
    assert (given["alerts"], given["quiet"], given["moved"]) == ("3", "2", "1")
    rows = site.get(BASE, params={**params, "format": "csv"}).text.splitlines()
    assert len(rows) == 1 + len(told["asked"])


def test_another_day_or_seed_asks_for_other_numbers(site):
    pages = {site.get(f"{BASE}?seed={seed}").text for seed in range(6)}
    assert len(pages) == 6
    assert site.get(f"{BASE}?seed=3").text == site.get(f"{BASE}?seed=3").text


@pytest.mark.parametrize("query", ["seed=-1", "seed=x", "seed=" + "9" * 400, "seed=", "seed=²"])
def test_a_strange_seed_is_told(site, query):
    page = site.get(f"{BASE}?{query}")
    assert page.status_code == 400
    assert "seed" in page.text


@pytest.mark.parametrize(
    "value",
    ["<script>alert(1)</script>", '" onfocus="x', "{answer}", "%s", "9" * 5000, "\x00", "²"],
)
def test_a_hostile_answer_is_shown_as_it_is(site, value):
    page = site.get(BASE, params={"e-alerts": value, "q-moved": value, "strange": value})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert 'onfocus="x' not in page.text


@pytest.mark.parametrize("name", ["no-such", "..%2f..%2fetc", "<b>", "x" * 5000, "natural%00"])
def test_an_unknown_lesson_is_missing(site, name):
    page = site.get(f"/academy/lessons/{name}")
    assert page.status_code == 404
    assert "<b>" not in page.text


def test_done_is_kept_for_who_opted_in_and_for_nobody_else(reader):
    posed = pose(ONE.exercises[0], 4)
    fields = {"seed": "4", "e-alerts": posed.shown, "e-quiet": "-5"}
    samples.send(reader, f"{BASE}/done", fields, page=BASE)
    assert "comes back" not in reader.get(BASE).text
    samples.send(reader, "/academy/opt-in", {}, page="/academy")
    assert samples.send(reader, f"{BASE}/done", fields, page=BASE).status_code == 303
    kept = reader.get("/academy/mine?format=json").json()["lessons"]["base-rates"]
    assert (kept["right"], kept["of"], kept["stage"]) == (1, 6, 1)
    # a second time on the same day is before its day: it does not move on
    samples.send(reader, f"{BASE}/done", fields, page=BASE)
    assert reader.get("/academy/mine?format=json").json()["lessons"]["base-rates"]["stage"] == 1
    (row,) = [one for one in reader.get("/academy?format=json").json()["lessons"] if one["due"]]
    assert (row["id"], row["state"]) == ("base-rates", "done")
    samples.send(reader, "/academy/mine/forget", {"sure": "yes"}, page="/academy/mine")


def test_done_with_a_lesson_that_is_not_there(reader):
    assert samples.send(reader, "/academy/lessons/no/done", {}, page="/academy").status_code == 404
