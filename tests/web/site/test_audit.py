"""The audit pages: search, the chain, one entry, its replay, what nobody may see."""

import csv
import io
import json
import re
import sqlite3
import time

import pytest

import room_samples as rooms
import site_samples as samples
from nof1.advice.ledger import database
from nof1.core import audit
from nof1.web.access.emergency import mark
from nof1.web.site import audit_entry
from nof1.web.site.audit_entry import differing

PATH = "/governance/audit"


def get(browser, path=PATH):
    """Asks again while something is being worked out."""
    for _ in range(3000):
        answer = browser.get(path)
        if "refresh" not in answer.headers and "entries are being checked" not in answer.text:
            return answer
        time.sleep(0.02)
    raise AssertionError(path)


def rows(browser, query=""):
    return get(browser, f"{PATH}?format=json{query}").json()["rows"]


def fill(browser, number=2):
    """Some exchanges, a refused request, and feedback on the first card."""
    for one in range(number):
        instance = f"00000000-0000-4000-8000-0000000000{one:02d}"
        cards = rooms.ask(browser, "simvastatin", "clarithromycin", hookInstance=instance)
        if one == 0:
            rooms.answer(browser, cards[0])
    browser.post("/cds-services/nof1-order-sign", content=b"{}",
                 headers={"content-type": "application/json"})  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return rooms.synthetic(tmp_path_factory.mktemp("audit") / "ws")


@pytest.fixture(scope="module")
def app(workspace):
    return samples.open_server(workspace)


@pytest.fixture(scope="module")
def page(app):
    """A browser; entries: 1 exchange, 2 feedback, 3 exchange, 4 refused."""
    with samples.client(app) as browser:
        fill(browser)
        yield browser


@pytest.fixture
def fresh(tmp_path):
    """A workspace of one's own with four entries, and a browser before it."""
    made = rooms.synthetic(tmp_path / "ws")
    with samples.client(samples.open_server(made)) as browser:
        fill(browser)
        yield made, browser


def alter(workspace, statement):
    with sqlite3.connect(workspace.audit / database.FILE) as connection:
        connection.execute(statement)
    connection.close()


def test_entries_come_newest_first_and_the_chain_holds(page):
    found = rows(page)
    assert [one["entry"] for one in found] == [4, 3, 2, 1]
    assert [one["kind"] for one in found] == ["exchange", "exchange", "feedback", "exchange"]
    text = get(page).text
    assert "All 4 entries hold" in text
    told = get(page, f"{PATH}?format=json").json()["chain"]
    assert told["whole"] is True
    assert told["head"] in text


@pytest.mark.parametrize(
    ("query", "entries"),
    [("outcome=answered", [3, 1]), ("outcome=refused", [4]), ("outcome=overridden", [2]),
     ("outcome=accepted", []), ("service=nof1-order-sign", [4, 3, 2, 1]),
     ("service=nof1-patient-view", []), ("last=2000-01-01", []),
     ("first=2000-01-01&outcome=refused", [4]),
     ("before=3", [2, 1])],
)  # fmt: skip
def test_a_search_finds_what_fits_and_nothing_else(page, query, entries):
    assert [one["entry"] for one in rows(page, f"&{query}")] == entries


def test_an_identifier_is_looked_up_by_its_pseudonym_and_does_not_stay_in_the_address(
    page, workspace
):
    sent = page.get(f"{PATH}?patient=1&outcome=answered")
    assert sent.status_code == 303
    where = sent.headers["location"]
    assert f"patient={mark(workspace.audit, '1')}" in where
    assert [one["entry"] for one in rows(page, "&" + where.partition("?")[2])] == [3, 1]
    last = list(audit.entries(workspace.audit))[-1]
    assert (last["action"], last["details"]["patient"]) == (
        "audit search", mark(workspace.audit, "1"),
    )  # fmt: skip
    assert rows(page, "&patient=0123456789abcdef") == []


def test_more_entries_than_a_page_are_paged(tmp_path, monkeypatch):
    from nof1.web.site import audit as room

    monkeypatch.setattr(room, "ROWS", 2)
    made = rooms.synthetic(tmp_path / "ws")
    with samples.client(samples.open_server(made)) as browser:
        fill(browser)
        text = get(browser).text
        older = re.search(r'rel="next" href="([^"]+)"', text)[1].replace("&amp;", "&")
        assert [one["entry"] for one in rows(browser, "&" + older.partition("?")[2])] == [2, 1]
        assert 'rel="next"' not in get(browser, older).text


def test_the_twins_say_what_the_page_says(page):
    table = list(csv.DictReader(io.StringIO(get(page, f"{PATH}?format=csv").text)))
    assert [int(one["entry"]) for one in table] == [one["entry"] for one in rows(page)]
    text = get(page).text
    assert all(f'href="/governance/audit/{one["entry"]}"' in text for one in table)


def test_one_entry_shows_its_cards_and_what_became_of_them(page):
    text = get(page, f"{PATH}/1").text
    assert "interactions/tier-1" in text
    assert "overridden (patient-refused)" in text
    assert "Its hash fits" in text
    feedback = get(page, f"{PATH}/2").text
    assert 'href="/governance/audit/1"' in feedback


def test_a_replay_says_same_and_is_logged(page, workspace):
    text = get(page, f"{PATH}/1?again=1").text
    told = get(page, f"{PATH}/1?again=1&format=json").json()["replay"]
    assert told["state"] == "same", told
    assert "The same, byte for byte" in text
    last = list(audit.entries(workspace.audit))[-1]
    assert (last["action"], last["details"]["same"]) == ("replay", 1)


def test_a_refused_request_cannot_be_replayed_and_says_why(page):
    text = get(page, f"{PATH}/4?again=1").text
    assert "Not comparable" in text
    assert "of such only the hash is kept" in text


def test_other_bytes_are_told_with_their_place(page, monkeypatch):
    usual = audit_entry.ask

    def other(house, entry, raw):
        made = usual(house, entry, raw)
        body = json.loads(made.body)
        body["cards"][0]["summary"] += " CANARY"
        return type(made)(made.status, json.dumps(body).encode(), made.versions)

    monkeypatch.setattr(audit_entry, "ask", other)
    text = get(page, f"{PATH}/1?again=1").text
    assert "Different" in text
    assert "cards[0].summary" in text
    assert "CANARY" in text  # the open server shows all patients; see the privacy officer below


def test_a_changed_row_is_told_on_both_pages(fresh):
    workspace, browser = fresh
    get(browser)
    alter(workspace, "UPDATE nof1_entry SET patient = 'somebody-else' WHERE seq = 1")
    assert "does not hold" in get(browser, f"{PATH}/1").text
    text = get(browser, f"{PATH}?check=all").text
    assert "Entry 1 does not hold" in text


def test_a_damaged_row_is_told_and_never_a_traceback(fresh):
    workspace, browser = fresh
    alter(workspace, "UPDATE nof1_entry SET details = '{<script>alert(1)' WHERE seq = 3")
    for path in (PATH, f"{PATH}/3", f"{PATH}/3?again=1", "/governance"):
        answer = get(browser, path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text
    assert "damaged" in get(browser).text
    assert "cannot be read" in get(browser, f"{PATH}/3").text


def test_a_replay_after_the_kept_bytes_were_altered_says_so(fresh):
    workspace, browser = fresh
    alter(
        workspace, "UPDATE nof1_sealed SET bytes = x'00112233' WHERE seq = 1 AND part = 'request'"
    )
    text = get(browser, f"{PATH}/1?again=1").text
    assert "Not comparable" in text
    assert "cannot be decrypted" in text


def test_the_log_is_searched_and_checked(page, workspace):
    get(page, f"{PATH}/1?again=1")
    told = get(page, f"{PATH}?of=log&action=replay&format=json").json()
    assert {one["action"] for one in told["rows"]} == {"replay"}
    assert told["chain"]["whole"] is True
    assert get(page, f"{PATH}?of=log&last=2000-01-01&format=json").json()["rows"] == []


def test_a_changed_line_of_the_log_is_told(fresh):
    workspace, browser = fresh
    audit.append(workspace.audit, "one", a=1)
    audit.append(workspace.audit, "two", a=2)
    path = workspace.audit / audit.FILE
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([b'{"<b>": ', *lines[1:]]) + b"\n")
    text = get(browser, f"{PATH}?of=log").text
    assert "Line 1 does not hold" in text
    assert "damaged line" in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    "path",
    [f"{PATH}/0", f"{PATH}/99", f"{PATH}/-1", f"{PATH}/1e3", f"{PATH}/<b>x",
     f"{PATH}/" + "9" * 400, f"{PATH}/٣"],
)  # fmt: skip
def test_an_entry_that_is_none_is_not_found(page, path):
    answer = get(page, path)
    assert answer.status_code == 404
    assert "<b>x" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["first=yesterday", "first=2024-02-01&last=2024-01-01", "outcome=<script>", "of=all",
     "before=x", "patient=" + "p" * 400],
)  # fmt: skip
def test_a_search_that_cannot_be_is_refused(page, query):
    answer = get(page, f"{PATH}?{query}")
    assert answer.status_code == 400
    assert "<script>" not in answer.text.replace("<script src", "")


def test_who_may_look(workspace, page):
    guarded = samples.guarded(workspace)
    for role, may in (("privacy-officer", True), ("pharmacist", False), ("clinician", False)):
        browser = guarded.browser(role)
        for path in (PATH, f"{PATH}/1", f"{PATH}?of=log"):
            assert get(browser, path).status_code == (200 if may else 403)
    officer = guarded.browser("privacy-officer", name="officer")
    assert 'href="/governance/audit"' in get(officer, "/governance").text
    refused = officer.get(f"{PATH}?patient=1")
    assert refused.status_code == 403
    assert "by pseudonym only" in refused.text
    assert officer.get(f"{PATH}?patient={mark(workspace.audit, '1')}").status_code == 200


def test_a_privacy_officer_sees_where_a_replay_differs_and_no_value(workspace, page, monkeypatch):
    usual = audit_entry.ask

    def other(house, entry, raw):
        made = usual(house, entry, raw)
        body = json.loads(made.body)
        body["cards"][0]["summary"] = "CANARY"
        return type(made)(made.status, json.dumps(body).encode(), made.versions)

    monkeypatch.setattr(audit_entry, "ask", other)
    officer = samples.guarded(workspace).browser("privacy-officer", name="second")
    text = get(officer, f"{PATH}/1?again=1").text
    assert "cards[0].summary" in text
    assert "CANARY" not in text


def test_differences_are_found_wherever_they_are():
    then = {"a": [1, {"b": None}], "c": "x"}
    now = {"a": [1, {"b": 2}, 3], "d": "y"}
    assert list(differing(then, now)) == [
        ("a[1].b", None, 2), ("a[2]", None, 3), ("c", "x", None), ("d", None, "y"),
    ]  # fmt: skip
    assert list(differing(then, then)) == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(chromium, app, page, width, dark):
    paths = (PATH, f"{PATH}?of=log", f"{PATH}/1?again=1")
    for path in paths:
        get(page, path)
    assert rooms.axe(chromium, app, paths, width, dark) == {}
