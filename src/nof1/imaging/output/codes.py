"""Codes of the DICOM answers: vocabularies, quantities, organs.

Sources: DICOM PS3.16 (DCM codes, CID 7150, 7469), SNOMED CT concept numbers as listed in PS3.16 or
the SNOMED browser, UCUM units.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nof1.core.errors import InputError
from nof1.core.finding import Coding

OWN = "99NOF1"  # a private scheme starts with 99 (PS3.16, section 8.2)
SCHEMES = {
    "SNOMED": "SCT",
    "SCT": "SCT",
    "RADLEX": "RADLEX",
    "LOINC": "LN",
    "DCM": "DCM",
    "UCUM": "UCUM",
    "ICD10CM": "I10",
    "ICD10": "I10",
}
LONGEST_MEANING = 64  # characters of the value representation LO

PROBABILITY = codes.DCM.Probability
NOT_EVALUATED = codes.SCT.NotEvaluated
COMMENT = codes.DCM.Comment
ATTENTION = Code("model-attention", OWN, "Where the model looked")

FAMILIES = {"model": codes.DCM.ArtificialIntelligence, "rule": codes.DCM.MorphologicalOperations}

ANATOMY = codes.SCT.AnatomicalStructure
RELATION = codes.SCT.SpatialAndRelationalConcept

ORGANS = {
    "body": codes.SCT.EntireBody,
    "lungs": codes.SCT.Lung,
    "left lung": Code("44029006", "SCT", "Left lung"),
    "right lung": Code("3341006", "SCT", "Right lung"),
    "bone": codes.SCT.Bone,
}
PROCEDURES = {
    "CT": codes.cid100.CTUnspecifiedBodyRegion,
    "MR": codes.cid100.MRIUnspecifiedBodyRegion,
    **{name: codes.cid100.XRUnspecifiedBodyRegion for name in ("DX", "CR", "RG", "RF")},
}
OTHER_PROCEDURE = codes.cid100.ImagingProcedure


@dataclass(frozen=True)
class Quantity:
    """What a number is: its name, unit and how it was derived."""

    name: Code
    unit: Code
    derivation: Code | None = None


QUANTITIES = {
    "1": Quantity(PROBABILITY, codes.UCUM.NoUnits),
    "mL": Quantity(codes.SCT.Volume, Code("mL", "UCUM", "milliliter")),
    "[hnsf'U]": Quantity(
        codes.DCM.AttenuationCoefficient, codes.UCUM.HounsfieldUnit, codes.SCT.Mean
    ),
}


def quantity(unit: str) -> Quantity:
    """The quantity of a finding's unit.

    Raises
    ------
    InputError : for a unit that no picture is answered in.
    """
    if unit not in QUANTITIES:
        raise InputError(
            f"The unit {unit!r} is not one of an image's findings.", allowed=sorted(QUANTITIES)
        )
    return QUANTITIES[unit]


def code(coding: Coding) -> Code:
    """A finding's coding (``SNOMED//233604007``) as a DICOM code.

    A vocabulary that DICOM does not name goes under our private scheme, whole.
    """
    scheme, _, value = coding.code.partition("//")
    meaning = (
        coding.display if len(coding.display) <= LONGEST_MEANING else coding.display[:61] + "..."
    )
    known = SCHEMES.get(scheme.upper())
    if known is None or not value:
        return Code(coding.code, OWN, meaning)
    return Code(value, known, meaning)
