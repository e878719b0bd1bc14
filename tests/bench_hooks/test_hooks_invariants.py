"""HL7's and our rules for responses, on generated requests; and that a breach is seen."""

import copy
import json

import pytest
from bench.hooks_generate import Maker
from bench.hooks_invariants import AT, Breach, breaches, hospital, run

from hook_samples import sign
from nof1.advice.hooks.service import Service


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Service(hospital(tmp_path_factory.mktemp("hospital"), patients=20), clock=lambda: AT)


def test_five_hundred_generated_responses_hold_all_rules(desk):
    opened = desk.room.opened()
    told = run(desk, Maker(7, opened.record.subjects()["patient"].to_list()), 500)
    assert {"200", "400", "412", "critical", "warning", "info", "suggestions"} <= set(told)
    assert told["200"] > 400


def response(desk):
    """A response whose first card has suggestions, reasons and links."""
    reply = desk.answer("nof1-order-sign", sign("fluvoxamine", "selegiline"), AT)
    whole = json.loads(reply.body)
    assert {"suggestions", "overrideReasons", "links"} <= set(whole["cards"][0])
    return whole


def spoil(card):
    """Each way to break a card, with the word of the breach."""
    offer = card["suggestions"][0]
    return [
        ("summary", {"summary": "x" * 140}),
        ("summary", {"summary": "two\nlines"}),
        ("null or empty", {"detail": None}),
        ("null or empty", {"links": []}),
        ("indicator", {"indicator": "hard-stop"}),
        ("no uuid", {"uuid": "1"}),
        ("source without a label", {"source": {}}),
        ("source without an absolute address", {"source": card["source"] | {"url": "/x"}}),
        ("markup", {"detail": "<b>"}),
        ("cds-resp-1", {"suggestions": [offer | {"isRecommended": True},
                                        offer | {"isRecommended": True}]}),
        ("cds-resp-2", {"suggestions": [offer | {"actions": [
            {"type": "delete", "description": "x", "resource": {"resourceType": "Task"}}]}]}),
        ("cds-resp-3", {"links": [card["links"][0] | {"appContext": "x"}]}),
        ("cds-resp-4", {"overrideReasons": [{"code": "x", "system": "y"}]}),
        ("cds-resp-5", {"suggestions": [offer | {"actions": [
            {"type": "delete", "resourceId": "Task/1"}]}]}),
        ("cds-resp-6", {"selectionBehavior": "all"}),
        ("cds-resp-7", {"suggestions": [offer | {"actionSelectionBehavior": "some"}]}),
        ("type of an action", {"suggestions": [offer | {"actions": [
            {"type": "patch", "description": "x"}]}]}),
        ("create", {"suggestions": [offer | {"actions": [
            {"type": "create", "description": "x"}]}]}),
        ("update", {"suggestions": [offer | {"actions": [
            {"type": "update", "description": "x", "resource": {"resourceType": "Task"}}]}]}),
        ("link without", {"links": [card["links"][0] | {"url": "page.html"}]}),
        ("unknown part of a card", {"color": "red"}),
        ("extension", {"extension": [1]}),
    ]  # fmt: skip


def test_each_breach_is_seen(desk):
    whole = response(desk)
    assert list(breaches(200, json.dumps(whole).encode())) == []
    for word, change in spoil(whole["cards"][0]):
        made = copy.deepcopy(whole)
        made["cards"][0] |= change
        found = list(breaches(200, json.dumps(made).encode()))
        assert any(word in one for one in found), (word, found)
    lacking = copy.deepcopy(whole)
    del lacking["cards"][0]["selectionBehavior"]
    assert "cds-resp-6: selectionBehavior" in list(breaches(200, json.dumps(lacking).encode()))


@pytest.mark.parametrize(
    ("status", "whole", "word"),
    [
        (200, {"cards": []}, "silent"),
        (200, {"cards": [], "systemActions": []}, "unknown part of the response"),
        (200, {"cards": [], "extension": {"org.nof1.coverage": {
            "asOf": "x", "notChecked": [{"family": "x"}]}}}, "stands on no card"),
        (500, {"cards": []}, "refusal"),
        (400, {"resourceType": "OperationOutcome", "issue": []}, "refusal"),
    ],
)  # fmt: skip
def test_silence_is_seen(status, whole, word):
    assert any(word in one for one in breaches(status, json.dumps(whole).encode()))


def test_a_breach_ends_the_run_with_its_request(desk, monkeypatch):
    silent = Service(desk.room, clock=lambda: AT)
    reply = type("R", (), {"status": 200, "body": b'{"cards":[]}'})()
    monkeypatch.setattr(Service, "answer", lambda *_: reply)
    with pytest.raises(Breach) as caught:
        run(silent, Maker(1), 1)
    assert caught.value.response == b'{"cards":[]}'


def test_the_same_seed_makes_the_same_requests():
    assert [Maker(3).request() for _ in range(3)] == [Maker(3).request() for _ in range(3)]
