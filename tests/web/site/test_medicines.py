"""Medicines side by side: the ranking of the command, chosen by the patient's own problems."""

import csv
import io
import re

import pytest

from nof1.advice.hospital import Hospital
from nof1.cli.medicines import ranked as of_command
from nof1.core import audit
from nof1.web.site import medicines

INFARCTION = "SNOMED//22298006"


@pytest.fixture
def address(places):
    return f"/patients/{places['patient']}/medicines"


def told(site, address, **query):
    return site.get(address, params={**query, "format": "json"}).json()


def test_the_ranking_is_that_of_the_command(site, site_workspace, places, address):
    page = told(site, address, condition=INFARCTION)
    as_of = page["as_of"].removesuffix("Z")
    from datetime import datetime

    command = of_command(
        site_workspace, places["patient"], INFARCTION, places["site"], datetime.fromisoformat(as_of)
    )
    assert page["rows"] == command["rows"]
    assert page["schema"] == command["schema"]
    assert page["condition"] == command["condition"]


def test_every_question_has_a_column(site, address):
    page = site.get(address, params={"condition": INFARCTION}).text
    for head in ("Evidence", "Genes", "Allergies", "Kidneys", "Liver", "Diagnoses", "Same kind"):
        assert f">{head}<" in page
    assert "How the order is made" in page
    assert page.count("<h1") == 1


def test_a_long_list_has_links_to_every_question(site, address):
    query = {"condition": "hypertension"}
    names = [one["medicine"]["name"] for one in told(site, address, **query)["rows"]]
    page = site.get(address, params=query).text
    assert len(names) > medicines.IN_FULL
    links = re.findall(r'href="([^"]*full=[^"]*)">Every question about ([^<]+)<', page)
    assert 0 < len(links) <= len(names) - medicines.IN_FULL
    link, name = links[-1]
    full = site.get(link.replace("&amp;", "&").partition("#")[0]).text
    assert f"Every question about {name}<" not in full
    assert len(page.encode()) < 400_000


def test_the_patients_own_problems_are_offered(site, site_workspace, places, address):
    page = told(site, address)
    events = Hospital(site_workspace).patient(places["patient"], places["site"]).events
    codes = set(events["code"])
    assert page["conditions"]
    assert all(one["code"] in codes for one in page["conditions"])
    assert page["condition"]["code"] == page["conditions"][0]["code"]
    assert not any("FAMILY" in one["code"] for one in page["conditions"])


def test_a_problem_that_was_not_known_yet_is_not_offered(site, address):
    later = told(site, address)["conditions"]
    early = told(site, address, at="1990-01-01")
    assert len(early["conditions"]) < len(later)
    assert all(one["since"] <= "1990-01-01" for one in early["conditions"])


def test_the_table_for_a_spreadsheet(site, address):
    answer = site.get(address, params={"condition": INFARCTION, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    data = told(site, address, condition=INFARCTION)["rows"]
    assert [one["medicine"] for one in rows] == [one["medicine"]["name"] for one in data]
    assert all(one["Kidneys"].partition(":")[0] in ("stop", "caution", "clear", "not_known")
               for one in rows)  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    ["no such disease", "<script>alert(1)</script>", "SNOMED//1", "' OR 1=1", "{{7*7}}", "\u202e"],
)
def test_a_condition_that_nobody_knows_is_told(site, address, condition):
    answer = site.get(address, params={"condition": condition})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "Nothing was ranked" in answer.text or "side by side" in answer.text.lower()
    assert answer.text.count("<h1") == 1


def test_a_condition_without_end_is_refused(site, address):
    answer = site.get(address, params={"condition": "c" * 10_000})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_a_ranking_is_in_the_audit_log_without_a_name(site, site_workspace, places, address):
    told(site, address, condition="hypertension")
    found = [one for one in audit.entries(site_workspace.audit)
             if one["action"] == "medicines rank"]  # fmt: skip
    assert found
    assert places["patient"] not in str(found)


def test_who_may_see_them(guarded, places, address):
    assert guarded.browser("data-scientist").get(address).status_code == 403
    assert guarded.browser("epidemiologist").get(address).status_code == 403
    assert guarded.browser("radiologist", patients="all").get(address).status_code == 403
    own = guarded.browser("pharmacist", patients=[places["patient"]])
    assert own.get(address).status_code == 200
    other = guarded.browser("clinician", patients=["somebody-else"])
    assert other.get(address).status_code == 403


def test_the_choice_by_keyboard(walk, address):
    page = walk(address, 390, script=False)
    page.fill("#condition", "hypertension")
    page.press("#condition", "Enter")
    page.wait_for_url("**condition=hypertension*")
    assert "Medicines for hypertension" in page.inner_text("main")
