"""The shell: formats, errors, who sees what, what cannot be smuggled in."""

import csv
import io

import pytest

import site_samples as samples
from nof1.core.errors import UsageError
from nof1.web.site import errors, page, static


def test_the_first_page_leads_on(site):
    text = site.get("/").text
    assert 'href="/patients"' in text
    assert "A walk through it" in text


def test_patients_are_found_by_the_beginning_of_their_identifier(site, places):
    whole = places["patient"]
    text = site.get("/patients", params={"q": whole}).text
    assert whole in text
    assert "No patient found" in site.get("/patients", params={"q": "zzz"}).text


def test_the_list_is_also_json_and_csv(site, places):
    told = site.get("/patients", params={"q": places["patient"], "format": "json"}).json()
    rows = list(csv.DictReader(io.StringIO(
        site.get("/patients", params={"q": places["patient"], "format": "csv"}).text)))  # fmt: skip
    assert [one["patient"] for one in told["patients"]] == [one["patient"] for one in rows]


@pytest.mark.parametrize(
    "q", ["<script>alert(1)</script>", "' OR 1=1 --", "p" * 199, "\x00", "%2e"]
)
def test_a_hostile_search_is_an_empty_answer(site, q):
    answer = site.get("/patients", params={"q": q})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "format=xml", "format=csv&table=no", "q=" + "p" * 300]
)
def test_what_cannot_be_read_is_told(site, query):
    answer = site.get(f"/patients?{query}")
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    told = site.get(f"/patients?{query}", headers={"accept": "application/json"})
    assert set(told.json()) == {"error", "where", "allowed", "next_step"}


def test_no_such_page(site):
    assert "There is nothing here" in site.get("/nowhere").text
    told = site.get("/nowhere", headers={"accept": "application/json"}).json()
    assert told["resourceType"] == "OperationOutcome"


def test_static_files_are_kept_for_a_year_under_their_hash(site):
    found = site.get(static.address("app.js"))
    assert "immutable" in found.headers["cache-control"]
    assert site.get("/static/app.js").headers["cache-control"] == "no-cache"
    for name in ("nothing.js", "..%2fpage.py", "site.py", ".css"):
        assert site.get(f"/static/{name}").status_code == 404


def test_the_policy_allows_no_inline_script(site):
    policy = site.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


def test_a_cell_that_a_spreadsheet_would_work_out_is_words():
    assert page._cell("=1+1") == "'=1+1"
    assert page._cell(-1.5) == -1.5


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil"])
def test_a_page_leads_nowhere_else(elsewhere):
    with pytest.raises(UsageError):
        page.local(elsewhere)


def test_a_failure_says_its_kind_and_place_and_never_its_words(site_workspace, caplog):
    app = samples.open_server(site_workspace)

    @app.get("/broken", include_in_schema=False)
    def broken():
        raise ValueError("Maria Musterfrau")

    app.router.routes[-1].endpoint.__nof1_access__ = None
    answer = samples.client(app).get("/broken")
    assert answer.status_code == 500
    assert "Musterfrau" not in answer.text + caplog.text
    assert "ValueError" in caplog.text


def test_the_kind_of_an_error_names_our_line():
    with pytest.raises(UsageError) as found:
        page.local("//x")
    assert errors.kind(found.value).startswith("UsageError at nof1.web.site.page:")


def test_who_may_not_look_for_patients_sees_no_menu_for_it(guarded):
    learner = guarded.browser("learner")
    assert 'href="/patients"' not in learner.get("/").text
    assert learner.get("/patients").status_code == 403


def test_a_clinician_finds_the_patients_of_the_list_alone(guarded, places):
    mine = guarded.browser("clinician", patients=[places["patient"]])
    found = mine.get("/patients?format=json").json()["patients"]
    assert [one["patient"] for one in found] == [places["patient"]]


def test_who_did_not_sign_in_is_sent_to_the_door(guarded):
    answer = samples.client(guarded.app).get("/patients?q=a")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/patients%3Fq%3Da"
