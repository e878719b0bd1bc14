"""Requests are read with suspicion; a refusal never repeats what was sent."""

import json

import pytest

from hook_samples import asked, bundle, draft, raw, sign
from nof1.advice.hooks import request
from nof1.advice.hooks.outcome import Refusal

CANARY = "CANARY-Maria-Musterfrau"
FHIR = {
    "access_token": CANARY,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "cds",
    "patient": "1",
}


def refused(data, hook="order-sign"):
    with pytest.raises(Refusal) as stop:
        request.read(data, hook)
    assert CANARY not in stop.value.text + (stop.value.where or "")
    assert CANARY.encode() not in stop.value.reply().body
    return stop.value


def test_a_good_request_is_read():
    found = request.read(sign("aspirin"), "order-sign")
    assert found.context.patient_id == "1"
    assert found.context.user_id == "Practitioner/7"
    assert set(found.prefetch) >= {"patient", "allergies"}
    assert found.context.draft_orders["entry"][0]["resource"]["id"] == "mr-aspirin"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe{}",
        '{"hook": "order-sign"}'.encode("utf-16"),
        b'{"hook": NaN}',
        b'{"hook": "order-sign", "hook": "order-sign"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"hook": "\xc3\x28"}',
    ],
)
def test_what_is_no_request_is_400(data):
    assert refused(data).status == 400


def test_a_key_that_stands_twice_is_refused_at_any_depth():
    good = sign("aspirin")
    doubled = good.replace(b'"patientId": "1"', b'"patientId": "2", "patientId": "1"')
    assert "twice" in refused(doubled).text
    doubled = good.replace(b'"gender": "female"', b'"gender": "male", "gender": "female"')
    assert "twice" in refused(doubled).text


def test_size_and_depth_have_limits():
    assert refused(b" " * (request.LARGEST + 1)).status == 413
    for deep in (b"[" * 100_000, b'{"a":' * 1000 + b"1" + b"}" * 1000):
        assert "nested" in refused(deep).text
    brackets = json.dumps({"text": "[" * 1000}).encode()
    assert not request.too_deep(brackets)  # brackets within a text are no depth
    assert not request.too_deep(b'{"a": "\\"[[", "b": []}')
    assert not request.too_deep(b"[" * request.DEEPEST + b"]" * request.DEEPEST)
    assert request.too_deep(b"[" * 65 + b"]" * 65)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"hook": "patient-view"}, "hook"),
        ({"hookInstance": CANARY}, "hookInstance"),
        ({"fhirServer": f"file://{CANARY}"}, "fhirServer"),
        ({"fhirAuthorization": FHIR}, "fhirServer"),
        (
            {"fhirServer": "https://x.example", "fhirAuthorization": FHIR | {"patient": CANARY}},
            "fhirAuthorization.patient",
        ),
        (
            {"fhirServer": "https://x.example", "fhirAuthorization": FHIR | {"token_type": "mac"}},
            "fhirAuthorization.token_type",
        ),
        ({"context": {"userId": "Practitioner/7", "patientId": "1"}}, "context.draftOrders"),
        (
            {"context": {"userId": "", "patientId": "1", "draftOrders": bundle(draft("a"))}},
            "context.userId",
        ),
        (
            {"context": {"userId": "u", "patientId": f"../{CANARY}", "draftOrders": {}}},
            "context.patientId",
        ),
        (
            {"context": {"userId": "u", "patientId": "1", "draftOrders": bundle()}},
            "context.draftOrders",
        ),
        (
            {"context": {"userId": "u", "patientId": "2", "draftOrders": bundle(draft("a"))}},
            "context.draftOrders",
        ),
        (
            {
                "context": {
                    "userId": "u",
                    "patientId": "1",
                    "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": CANARY}]},
                }
            },
            "context.draftOrders",
        ),
    ],
)
def test_each_field_is_checked_and_named(changes, where):
    refusal = refused(sign("aspirin", **changes))
    assert (refusal.status, refusal.where) == (400, where)


@pytest.mark.parametrize("field", ["hook", "hookInstance", "context"])
def test_required_fields_are_required(field):
    whole = asked("order-sign", [draft("aspirin")])
    del whole[field]
    assert refused(raw(whole)).status == 400


def test_order_select_needs_selections_that_are_references():
    whole = asked("order-select", [draft("aspirin")])
    assert request.read(raw(whole), "order-select").context.selections == (
        "MedicationRequest/mr-aspirin",
    )
    for wrong in (
        [],
        ["MedicationRequest/other"],
        [f"https://{CANARY}/MedicationRequest/1"],
        [CANARY],
    ):
        whole["context"]["selections"] = wrong
        assert refused(raw(whole), "order-select").where == "context.selections"


def test_a_history_reference_to_the_same_patient_is_fine():
    order = draft("aspirin", subject={"reference": "https://ehr.example/Patient/1/_history/3"})
    assert request.read(raw(asked("order-sign", [order])), "order-sign")


def test_too_many_drafts_are_refused():
    many = [draft(f"m{number}") for number in range(request.MOST_DRAFTS + 1)]
    assert refused(raw(asked("order-sign", many))).code == "too-costly"


def test_an_instance_has_one_form():
    urn = "urn:uuid:D1577C69-DFBE-44AD-BA6D-3E05E953B2EA"
    found = request.read(sign("aspirin", hookInstance=urn), "order-sign")
    assert found.instance == "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"


def test_encounter_hooks_need_their_encounter():
    whole = asked("encounter-start")
    assert request.read(raw(whole), "encounter-start").context.encounter_id == "e1"
    del whole["context"]["encounterId"]
    assert refused(raw(whole), "encounter-start").where == "context.encounterId"


def test_medicines_of_the_old_hook_are_drafts():
    old = asked("medication-prescribe", [draft("aspirin")])
    found = request.read(raw(old), "medication-prescribe")
    assert found.context.draft_orders == old["context"]["medications"]
    del old["context"]["medications"]
    with pytest.raises(Refusal) as caught:
        request.read(raw(old), "medication-prescribe")
    assert caught.value.where == "context.medications"


def test_a_draft_of_another_patient_is_refused_in_the_old_form_too():
    other = draft("aspirin", patient={"reference": "Patient/2"})
    with pytest.raises(Refusal):
        request.read(raw(asked("order-sign", [other])), "order-sign")
