"""Varied CDS Hooks requests: patients, drugs, laboratory values, gaps and faults, by chance.

All values are invented. Drugs are the names of the knowledge tables and words that nobody knows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from nof1.advice.hooks.discovery import OFFERS
from nof1.knowledge.drugs import drugs

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
LABS = (
    ("2160-0", "mg/dL", 0.3, 9.0), ("33914-3", "mL/min/{1.73_m2}", 5, 120),
    ("2823-3", "mmol/L", 2.5, 7.0), ("2951-2", "mmol/L", 115, 155), ("6301-6", "{INR}", 0.8, 9.0),
    ("1742-6", "U/L", 5, 900), ("1975-2", "mg/dL", 0.1, 12.0), ("777-3", "10*3/uL", 10, 500),
    ("718-7", "g/dL", 5, 18), ("4548-4", "%", 4.5, 13.0), ("29463-7", "kg", 30, 160),
)  # fmt: skip
DISEASES = (
    ("38341003", SNOMED), ("44054006", SNOMED), ("49436004", SNOMED), ("195967001", SNOMED),
    ("84114007", SNOMED), ("363346000", SNOMED), ("77386006", SNOMED), ("I50.9", ICD10),
    ("N18.4", ICD10), ("K74.60", ICD10), ("G40.909", ICD10), ("Z33.1", ICD10), ("F32.9", ICD10),
)  # fmt: skip
LOUD = (
    "simvastatin", "clarithromycin", "warfarin", "methotrexate", "trimethoprim", "fluconazole",
    "tizanidine", "ciprofloxacin", "phenelzine", "sertraline", "tramadol", "amiodarone",
    "azathioprine", "febuxostat", "ergotamine", "ritonavir", "lisinopril", "spironolactone",
    "ibuprofen", "metformin", "digoxin", "levothyroxine", "valproate", "amoxicillin", "cephalexin",
)  # fmt: skip
STRANGE = (
    "zzz unknown", "<script>alert(1)</script>", "[x](https://evil.example)", "a‮b\u0000c",
    "**bold** | table", "é" * 150, "simvastatin 20 MG / ezetimibe 10 MG Oral Tablet", "\n\n# Title",
    "ASPIRIN 81 mg EC", "insulin", "😀 drops", "   ",
)  # fmt: skip
DAYS = ("2015-01-01", "2023-06-01", "2024-03-01", "2024-04-20", "yesterday")
UNITS = ("mg", "g", "ug", "mcg", "mL", "[IU]", "tablet", "MG", "", "mg/kg")
FAULTS: tuple[Any, ...] = (None, "", 0, -1, 1e308, [], {}, [[]], "x" * 300, True, {"a": 1}, "NaN")


class Maker:
    """Requests by chance from a seed. ``known`` are identifiers of patients of the record."""

    def __init__(self, seed: int, known: Sequence[str] = ()) -> None:
        self.rng, self.known = random.Random(seed), known
        self.names = sorted(drugs())
        self.codes = {name: drug.rxnorm for name, drug in drugs().items() if drug.rxnorm}

    def request(self) -> tuple[str, bytes]:
        """The service and the body; about one in twelve is damaged."""
        rng = self.rng
        offer = rng.choice([*OFFERS.values(), OFFERS["nof1-order-sign"]])
        record = bool(self.known) and rng.random() < 0.1
        patient = rng.choice(list(self.known)) if record else f"p{rng.randrange(10**6)}"
        context: dict[str, Any] = {"userId": "Practitioner/7", "patientId": patient}
        if offer.hook.startswith("encounter-"):
            context["encounterId"] = "e1"
        if offer.hook.startswith(("order-", "medication-")):
            context |= self._orders(offer.hook, patient)
        if offer.hook == "medication-prescribe":
            context["medications"] = context.pop("draftOrders")
        whole = {"hook": offer.hook, "hookInstance": str(UUID(int=rng.getrandbits(128))),
                 "context": context}  # fmt: skip
        if not record:
            whole["prefetch"] = self._prefetch(offer.keys, patient)
        data = json.dumps(self._damaged(whole) if rng.random() < 0.06 else whole).encode()
        return offer.id, self._cut(data) if rng.random() < 0.02 else data

    def _orders(self, hook: str, patient: str) -> dict[str, Any]:
        count = self.rng.choice((1, 1, 1, 2, 2, 3))
        orders = [self._draft(number, patient) for number in range(count)]
        made: dict[str, Any] = {"draftOrders": _bundle(orders, "collection")}
        if hook == "order-select":
            made["selections"] = [f"{o['resourceType']}/{o['id']}" for o in orders[:1]]
        return made

    def _draft(self, number: int, patient: str) -> dict[str, Any]:
        rng = self.rng
        kind = rng.choice(("MedicationRequest",) * 14 + ("ServiceRequest", "NutritionOrder"))
        made = {"resourceType": kind, "id": f"d{number}", "status": "draft", "intent": "order",
                "subject": {"reference": f"Patient/{patient}"}}  # fmt: skip
        made["medicationCodeableConcept"] = self._medicine()
        if rng.random() < 0.6:
            repeat = {"frequency": rng.choice((1, 2, 3, 8)), "period": 1,
                      "periodUnit": rng.choice(("d", "wk", "h"))}  # fmt: skip
            value = rng.choice((0, 0.5, 1, 5, 10, 20, 80, 100, 500, 1000, 50_000))
            quantity = {"value": value, "unit": rng.choice(UNITS), "system": UCUM}
            made["dosageInstruction"] = [
                {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity}]}
            ]
        return made

    def _medicine(self) -> dict[str, Any]:
        rng = self.rng
        name = rng.choice(LOUD if rng.random() < 0.6 else self.names)
        kind = rng.random()
        if kind < 0.1:
            return {"text": rng.choice(STRANGE)}
        if kind < 0.5 and name in self.codes:
            return {"coding": [{"system": RXNORM, "code": self.codes[name], "display": name}]}
        if kind < 0.55:
            ndc = {"system": "http://hl7.org/fhir/sid/ndc", "code": "0000-0000-00"}
            return {"coding": [ndc]}
        return {"text": name}

    def _prefetch(self, keys: Sequence[str], patient: str) -> dict[str, Any]:
        made = {key: self._value(key, patient) for key in keys}
        for key in list(made):
            kind = self.rng.random()
            if kind < 0.05 and key != "patient":
                del made[key]
            elif kind < 0.08:
                made[key] = None
            elif kind < 0.1:
                made[key] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
            elif kind < 0.12 and key != "patient":
                made[key]["link"] = [{"relation": "next", "url": "https://ehr.example/next"}]
        return made

    def _value(self, key: str, patient: str) -> dict[str, Any]:
        rng = self.rng
        if key == "patient":
            year = rng.choice((1930, 1945, 1950, 1960, 1975, 1985, 1994, 2010, 2018))
            return {"resourceType": "Patient", "id": patient, "birthDate": f"{year}-02-03",
                    "gender": rng.choice(("female", "female", "male", "other"))}  # fmt: skip
        makers: dict[str, Callable[[str, int], dict[str, Any]]] = {
            "conditions": self._condition, "medications": self._taken,
            "allergies": self._allergy, "laboratory": self._lab,
        }  # fmt: skip
        if key not in makers:
            return _bundle([])
        return _bundle([makers[key](patient, n) for n in range(rng.choice((0, 1, 1, 2, 4)))])

    def _condition(self, patient: str, number: int) -> dict[str, Any]:
        code, system = self.rng.choice(DISEASES)
        return {"resourceType": "Condition", "id": f"c{number}",
                "subject": {"reference": f"Patient/{patient}"},
                "code": {"coding": [{"system": system, "code": code}]},
                "recordedDate": self._day()}  # fmt: skip

    def _taken(self, patient: str, number: int) -> dict[str, Any]:
        return {"resourceType": "MedicationRequest", "id": f"m{number}", "status": "active",
                "intent": "order", "subject": {"reference": f"Patient/{patient}"},
                "medicationCodeableConcept": self._medicine(),
                "authoredOn": self._day()}  # fmt: skip

    def _allergy(self, patient: str, number: int) -> dict[str, Any]:
        return {"resourceType": "AllergyIntolerance", "id": f"a{number}",
                "patient": {"reference": f"Patient/{patient}"}, "code": self._medicine(),
                "clinicalStatus": {"coding": [{"code": "active"}]},
                "recordedDate": self._day()}  # fmt: skip

    def _lab(self, patient: str, number: int) -> dict[str, Any]:
        code, unit, low, high = self.rng.choice(LABS)
        value = round(self.rng.uniform(low, high), 2)
        return {"resourceType": "Observation", "id": f"o{number}", "status": "final",
                "subject": {"reference": f"Patient/{patient}"},
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "effectiveDateTime": self._day(),
                "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
                }  # fmt: skip

    def _day(self) -> str:
        return self.rng.choice(DAYS)

    def _damaged(self, whole: dict[str, Any]) -> Any:
        """One part replaced or taken away."""
        copy = json.loads(json.dumps(whole))
        place: Any = copy
        while True:
            key = self.rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or self.rng.random() < 0.25:
                break
            place = inner
        if isinstance(place, dict) and self.rng.random() < 0.3:
            del place[key]
        else:
            place[key] = self.rng.choice(FAULTS)
        return copy

    def _cut(self, data: bytes) -> bytes:
        at = self.rng.randrange(len(data))
        put = self.rng.choice((b"", data[at : at + 1] * 2, b"\xff", b"}"))
        return data[:at] + put + data[at + 1 :]


def _bundle(resources: Sequence[dict[str, Any]], kind: str = "searchset") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources]}
