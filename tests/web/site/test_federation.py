"""The federation page: what is on disk, nothing of a value, who sees it, damaged files."""

import csv
import hashlib
import io
import json
import re
import struct

import numpy as np
import pytest

import page_samples
import room_samples as rooms
import site_samples as samples
from nof1.web.site import federation_site
from nof1.web.site.federation import budget_bar

PATH = "/federation"


def get(browser, path=PATH):
    """Asks again while something is being worked out."""
    for _ in range(3000):
        answer = browser.get(path)
        if "refresh" not in answer.headers:
            return answer
    raise AssertionError(path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A workspace without a federation."""
    return rooms.synthetic(tmp_path_factory.mktemp("plain") / "ws")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return rooms.synthetic(tmp_path_factory.mktemp("federation") / "ws")


@pytest.fixture(scope="module")
def app(workspace):
    made = samples.open_server(workspace)  # first: the model of the federation has a card alone
    rooms.federation(workspace)
    workspace.reports.mkdir(exist_ok=True)
    pack = page_samples.egress("stroke")
    for number, one in enumerate(pack["checks"]):
        one["title"] = f"Question {number}"
    (workspace.reports / "egress-stroke-1.json").write_text(json.dumps(pack))
    return made


@pytest.fixture(scope="module")
def page(app):
    with samples.client(app) as browser:
        yield browser


def test_who_takes_part_and_what_the_policy_says(page):
    text = get(page).text
    for words in ("north", "south", "west", "study-lead", "glassbox", "Certificate"):
        assert words in text
    told = get(page, f"{PATH}?format=json").json()
    assert [one["name"] for one in told["sites"]] == ["north", "south", "west"]
    assert [one["own"] for one in told["sites"]] == [True, False, False]
    assert told["policy"]["algorithms"] == {"glassbox": "cd"}


def test_what_left_is_told_by_size_and_hash_and_never_by_value(page, workspace):
    told = get(page, f"{PATH}?format=json")
    job = next(one for one in told.json()["jobs"] if one["job"] == rooms.JOB)
    sent = [np.full(size, 123456.789).tobytes() for size in (4, 4, 9)]
    digest = hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in sent)).hexdigest()
    assert job["left"]["digest"] == digest
    assert (job["left"]["sums"], job["left"]["numbers"]) == (3, 17)
    assert job["left"]["sizes"] == [{"numbers": 4, "sums": 2}, {"numbers": 9, "sums": 1}]
    assert (job["end"], job["rows"], job["model"]) == ("finished", 285, "stroke/1")
    html = get(page).text
    for canary in ("123456.789", "370370.36", struct.pack("<d", 123456.789).hex()):
        assert canary not in html
        assert canary not in told.text
    assert digest[:32] in html


def test_a_refused_job_says_why_and_that_nothing_left(page):
    text = re.sub(r"\s+", " ", get(page).text)
    assert "The algorithm «cox» is not allowed here." in text
    assert "Nothing left: it was not accepted." in text


def test_the_budget_is_drawn_with_its_numbers(page):
    text = get(page).text
    assert "spent 0.00" in text
    assert "limit 10" in text
    drawn = budget_bar({"cohort": "<all>", "spent": 9.5, "limit": 10.0, "delta": 1e-5})
    assert "fill-warn" in drawn
    assert "<all>" not in drawn
    unknown = budget_bar({"cohort": "all", "spent": None, "limit": 10.0, "delta": 1e-5})
    assert "not known" in unknown


def test_a_spend_is_shown_and_the_file_is_only_read(tmp_path):
    pytest.importorskip("dp_accounting")
    from nof1.federation.budget import Ledger, Limit

    made = rooms.synthetic(tmp_path / "ws")
    app = samples.open_server(made)
    rooms.federation(made)
    ledger = Ledger(made.root / federation_site.LEDGER, {"all": Limit(10.0, 1e-5)})
    spent = ledger.spend("all", "noisy", noise=4.0, releases=2)
    before = (made.root / federation_site.LEDGER).read_bytes()
    with samples.client(app) as browser:
        told = get(browser, f"{PATH}?format=json").json()["budget"]
        html = get(browser).text
    assert told["cohorts"][0]["spent"] == pytest.approx(spent)
    assert f"spent {spent:.2f}" in html
    assert (made.root / federation_site.LEDGER).read_bytes() == before


def test_the_gain_stands_with_its_interval_and_is_called_clear_only_when_it_is(page):
    text = re.sub(r"\s+", " ", get(page).text)
    assert re.search(r"AUROC</th><td[^>]*>\+0.007 to \+0.229</td>.{0,80}a gain", text)
    assert re.search(r"Brier score</th><td[^>]*>−0.020 to \+0.001</td>.{0,90}not clear", text)


def test_the_twins_say_what_the_page_says(page):
    jobs = list(csv.DictReader(io.StringIO(get(page, f"{PATH}?format=csv&table=jobs").text)))
    assert {one["job"] for one in jobs} == {rooms.JOB, "other-job"}
    html = get(page).text
    assert all(one["job"] in html for one in jobs)


def test_an_egress_file_has_its_page(page):
    assert 'href="/federation/egress/stroke-1"' in get(page).text
    text = page.get("/federation/egress/stroke-1").text
    assert "What is about to leave" in text
    for name in ("no-such", "..%2f..%2fnof1", "<b>", "x" * 5000):
        answer = page.get(f"/federation/egress/{name}")
        assert answer.status_code == 404
        assert "<b>" not in answer.text


def test_a_workspace_without_a_federation_gets_the_commands(plain):
    with samples.client(samples.open_server(plain)) as browser:
        text = get(browser).text
    assert "nof1 federation rehearse" in text
    assert "No federation yet" in text


@pytest.mark.parametrize(
    "file", ["site.json", "roster.json", "policy.yaml", "jobs/{job}/job.json", "budget.db"]
)
def test_a_damaged_file_is_named_and_the_rest_stands(tmp_path, file):
    made = rooms.synthetic(tmp_path / "ws")
    app = samples.open_server(made)
    rooms.federation(made)
    path = made.root / "federation" / file.format(job=rooms.JOB)
    path.write_bytes(b"\x00{<script>alert(1)</script>")
    path.chmod(0o600)
    with samples.client(app) as browser:
        answer = get(browser)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert rooms.JOB in answer.text
    if "jobs" not in file:
        assert "Not read." in answer.text


def test_who_has_no_scope_sees_no_link_and_no_page(plain):
    guarded = samples.guarded(plain)
    allowed = {"privacy-officer": True, "data-scientist": True, "clinician": False}
    for role, may in allowed.items():
        browser = guarded.browser(role)
        assert ('href="/federation"' in browser.get("/").text) is may
        assert get(browser).status_code == (200 if may else 403)
        assert browser.get("/federation/egress/x").status_code == (404 if may else 403)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(chromium, app, page, width, dark):
    get(page)
    paths = (PATH, "/federation/egress/stroke-1")
    assert rooms.axe(chromium, app, paths, width, dark) == {}
