"""Bytes in, bytes out: advice, what was not checked, and never a silent failure."""

import json
import random
from datetime import datetime

import pytest

from hook_samples import (
    AT,
    INSTANCE,
    Kept,
    allergy,
    asked,
    bundle,
    cards,
    creatinine,
    draft,
    prefetched,
    raw,
    service,
    sign,
    taken,
    told,
    unchecked,
)
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger
from nof1.advice.orders import check

CANARY = "CANARY-Maria-Musterfrau"
SIGN, SELECT, VIEW = "nof1-order-sign", "nof1-order-select", "nof1-patient-view"
PAIR = ("simvastatin", "clarithromycin")
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
OVERRIDDEN = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2024-05-01T12:00:05Z"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("desk"))


def of(reply, indicator):
    return [one for one in cards(reply) if one["indicator"] == indicator]


def test_two_drafts_that_must_not_meet_interrupt_once(desk):
    reply = desk.call(SIGN, sign(*PAIR))
    (card,) = of(reply, "critical")
    assert "imvastatin with clarithromycin" in card["summary"]
    assert card["overrideReasons"]
    assert card["suggestions"][0]["actions"][0] == {
        "type": "delete",
        "description": "Remove the draft order for simvastatin",
        "resourceId": "MedicationRequest/mr-simvastatin",
    }
    assert told(reply)["asOf"] == "2024-05-01T12:00:00Z"


def test_a_medicine_taken_now_counts_by_the_words_of_its_code(desk):
    reply = desk.call(
        SIGN, sign("clarithromycin", prefetch=prefetched(medications=bundle(taken())))
    )
    assert len(of(reply, "critical")) == 1


def test_an_allergy_to_the_very_ingredient_interrupts(desk):
    assert len(of(desk.call(SIGN, sign("amoxicillin")), "critical")) == 1
    assert not of(desk.call(SIGN, sign("metformin")), "critical")


def test_an_allergy_list_that_was_not_sent_is_not_an_empty_one(desk):
    """With it the order interrupts; without it nobody may believe that it was checked."""
    reply = desk.call(SIGN, sign("metformin", prefetch=prefetched(allergies=...)))
    assert ("allergies", "metformin") in unchecked(reply)
    note = cards(reply)[-1]
    assert "allergies" in note["summary"]
    assert "did not send" in note["detail"]
    whole = desk.call(SIGN, sign("metformin"))
    assert ("allergies", "metformin") not in unchecked(whole)


def test_an_order_that_nobody_knows_is_told_loudly(desk):
    reply = desk.call(SIGN, sign("zzz unknown"))
    assert of(reply, "warning")
    assert ("medicine", "zzz unknown") in unchecked(reply)


def test_selection_shows_the_selected_order_and_what_is_critical(desk):
    orders = [draft("zzz unknown"), draft("metformin"), *(draft(name) for name in PAIR)]
    whole = asked("order-select", orders)
    whole["context"]["selections"] = ["MedicationRequest/mr-metformin"]
    reply = desk.call(SELECT, raw(whole))
    assert len(of(reply, "critical")) == 1
    assert not any("zzz" in one["summary"] for one in of(reply, "warning"))
    assert told(reply)["notShown"] >= 1
    assert ("medicine", "zzz unknown") in unchecked(reply)


def test_orders_that_ask_for_nothing_are_told_as_not_checked(desk):
    reply = desk.call(SIGN, raw(asked("order-sign", [draft("metformin", doNotPerform=True)])))
    assert ("medicine", "the draft orders") in unchecked(reply)
    assert "medicine" in cards(reply)[-1]["summary"]


def test_a_view_tells_what_no_room_could_say(desk):
    reply = desk.call(VIEW, raw(asked("patient-view")))
    assert reply.status == 200
    assert {"models", "genes", "imaging", "region"} <= {family for family, _ in unchecked(reply)}


def test_the_same_request_gives_the_same_bytes(desk):
    for name, body in ((SIGN, sign(*PAIR)), (VIEW, raw(asked("patient-view")))):
        assert desk.answer(name, body, AT) == desk.call(name, body)


def test_every_identifier_of_an_answer_is_its_own(desk):
    found = cards(desk.call(SIGN, sign(*PAIR, "amoxicillin", "zzz unknown")))
    uuids = [one["uuid"] for one in found]
    uuids += [each["uuid"] for one in found for each in one.get("suggestions", ())]
    assert len(set(uuids)) == len(uuids) > 4


def test_refused_entries_stand_with_every_card(desk):
    wrong = creatinine() | {"effectiveDateTime": "yesterday"}
    reply = desk.call(SIGN, sign(*PAIR, prefetch=prefetched(laboratory=bundle(wrong))))
    assert "could not be used" in of(reply, "critical")[0]["detail"]
    assert ("renal", "clarithromycin") in unchecked(reply)


@pytest.mark.parametrize("name", ["", "nof1", "../nof1-order-sign", CANARY])
def test_an_unknown_service_is_404(desk, name):
    assert desk.call(name, sign("aspirin")).status == 404
    assert desk.feedback(name, raw({"feedback": [OVERRIDDEN]})).status == 404


def test_a_broken_check_is_a_failure_and_tells_nothing(desk, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError(CANARY)

    monkeypatch.setattr(check, "check", broken)
    reply = desk.call(SIGN, sign("aspirin"))
    assert reply.status == 500
    assert json.loads(reply.body)["resourceType"] == "OperationOutcome"
    assert CANARY not in reply.body.decode() + caplog.text
    assert "ValueError" in caplog.text


def test_no_advice_without_a_record_of_it(desk):
    full = Service(desk.room, Kept(fail=True), lambda: AT)
    assert full.call(SIGN, sign("aspirin")).status == 500
    assert full.feedback(SIGN, raw({"feedback": [OVERRIDDEN]})).status == 500


def test_requests_answers_and_feedback_reach_the_ledger(desk, tmp_path):
    with open_ledger(tmp_path / "audit") as ledger:
        kept = Service(desk.room, ledger, lambda: AT)
        body = sign(*PAIR)
        reply = kept.call(SIGN, body, "https://ehr.example/")
        shown = cards(reply)[0]["uuid"]
        refused = kept.call(SIGN, b"{}")
        outcome = OVERRIDDEN | {"card": shown}
        assert kept.feedback(SIGN, raw({"feedback": [outcome]})).status == 200
        first, second, third = ledger.entries()
        assert (first.instance, first.status, first.client) == (
            INSTANCE,
            200,
            "https://ehr.example/",
        )
        assert shown in first.cards
        assert second.status == refused.status == 400
        assert third.details["card"] == shown
        moment = datetime.fromisoformat(first.asked_at)
        again = kept.answer(SIGN, ledger.kept(first, "request"), moment)
        assert again.body == ledger.kept(first, "response") == reply.body
        assert ledger.verify().broken_seq is None


def test_feedback_about_a_card_that_was_never_shown_is_refused_with_all_beside_it(desk, tmp_path):
    with open_ledger(tmp_path / "audit") as ledger:
        kept = Service(desk.room, ledger, lambda: AT)
        shown = OVERRIDDEN | {"card": cards(kept.call(SIGN, sign(*PAIR)))[0]["uuid"]}
        both = kept.feedback(SIGN, raw({"feedback": [shown, OVERRIDDEN]}))
        assert both.status == 400
        assert "feedback[1].card" in both.body.decode()
        assert CARD not in both.body.decode()
        assert kept.feedback(SELECT, raw({"feedback": [shown]})).status == 400  # of another service
        assert [one.kind for one in ledger.entries()] == ["exchange"]
        assert kept.feedback(SIGN, raw({"feedback": [shown]})).status == 200


def test_feedback_without_a_keeper_is_not_swallowed(desk):
    assert desk.feedback(SIGN, raw({"feedback": [OVERRIDDEN]})).status == 501


def damaged(rng, whole):
    """A request with one part replaced by something strange, or bytes with one part changed."""
    strange = [None, "", 0, -1, 1e308, [], {}, [[]], "x" * 300, True, CANARY, {"a": CANARY}]
    copy = json.loads(json.dumps(whole))
    place = copy
    while True:
        key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
            break
        place = inner
    if rng.random() < 0.3 and isinstance(place, dict):
        del place[key]
    else:
        place[key] = rng.choice(strange)
    data = raw(copy)
    if rng.random() < 0.1:
        cut = rng.randrange(len(data))
        data = data[:cut] + bytes([rng.randrange(256)]) + data[cut + 1 :]
    return data


def test_five_hundred_faults_and_none_is_silent(desk):
    """Refused with an OperationOutcome, or answered with what was and was not checked."""
    rng = random.Random(7)
    whole = asked(
        "order-sign",
        [draft("metformin"), draft("simvastatin")],
        prefetch=prefetched(medications=bundle(taken()), allergies=bundle(allergy())),
    )
    statuses = []
    for _ in range(500):
        reply = desk.call(SIGN, damaged(rng, whole))
        statuses.append(reply.status)
        body = json.loads(reply.body)
        if reply.status == 200:
            assert told(reply).get("checked") or told(reply).get("notChecked")
        else:
            assert body["resourceType"] == "OperationOutcome"
            assert CANARY not in reply.body.decode()
    assert set(statuses) == {200, 400, 412}


def test_all_offers_are_answered(desk):
    for offer in OFFERS.values():
        whole = asked(offer.hook, [draft("metformin")])
        assert desk.call(offer.id, raw(whole)).status == 200
