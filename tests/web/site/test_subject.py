"""Who is asked about, as of when; what was not known then is not there."""

from datetime import datetime, timedelta

import polars as pl
import pytest

import patient_samples as people
import site_samples as samples
from nof1.core import audit
from nof1.record.events import SCHEMA
from nof1.web.site.subject import TABS, Subject, patient_tabs

AT = datetime(2020, 1, 1)


def subject(**more):
    events = pl.DataFrame(schema=SCHEMA)
    return Subject("p 1/x", "NORTH", 1, AT, events, more.pop("query", {}), **more)


def test_links_keep_the_site_and_the_moment():
    made = subject(query={"site": "NORTH", "at": "2020-01-01"})
    assert made.address("events", code="A|B") == (
        "/patients/p%201%2Fx/events?site=NORTH&at=2020-01-01&code=A%7CB"
    )
    assert subject().address() == "/patients/p%201%2Fx"


def test_a_patient_without_birth_sex_or_events_is_said_to_be_so():
    head = subject().head("events")
    assert (head["age"], head["sex"], head["died"]) == ("not known", "not known", "")
    assert subject().data_date == "2020-01-01"


def test_tabs_are_those_that_the_reader_may_open():
    made = subject(open=frozenset({"overview", "films"}))
    assert [name for _, _, name in patient_tabs(made)] == ["overview", "films"]
    assert len(TABS) == len({name for _, _, name in TABS})


@pytest.mark.parametrize(
    "patient",
    [
        "no-such", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "p" * 199, "p" * 10_000, "%00",
        "%2e%2e", "' OR 1=1 --", "=1+1", "%F0%9F%92%A9",
    ],
)  # fmt: skip
@pytest.mark.parametrize("page", ["", "/events", "/what-if", "/print"])
def test_an_identifier_that_nobody_has(site, patient, page):
    answer = site.get(f"/patients/{patient}{page}")
    assert answer.status_code in (303, 404), answer.text[:500]
    assert "<script>alert" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["at=yesterday", "at=2999-01-01", "at=2020-13-01", "at=2020-01-01T25:00", "at=" + "9" * 99],
)  # fmt: skip
@pytest.mark.parametrize("page", ["", "/events", "/what-if", "/print"])
def test_a_moment_that_cannot_be(site, places, query, page):
    answer = site.get(f"/patients/{places['patient']}{page}?{query}")
    assert answer.status_code == 400
    told = site.get(
        f"/patients/{places['patient']}{page}?{query}", headers={"accept": "application/json"}
    )
    assert told.json()["where"] == "at"


def test_another_site_has_no_such_patient(site, places):
    assert site.get(f"/patients/{places['patient']}?site=nowhere").status_code == 404
    assert site.get(f"/patients/{places['patient']}?site={places['site']}").status_code == 200


def test_what_was_recorded_later_is_not_known_yet(site, site_workspace, trained):
    for patient, _, events, _ in people.cohort(site_workspace, trained, 60):
        late = events.filter(pl.col("recorded") > pl.col("time") + timedelta(days=2))
        if late.height:
            row = late.row(0, named=True)
            between = row["time"] + (row["recorded"] - row["time"]) / 2
            at = f"{between:%Y-%m-%dT%H:%M:%S}"
            told = site.get(f"/patients/{patient}/events?at={at}&format=json").json()
            known = [(one["code"], one["time"]) for one in told["events"]]
            assert (row["code"], row["time"].isoformat()) not in known
            return
    raise AssertionError("nothing was recorded late")


@pytest.mark.parametrize("page", ["", "/events", "/what-if", "/print"])
@pytest.mark.parametrize("twin", ["", "&format=json", "&format=csv"])
def test_no_page_and_no_twin_looks_ahead(site, site_workspace, trained, page, twin):
    looked = 0
    for patient, _, _events, moment in people.cohort(site_workspace, trained, 12):
        later = [one for one in people.new_after(_events, moment) if "//" in one]
        at = f"{moment:%Y-%m-%dT%H:%M:%S}"
        text = site.get(f"/patients/{patient}{page}?at={at}{twin}").text
        model = {code for one in trained.model.code_sets for code in one}
        assert [one for one in later if one in text and one not in model] == []
        looked += len(later)
    assert looked > 10


def test_every_time_on_the_twins_lies_before_the_moment(site, site_workspace, trained):
    for patient, _, _, moment in people.cohort(site_workspace, trained, 5):
        at = f"{moment:%Y-%m-%dT%H:%M:%S}"
        told = site.get(f"/patients/{patient}?at={at}&format=json").json()
        course = [t for row in told["course"] for t in row["marks"] + [p[0] for p in row["points"]]]
        course += [t for row in told["course"] for span in row["spans"] for t in span if t]
        behind = [
            event["time"][:19]
            for finding in told["findings"]
            for reason in finding.get("evidence", [])
            for event in reason.get("events", [])
            if event.get("time")
        ]
        assert course
        assert max([*course, *behind]) <= at
        rows = site.get(f"/patients/{patient}/events?at={at}&format=json").json()["events"]
        assert max(one["time"] for one in rows if one["time"]) <= at


def test_a_reader_with_a_list_sees_its_own_patients_only(guarded, site_workspace, trained):
    (mine, *_), (other, *_) = people.cohort(site_workspace, trained, 2)
    reader = guarded.browser("clinician", patients=[mine])
    for page in ("", "/events", "/what-if", "/print"):
        assert reader.get(f"/patients/{mine}{page}").status_code == 200
        for address in (f"/patients/{other}{page}", f"/patients/no-such{page}"):
            for twin in ("", "?format=json", "?format=csv"):
                refused = reader.get(address + twin)
                assert refused.status_code == 403
                assert "source" not in refused.text.lower()


def test_roles_without_patients_see_none(guarded, places):
    for role in ("data-scientist", "epidemiologist", "administrator", "learner"):
        reader = guarded.browser(role)
        for page in ("", "/events", "/what-if", "/print"):
            assert reader.get(f"/patients/{places['patient']}{page}").status_code == 403


def test_a_radiologist_sees_neither_risks_nor_genes_nor_medicines(guarded, places):
    who = places["patient"]
    reader = guarded.browser("radiologist", patients=[who])
    told = reader.get(f"/patients/{who}?format=json").json()
    assert {one["kind"] for one in told["findings"]} <= {"image"}
    assert not {"genes", "medicines"} & {one["sort"] for one in told["course"]}
    rows = reader.get(f"/patients/{who}/events?format=json").json()["events"]
    assert rows
    assert not {"genes", "medicines", "allergies"} & {one["kind"] for one in rows}
    assert reader.get(f"/patients/{who}/events?kind=genes").status_code == 403
    assert reader.get(f"/patients/{who}/what-if").status_code == 403
    assert "/what-if" not in reader.get(f"/patients/{who}").text


def test_who_looked_is_in_the_audit_log_under_a_pseudonym(guarded, site_workspace, places):
    who = places["patient"]
    reader = guarded.browser("clinician", patients=[who], name="anna-looks")
    reader.get(f"/patients/{who}")
    entries = [
        one for one in audit.entries(site_workspace.audit) if one["action"] == "page patient"
    ]
    last = entries[-1]["details"]
    assert last["account"] == "local:anna-looks"
    assert last["models"]
    assert who not in str(last)


def test_hostile_names_in_a_record_stay_words(site_workspace, places):
    from nof1.web.server import ready

    made = ready(site_workspace, demo=True, insecure=True)
    names = made.room.opened().names
    for code in list(names):
        names[code] = people.HOSTILE
    with samples.client(made.app) as browser:
        for page in ("", "/events", "/what-if", "/print"):
            text = browser.get(f"/patients/{places['patient']}{page}").text
            assert "<script>alert" not in text
            assert "Traceback" not in text
