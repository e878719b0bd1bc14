"""FHIR medication orders, statements, administrations and dispenses.

The medicine is named in the resource, in a Medication it contains, or in one it refers to, which
may stand in a later file (``Medicines``). A Medication without a code of its own is named by its
ingredients, one event each. Orders and statements with a dosage period also give ``END//<code>``.
Nothing is guessed: a stopped order without a date has no end event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from nof1.record.importers.fhir_bundle import UNREADABLE
from nof1.record.importers.fhir_codes import names
from nof1.record.importers.fhir_datatypes import CodeableConcept, Reference
from nof1.record.importers.fhir_dates import first_of
from nof1.record.importers.fhir_references import Place, resolve
from nof1.record.importers.fhir_rows import NotAFact, Refused, Rows, unit_of
from nof1.record.importers.fhir_status import require_fact, require_order
from nof1.record.importers.fhir_types import (
    Dosage,
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Medicine,
)

_MEDICATION = msgspec.json.Decoder(Medication)
DEEPEST_REFERENCE = 8  # Medication -> ingredient -> Medication ...: a loop is longer than this

Medicines = Mapping[str, Medication]  # "Medication/<id>" -> resource


def request(it: MedicationRequest, rows: Rows, place: Place) -> None:
    """A prescription when it was written, and the end of its dosage period."""
    require_fact("MedicationRequest", it.status)
    require_order(it.intent)
    if it.doNotPerform:
        raise NotAFact("MedicationRequest orders not to give the medicine (doNotPerform)")
    known = rows.known_at(it.authoredOn, "authoredOn")
    start, end = _dosage(it.dosageInstruction, rows)
    _add(it, rows, place, first_of(known, start), end)


def statement(it: MedicationStatement, rows: Rows, place: Place) -> None:
    """A medicine somebody says the patient takes: from when, and until when."""
    require_fact("MedicationStatement", it.status)
    known = rows.known_at(it.dateAsserted, "dateAsserted")
    when = rows.moment(it.effectiveDateTime, "effectiveDateTime", known)
    start, end = rows.period(it.effectivePeriod, "effectivePeriod", known)
    first, last = _dosage(it.dosage, rows)
    _add(it, rows, place, first_of(when, start, first, known), first_of(end, last))


def administration(it: MedicationAdministration, rows: Rows, place: Place) -> None:
    """A dose that was given; number and unit are the dose's."""
    require_fact("MedicationAdministration", it.status)
    when = rows.moment(it.effectiveDateTime, "effectiveDateTime")
    start, end = rows.period(it.effectivePeriod, "effectivePeriod")
    dose = it.dosage.dose if it.dosage else None
    unit = unit_of(dose) if dose else None
    number = rows.number(dose) if dose and unit else None
    _add(it, rows, place, first_of(when, start), end, number, unit)


def dispense(it: MedicationDispense, rows: Rows, place: Place) -> None:
    """A medicine handed over, or at least prepared."""
    require_fact("MedicationDispense", it.status)
    handed = rows.moment(it.whenHandedOver, "whenHandedOver")
    prepared = rows.moment(it.whenPrepared, "whenPrepared")
    start, end = _dosage(it.dosageInstruction, rows)
    _add(it, rows, place, first_of(handed, prepared, start), end)


def _add(
    it: Medicine,
    rows: Rows,
    place: Place,
    start: int | None,
    end: int | None,
    number: float | None = None,
    unit: str | None = None,
) -> None:
    kind = type(it).__name__
    if start is None:
        raise Refused(f"{kind} without a date: it has no place in time")
    concepts = _concepts(it, place)
    for concept in concepts:
        rows.add_concept(concept, start, number, None, unit)
    if end is None:
        return
    if end < start:
        rows.refuse(f"{kind} ends before it starts: the end is left out")
        return
    for concept in concepts:
        rows.add_concept(concept, end, role="END//")


def _dosage(dosages: Sequence[Dosage], rows: Rows) -> tuple[int | None, int | None]:
    """First start and last end of the dosage periods; no end when one of them stays open."""
    repeats = [it.timing.repeat for it in dosages if it.timing and it.timing.repeat]
    bounds = [rows.period(it.boundsPeriod, "boundsPeriod") for it in repeats if it.boundsPeriod]
    starts = [start for start, _ in bounds if start is not None]
    ends = [end for _, end in bounds if end is not None]
    closed = bool(ends) and len(ends) == len(dosages)
    return min(starts, default=None), max(ends) if closed else None


def _concepts(it: Medicine, place: Place) -> list[CodeableConcept]:
    if it.medicationCodeableConcept is not None:
        return [it.medicationCodeableConcept]
    if it.medicationReference is None:
        if it.medication is not None:
            raise Refused(f"{type(it).__name__} has the shape of FHIR R5; R4 is read")
        raise Refused(f"{type(it).__name__} names no medicine")
    return _named(it.medicationReference, it, place, 0)


def _named(reference: Reference, it: Medicine, place: Place, depth: int) -> list[CodeableConcept]:
    """The concepts that name a referenced Medication."""
    if depth > DEEPEST_REFERENCE:
        raise Refused("references between Medications form a loop")
    found = _find(reference, it, place)
    if names(found.code)[0]:
        assert found.code is not None
        return [found.code]
    concepts: list[CodeableConcept] = []
    for part in found.ingredient:
        if part.itemCodeableConcept is not None:
            concepts.append(part.itemCodeableConcept)
        elif part.itemReference is not None:
            concepts += _named(part.itemReference, it, place, depth + 1)
    if not concepts:
        raise Refused("the Medication referred to has neither a code nor ingredients")
    return concepts


def _find(reference: Reference, it: Medicine, place: Place) -> Medication:
    wanted = reference.reference or ""
    if wanted.startswith("#"):
        for raw in it.contained:
            try:
                medication = _MEDICATION.decode(raw)
            except UNREADABLE:
                continue  # another type of resource, or damaged
            if medication.id in (wanted, wanted[1:]):
                return medication
        raise Refused("it refers to a contained Medication that is not there")
    found = place.medicines.get(resolve(wanted, "Medication", place.urls) or "")
    if found is None:
        raise Refused("it refers to a Medication that is not in this import")
    return found
