"""Requests of a record system for ``bench.hooks``: 100 resources of one patient, one or two drafts.

Each request is about another patient (age, sex, values, medicines, diseases), so that nothing is
gained by asking twice. Resources are of the size that record systems send (about 700 bytes each):
with meta, categories, encounter and performer, which no rule reads.
"""

from __future__ import annotations

import json
import random
import uuid
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
RXNORM, LOINC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://loinc.org"
SNOMED, UCUM = "http://snomed.info/sct", "http://unitsofmeasure.org"
KINDS = "http://terminology.hl7.org/CodeSystem/"
NAMESPACE = uuid.UUID("b1f4a6a2-4d7f-5a9a-8f53-0d1f5f5c7a11")
# RxNorm ids of ingredients that people of this age take.
MEDICINES = {
    "6809": "metformin", "29046": "lisinopril", "36567": "simvastatin", "83367": "atorvastatin",
    "17767": "amlodipine", "1191": "aspirin", "7646": "omeprazole", "6918": "metoprolol",
    "4603": "furosemide", "11289": "warfarin", "10582": "levothyroxine", "36437": "sertraline",
    "25480": "gabapentin", "5487": "hydrochlorothiazide", "52175": "losartan", "435": "albuterol",
    "161": "acetaminophen", "32968": "clopidogrel", "519": "allopurinol", "40790": "pantoprazole",
}  # fmt: skip
LABORATORY = (
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.6, 1.6),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 3.5, 5.1),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 134, 144),
    ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 75, 190),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 5.1, 8.4),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume]", "U/L", 12, 60),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume]", "U/L", 12, 50),
    ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 0.3, 1.2),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 3.4, 4.8),
    ("6301-6", "INR in Platelet poor plasma by Coagulation assay", "{INR}", 0.9, 2.8),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 10.5, 16),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 140, 400),
    ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 140, 260),
)  # fmt: skip
VITAL = (
    ("29463-7", "Body weight", "kg", 55, 110),
    ("8302-2", "Body height", "cm", 155, 190),
    ("8867-4", "Heart rate", "/min", 55, 98),
    ("8310-5", "Body temperature", "Cel", 36.2, 37.6),
)
DISEASES = (
    ("38341003", "Hypertensive disorder"), ("44054006", "Diabetes mellitus type 2"),
    ("55822004", "Hyperlipidemia"), ("84114007", "Heart failure"),
    ("49436004", "Atrial fibrillation"),
    ("195967001", "Asthma"), ("13645005", "Chronic obstructive lung disease"),
    ("396275006", "Osteoarthritis"), ("35489007", "Depressive disorder"), ("90560007", "Gout"),
    ("235595009", "Gastroesophageal reflux disease"), ("40930008", "Hypothyroidism"),
    ("709044004", "Chronic kidney disease"), ("22298006", "Myocardial infarction"),
    ("73211009", "Diabetes mellitus"), ("64859006", "Osteoporosis"), ("414916001", "Obesity"),
    ("271737000", "Anemia"), ("197480006", "Anxiety disorder"), ("193462001", "Insomnia"),
    ("230690007", "Cerebrovascular accident"), ("53741008", "Coronary arteriosclerosis"),
    ("26929004", "Alzheimer's disease"), ("128613002", "Seizure disorder"),
    ("433144002", "Chronic kidney disease stage 3"), ("267036007", "Dyspnea"),
)  # fmt: skip
ALLERGENS = (("7980", "penicillin G"), ("10831", "sulfamethoxazole"), ("5640", "ibuprofen"),
             ("2670", "codeine"), ("2193", "ceftriaxone"))  # fmt: skip
PROCEDURES = (("73761001", "Colonoscopy"), ("40701008", "Echocardiography"),
              ("29303009", "Electrocardiographic procedure"), ("80146002", "Appendectomy"),
              ("12350003", "Sigmoidoscopy"))  # fmt: skip
DRAFTS = ("metformin", "ibuprofen", "clarithromycin", "simvastatin", "amoxicillin", "furosemide",
          "tramadol", "ciprofloxacin", "spironolactone", "prednisone", "citalopram", "apixaban",
          "fluconazole", "allopurinol", "trimethoprim", "doxycycline")  # fmt: skip
COUNTS = {"medicines": 10, "laboratory": 40, "vital": 8, "smoking": 1, "conditions": 20,
          "allergies": 3, "encounters": 10, "procedures": 7}  # fmt: skip


def body(number: int, at: datetime) -> bytes:
    """Request ``number`` (any integer; the same gives the same bytes) asked at a moment, UTC."""
    draw = random.Random(number)
    patient = f"bench-{number}"
    one = _Patient(draw, patient, at)
    drafts = draw.sample(DRAFTS, 1 + number % 2)
    orders = [{"resource": one.draft(name, place)} for place, name in enumerate(drafts)]
    whole = {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid5(NAMESPACE, str(number))),
        "context": {
            "userId": "Practitioner/bench",
            "patientId": patient,
            "encounterId": "e0",
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": orders},
        },
        "prefetch": one.prefetch(),
    }
    return json.dumps(whole, separators=(",", ":")).encode()


class _Patient:
    """One invented patient and how his resources are written."""

    def __init__(self, draw: random.Random, name: str, at: datetime) -> None:
        self.draw, self.name, self.at = draw, name, at
        self.of = {"reference": f"Patient/{name}", "display": "INVENTED, Patient"}
        self.made = 0

    def prefetch(self) -> Json:
        """All keys, 100 resources in all (the patient counts)."""
        days = 1 + self.draw.randrange(60)
        return {
            "patient": self.patient(),
            "conditions": self.found("Condition", self.conditions()),
            "medications": self.found("MedicationRequest", self.medicines()),
            "allergies": self.found("AllergyIntolerance", self.allergies()),
            "laboratory": self.found("Observation", self.measured(
                LABORATORY, COUNTS["laboratory"], "laboratory", days)),
            "vital-signs": self.found("Observation", self.measured(
                VITAL, COUNTS["vital"], "vital-signs", days)),
            "social-history": self.found("Observation", [self.smoking()]),
            "encounters": self.found("Encounter", self.encounters()),
            "procedures": self.found("Procedure", self.procedures()),
        }  # fmt: skip

    def found(self, kind: str, resources: list[Json]) -> Json:
        """A search result."""
        entries = [
            {"fullUrl": f"https://ehr.example.org/fhir/{kind}/{one['id']}", "resource": one,
             "search": {"mode": "match"}}
            for one in resources
        ]  # fmt: skip
        return {"resourceType": "Bundle", "id": f"found-{kind}", "type": "searchset",
                "total": len(entries), "entry": entries}  # fmt: skip

    def when(self, days: float) -> str:
        """A moment some days before the request."""
        return f"{self.at - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"

    def base(self, kind: str) -> Json:
        """What every resource has."""
        self.made += 1
        return {
            "resourceType": kind,
            "id": f"{self.name}-{self.made}",
            "meta": {"versionId": "1", "lastUpdated": self.when(0.5),
                     "profile": [f"http://hl7.org/fhir/StructureDefinition/{kind}"]},
        }  # fmt: skip

    def patient(self) -> Json:
        """Between 45 and 90 years."""
        born = self.at - timedelta(days=365.25 * self.draw.uniform(45, 90))
        return self.base("Patient") | {
            "id": self.name,
            "active": True,
            "name": [{"use": "official", "family": "Invented", "given": ["Patient"]}],
            "gender": self.draw.choice(["female", "male"]),
            "birthDate": f"{born:%Y-%m-%d}",
            "address": [{"use": "home", "city": "Nowhere", "postalCode": "00000"}],
        }

    def medicines(self) -> list[Json]:
        """Current prescriptions."""
        chosen = self.draw.sample(sorted(MEDICINES.items()), COUNTS["medicines"])
        return [
            self.base("MedicationRequest")
            | {
                "status": "active",
                "intent": "order",
                "category": [coded("community", f"{KINDS}medicationrequest-category", "Community")],
                "medicationCodeableConcept": coded(code, RXNORM, name) | {"text": name},
                "subject": self.of,
                "authoredOn": self.when(5 + self.draw.randrange(200)),
                "requester": {"reference": "Practitioner/7", "display": "INVENTED, Doctor"},
                "dosageInstruction": [
                    {"text": "1 tablet daily", "timing": {"repeat": {
                        "frequency": 1, "period": 1, "periodUnit": "d"}},
                     "doseAndRate": [{"doseQuantity": quantity(1, "{tablet}")}]}
                ],
            }
            for code, name in chosen
        ]  # fmt: skip

    def measured(self, table: Any, count: int, category: str, days: int) -> list[Json]:
        """Values of a table in turn, each older than the one before."""
        made = []
        for number in range(count):
            code, words, unit, low, high = table[number % len(table)]
            moment = self.when(days + 45 * (number // len(table)))
            value = round(self.draw.uniform(low, high), 2)
            made.append(
                self.base("Observation")
                | {
                    "status": "final",
                    "category": [coded(category, f"{KINDS}observation-category", category)],
                    "code": coded(code, LOINC, words) | {"text": words},
                    "subject": self.of,
                    "encounter": {"reference": "Encounter/e0"},
                    "effectiveDateTime": moment,
                    "issued": moment,
                    "performer": [{"reference": "Organization/lab", "display": "Laboratory"}],
                    "valueQuantity": quantity(value, unit),
                }
            )
        return made

    def smoking(self) -> Json:
        """A habit, as a coded answer."""
        return self.base("Observation") | {
            "status": "final",
            "category": [coded("social-history", f"{KINDS}observation-category", "Social History")],
            "code": coded("72166-2", LOINC, "Tobacco smoking status"),
            "subject": self.of,
            "effectiveDateTime": self.when(100),
            "valueCodeableConcept": coded("266919005", SNOMED, "Never smoked tobacco"),
        }

    def conditions(self) -> list[Json]:
        """Diseases that go on."""
        return [
            self.base("Condition")
            | {
                "clinicalStatus": coded("active", f"{KINDS}condition-clinical", "Active"),
                "verificationStatus": coded(
                    "confirmed", f"{KINDS}condition-ver-status", "Confirmed"
                ),
                "category": [coded("problem-list-item", f"{KINDS}condition-category", "Problem")],
                "code": coded(code, SNOMED, words) | {"text": words},
                "subject": self.of,
                "onsetDateTime": self.when(200 + self.draw.randrange(3000)),
                "recordedDate": self.when(100),
            }
            for code, words in self.draw.sample(DISEASES, COUNTS["conditions"])
        ]

    def allergies(self) -> list[Json]:
        """Recorded allergies."""
        return [
            self.base("AllergyIntolerance")
            | {
                "clinicalStatus": coded("active", f"{KINDS}allergyintolerance-clinical", "Active"),
                "code": coded(code, RXNORM, words),
                "patient": self.of,
                "criticality": "low",
                "recordedDate": self.when(900),
            }
            for code, words in self.draw.sample(ALLERGENS, COUNTS["allergies"])
        ]

    def encounters(self) -> list[Json]:
        """Visits."""
        return [
            self.base("Encounter")
            | {
                "status": "finished",
                "class": {"system": f"{KINDS}v3-ActCode", "code": "AMB", "display": "ambulatory"},
                "type": [coded("185349003", SNOMED, "Encounter for check up")],
                "subject": self.of,
                "period": {"start": self.when(30 * n + 1), "end": self.when(30 * n + 0.9)},
            }
            for n in range(COUNTS["encounters"])
        ]

    def procedures(self) -> list[Json]:
        """What was done."""
        return [
            self.base("Procedure")
            | {
                "status": "completed",
                "code": coded(*PROCEDURES[n % len(PROCEDURES)][:1], SNOMED,
                              PROCEDURES[n % len(PROCEDURES)][1]),
                "subject": self.of,
                "performedDateTime": self.when(300 + 100 * n),
            }
            for n in range(COUNTS["procedures"])
        ]  # fmt: skip

    def draft(self, name: str, place: int) -> Json:
        """An order that waits for a signature."""
        return {
            "resourceType": "MedicationRequest",
            "id": f"draft-{place}",
            "status": "draft",
            "intent": "order",
            "medicationCodeableConcept": {"text": name},
            "subject": self.of,
            "authoredOn": self.when(0),
            "dosageInstruction": [
                {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                 "route": coded("26643006", SNOMED, "Oral route"),
                 "doseAndRate": [{"doseQuantity": quantity(20, "mg")}]}
            ],
        }  # fmt: skip


def coded(code: str, system: str, display: str) -> Json:
    """A concept with one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(value: float, unit: str) -> Json:
    """A number with its unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
