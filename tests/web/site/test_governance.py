"""Governance pages: figures, decisions by form that stand in the chain, who may look and decide."""

import csv
import io
import re
import time

import pytest

import room_samples as rooms
import site_samples as samples
from ledger_samples import exchange, feedback
from nof1.advice.governance import decisions, registry
from nof1.advice.ledger.shapes import Shown
from nof1.advice.ledger.store import open_ledger
from nof1.core import audit
from nof1.web.access import roles
from nof1.web.access.roles import Role
from nof1.web.access.scopes import parse_all

PAIR, INLINE = "interactions/tier-1", "interactions/tier-2"
RULE = f"/governance/rules/{PAIR}"


def get(browser, path, **more):
    """Asks again while something is being worked out."""
    for _ in range(3000):
        answer = browser.get(path, **more)
        if "refresh" not in answer.headers:
            return answer
        time.sleep(0.02)
    raise AssertionError(path)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return rooms.synthetic(tmp_path_factory.mktemp("governance") / "ws")


@pytest.fixture(scope="module")
def app(workspace):
    return samples.open_server(workspace)


@pytest.fixture(scope="module")
def page(app):
    """A browser before a server that has answered three requests and heard of two cards."""
    with samples.client(app) as browser:
        for number in range(3):
            instance = f"00000000-0000-4000-8000-00000000000{number}"
            cards = rooms.ask(browser, "simvastatin", "clarithromycin", hookInstance=instance)
            loud = [one for one in cards if one["indicator"] == "critical"]
            if number < 2:
                rooms.answer(browser, loud[0], ("accepted", "overridden")[number])
        yield browser


@pytest.fixture
def fresh(tmp_path):
    """A workspace of one's own, and a browser before it."""
    made = rooms.synthetic(tmp_path / "ws")
    with samples.client(samples.open_server(made)) as browser:
        yield made, browser


def signed(**more):
    return {"name": "Anna Berg", "role": "head of pharmacy", "why": "a trial of eight weeks"} | more


def test_figures_stand_with_their_counts_and_intervals(page):
    told = get(page, "/governance?format=json").json()
    row = next(one for one in told["rules"] if one["id"] == PAIR)
    share = row["acceptance"]["acceptance"]
    assert (row["shown"], share["count"], share["of"]) == (3, 1, 2)
    text = re.sub(r"\s+", " ", get(page, "/governance").text)
    low, high = (f"{100 * share[name]:.0f}" for name in ("low", "high"))
    assert f"1 of 2: 50 % ({low} to {high})" in text
    assert told["burden"][0]["with_interruption"] == told["burden"][0]["requests"] == 3
    assert "3 of 3" in text


def test_the_twins_say_what_the_page_says(page):
    rules = list(csv.DictReader(io.StringIO(get(page, "/governance?format=csv&table=rules").text)))
    assert len(rules) == len(registry.all_rules())
    pair = next(one for one in rules if one["id"] == PAIR)
    assert (pair["state"], pair["shown"], pair["accepted"], pair["answered"]) == (
        "on",
        "3",
        "1",
        "2",
    )
    everything = get(page, "/governance?which=all").text
    assert all(f'href="/governance/rules/{one["id"]}"' in everything for one in rules)


def test_every_rule_has_a_page_that_says_why_it_exists(page):
    for rule in registry.all_rules()[::7]:
        answer = get(page, f"/governance/rules/{rule.id}")
        assert answer.status_code == 200
        assert rule.row.source.split(";")[0][:20] in answer.text.replace("&amp;", "&").replace(
            "&#39;", "'"
        )


def test_source_attributes_have_their_page(page):
    answer = get(page, f"/governance/attributes/{PAIR}")
    assert "Source attributes" in answer.text
    assert PAIR in answer.text


def test_a_decision_by_form_stands_in_the_chain_and_in_the_log(fresh):
    workspace, browser = fresh
    sent = samples.send(browser, f"/governance/rules/{INLINE}", signed(state="shadow"))
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/governance/rules/{INLINE}?decided=1"
    kept = decisions.read(decisions.path(workspace))
    assert [(one.subject, one.value, one.by, one.why) for one in kept] == [
        (INLINE, "shadow", "Anna Berg, head of pharmacy", "a trial of eight weeks")
    ]
    assert decisions.signed_off(workspace, kept)
    assert audit.verify(workspace.audit).intact
    text = get(browser, sent.headers["location"]).text
    assert "Decision 1 is kept" in text
    assert "a trial of eight weeks" in text
    assert "in shadow" in get(browser, "/governance").text
    cards = rooms.ask(browser, "warfarin", "ibuprofen")
    assert all(INLINE not in str(one.get("extension")) for one in cards)


@pytest.mark.parametrize(
    "form",
    [{"why": ""}, {"why": "x" * 301}, {"name": ""}, {"role": ""}, {"name": "<script>"},
     {"role": "x" * 80}, {"state": ""}, {"state": "gone"},
     {"state": "off", "proposal": "demote/x"}],
)  # fmt: skip
def test_a_form_that_is_not_complete_changes_nothing(fresh, form):
    workspace, browser = fresh
    address = f"/governance/rules/{INLINE}"
    sent = samples.send(browser, address, signed(state="shadow") | form)
    assert sent.status_code == 400
    assert "Where" in sent.text or "Allowed" in sent.text
    assert "<script>" not in sent.text.replace("<script src", "")
    assert decisions.read(decisions.path(workspace)) == ()


def test_an_interrupting_rule_needs_a_second_yes(fresh):
    workspace, browser = fresh
    refused = samples.send(browser, RULE, signed(state="off"))
    assert refused.status_code == 400
    assert "tick the box" in refused.text
    assert decisions.read(decisions.path(workspace)) == ()
    assert samples.send(browser, RULE, signed(state="off", confirm="yes")).status_code == 303
    assert decisions.read(decisions.path(workspace))[0].value == "off"


def test_what_says_that_nothing_was_checked_cannot_be_silenced(fresh):
    workspace, browser = fresh
    loud = next(one for one in registry.all_rules() if one.fail_loud)
    address = f"/governance/rules/{loud.id}"
    assert 'name="state"' not in get(browser, address).text
    sent = samples.send(browser, address, signed(state="off", confirm="yes"))
    assert sent.status_code == 400
    assert decisions.read(decisions.path(workspace)) == ()


def test_decisions_that_were_changed_by_hand_are_told(fresh):
    workspace, browser = fresh
    samples.send(browser, f"/governance/rules/{INLINE}", signed(state="shadow"))
    path = decisions.path(workspace)
    path.write_text(path.read_text().replace("shadow", "off"))
    assert "The decisions are not followed" in get(browser, "/governance").text


def overridden(workspace, rule, tier):
    """A ledger in which four people have overridden 60 cards of a rule."""
    with open_ledger(workspace.audit) as ledger:
        for number in range(60):
            card, person = f"card-{number}", f"Practitioner/{number % 4}"
            ledger.record(exchange(number, cards=(Shown(card, rule, tier),), person=person))
            ledger.record(feedback(number, person=person))


@pytest.mark.parametrize(("accept", "tier"), [("yes", 3), ("no", 2)])
def test_a_proposal_is_decided_by_form(tmp_path, accept, tier):
    workspace = rooms.synthetic(tmp_path / "ws")
    overridden(workspace, INLINE, 2)
    with samples.client(samples.open_server(workspace)) as browser:
        told = get(browser, "/governance?format=json").json()["proposals"]
        assert [one["id"] for one in told] == [f"demote/{INLINE}"]
        address = f"/governance/rules/{INLINE}"
        assert f'value="demote/{INLINE}"' in get(browser, address).text
        sent = samples.send(browser, address, signed(proposal=f"demote/{INLINE}", accept=accept))
        assert sent.status_code == 303
        row = get(browser, f"{address}?format=json").json()
    assert row["tier"] == tier
    kept = decisions.read(decisions.path(workspace))
    assert kept[0].details["proposal"] == f"demote/{INLINE}"


def test_a_rule_that_interrupts_is_never_proposed_for_silence(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    overridden(workspace, PAIR, 1)
    with samples.client(samples.open_server(workspace)) as browser:
        told = get(browser, "/governance?format=json").json()
        assert [one["id"] for one in told["proposals"]] == [f"review/{PAIR}"]
        form = signed(proposal=f"review/{PAIR}", accept="yes")
        assert samples.send(browser, RULE, form).status_code == 303
        row = get(browser, f"{RULE}?format=json").json()
    assert (row["state"], row["tier"]) == ("on", 1)


def test_the_burden_of_a_rule_is_forecast_from_past_requests(page):
    answer = get(page, f"{RULE}?burden=1")
    assert "past requests" in answer.text
    told = get(page, f"{RULE}?burden=1&format=json").json()["burden"]
    assert told["per_100_orders"]["1"]["count"] >= 3


@pytest.mark.parametrize(
    "path", ["/governance/rules/no/such", "/governance/rules/../../x", "/governance/rules/<b>x",
             "/governance/rules/" + "a" * 9000, "/governance/attributes/none"]
)  # fmt: skip
def test_a_rule_that_is_none_is_not_found(page, path):
    answer = get(page, path)
    assert answer.status_code == 404
    assert "<b>x" not in answer.text


def test_a_hostile_choice_is_refused(page):
    for query in ("which=<script>", "q=" + "x" * 300):
        answer = get(page, f"/governance?{query}")
        assert answer.status_code == 400
        assert "<script>" not in answer.text.replace("<script src", "")


def test_who_may_look_and_who_may_decide(workspace, monkeypatch):
    usual = dict(roles.roles())
    board = Role("board", "Board", False, parse_all("user/Governance.rus"))
    monkeypatch.setattr(roles, "roles", lambda: {**usual, "board": board})
    guarded = samples.guarded(workspace)
    for role, look, decide in (
        ("pharmacist", True, False), ("board", True, True), ("clinician", False, False),
    ):  # fmt: skip
        browser = guarded.browser(role)
        assert ('href="/governance"' in browser.get("/").text) is look
        page = get(browser, RULE)
        assert page.status_code == (200 if look else 403)
        assert ('name="why"' in page.text) is decide
        assert 'href="/governance/audit"' not in get(browser, "/governance").text
        form = {"role": "chair", "why": "as it was decided", "state": "on", "name": "Somebody Else"}
        sent = samples.send(browser, f"/governance/rules/{INLINE}", form, page="/account")
        assert sent.status_code == (303 if decide else 403)
    kept = decisions.read(decisions.path(workspace))
    assert len(kept) == 1
    assert kept[0].by.startswith("board-")
    assert "Somebody Else" not in kept[0].by


def test_a_form_of_another_page_decides_nothing(workspace, monkeypatch):
    usual = dict(roles.roles())
    board = Role("board", "Board", False, parse_all("user/Governance.rus"))
    monkeypatch.setattr(roles, "roles", lambda: {**usual, "board": board})
    browser = samples.guarded(workspace).browser("board", name="careful")
    before = decisions.read(decisions.path(workspace))
    form = signed(state="shadow")
    origin = {"origin": "https://elsewhere.example"}
    for data, headers in ((form, {"origin": samples.URL}), (form, origin)):
        sent = browser.post(f"/governance/rules/{INLINE}", data=data, headers=headers)
        assert sent.status_code == 403
    assert decisions.read(decisions.path(workspace)) == before


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(chromium, app, page, width, dark):
    paths = ("/governance?which=all", RULE, f"/governance/attributes/{PAIR}")
    for path in paths:
        get(page, path)
    assert rooms.axe(chromium, app, paths, width, dark) == {}
