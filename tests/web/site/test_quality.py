"""The pages of data: counts by site, import and reason; the quality report part by part."""

import csv
import io
import time

import pytest

import site_samples as samples
from nof1.core.workspace import create
from nof1.record.store import Record

PARTS = ("problems", "months", "codes", "people")


def ready(site, path):
    """The page when it is counted."""
    for _ in range(600):
        found = site.get(path)
        if "Refresh" not in found.headers:
            return found
        time.sleep(0.1)
    raise AssertionError("it was never counted")


def test_the_page_counts_what_the_record_holds(site, site_workspace):
    record = Record(site_workspace.record)
    data = site.get("/data?format=json").json()
    assert data["totals"]["patients"] == record.subjects()["subject_id"].n_unique()
    assert sum(one["events"] for one in data["sites"]) == data["totals"]["events"]
    assert sum(one["rows"] for one in data["refused"]) == record.quarantine().height
    assert len(data["imports"]) == len(record.imports())
    text = site.get("/data").text
    assert f"{data['totals']['events']:,}" in text
    assert all(one["site"] in text for one in data["sites"])
    rows = list(csv.DictReader(io.StringIO(site.get("/data?format=csv&table=sites").text)))
    assert [int(one["events"]) for one in rows] == [one["events"] for one in data["sites"]]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_report_has_an_address_and_is_small(site, part):
    found = ready(site, f"/data/quality?show={part}")
    assert found.status_code == 200
    assert len(found.content) < 95_000
    assert found.text.count("data-chart=") <= 1
    assert 'aria-current="page"' in found.text


def test_the_twin_is_the_whole_report(site):
    data = ready(site, "/data/quality?format=json").json()
    assert data["schema"] == "nof1/quality/1"
    rows = list(csv.DictReader(io.StringIO(site.get("/data/quality?format=csv").text)))
    assert len(rows) == len(data["problems"])
    shown = ready(site, "/data/quality").text
    assert all(one["why"].split(".")[0][:30] in shown for one in data["problems"][:3])


def test_earlier_years_have_an_address_too(site):
    found = ready(site, "/data/quality?show=months").text
    assert "Earlier years" in found
    older = ready(site, "/data/quality?show=months&until=2012").text
    assert "The newest years" in older
    assert ready(site, "/data/quality?show=months&until=0001").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["show=everything", "show=%3Cb%3E", "show=months&until=soon", "show=months&until=20201",
     "show=months&until=%C2%B2%C2%B2%C2%B2%C2%B2", "format=xml", "format=csv&table=no"],
)  # fmt: skip
def test_what_cannot_be_read_is_told(site, query):
    ready(site, "/data/quality")
    found = site.get(f"/data/quality?{query}")
    assert found.status_code == 400
    assert "<b>" not in found.text


def test_before_the_first_import_the_next_step_is_told(tmp_path):
    workspace = create(tmp_path / "ws", synthetic=True)
    with samples.client(samples.open_server(workspace)) as made:
        for path in ("/data", "/data/quality"):
            found = made.get(path)
            assert found.status_code == 200
            assert "Nothing was imported yet" in found.text
            assert "/data/import" in found.text


def test_roles_decide_who_sees_the_data_and_who_may_import(guarded):
    clinician = guarded.browser("clinician")
    assert clinician.get("/data").status_code == 403
    assert clinician.get("/data/quality").status_code == 403
    assert 'href="/data"' not in clinician.get("/").text
    epidemiologist = guarded.browser("epidemiologist")
    page = epidemiologist.get("/data")
    assert page.status_code == 200
    assert "/data/import" not in page.text
    hers = epidemiologist.get("/data?format=json").json()["refused"]
    assert not any(one["rows"] is not None and one["rows"] < 5 for one in hers)
    scientist = guarded.browser("data-scientist")
    assert "/data/import" in scientist.get("/data").text
