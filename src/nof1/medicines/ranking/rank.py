"""All medicines for one disease, for one patient at one moment.

Candidates come from the table of indications. Each becomes one row with separate columns; the order
is a rule, not a score (``nof1.medicines.ranking.order``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from nof1.core.errors import UsageError
from nof1.core.finding import Finding
from nof1.genome.medicines import taken
from nof1.knowledge import (
    conditions,
    drugs,
    hepatic,
    indications,
    interactions,
    pregnancy,
    renal,
)
from nof1.knowledge import effects as trials
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import NOT_INDICATED, Candidate, Disease
from nof1.medicines.ranking import allergy, benefit, expected, genes, order, organs, others, person
from nof1.medicines.ranking.expected import PatientEffect, PatientRisk
from nof1.medicines.ranking.known import Known, known
from nof1.medicines.ranking.rows import Named, Row
from nof1.record.current import current_medicines

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
    risks : what models say about outcomes of the disease in this patient, each outcome once.
    """

    disease: Disease
    rows: tuple[Row, ...]
    not_indicated: tuple[Candidate, ...]
    known: Known
    risks: tuple[PatientRisk, ...] = ()


def rank(
    events: pl.DataFrame,
    at: datetime,
    condition: str,
    names: Mapping[str, str] | None = None,
    *,
    risks: Sequence[PatientRisk] = (),
    effects: Sequence[PatientEffect] = (),
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
    risks : what models say about this patient's risks; outcomes that do not matter here are left.
    effects : what treatment-effect models say about medicines in this patient.
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
    here = _situation(events, patient, names or {}, disease, risks, base)
    kidney = organs.kidneys_of(patient)
    rows = [
        _row(patient, kidney, one, here, effects, laboratory.get(one.medicine), base)
        for one in wanted
    ]
    refused = tuple(one for one in found if one.kind == NOT_INDICATED)
    return Ranking(disease, order.ordered(rows), refused, patient, here.risks)


def _situation(
    events: pl.DataFrame,
    patient: Known,
    names: Mapping[str, str],
    disease: Disease,
    risks: Sequence[PatientRisk],
    base: Base,
) -> expected.Situation:
    """The risks that matter here, with what was taken when they began and what happened since."""
    wanted = trials.outcomes(disease.name, base)
    chosen = expected.preferred([one for one in risks if one.outcome in wanted], disease.name)
    now = frozenset(one.name for one in patient.medicines)
    then, over = {}, set()
    for one in chosen:
        start = one.finding.counted_from
        if start is None:
            continue
        began = start.replace(tzinfo=None)
        then[one.outcome] = frozenset(
            each.name for each in taken(current_medicines(events, began), names)
        )
        if any(
            time > began and trials.means(code, one.outcome, base)
            for code, time in patient.started.items()
            if code in patient.diagnoses
        ):
            over.add(one.outcome)
    return expected.Situation(chosen, now, then, frozenset(over))


def _row(
    patient: Known,
    kidney: organs.Kidneys,
    candidate: Candidate,
    here: expected.Situation,
    effects: Sequence[PatientEffect],
    laboratory: Finding | None,
    base: Base,
) -> Row:
    drug, disease = candidate.medicine, candidate.disease
    efficacy, benefits = benefit.efficacy(candidate, here, effects, base)
    made = (
        efficacy,
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
    current = patient.takes(drug)
    return Row(
        medicine=_named(drug, base),
        purpose=candidate.purpose,
        current=current.event if current else None,
        columns={one.name: one for one in made},
        laboratory=benefit.laboratory(laboratory),
        grade=benefit.grade(candidate),
        grade_text=benefit.grade_text(candidate),
        covered=_covered(drug, base),
        benefits=benefits,
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
