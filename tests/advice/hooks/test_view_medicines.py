"""A view of the patient checks the medicines taken now: warnings at most, and nothing silent."""

from __future__ import annotations

import pytest

from hook_samples import asked as request_of
from hook_samples import (
    bundle,
    cards,
    condition,
    prefetched,
    raw,
    service,
    sign,
    taken,
    told,
    unchecked,
)

CLARITHROMYCIN = taken("197517", "clarithromycin 500 MG Oral Tablet")
VIEW = "nof1-patient-view"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return service(tmp_path_factory.mktemp("view"))


def view(desk, **changes):
    return desk.call(VIEW, raw(request_of("patient-view", prefetch=prefetched(**changes))))


def test_two_medicines_that_must_not_meet_are_a_warning_and_no_interruption(desk):
    reply = view(desk, medications=bundle(taken(), CLARITHROMYCIN))
    names = ("simvastatin", "clarithromycin")
    (card,) = [one for one in cards(reply) if all(n in one["summary"].lower() for n in names)]
    assert card["indicator"] == "warning"
    assert "still right" in card["detail"]
    assert "sign" not in card["detail"].partition("**Action.**")[2].partition("\n")[0]
    assert "suggestions" not in card
    assert not [one for one in cards(reply) if one["indicator"] == "critical"]
    done = {(one["family"], one["subject"]) for one in told(reply)["checked"]}
    assert ("interactions", "simvastatin") in done


def test_what_may_be_missing_is_information(desk):
    old = condition("1755008")  # old myocardial infarction
    reply = view(desk, medications=bundle(CLARITHROMYCIN), conditions=bundle(old))
    found = [one for one in cards(reply) if "may be missing" in one["summary"]]
    assert {one["indicator"] for one in found} == {"info"}
    assert any("Atorvastatin" in one["summary"] or "Aspirin" in one["summary"] for one in found)


def test_nothing_is_called_missing_from_a_list_that_is_a_part(desk):
    old = condition("1755008")
    more = {"link": [{"relation": "next", "url": "http://fhir.example.org/page2"}]}
    reply = view(desk, medications=bundle(CLARITHROMYCIN, **more), conditions=bundle(old))
    assert not [one for one in cards(reply) if "may be missing" in one["summary"]]
    assert "omissions" in {family for family, _ in unchecked(reply)}


def test_without_medicines_nothing_is_called_checked(desk):
    reply = view(desk)
    assert ("interactions", "the patient") in unchecked(reply)
    assert ("omissions", "the patient") in unchecked(reply)


def test_medicines_that_were_not_sent_make_every_family_on_them_unchecked(desk):
    reply = view(desk, medications=...)
    families = {family for family, _ in unchecked(reply)}
    assert {"interactions", "burden", "monitoring", "omissions"} <= families


def test_a_drug_lab_check_needs_the_laboratory(desk):
    body = request_of("patient-view", prefetch=prefetched(laboratory=...))
    reply = desk.call(VIEW, raw(body))
    assert "laboratory" in {family for family, _ in unchecked(reply)}


def test_nor_at_signing_when_the_medicines_were_not_sent(desk):
    def said(**changes):
        reply = desk.call("nof1-order-sign", sign("morphine", prefetch=prefetched(**changes)))
        return [one for one in cards(reply) if "may be missing" in one["summary"]]

    assert len(said(medications=bundle(CLARITHROMYCIN))) == 1
    assert not said(medications=...)
