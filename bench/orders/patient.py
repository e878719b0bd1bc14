"""The patient of a case as FHIR R4 resources: complete and healthy, but for the facts of the case.

Without other facts: a man of 45 years and 80 kg, no known allergy, kidney and liver tests of last
week normal. So a silent answer to a harmless order cannot be excused by a missing datum, and what
is said about a harmful one is about its fact. References: HL7 FHIR R4 (4.0.1); eGFR is CKD-EPI 2021
(Inker et al., N Engl J Med 2021;385:1737), of which creatinine is computed backwards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bench.orders.tables import Case, Code, conditions, medicines

Json = dict[str, Any]
SYSTEMS = {
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ATC": "http://www.whocc.no/atc",
    "SNOMED": "http://snomed.info/sct",
    "LOINC": "http://loinc.org",
    "local": "urn:nof1:bench:orders",
}
PATIENT = "bench-patient"
SUBJECT = {"reference": f"Patient/{PATIENT}"}
LABS_DAYS, OLD_DAYS, LONG_DAYS = 7, 400, 120
# LOINC: CYP2C19, CYP2D6, CYP2C9 and DPYD were read in a public list, the others are known.
GENES = {
    "CYP2C19": "79714-2",
    "CYP2D6": "79715-9",
    "CYP2C9": "79716-7",
    "CYP3A5": "79717-5",
    "DPYD": "79719-1",
    "TPMT": "79713-4",
    "SLCO1B1": "79722-5",
}
PHENOTYPES = {
    "poor": ("LA9657-3", "Poor metabolizer"),
    "intermediate": ("LA10317-8", "Intermediate metabolizer"),
    "normal": ("LA25391-6", "Normal metabolizer"),
    "ultrarapid": ("LA10315-2", "Ultrarapid metabolizer"),
}
DECOMPENSATED = {"alt": 190.0, "bilirubin": 5.2, "albumin": 2.4, "inr": 2.1}
HEALTHY = {"alt": 22.0, "bilirubin": 0.6, "albumin": 4.3, "inr": 1.0}
# SNOMED CT codes read in the sample FHIR R4 bulk export of smart-on-fhir (AllergyIntolerance).
REACTIONS = {
    "anaphylaxis": ("39579001", "Anaphylaxis"),
    "angioedema": ("402387002", "Allergic angioedema"),
    "rash": ("271807003", "Eruption of skin"),
    "wheals": ("247472004", "Wheal"),
    "vomiting": ("300359004", "Finding of vomiting"),
}
LABS = {
    "creatinine": ("2160-0", "Creatinine", "mg/dL"),
    "egfr": ("98979-8", "eGFR (CKD-EPI 2021)", "mL/min/{1.73_m2}"),
    "alt": ("1742-6", "Alanine aminotransferase", "U/L"),
    "bilirubin": ("1975-2", "Bilirubin, total", "mg/dL"),
    "albumin": ("1751-7", "Albumin", "g/dL"),
    "inr": ("6301-6", "INR", "{INR}"),
    "potassium": ("2823-3", "Potassium", "mmol/L"),
    "weight": ("29463-7", "Body weight", "kg"),
}


def resources(case: Case, at: datetime) -> list[Json]:
    """Everything that the record holds about the patient at ``at`` (UTC without zone)."""
    facts = dict(case.facts)
    made = [_patient(facts, at), *_measured(facts, at), *_allergies(facts, at)]
    made += [_condition(name, at) for name in _sick(case, facts)]
    made += [_gene(value, at) for name, value in case.facts if name == "gene"]
    made += [_taken(name, number, at) for number, name in enumerate(case.current, 1)]
    return made


def concept(code: Code) -> Json:
    """A CodeableConcept with one coding and its words."""
    coding = {"system": SYSTEMS[code.vocabulary], "code": code.code, "display": code.display}
    return {"coding": [coding], "text": code.display}


def medicine(name: str) -> Json:
    """A medicine as it is ordered; a name without a code here gets a local one."""
    return concept(medicines().get(name, Code("local", name, name)))


def creatinine_for(egfr: float, age: float, female: bool) -> float:
    """Creatinine (mg/dL) at which CKD-EPI 2021 gives this eGFR; found by halving."""
    low, high = 0.1, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if ckd_epi(middle, age, female) > egfr else (low, middle)
    return round(low, 2)


def ckd_epi(creatinine: float, age: float, female: bool) -> float:
    """The eGFR (mL/min/1.73 m2) of an adult: CKD-EPI 2021, without race."""
    ratio = creatinine / (0.7 if female else 0.9)
    power = -0.241 if female else -0.302
    shape = min(ratio, 1.0) ** power * max(ratio, 1.0) ** -1.2
    return float(142 * shape * 0.9938**age * (1.012 if female else 1.0))


def moment(at: datetime, days: float) -> str:
    """The time so many days before ``at``, as FHIR writes it."""
    return (at - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_female(facts: dict[str, str]) -> bool:
    return "pregnant" in facts or facts.get("sex") == "female"


def _age(facts: dict[str, str]) -> int:
    return int(facts.get("age", "30" if "pregnant" in facts else "45"))


def _patient(facts: dict[str, str], at: datetime) -> Json:
    born = at - timedelta(days=365.25 * _age(facts) + 90)
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "gender": "female" if _is_female(facts) else "male",
        "birthDate": born.date().isoformat(),
    }


def _measured(facts: dict[str, str], at: datetime) -> list[Json]:
    """Kidney, liver, potassium and weight; a child below 18 has creatinine and no adult eGFR."""
    age, female = _age(facts), _is_female(facts)
    values = dict(DECOMPENSATED if facts.get("liver") else HEALTHY)
    values |= {"potassium": 4.2, "weight": float(facts.get("weight", "80"))}
    if "no_labs" not in facts:
        egfr = float(facts.get("egfr", "95"))
        values["creatinine"] = 0.45 if age < 18 else creatinine_for(egfr, age, female)
        if age >= 18:
            values["egfr"] = egfr
    if "lab" in facts:
        name, number = facts["lab"].split()
        values[name] = float(number)
    days = OLD_DAYS if "old_labs" in facts else LABS_DAYS
    return [_lab(name, value, at, days) for name, value in values.items()]


def _lab(name: str, value: float, at: datetime, days: float) -> Json:
    code, display, unit = LABS[name]
    system = "http://unitsofmeasure.org"
    return {
        "resourceType": "Observation",
        "id": f"lab-{name}",
        "status": "final",
        "category": [_category("vital-signs" if name == "weight" else "laboratory")],
        "code": concept(Code("LOINC", code, display)),
        "subject": SUBJECT,
        "effectiveDateTime": moment(at, days),
        "valueQuantity": {"value": value, "unit": unit, "system": system, "code": unit},
    }


def _allergies(facts: dict[str, str], at: datetime) -> list[Json]:
    if "no_allergies" in facts:
        return []
    value = facts.get("allergy", "snomed 716186003 No known allergy")
    code = medicines().get(value)
    if value.startswith("snomed "):
        _, number, display = value.split(" ", 2)
        code = Code("SNOMED", number, display)
    assert code is not None, value
    made: Json = {
        "resourceType": "AllergyIntolerance",
        "id": "allergy",
        "clinicalStatus": _status("allergyintolerance-clinical", "active"),
        "verificationStatus": _status("allergyintolerance-verification", "confirmed"),
        "code": concept(code),
        "patient": SUBJECT,
        "recordedDate": moment(at, LONG_DAYS),
    }
    if "reaction" in facts:
        seen = concept(Code("SNOMED", *REACTIONS[facts["reaction"]]))
        made["reaction"] = [{"manifestation": [seen]}]
    return [made]


def _sick(case: Case, facts: dict[str, str]) -> list[str]:
    made = [value for name, value in case.facts if name == "condition"]
    made += ["pregnancy"] if "pregnant" in facts else []
    if facts.get("liver"):
        made += ["cirrhosis", "decompensated cirrhosis", "ascites", "hepatic encephalopathy"]
    return made


def _condition(name: str, at: datetime) -> Json:
    return {
        "resourceType": "Condition",
        "id": "condition-" + name.replace(" ", "-"),
        "clinicalStatus": _status("condition-clinical", "active"),
        "verificationStatus": _status("condition-ver-status", "confirmed"),
        "code": concept(conditions()[name]),
        "subject": SUBJECT,
        "onsetDateTime": moment(at, LONG_DAYS),
        "recordedDate": moment(at, LONG_DAYS),
    }


def _gene(value: str, at: datetime) -> Json:
    """A gene result as laboratories report it (HL7 genomics reporting: the gene as component)."""
    gene, words = value.split(" ", 1)
    if gene in GENES and words in PHENOTYPES:
        answer = concept(Code("LOINC", *PHENOTYPES[words]))
    else:
        answer = {"text": f"{gene}*{words}" if gene.startswith("HLA") else words}
    code = concept(Code("LOINC", GENES[gene], f"{gene} phenotype")) if gene in GENES else None
    studied = concept(Code("LOINC", "48018-6", "Gene studied [ID]"))
    return {
        "resourceType": "Observation",
        "id": "gene",
        "status": "final",
        "category": [_category("laboratory")],
        "code": code or concept(Code("LOINC", "51963-7", "Medication assessed; genetic result")),
        "subject": SUBJECT,
        "effectiveDateTime": moment(at, LONG_DAYS),
        "valueCodeableConcept": answer,
        "component": [{"code": studied, "valueCodeableConcept": {"text": gene}}],
    }


def _taken(name: str, number: int, at: datetime) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"current-{number}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": medicine(name),
        "subject": SUBJECT,
        "authoredOn": moment(at, 60),
    }


def _category(code: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {"coding": [{"system": system, "code": code}]}


def _status(system: str, code: str) -> Json:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}
