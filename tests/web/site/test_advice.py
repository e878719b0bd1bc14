"""Advice on a page: the cards of CDS Hooks, byte for byte, and what became of them."""

import csv
import io
import json
import re

import pytest

import site_samples as samples
from nof1.advice.ledger.store import read_ledger
from nof1.web.site import advice_calls

HARMFUL = {"medicine1": "clarithromycin", "dose1": "500 mg twice a day",
           "medicine2": "simvastatin", "dose2": "40 mg once a day"}  # fmt: skip


@pytest.fixture
def address(places):
    return f"/patients/{places['patient']}/advice"


@pytest.fixture
def ordered(site, address):
    """The address of the answer about two medicines that must not be taken together."""
    answer = samples.send(site, address, HARMFUL)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("#")[0]


def entry_of(location):
    return int(re.search(r"entry=(\d+)", location)[1])


@pytest.fixture
def ledger(site, site_workspace):
    with read_ledger(site_workspace.audit) as found:
        yield found


def told(site, location):
    return site.get(f"{location}&format=json").json()


def test_the_page_shows_cards_at_once_and_they_are_in_the_ledger(site, address, ledger):
    page = site.get(f"{address}?format=json").json()
    assert page["service"] == "nof1-patient-view"
    entry = ledger.entry(page["entry"])
    assert list(entry.cards) == [one["uuid"] for one in page["cards"]]
    again = site.get(f"{address}?format=json").json()
    assert again["entry"] == page["entry"]  # one hour's view is one entry


def test_the_cards_are_those_of_cds_hooks_byte_for_byte(site, ordered, ledger):
    entry = ledger.entry(entry_of(ordered))
    request = ledger.kept(entry, "request")
    outside = site.post(
        f"/cds-services/{entry.service}", content=request,
        headers={"content-type": "application/json"},
    )  # fmt: skip
    path, _, query = ordered.partition("?")
    shown = site.get(f"{path}/answer?{query}")
    assert outside.status_code == 200
    assert shown.content == outside.content == ledger.kept(entry, "response")
    assert told(site, ordered)["cards"] == json.loads(outside.content)["cards"]


def test_cards_stand_by_urgency_with_icon_and_word(site, ordered):
    page = site.get(ordered).text
    first = page.index("Critical: decide about it before signing")
    assert first < page.index("Information")
    assert "contraindicated" in page
    assert "Read as 500 mg, 2 times a day" in page
    assert "Not checked (" in page


def test_accepting_is_kept_and_shown(site, ordered, address, ledger):
    card = next(one for one in told(site, ordered)["cards"] if one.get("suggestions"))
    chosen = card["suggestions"][0]
    form = {"entry": str(entry_of(ordered)), "card": card["uuid"], "outcome": "accepted",
            "suggestion": chosen["uuid"]}  # fmt: skip
    done = samples.send(site, f"{address}/feedback", form, page=ordered)
    assert done.status_code == 303
    assert done.headers["location"].endswith(f"#card-{card['uuid']}")
    (became,) = told(site, ordered)["became"][card["uuid"]]
    assert became["outcome"] == "accepted"
    kept = ledger.entry(became["entry"])
    assert kept.kind == "feedback"
    assert kept.details["suggestions"] == [chosen["uuid"]]
    assert chosen["label"] in site.get(ordered).text


def test_overriding_keeps_the_code_and_no_words_in_the_chain(site, ordered, address, ledger):
    card = next(one for one in told(site, ordered)["cards"] if one.get("overrideReasons"))
    form = {"entry": str(entry_of(ordered)), "card": card["uuid"], "outcome": "overridden",
            "reason": "risk-benefit-ratio", "comment": "canary-of-a-story"}  # fmt: skip
    assert samples.send(site, f"{address}/feedback", form, page=ordered).status_code == 303
    became = told(site, ordered)["became"][card["uuid"]][-1]
    kept = ledger.entry(became["entry"])
    assert kept.details["reason"].endswith("|risk-benefit-ratio")
    assert "canary-of-a-story" not in json.dumps(kept.to_dict())
    assert b"canary-of-a-story" in ledger.kept(kept, "request")
    page = site.get(ordered).text
    assert "Recipient assessment of risk/benefit ratio" in page
    assert "canary-of-a-story" not in page


@pytest.mark.parametrize(
    "change",
    [{"card": "no-card"}, {"suggestion": "00000000-0000-0000-0000-000000000000"},
     {"outcome": "liked"}, {"outcome": "overridden", "reason": "because"}, {"entry": "x"},
     {"entry": "9" * 30}, {"outcome": "overridden", "reason": "risk-benefit-ratio",
                           "comment": "c" * 501}],
)  # fmt: skip
def test_what_was_not_offered_is_refused(site, ordered, address, change):
    card = next(one for one in told(site, ordered)["cards"] if one.get("suggestions"))
    form = {"entry": str(entry_of(ordered)), "card": card["uuid"], "outcome": "accepted",
            "suggestion": card["suggestions"][0]["uuid"], **change}  # fmt: skip
    answer = samples.send(site, f"{address}/feedback", form, page=ordered)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert told(site, ordered)["became"] == {}


def test_an_answer_about_another_patient_is_not_shown(site, ordered, places):
    listed = site.get("/patients?format=json").json()["patients"]
    other = next(one["patient"] for one in listed if one["patient"] != places["patient"])
    number = entry_of(ordered)
    assert site.get(f"/patients/{other}/advice?entry={number}").status_code == 404
    assert site.get(f"/patients/{other}/advice/answer?entry={number}").status_code == 404
    form = {"entry": str(number), "card": "x", "outcome": "accepted"}
    sent = samples.send(site, f"/patients/{other}/advice/feedback", form, page="/")
    assert sent.status_code == 404


@pytest.mark.parametrize(
    "form",
    [{}, {"medicine1": "   "}, {"medicine1": "x" * 121}, {"dose1": "40 mg"},
     {"medicine1": "aspirin", "when": "order-dispatch"}, {"medicine1": "a", "dose1": "d" * 201}],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused(site, address, form):
    answer = samples.send(site, address, form)
    assert answer.status_code == 400
    assert "Next step" in answer.text or "Allowed" in answer.text or "Where" in answer.text


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'; DROP TABLE entry; --",
     "{{ 7*7 }}", "clopidogrel\u202ex", "不明な薬"],
)  # fmt: skip
def test_a_hostile_name_is_words_and_not_checked(site, address, name):
    answer = samples.send(site, address, {"medicine1": name, "dose1": name[:100]})
    assert answer.status_code == 303
    page = site.get(answer.headers["location"].partition("#")[0])
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "Not checked" in page.text
    assert "49" not in re.findall(r"<strong>(.*?)</strong>", page.text)


@pytest.mark.parametrize("entry", ["0", "-1", "99999999", "1e3", "x", "9" * 40, "1.5"])
def test_a_number_that_is_no_answer(site, address, entry):
    answer = site.get(f"{address}?entry={entry}")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_a_look_back_is_not_kept_and_offers_nothing(site, address, ledger):
    head = ledger.head().seq
    page = site.get(f"{address}?at=2019-01-01")
    assert page.status_code == 200
    assert "It is not kept" in page.text
    assert "<button" not in page.text.partition("<main")[2].partition("Draft an order")[2]
    assert 'name="medicine1"' not in page.text
    assert ledger.head().seq == head
    form = {"medicine1": "aspirin"}
    assert samples.send(site, f"{address}?at=2019-01-01", form, page="/").status_code == 400


def test_the_twins_say_what_the_page_says(site, ordered):
    data = told(site, ordered)
    rows = list(csv.DictReader(io.StringIO(site.get(f"{ordered}&format=csv").text)))
    assert [one["card"] for one in rows] == [one["uuid"] for one in data["cards"]]
    page = site.get(ordered).text
    assert page.count('<article class="card advice') == len(rows)
    gaps = list(csv.DictReader(io.StringIO(
        site.get(f"{ordered}&format=csv&table=coverage").text)))  # fmt: skip
    assert sum(one["state"] == "not checked" for one in gaps) == len(data["coverage"]["notChecked"])


def test_choosing_shows_the_first_medicine_only(site, address):
    answer = samples.send(site, address, {**HARMFUL, "when": "order-select"})
    data = told(site, answer.headers["location"].partition("#")[0])
    assert data["service"] == "nof1-order-select"
    assert data["cards"][0]["indicator"] == "critical"


def test_who_may_see_and_who_may_answer(guarded, places, ordered, address):
    patient = places["patient"]
    nobody = guarded.browser("data-scientist")
    assert nobody.get(address).status_code == 403
    stranger = guarded.browser("clinician", patients=["somebody-else"])
    assert stranger.get(address).status_code == 403
    own = guarded.browser("clinician", patients=[patient])
    assert own.get(address).status_code == 200
    done = samples.send(own, address, HARMFUL)
    assert done.status_code == 303
    reader = guarded.browser("radiologist", patients=[patient])
    page = reader.get(address)
    assert page.status_code == 200
    assert "Draft an order" not in page.text
    assert samples.send(reader, address, HARMFUL, page="/").status_code == 403
    forged = own.post(address, data=HARMFUL, headers={"origin": samples.URL})
    assert forged.status_code == 403


def test_a_server_without_a_ledger_shows_no_advice(places, site_workspace):
    from nof1.advice.hooks.room import Room
    from nof1.advice.hooks.service import Service
    from nof1.core.errors import WorkspaceError
    from nof1.web.site.house import House

    service = Service(Room(site_workspace))
    with pytest.raises(WorkspaceError, match="no ledger"):
        advice_calls.ledger(House(site_workspace, service, service.clock))


def test_without_scripts_and_by_keyboard(walk, address):
    page = walk(address, script=False)
    page.fill("#medicine1", "clarithromycin")
    page.keyboard.press("Tab")
    page.keyboard.type("500 mg twice a day")
    page.get_by_role("button", name="Check before signing").press("Enter")
    page.wait_for_url("**entry=*")
    assert page.locator("article.advice").count() >= 1
