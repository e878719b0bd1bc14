"""The academy's first page, consent, what is kept, and the sheet to print."""

# ruff: noqa: F811 (fixtures are imported by name)

import re
from datetime import UTC, datetime, timedelta

import pytest

import site_samples as samples
from academy_site_samples import (  # noqa: F401
    academy_app,
    academy_guarded,
    academy_workspace,
    answer,
    begin,
    reader,
)
from nof1.academy import bank
from nof1.academy.curriculum.lesson import lessons
from nof1.academy.store import CONSENT, FILE
from nof1.web.site.academy_room import COOKIE, Academy, due_day


def test_the_first_page_says_what_it_is_and_that_nothing_is_proven(reader):
    text = reader.get("/academy").text
    assert "not proven; only a trial can show it" in text
    assert CONSENT[:60] in text
    assert all(f'href="/academy/lessons/{one.id}"' in text for one in lessons())


def test_without_a_bank_it_says_what_to_run(site):
    for address in ("/academy", "/academy/case", "/academy/test"):
        page = site.get(address)
        assert page.status_code == 200
        assert "nof1 academy build" in page.text
    assert site.get("/academy?format=json").json()["ready"] is False
    assert samples.send(site, "/academy/case/begin", {"kind": "test"}).status_code == 303
    assert "no cases here yet" in site.get("/academy/case").text


def test_looking_around_sets_no_cookie_and_writes_nothing(reader, academy_workspace):
    for address in ("/academy", "/academy/case", "/academy/scores", "/academy/mine"):
        assert "set-cookie" not in reader.get(address).headers
    begun = samples.send(reader, "/academy/case/begin", {"kind": "practice"})
    cookie = begun.headers["set-cookie"]
    assert re.match(rf"{COOKIE}=[\w-]{{22}};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    begin(reader)
    answer(reader)
    assert "gone when it ends" in reader.get("/academy/mine").text
    kept = academy_workspace.root / "academy" / FILE
    assert not kept.exists() or reader.cookies[COOKIE].encode() not in kept.read_bytes()


def test_who_opts_in_is_kept_can_take_all_away_and_be_forgotten(reader, academy_workspace):
    begin(reader)
    answer(reader, lesson="Look at the units.")
    assert samples.send(reader, "/academy/opt-in", {}, page="/academy").status_code == 303
    path = academy_workspace.root / "academy" / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    token = reader.cookies[COOKIE].encode()
    assert token in path.read_bytes()
    kept = reader.get("/academy/mine?format=json").json()
    assert kept["schema"] == "nof1/academy-export/1"
    assert kept["opted_in"]["text"] == CONSENT
    assert kept["sittings"][0]["answers"][0]["lesson"] == "Look at the units."
    assert "Look at the units." in reader.get("/academy/mine").text
    # without saying "sure" nothing is deleted
    samples.send(reader, "/academy/mine/forget", {}, page="/academy/mine")
    assert token in path.read_bytes()
    gone = samples.send(reader, "/academy/mine/forget", {"sure": "yes"}, page="/academy/mine")
    assert gone.status_code == 303
    assert token not in path.read_bytes()
    assert "Nothing is kept of you." in reader.get("/academy/mine").text


def test_one_learner_does_not_see_another(reader, academy_app):
    begin(reader)
    answer(reader, lesson="A line of mine.")
    samples.send(reader, "/academy/opt-in", {}, page="/academy")
    other = samples.client(academy_app)
    for address in ("/academy/mine", "/academy/mine?format=json", "/academy/scores"):
        assert "A line of mine." not in other.get(address).text
    other.cookies.set(COOKIE, "' OR 1=1 --")
    assert "Nothing is kept of you." in other.get("/academy/mine").text


def test_a_signed_in_learner_learns_under_the_account(academy_guarded):
    anna = academy_guarded.browser("learner")
    begin(anna)
    assert COOKIE not in anna.cookies
    answer(anna)
    samples.send(anna, "/academy/opt-in", {}, page="/academy")
    assert anna.get("/academy/mine?format=json").json()["name"].startswith("local:")
    samples.send(anna, "/academy/mine/forget", {"sure": "yes"}, page="/academy/mine")


def test_a_learner_without_other_roles_gets_no_link_to_other_pages(academy_guarded):
    anna = academy_guarded.browser("learner")
    text = anna.get("/academy/lessons/calibration").text
    assert "not open to your account" in text
    assert 'href="/models' not in text


def test_without_the_scope_there_is_no_academy(academy_guarded):
    program = samples.client(academy_guarded.app)
    assert program.get("/academy").status_code == 303
    assert program.get("/academy/case", headers={"accept": "*/*"}).status_code == 401


def test_a_form_from_elsewhere_is_refused(academy_guarded, academy_app):
    anna = academy_guarded.browser("learner")
    answer_ = anna.post("/academy/case/begin", data={"kind": "test"},
                        headers={"origin": "https://evil.example"})  # fmt: skip
    assert answer_.status_code == 403
    here = samples.client(academy_app)
    assert (
        here.post("/academy/opt-in", headers={"origin": "https://evil.example"}).status_code == 403
    )


def test_tables_are_those_of_the_page(reader):
    told = reader.get("/academy?format=json").json()
    rows = reader.get("/academy?format=csv&table=lessons").text.splitlines()
    assert len(rows) == 1 + len(told["lessons"]) == 13
    topics = reader.get("/academy?format=csv&table=topics").text
    assert "A unit slips" in topics
    assert {one["topic"] for one in told["topics"]} == {"none", "unit-slip", "leakage"}


def test_the_sheet_prints_a_name_and_no_proof(reader):
    page = reader.get("/academy/certificate", params={"name": "<b>Anna</b> " + "x" * 500})
    assert "No proof of competence" in page.text
    assert "&lt;b&gt;Anna&lt;/b&gt;" in page.text
    shown = re.search(r'<p class="for">(.*?)</p>', page.text)[1]
    assert shown.count("x") == 80 - len("<b>Anna</b> ")
    begin(reader)
    for _ in range(3):
        answer(reader)
    told = reader.get("/academy/certificate?name=A&format=json").json()
    assert told["cases"] == 3
    assert "too few cases to say" in reader.get("/academy/certificate?name=A").text


def test_what_is_due_comes_first(reader, monkeypatch):
    begin(reader)
    for _ in range(12):
        answer(reader, own="no")  # every card is followed: wrong where it is wrong
    samples.send(reader, "/academy/opt-in", {}, page="/academy")
    samples.send(reader, "/academy/lessons/intervals/done", {"seed": "1"}, page="/academy")
    told = reader.get("/academy?format=json").json()
    assert not any(one["due_now"] for one in told["topics"])
    later = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setattr(Academy, "now", lambda self: later)
    told = reader.get("/academy?format=json").json()
    due = [one["topic"] for one in told["topics"] if one["due_now"]]
    assert {"unit-slip", "leakage"} <= set(due)
    assert told["topics"][0]["topic"] in due
    text = reader.get("/academy").text
    assert "due today" in text
    assert "Due again" in text
    samples.send(reader, "/academy/lessons/intervals/done", {"seed": "1"}, page="/academy")
    kept = reader.get("/academy/mine?format=json").json()["lessons"]["intervals"]
    assert kept["stage"] == 2  # done on its day: it comes back after a week
    samples.send(reader, "/academy/mine/forget", {"sure": "yes"}, page="/academy/mine")


def test_a_damaged_bank_is_told_and_does_not_stop_the_lessons(site, site_workspace):
    path = site_workspace.root / bank.PLACE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text("no bank\n")
    try:
        page = site.get("/academy/case")
        assert page.status_code == 400
        assert "bank of teaching cases cannot be used" in page.text
        assert site.get("/academy/lessons/intervals").status_code == 200
    finally:
        path.unlink()


@pytest.mark.parametrize(("stage", "days"), [(1, 1), (2, 7), (3, 30), (4, 90), (9, 90), ("x", 1)])
def test_a_lesson_comes_back(stage, days):
    at = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert due_day({"stage": stage, "at": at.isoformat()}) == (at + timedelta(days=days)).date()
