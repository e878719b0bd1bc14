"""Faulty requests of CDS Hooks for tests, by name: what is missing, wrong, damaged or hostile.

Each maker gives name -> (service, body).
"""

from __future__ import annotations

import copy
import json

from fhir_samples import LOINC, RXNORM, UCUM
from hook_samples import (
    CARD,
    OF,
    PATIENT,
    allergy,
    asked,
    bundle,
    condition,
    creatinine,
    draft,
    prefetched,
    raw,
    taken,
)
from nof1.advice.hooks import request
from nof1.advice.hooks.discovery import OFFERS, ORDER_KEYS
from nof1.advice.hooks.prefetch import FAMILIES

SIGN, SELECT, VIEW = "nof1-order-sign", "nof1-order-select", "nof1-patient-view"
CANARY = "CANARY-Maria-Musterfrau"
DRUG = "simvastatin"
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}


def filled(**changes):
    """A prefetch in which something stands under each key."""
    weight = creatinine() | {
        "id": "w", "code": {"coding": [{"system": LOINC, "code": "29463-7"}]},
        "valueQuantity": {"value": 70, "unit": "kg", "system": UCUM, "code": "kg"},
    }  # fmt: skip
    given = {"medications": bundle(taken("6809", "metformin")), "vital_signs": bundle(weight)}
    return prefetched(**given | changes)


def orders(drug=DRUG, **more):
    return raw(asked("order-sign", [draft(drug)], prefetch=filled(), **more))


# what the client did not, or could not, send ------------------------------------------------------

MISSING = {
    "absent": ...,
    "null": None,
    "error": ERROR,
    "fatal": {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal"}]},
    "error without issue": {"resourceType": "OperationOutcome"},
    "first page": bundle(link=[{"relation": "next", "url": "https://ehr.example/2"}]),
    "error within": bundle(ERROR),
    "unreadable": bundle({"resourceType": "Basic", "id": "x"}, {"id": "no type"}),
    "another patient": "another",
    "two patients": "two",
    "no resource": {"id": CANARY},
    "text": CANARY,
    "number": 7,
    "list": [PATIENT],
}


def other(key):
    """A resource of this key about somebody else."""
    who = {"reference": "Patient/2"}
    return {
        "patient": PATIENT | {"id": "2"}, "conditions": condition() | {"subject": who},
        "medications": taken() | {"subject": who}, "allergies": allergy() | {"patient": who},
    }.get(key, creatinine() | {"subject": who})  # fmt: skip


def of_prefetch():
    found = {}
    for service_id in (SIGN, SELECT, VIEW):
        hook = OFFERS[service_id].hook
        for key in ORDER_KEYS if service_id != VIEW else tuple(FAMILIES):
            for name, value in MISSING.items():
                if value == "another":
                    value = other(key) if key == "patient" else bundle(other(key))
                if value == "two":
                    value = bundle(PATIENT, PATIENT | {"id": "2"}, other(key))
                given = filled(**{key.replace("-", "_"): value})
                made = [draft(DRUG)] if "order" in hook else ()
                found[f"{hook} {key} {name}"] = service_id, raw(asked(hook, made, prefetch=given))
    return found


OUTCOME = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2024-05-01T12:00:05Z"}
FEEDBACK = raw({"feedback": [OUTCOME]})


def dosed(name, value, unit, times=1):
    timing = {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}}
    rate = {"doseQuantity": {"value": value, "unit": unit, "code": unit}}
    route = {"text": "oral"}
    instruction = {"timing": timing, "route": route, "doseAndRate": [rate]}
    return draft(name, dosageInstruction=[instruction])


def of_values():
    def lab(**change):
        return creatinine() | change

    def quantity(value, unit="mg/dL", **more):
        found = {"value": value, "unit": unit, "system": UCUM, "code": unit} | more
        return lab(valueQuantity=found)

    faults = {
        "80 mg/dL": quantity(80), "0.9 umol/L": quantity(0.9, "umol/L"), "minus": quantity(-1),
        "zero": quantity(0), "vast": quantity(1e300), "text": quantity("1.0"),
        "true": quantity(True), "no value": lab(valueQuantity={"unit": "mg/dL"}),
        "no unit": lab(valueQuantity={"value": 1.0}), "strange unit": quantity(1.0, "furlong"),
        "no system": lab(code={"coding": [{"code": "2160-0"}]}),
        "words only": lab(code={"text": "creatinine"}), "no code": lab(code={}),
        "another system": lab(code={"coding": [{"system": "urn:local", "code": "2160-0"}]}),
        "wrong": lab(status="entered-in-error"), "cancelled": lab(status="cancelled"),
        "tomorrow": creatinine(1.0, "2030-01-01"), "no day": lab(effectiveDateTime="yesterday"),
        "long ago": creatinine(1.0, "2019-01-01"), "day 31": creatinine(1.0, "2024-02-31"),
        "a range": lab(
            valueQuantity=None, valueRange={"low": {"value": 1}}),
        "no list": 7, "empty": {},
    }  # fmt: skip
    found = {}
    for name, value in faults.items():
        entry = [value] if isinstance(value, dict) else []
        given = bundle(*entry) if value != 7 else {"resourceType": "Bundle", "entry": 7}
        body = asked("order-sign", [draft("metformin")], prefetch=filled(laboratory=given))
        found[f"creatinine {name}"] = SIGN, raw(body)
    return found


CODES = {
    "none": {}, "no system": {"coding": [{"code": "36567"}]},
    "local": {"coding": [{"system": "urn:local", "code": "x1"}]},
    "another system": {"coding": [{"system": LOINC, "code": "36567"}]},
    "ndc": {"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "0093-3107-01"}]},
    "no code": {"coding": [{"system": RXNORM}]}, "unknown": {"coding": [
        {"system": RXNORM, "code": "999999999"}]},
    "words": {"text": "zzz unknown"}, "empty words": {"text": "  "}, "wrong type": 7,
    "long": {"text": "x" * 5000},
}  # fmt: skip


def of_codes():
    """Code systems missing, local or unknown: of the order, an allergy, a medicine, a disease."""
    found = {}
    for name, code in CODES.items():
        order = draft(DRUG) | {"medicationCodeableConcept": code}
        found[f"order {name}"] = SIGN, raw(asked("order-sign", [order], prefetch=filled()))
        places = {
            "allergies": allergy() | {"code": code},
            "medications": taken() | {"medicationCodeableConcept": code},
            "conditions": condition() | {"code": code},
        }
        for key, resource in places.items():
            given = filled(**{key: bundle(resource)})
            body = raw(asked("order-sign", [draft(DRUG)], prefetch=given))
            found[f"{key} {name}"] = SIGN, body
    return found


# the form of the request --------------------------------------------------------------------------


def of_form():
    whole, text = json.loads(orders()), orders()
    found = {f"cut at {at}": text[:at] for at in range(0, len(text), len(text) // 60)}
    for name, value in {
        "NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "1e999": "[" * 3,
        "digits": "9" * 5000 + "}", "deep": "[" * 70 + "]" * 70, "objects": '{"a":' * 70 + "}" * 70,
        "control": '"\x01"', "surrogate": '"\\ud800', "hex": "0x10", "quote": "'x'",
    }.items():  # fmt: skip
        found[name] = text.replace(b'"hook":', b'"x": ' + value.encode() + b', "hook":', 1)
    for key in ("hook", "prefetch", "context", "hookInstance"):
        found[f"twice {key}"] = text[:-1] + f', "{key}": {json.dumps(whole[key])}}}'.encode()
    found["twice inside"] = text.replace(b'"gender":', b'"gender": "male", "gender":', 1)
    found |= {"utf-16": text.decode().encode("utf-16"), "bytes": b"\xff\xfe", "empty": b"",
              "null": b"null", "list": b"[]", "text": b'"x"', "after": text + b"{}",
              "large": text + b" " * request.LARGEST}  # fmt: skip
    return {f"form {name}": (SIGN, body) for name, body in found.items()}


WRONG = (None, "", 0, 1.5, True, [], {}, [[]], "x", CANARY)


def of_types():
    """Each required field away, and of every wrong type; hooks, versions and references."""
    whole = json.loads(orders())
    found = {}

    def put(name, change):
        made = copy.deepcopy(whole)
        change(made)
        found[name] = SIGN, raw(made)

    for key in ("hook", "hookInstance", "context"):
        put(f"no {key}", lambda made, key=key: made.pop(key))
        for wrong in WRONG:
            put(f"{key} {wrong!r}", lambda made, key=key, wrong=wrong: made.update({key: wrong}))
    for key in ("userId", "patientId", "draftOrders"):
        put(f"no {key}", lambda made, key=key: made["context"].pop(key))
        for wrong in WRONG:
            if (key, wrong) not in (("userId", "x"), ("userId", CANARY)):
                change = {key: wrong}
                put(f"{key} {wrong!r}", lambda made, to=change: made["context"].update(to))
    for hook in ("order-select", "order-review", "medication-prescribe", "ORDER-SIGN", "order"):
        put(f"hook {hook}", lambda made, hook=hook: made.update(hook=hook))
    put("leave without server", lambda made: made.update(fhirAuthorization=LEAVE))
    for name, wrong in (("for another", {"patient": "2"}), ("no bearer", {"token_type": "mac"})):
        leave = {"fhirServer": "https://ehr.example", "fhirAuthorization": LEAVE | wrong}
        put(f"leave {name}", lambda made, leave=leave: made.update(leave))
    put("server", lambda made: made.update(fhirServer="file:///etc/passwd"))
    put("extension", lambda made: made.update(extension=[1]))
    for name, order in ORDERS.items():
        put(f"order {name}", lambda made, order=order: made["context"]["draftOrders"].update(
            entry=[{"resource": order}]))  # fmt: skip
    return found


LEAVE = {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "x",
         "subject": "x"}  # fmt: skip
R5 = {k: v for k, v in draft(DRUG).items() if k != "medicationCodeableConcept"}
ORDERS = {
    "another patient": draft(DRUG) | {"subject": {"reference": "Patient/2"}},
    "another patient, old form": draft(DRUG) | {"patient": {"reference": "Patient/2"}},
    "R5": R5 | {"medication": {"concept": {"text": DRUG}}},
    "no medicine": R5,
    "no kind": {"id": "x"},
    "no medicine at all": {"resourceType": "ServiceRequest", "id": "x", "subject": OF},
    "not asked for": draft(DRUG) | {"doNotPerform": True},
    "cancelled": draft(DRUG) | {"status": "cancelled"},
    "another medicine by its words": draft(DRUG) | {"medicationCodeableConcept": {
        "coding": [{"system": RXNORM, "code": "11289"}], "text": DRUG}},
    "a reference to nothing": R5 | {"medicationReference": {"reference": "Medication/none"}},
    "a medicine that names itself": R5 | {
        "medicationReference": {"reference": "#m"}, "contained": [{
            "resourceType": "Medication", "id": "m",
            "ingredient": [{"itemReference": {"reference": "#m"}}]}]},
}  # fmt: skip


def of_feedback():
    bodies = {f"{key} {wrong!r}": {"feedback": [OUTCOME | {key: wrong}]}
              for key in OUTCOME for wrong in WRONG}  # fmt: skip
    for key in OUTCOME:
        bodies[f"no {key}"] = {"feedback": [{k: v for k, v in OUTCOME.items() if k != key}]}
    bodies |= {"none": {"feedback": []}, "no list": {"feedback": {}}, "null": {"feedback": None},
               "accepted": {"feedback": [OUTCOME | {"outcome": "accepted"}]},
               "no zone": {"feedback": [OUTCOME | {"outcomeTimestamp": "2024-05-01T12:00:05"}]},
               "many": {"feedback": [OUTCOME] * 501}}  # fmt: skip
    return bodies
