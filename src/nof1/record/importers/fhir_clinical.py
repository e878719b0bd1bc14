"""FHIR encounters, diagnoses, allergies, procedures, vaccinations, reports, family and images.

A state (a diagnosis, an allergy, a family history) without any date is placed at the moment by
which the source certainly held it: ``meta.lastUpdated``, or the Bundle's ``timestamp``. That is
never too early. What happens at a moment (a procedure, a vaccination) is refused without a date.
"""

from __future__ import annotations

from nof1.record.importers.fhir_codes import LONGEST_TEXT, names
from nof1.record.importers.fhir_datatypes import Coding, Period
from nof1.record.importers.fhir_dates import Span, first_of
from nof1.record.importers.fhir_rows import NotAFact, Refused, Rows, unit_of
from nof1.record.importers.fhir_status import require_fact, require_verified
from nof1.record.importers.fhir_types import (
    AllergyIntolerance,
    Condition,
    DiagnosticReport,
    Encounter,
    FamilyMemberHistory,
    ImagingStudy,
    Immunization,
    Procedure,
    Reaction,
)

ENDED = frozenset(("inactive", "remission", "resolved"))


def encounter(it: Encounter, rows: Rows) -> None:
    """``ENCOUNTER//<class>`` and ``ENCOUNTER_END//<class>``; each type as ``ENCOUNTER_TYPE//``."""
    if it.actualPeriod is not None:
        raise Refused("Encounter has the shape of FHIR R5; R4 is read")
    require_fact("Encounter", it.status)
    start, end = rows.period(it.period, "period")
    if start is None:
        raise Refused("Encounter without period.start: it has no place in time")
    name = (it.class_.code if it.class_ else None) or "UNKNOWN"
    rows.add(f"ENCOUNTER//{name}", start)
    rows.describe(f"ENCOUNTER//{name}", it.class_.display if it.class_ else None)
    for kind in it.type:
        if names(kind)[0]:
            rows.add_concept(kind, start, role="ENCOUNTER_TYPE//")
    if end is not None:
        rows.add(f"ENCOUNTER_END//{name}", end)


def condition(it: Condition, rows: Rows) -> None:
    """The diagnosis at its onset, and ``END//<code>`` at its abatement."""
    require_verified("Condition", it.verificationStatus)
    known = rows.known_at(it.recordedDate, "recordedDate")
    end = _abatement(it, rows)
    start = _onset(it.onsetDateTime, it.onsetPeriod, rows, known, end)
    rows.add_concept(it.code, start)
    if end is not None:
        if end < start:
            rows.refuse("the condition abates before its onset: the abatement is left out")
        else:
            rows.add_concept(it.code, end, role="END//")
    elif it.clinicalStatus and any(c.code in ENDED for c in it.clinicalStatus.coding):
        rows.notes["Condition has ended at an unknown date: no END event"] += 1


def allergy(it: AllergyIntolerance, rows: Rows) -> None:
    """``ALLERGY//<code>``; the text is the criticality and the reactions.

    For example ``high; severe: Anaphylaxis``: what happened decides how loud a later order is.
    """
    require_verified("AllergyIntolerance", it.verificationStatus)
    known = rows.known_at(it.recordedDate, "recordedDate")
    time = _onset(it.onsetDateTime, it.onsetPeriod, rows, known, None)
    said = [it.criticality, *(_happened(one) for one in it.reaction)]
    text = "; ".join(one for one in said if one)[:LONGEST_TEXT] or None
    rows.add_concept(it.code, time, text=text, role="ALLERGY//")


def _happened(one: Reaction) -> str:
    """Severity and manifestations, by the words or codes of their codings."""
    shown = [
        coding.display or coding.code
        for concept in one.manifestation
        for coding in concept.coding[:1]
    ]
    named = ", ".join(filter(None, shown)) or ", ".join(
        concept.text for concept in one.manifestation if concept.text
    )
    return ": ".join(filter(None, [one.severity, named]))


def procedure(it: Procedure, rows: Rows) -> None:
    """The procedure at its start."""
    require_fact("Procedure", it.status)
    when = rows.moment(it.performedDateTime, "performedDateTime")
    time = first_of(when, *rows.period(it.performedPeriod, "performedPeriod"))
    if time is None:
        raise Refused("Procedure without a performed date: it has no place in time")
    rows.add_concept(it.code, time)


def immunization(it: Immunization, rows: Rows) -> None:
    """The vaccine when it was given; ``recorded`` when only a text says when."""
    require_fact("Immunization", it.status)
    known = rows.known_at(it.recorded, "recorded")
    time = first_of(rows.moment(it.occurrenceDateTime, "occurrenceDateTime", known), known)
    if time is None:
        raise Refused("Immunization without a date: it has no place in time")
    rows.add_concept(it.vaccineCode, time)


def report(it: DiagnosticReport, rows: Rows) -> None:
    """The report, and each coded conclusion as ``<report>//<conclusion>``."""
    require_fact("DiagnosticReport", it.status)
    known = rows.known_at(it.issued, "issued")
    when = rows.moment(it.effectiveDateTime, "effectiveDateTime", known)
    time = first_of(when, rows.finished(it.effectivePeriod, "effectivePeriod", known), known)
    if time is None:
        raise Refused("DiagnosticReport without effective[x] and issued: it has no place in time")
    rows.add_concept(it.code, time)
    code = rows.coded(it.code)[0][0]
    for conclusion in it.conclusionCode:
        for ending, display in rows.coded(conclusion):
            rows.add(f"{code}//{ending}", time, None, display)


def family(it: FamilyMemberHistory, rows: Rows) -> None:
    """``FAMILY//<code>`` per disease; number = age at onset, text = the relative."""
    require_fact("FamilyMemberHistory", it.status)
    if not it.condition:
        raise NotAFact("FamilyMemberHistory names no disease")
    time = first_of(rows.moment(it.date, "date"), rows.held)
    if time is None:
        raise Refused("FamilyMemberHistory without date and meta.lastUpdated")
    relatives = names(it.relationship)[0]
    relative = relatives[0][0].rpartition("//")[2] if relatives else None
    for disease in it.condition:
        age = disease.onsetAge
        number, unit = (rows.number(age), unit_of(age)) if age else (None, None)
        rows.add_concept(disease.code, time, number, relative, unit, role="FAMILY//")


def imaging(it: ImagingStudy, rows: Rows) -> None:
    """``IMAGING//<modality>`` once per modality of the study."""
    require_fact("ImagingStudy", it.status)
    time = rows.moment(it.started, "started")
    if time is None:
        raise Refused("ImagingStudy without started: it has no place in time")
    modalities = [*it.modality, *(series.modality or Coding() for series in it.series)]
    found = {coding.code for coding in modalities if coding.code}
    for modality in sorted(found) or ["UNKNOWN"]:
        rows.add(f"IMAGING//{modality}", time)


def _onset(
    text: str | None, period: Period | None, rows: Rows, known: int | None, end: int | None
) -> int:
    """When a state began; an onset given as age, range or text is no date: when it was recorded."""
    when = rows.span(text, "onsetDateTime") or _within(period, rows)
    if when is not None:
        return rows.settle(when, known, end)
    time = first_of(known, rows.held)
    if time is not None:
        return time
    raise Refused("neither onset, recordedDate nor meta.lastUpdated: it has no place in time")


def _within(period: Period | None, rows: Rows) -> Span | None:
    """An ``onsetPeriod`` says that the onset lies somewhere inside it."""
    if period is None:
        return None
    start = rows.span(period.start, "onsetPeriod.start")
    end = rows.span(period.end, "onsetPeriod.end")
    if start is None or end is None:
        return start or end
    if end.last < start.first:
        raise Refused("onsetPeriod ends before it starts")
    return Span(start.first, end.last)


def _abatement(it: Condition, rows: Rows) -> int | None:
    try:
        when = rows.span(it.abatementDateTime, "abatementDateTime")
    except Refused as refusal:
        rows.refuse(f"{refusal}: the abatement is left out")
        return None
    start, end = rows.period(it.abatementPeriod, "abatementPeriod")
    return first_of(None if when is None else when.last, end, start)
