"""The codes that the synthetic sites write: diagnoses, medicines, tests, procedures, vaccines."""

from __future__ import annotations

from typing import NamedTuple

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX = "http://hl7.org/fhir/sid/cvx"
UCUM = "http://unitsofmeasure.org"


class Diagnosis(NamedTuple):
    """One condition in both vocabularies."""

    snomed: str
    icd10: str
    display: str


DIAGNOSES = {
    "hypertension": Diagnosis("38341003", "I10", "Hypertension"),
    "diabetes": Diagnosis("44054006", "E11.9", "Type 2 diabetes mellitus"),
    "chronic_kidney_disease": Diagnosis("709044004", "N18.9", "Chronic kidney disease"),
    "atrial_fibrillation": Diagnosis("49436004", "I48.91", "Atrial fibrillation"),
    "heart_failure": Diagnosis("84114007", "I50.9", "Heart failure"),
    "mitral_stenosis": Diagnosis("79619009", "I05.0", "Mitral stenosis"),
    "depression": Diagnosis("35489007", "F32.9", "Depression"),
    "statin_intolerance": Diagnosis("68962001", "M79.10", "Muscle pain"),
    "heart_attack": Diagnosis("22298006", "I21.9", "Myocardial infarction"),
    "gastrointestinal_bleed": Diagnosis("74474003", "K92.2", "Gastrointestinal haemorrhage"),
    "intracranial_bleed": Diagnosis("1386000", "I62.9", "Intracranial haemorrhage"),
}

# Medicine -> RxNorm ingredient and name.
MEDICINES = {
    "statin": ("83367", "atorvastatin"),
    "ace_inhibitor": ("35296", "ramipril"),
    "metformin": ("6809", "metformin"),
    "nsaid": ("5640", "ibuprofen"),
    "ssri": ("36437", "sertraline"),
    "omeprazole": ("7646", "omeprazole"),
    "pantoprazole": ("40790", "pantoprazole"),
    "aspirin": ("1191", "aspirin"),
    "clopidogrel": ("32968", "clopidogrel"),
    "ticagrelor": ("1116632", "ticagrelor"),
    "warfarin": ("11289", "warfarin"),
    "apixaban": ("1364430", "apixaban"),
}


class Test(NamedTuple):
    """One test or vital sign: code, name, usual UCUM unit, places after the point."""

    loinc: str
    display: str
    unit: str
    places: int
    category: str


TESTS = {
    "creatinine": Test("2160-0", "Creatinine", "mg/dL", 2, "laboratory"),
    "egfr": Test("98979-8", "eGFR CKD-EPI 2021", "mL/min/{1.73_m2}", 0, "laboratory"),
    "hba1c": Test("4548-4", "Hemoglobin A1c", "%", 1, "laboratory"),
    "glucose": Test("2345-7", "Glucose", "mg/dL", 0, "laboratory"),
    "ldl": Test("13457-7", "LDL cholesterol, calculated", "mg/dL", 0, "laboratory"),
    "haemoglobin": Test("718-7", "Hemoglobin", "g/dL", 1, "laboratory"),
    "potassium": Test("2823-3", "Potassium", "mmol/L", 1, "laboratory"),
    "heart_rate": Test("8867-4", "Heart rate", "/min", 0, "vital-signs"),
    "bmi": Test("39156-5", "Body mass index", "kg/m2", 1, "vital-signs"),
    "blood_pressure": Test("85354-9", "Blood pressure panel", "mm[Hg]", 0, "vital-signs"),
    "smoking": Test("72166-2", "Tobacco smoking status", "", 0, "social-history"),
    "alcohol": Test("75626-2", "AUDIT-C total score", "{score}", 0, "survey"),
    "activity": Test(
        "82290-8", "Moderate to vigorous physical activity", "min/wk", 0, "social-history"
    ),
}
SYSTOLIC = ("8480-6", "Systolic blood pressure")
DIASTOLIC = ("8462-4", "Diastolic blood pressure")

# (test, unit) -> factor from the usual unit, and places after the point.
UNITS = {
    ("creatinine", "umol/L"): (88.402, 0),
    ("glucose", "mmol/L"): (1 / 18.0156, 1),
    ("ldl", "mmol/L"): (1 / 38.665, 2),
    ("haemoglobin", "g/L"): (10.0, 0),
}
MOLAR_CODES = {"creatinine": "14682-9", "glucose": "14749-6", "ldl": "39469-2"}

SMOKING = {
    "current": ("LA18976-3", "Current every day smoker"),
    "former": ("LA15920-4", "Former smoker"),
    "never": ("LA18978-9", "Never smoker"),
}

PROCEDURES = {"stent": ("36969009", "027034Z", "Placement of stent in coronary artery")}
VACCINES = {"influenza": ("150", "Influenza, injectable, quadrivalent")}
ALLERGIES = {"penicillin": ("7984", "penicillin V"), "sulfonamide": ("10180", "sulfamethoxazole")}
FAMILY_HISTORY = ("53741008", "Coronary arteriosclerosis")
PANEL = ("24323-8", "Comprehensive metabolic panel")
