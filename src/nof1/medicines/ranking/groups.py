"""Whether a guideline's group of patients ("acute coronary syndrome or PCI") is this patient's.

Three answers: yes, no, not known. Not known is the usual one, and keeps the advice.
"""

from __future__ import annotations

from collections.abc import Iterable

from nof1.medicines.ranking.known import Known

# Beginnings of codes of diagnoses and procedures: acute coronary syndrome, coronary intervention.
CORONARY = (
    *("ICD10CM//I20.0", "ICD10CM//I21", "ICD10CM//I22", "ICD10CM//Z95.5", "ICD10PCS//0270"),
    *("ICD10PCS//0271", "ICD10PCS//0272", "ICD10PCS//0273"),
    *("SNOMED//22298006", "SNOMED//394659003", "SNOMED//57054005", "SNOMED//36969009"),
    *("SNOMED//415070008", "SNOMED//401303003", "SNOMED//401314000", "SNOMED//4557003"),
)
BRAIN = (
    *("ICD10CM//I63", "ICD10CM//G45", "SNOMED//230690007", "SNOMED//422504002"),
    *("SNOMED//266257000", "SNOMED//432504007"),
)
VESSELS = ("acute coronary syndrome", "myocardial infarction", "coronary artery disease")
DEPRESSION = ("endogenous depression",)


def belongs(group: str, known: Known, disease: str) -> bool | None:
    """Whether the patient belongs to the group; None when that is not known.

    Parameters
    ----------
    disease : name of the disease that is asked about (``nof1.knowledge.indications``).
    """
    if group == "general":
        return True
    age = known.age_years
    if group in AGES:
        low, high = AGES[group]
        return None if age is None else low <= age < high
    coronary = disease in VESSELS[:2] or _has(known, CORONARY)
    brain = _has(known, BRAIN)
    if group == "acute coronary syndrome or PCI":
        return True if coronary else None
    if group == "coronary intervention, stroke or TIA":
        return True if coronary or brain else None
    if group == "stroke, TIA or neurovascular procedure":
        return True if brain else False if coronary or disease in VESSELS else None
    if group == "heart or vessel disease without ACS or PCI":
        return False if coronary else None
    if group == "depression" and disease in DEPRESSION:
        return True
    return None


AGES = {
    "adults": (18.0, 200.0),
    "children": (0.0, 18.0),
    "adults of 65 or older": (65.0, 200.0),
    "adults under 65": (18.0, 65.0),
    "12 years or older": (12.0, 200.0),
    "under 12 years": (0.0, 12.0),
}


def _has(known: Known, beginnings: Iterable[str]) -> bool:
    starts = tuple(beginnings)
    return any(code.startswith(starts) for code in known.last)
