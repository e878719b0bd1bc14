"""All medicines for one disease, for one patient at one moment.

Candidates come from the table of indications. Each becomes one row with separate columns; the order
is a rule, not a score (``nof1.medicines.ranking.order``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from nof1.core.errors import UsageError
from nof1.core.finding import Finding
from nof1.knowledge import (
    conditions,
    drugs,
    hepatic,
    indications,
    interactions,
    pregnancy,
    renal,
)
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import NOT_INDICATED, Candidate, Disease
from nof1.medicines.ranking import allergy, benefit, genes, order, organs, others, person
from nof1.medicines.ranking.columns import Named, Row
from nof1.medicines.ranking.known import Known, known

NO_FINDINGS: Mapping[str, Finding] = {}


@dataclass(frozen=True)
class Ranking:
    """The answer.

    Attributes
    ----------
    disease : what was asked about.
    rows : purpose by purpose, in each the best first.
    not_indicated : medicines that were looked at for it and are no treatment.
    known : what the rows rest on.
    """

    disease: Disease
    rows: tuple[Row, ...]
    not_indicated: tuple[Candidate, ...]
    known: Known


def rank(
    events: pl.DataFrame,
    at: datetime,
    condition: str,
    names: Mapping[str, str] | None = None,
    *,
    effects: Mapping[str, Finding] = NO_FINDINGS,
    laboratory: Mapping[str, Finding] = NO_FINDINGS,
    base: Base = SHIPPED,
) -> Ranking:
    """Rank the medicines of a disease for a patient.

    Parameters
    ----------
    events : the patient's events (``nof1.record.events.SCHEMA``).
    at : the moment of asking, UTC without zone; nothing known later is used.
    condition : ``SNOMED//49436004``, ``ICD10CM//I48.91``, ``DOID//0060224``, or a name.
    names : words for codes.
    effects : medicine -> a stored finding about its effect in this patient.
    laboratory : medicine -> what cell lines say; shown, never ranked by.

    Raises
    ------
    UsageError : the disease is not known (with the nearest names), or has no medicine here.
    """
    disease = indications.find(condition, base)
    found = indications.candidates(disease.name, base)
    wanted = [one for one in found if one.kind != NOT_INDICATED]
    if not wanted:
        raise UsageError(
            f"Our table of indications has no medicine for {disease.name}.",
            where="--condition",
            next_step="Add pairs to knowledge/indications.tsv of the workspace, with a source.",
        )
    patient = known(events, at, names or {}, base)
    kidney = organs.kidneys_of(patient)
    rows = [
        _row(patient, kidney, one, effects, laboratory.get(one.medicine), base) for one in wanted
    ]
    refused = tuple(one for one in found if one.kind == NOT_INDICATED)
    return Ranking(disease, order.ordered(rows), refused, patient)


def _row(
    patient: Known,
    kidney: organs.Kidneys,
    candidate: Candidate,
    effects: Mapping[str, Finding],
    laboratory: Finding | None,
    base: Base,
) -> Row:
    drug, disease = candidate.medicine, candidate.disease
    made = (
        benefit.efficacy(candidate, effects, base),
        genes.pharmacogenomics(patient, drug, disease, base),
        genes.phenoconversion(patient, drug, disease, base),
        others.interactions(patient, drug, base),
        allergy.allergies(patient, drug, base),
        organs.renal(patient, kidney, drug, disease, base),
        organs.hepatic(patient, drug, base),
        person.pregnancy(patient, drug, base),
        person.age(patient, drug, base),
        person.conditions(patient, drug, base),
        others.duplicates(patient, drug, base),
    )
    taken = patient.takes(drug)
    return Row(
        medicine=_named(drug, base),
        purpose=candidate.purpose,
        current=taken.event if taken else None,
        columns={one.name: one for one in made},
        laboratory=benefit.laboratory(laboratory),
        grade=benefit.grade(candidate),
        grade_text=benefit.grade_text(candidate),
        covered=_covered(drug, base),
    )


def _covered(drug: str, base: Base) -> bool:
    """Whether any table of safety has a row about the medicine."""
    tables = (renal, hepatic, conditions, pregnancy)
    return interactions.known(drug, base) or any(table.of(drug, base) for table in tables)


def _named(drug: str, base: Base) -> Named:
    found = drugs.find(drug, base)
    if found is None:
        return Named(drug, None, ())
    return Named(found.name, found.rxnorm or None, found.atc)
