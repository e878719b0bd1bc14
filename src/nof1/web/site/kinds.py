"""Sorts of events: what a code is, how people call it, and who may read it.

A reader without the scope of a sort sees none of its events, on no page and in no twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from starlette.requests import Request

from nof1.core.unit_words import unit_words
from nof1.imaging.readings import PREFIX
from nof1.predict.reasons import words
from nof1.web.access import guard
from nof1.web.access.emergency import mark
from nof1.web.access.principal import decide


@dataclass(frozen=True)
class Kind:
    """A sort: its name in an address, its title, its codes' beginnings, the scope it asks for."""

    name: str
    title: str
    prefixes: tuple[str, ...]
    scope: str


KINDS = (
    Kind("problems", "Problems", ("SNOMED//", "ICD10CM//", "ICD10GM//", "ICD10//", "ICD9CM//"),
         "Condition"),
    Kind("procedures", "Procedures", ("ICD10PCS//", "CPT4//", "HCPCS//", "OPS//"), "Procedure"),
    Kind("medicines", "Medicines", ("RxNorm//", "ATC//", "NDC//", "END//"), "MedicationRequest"),
    Kind("vaccines", "Vaccines", ("CVX//",), "Immunization"),
    Kind("encounters", "Encounters", ("ENCOUNTER",), "Encounter"),
    Kind("measurements", "Measurements", ("LOINC//", "LAB//"), "Observation"),
    Kind("lifestyle", "Lifestyle", ("LIFESTYLE//",), "Observation"),
    Kind("surroundings", "Surroundings", ("EXPOSURE//", "REGION//"), "Observation"),
    Kind("films", "Films", ("IMAGING//", "IMAGE//"), "ImagingStudy"),
    Kind("genes", "Genes", ("GENE//", "PHENOTYPE//", "PGS//"), "MolecularSequence"),
    Kind("allergies", "Allergies", ("ALLERGY//",), "AllergyIntolerance"),
    Kind("family", "Family", ("FAMILY//",), "FamilyMemberHistory"),
    Kind("person", "Person", ("GENDER//", "MEDS_"), "Patient"),
    Kind("other", "Other", (), "DocumentReference"),
)  # fmt: skip
NAMES = {one.name: one for one in KINDS}
FINDINGS = {  # the scope that an answer of a kind asks for
    "risk": "RiskAssessment",
    "effect": "RiskAssessment",
    "medication": "MedicationRequest",
    "image": "ImagingStudy",
    "genotype": "MolecularSequence",
    "alert": "DetectedIssue",
}


def kind_of(code: str) -> Kind:
    """The sort of a code.

    >>> kind_of("END//RxNorm//1").name, kind_of("XYZ//1").name
    ('medicines', 'other')
    """
    return next((one for one in KINDS if one.prefixes and code.startswith(one.prefixes)), KINDS[-1])


def is_kind(kind: Kind) -> pl.Expr:
    """Rows of a sort."""
    code = pl.col("code")
    if kind.prefixes:
        return pl.any_horizontal(*(code.str.starts_with(one) for one in kind.prefixes))
    known = [one for other in KINDS for one in other.prefixes]
    return ~pl.any_horizontal(*(code.str.starts_with(one) for one in known))


def readable(request: Request, patient: str) -> tuple[Kind, ...]:
    """The sorts that this reader may see of a patient."""
    may = {scope: quietly(request, "read", scope, patient) for scope in {k.scope for k in KINDS}}
    return tuple(one for one in KINDS if may[one.scope])


def of_kinds(events: pl.DataFrame, kinds: tuple[Kind, ...]) -> pl.DataFrame:
    """The rows of these sorts."""
    if len(kinds) == len(KINDS):
        return events
    return events.filter(pl.any_horizontal(pl.lit(False), *(is_kind(one) for one in kinds)))


def may_hear(request: Request, patient: str, kind: str) -> bool:
    """Whether this reader may see answers of a kind about a patient."""
    scope = FINDINGS.get(kind, "RiskAssessment")
    return quietly(request, "read", scope, patient)


def quietly(request: Request, action: str, kind: str, patient: str | None) -> bool:
    """As ``guard.may``, for the many small questions of one page.

    Emergency access is noted at the page's door, and the page in the audit log; it is not noted
    again for each sort of event.
    """
    access = request.scope["state"].get("access")
    desk = None if access is None else access.desk
    whom = patient
    if desk is not None and patient is not None:
        whom = mark(desk.workspace.audit, patient)
    return decide(guard.who(request), action, kind, whom).allowed


def named(code: str, names: Mapping[str, str]) -> str:
    """A code in words.

    >>> named("IMAGE//lung_opacity", {})
    'Film: lung opacity'
    """
    if code.startswith(PREFIX) and code not in names:
        return f"Film: {code.removeprefix(PREFIX).replace('_', ' ')}"
    return words(code, names)


def after(unit: str | None) -> str:
    """A UCUM unit as people write it, with a space before it; "" where there is none.

    >>> after("mL/min/{1.73_m2}"), after("{score}"), after("mm[Hg]")
    (' mL/min/1.73 m²', '', ' mmHg')
    """
    said = unit_words(unit)
    return f" {said}" if said else ""
