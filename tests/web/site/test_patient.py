"""The overview: the course leads to source rows, answers stand as ``nof1 advise`` gives them."""

import csv
import io
import re
from datetime import datetime
from html import unescape

import polars as pl
import pytest

import patient_samples as people
import site_samples as samples
from nof1.advice.hospital import Hospital
from nof1.record.store import Record
from nof1.web.server import ready


@pytest.fixture(scope="module")
def speaking(site_workspace, trained, tmp_path_factory):
    """A server whose model speaks."""
    folder = tmp_path_factory.mktemp("patient") / "ws"
    workspace = people.speaking(site_workspace, trained, folder)
    made = ready(workspace, demo=True, insecure=True)
    with samples.client(made.app) as browser:
        yield browser, workspace


@pytest.fixture(scope="module")
def answered(speaking, trained):
    """(browser, patient, as-of) of somebody with a risk."""
    browser, workspace = speaking
    for patient, _, _, moment in people.cohort(workspace, trained):
        at = f"{moment:%Y-%m-%dT%H:%M:%S}"
        told = browser.get(f"/patients/{patient}?at={at}&format=json").json()
        if any(one["kind"] == "risk" and one["status"] == "found" for one in told["findings"]):
            return browser, patient, at
    raise AssertionError("nobody has a risk")


def test_answers_are_those_of_the_command_line(speaking, answered):
    browser, patient, at = answered
    told = browser.get(f"/patients/{patient}?at={at}&format=json").json()
    moment = datetime.fromisoformat(at)
    plain = Hospital(speaking[1]).patient(patient).advise(moment)
    assert told["findings"] == [one.to_dict() for one in plain]
    assert told["schema"] == "nof1/web-patient/1"
    assert told["as_of"] == f"{at}Z"


def test_a_risk_stands_with_its_people_its_range_its_span_and_its_reasons(answered):
    browser, patient, at = answered
    page = browser.get(f"/patients/{patient}?at={at}")
    risk = next(
        one
        for one in browser.get(f"/patients/{patient}?at={at}&format=json").json()["findings"]
        if one["kind"] == "risk"
    )
    frequency, text = risk["frequency"], page.text
    assert f"{round(frequency['events'])} of {frequency['of']} people like this" in text
    assert f"Range {round(frequency['low'])} to {round(frequency['high'])}" in text
    assert "within 1 year" in text
    assert 'class="icons"' in text
    assert "source event" in text
    assert unescape(text).count(risk["evidence"][0]["text"]) >= 1


def test_every_row_of_the_course_opens_its_source_rows(answered):
    browser, patient, at = answered
    told = browser.get(f"/patients/{patient}?at={at}&format=json").json()
    assert {"measurements", "encounters", "medicines"} <= {one["sort"] for one in told["course"]}
    for row in told["course"]:
        assert row["events"].startswith(f"/patients/{patient}/events?")
        found = browser.get(f"{row['events']}&format=json").json()
        times = {one["time"] for one in found["events"]}
        assert found["found"] > 0
        assert set(row["marks"]) <= {t[:19] for t in times if t}
        assert {t for t, _ in row["points"]} <= {t[:19] for t in times if t}


def test_the_twins_hold_what_the_page_holds(answered):
    browser, patient, at = answered
    text = unescape(browser.get(f"/patients/{patient}?at={at}").text)
    course = browser.get(f"/patients/{patient}?at={at}&format=csv&table=course").text
    rows = list(csv.DictReader(io.StringIO(course)))
    assert rows
    assert all(row["Item"].removeprefix("'") in text for row in rows)
    answers = browser.get(f"/patients/{patient}?at={at}&format=csv&table=answers").text
    told = browser.get(f"/patients/{patient}?at={at}&format=json").json()
    assert len(list(csv.DictReader(io.StringIO(answers)))) == len(told["findings"])


def test_the_span_is_chosen_in_the_address(answered):
    browser, patient, at = answered
    whole = browser.get(f"/patients/{patient}?at={at}&format=json").json()
    short = browser.get(f"/patients/{patient}?at={at}&span=90d&format=json").json()
    assert short["from"] > whole["from"]
    assert len(short["course"]) <= len(whole["course"])
    page = browser.get(f"/patients/{patient}?at={at}&span=90d").text
    assert re.search(r'span=90d"[^>]* aria-current="true"', page)
    assert browser.get(f"/patients/{patient}?span=decade").status_code == 400


def test_a_medicine_without_an_end_is_drawn_as_that(site, site_workspace):
    record = Record(site_workspace.record)
    starts = record.scan().filter(pl.col("code") == "RxNorm//1191").collect()
    subject = starts["subject_id"][0]
    patient = record.subjects().filter(subject_id=subject)["patient"][0]
    course = site.get(f"/patients/{patient}?format=json").json()["course"]
    row = next(one for one in course if one["item"] == "aspirin")
    ended = record.patient_events(subject).filter(pl.col("code") == "END//RxNorm//1191").height
    assert ("no end recorded" in row["said"]) == (row["spans"][-1][1] is None)
    assert ended or row["spans"][-1][1] is None


def test_a_hostile_query_is_no_page(site, places):
    for query in (
        "span=%3Cscript%3E",
        "format=xml",
        "format=csv&table=genes",
        "span=" + "9" * 9000,
    ):
        answer = site.get(f"/patients/{places['patient']}?{query}")
        assert answer.status_code == 400
        assert "<script>" not in answer.text.replace('<script src="/static', "")


def test_looking_back_says_so_and_leads_to_now(answered):
    browser, patient, at = answered
    page = browser.get(f"/patients/{patient}?at={at}").text
    assert "Looking back to" in page
    assert f'<a href="/patients/{patient}">Now</a>' in page
    assert "Looking back" not in browser.get(f"/patients/{patient}").text
