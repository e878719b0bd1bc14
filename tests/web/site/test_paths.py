"""A slash inside an identifier is kept apart from those between the parts of an address."""

from urllib.parse import quote

import pytest

import site_samples as samples
from nof1.core.workspace import create
from nof1.record.ingest import ingest
from nof1.web.site.paths import APART, Identifier, parted

NAMES = ["a/b", "a/b/events", "ä b/%2F?#c", "../x"]
LABS = """\
schema: nof1/mapping/1
tables:
  - file: labs.csv
    patient: pid
    events: [{code: "lab//x", time: when, value: value}]
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slashes")
    made = create(folder / "ws", shards=1, synthetic=True)
    (folder / "files").mkdir()
    rows = [f"{one},2020-01-0{n},{n}" for n, one in enumerate(NAMES, 1)]
    (folder / "files" / "labs.csv").write_text("\n".join(["pid,when,value", *rows]) + "\n")
    (folder / "files" / "mapping.yaml").write_text(LABS)
    ingest(made.record, [folder / "files"], site="here", settings={"shards": 1})
    return made


@pytest.fixture(scope="module")
def browser(workspace):
    with samples.client(samples.open_server(workspace)) as made:
        yield made


@pytest.mark.parametrize("patient", NAMES)
def test_a_patient_with_any_name_has_pages_and_they_link_to_each_other(browser, patient):
    address = f"/patients/{quote(patient, safe='')}"
    page = browser.get(f"{address}/events")
    assert page.status_code == 200, page.text[:1000]
    assert f'href="{address}"' in page.text
    assert f'href="{address}/events?format=json"' in page.text
    assert browser.get(address).status_code == 200
    twin = browser.get(f"{address}/events?format=json").json()
    assert twin["subject"]["id"] == patient
    assert quote(patient, safe="") in browser.get("/patients").text


def test_the_parts_of_an_address_stay_what_they_are(browser):
    assert browser.get("/patients/a/b").status_code == 404
    assert browser.get("/patients%2Fa%2Fb").status_code == 404
    assert browser.get("/static%2Fsite.css").status_code == 404
    assert browser.get(f"/patients/{quote(f'a{APART}b')}").status_code == 404


def test_who_may_see_only_one_patient_sees_no_other_by_a_slash(workspace):
    one = samples.guarded(workspace).browser("clinician", patients=["a/b"])
    assert one.get("/patients/a%2Fb").status_code == 200
    assert one.get("/patients/a%2Fb%2Fevents").status_code == 403
    assert one.get("/patients/a%2fb/events").status_code == 200


def test_a_path_is_parted_at_plain_slashes_alone():
    assert parted(b"/a%2fb/%41") == f"/a{APART}b/A"
    assert parted(quote(APART).encode()) == "\ufffd"
    assert Identifier().convert(f"a{APART}b") == "a/b"
    assert Identifier().to_string("a/b c") == "a%2Fb%20c"
