"""Importer of FHIR R4: bulk NDJSON folders, Bundles of every type, single resources; also .gz.

One code path serves the import of millions of resources (``read``) and the advice for one patient
(``events_of_bundle``), so both give the same events. It works in two passes: ``fhir_index`` finds
the winning version of each resource and the Medications that others refer to; then each resource
is converted by the function for its type. What is not a fact is counted (``excluded``), what is
not FHIR R4 is quarantined, what was entered in error is withdrawn (``retracted``). A resource that
turned from a fact into none (refuted, cancelled) is withdrawn as well, so that importing a
correction removes what was believed before.

Settings: ``timezone`` (of clock times without an offset, default UTC), ``limit_bytes`` (most bytes
of one file after decompression), ``document_bytes`` (most bytes of one resource or Bundle),
``elsewhere`` (folders that other importers read).

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/; Bulk Data Access 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from nof1.core.errors import InputError
from nof1.record import lifestyle
from nof1.record.importers import Batch, Quarantined
from nof1.record.importers import fhir_clinical as clinical
from nof1.record.importers import fhir_index as index
from nof1.record.importers import fhir_medicines as medicines
from nof1.record.importers import fhir_types as types
from nof1.record.importers.fhir_bundle import (
    RESOURCE,
    UNREADABLE,
    Item,
    head_of,
    items,
    opened,
    reason,
)
from nof1.record.importers.fhir_dates import BadDate, microseconds, span
from nof1.record.importers.fhir_files import (
    LARGEST_DOCUMENT,
    Document,
    documents,
)
from nof1.record.importers.fhir_files import recognises as recognises
from nof1.record.importers.fhir_observations import observation
from nof1.record.importers.fhir_person import person
from nof1.record.importers.fhir_references import Place, identity, patient_of
from nof1.record.importers.fhir_rows import (
    Event,
    NotAFact,
    Refused,
    Rows,
    Withdrawn,
    columns,
    frame,
)
from nof1.record.importers.fhir_types import Bundle, Entry
from nof1.record.reading import DEFAULT_LIMIT, UTF8_MARK
from nof1.record.scalars import known_timezone

ROWS_PER_BATCH = 100_000
Sent = msgspec.Raw | Bundle  # a resource as JSON, or a Bundle that was opened already

_CLINICAL: dict[type, Callable[[Any, Rows], None]] = {
    types.Patient: person,
    types.Encounter: clinical.encounter,
    types.Condition: clinical.condition,
    types.AllergyIntolerance: clinical.allergy,
    types.Observation: observation,
    types.Procedure: clinical.procedure,
    types.Immunization: clinical.immunization,
    types.DiagnosticReport: clinical.report,
    types.FamilyMemberHistory: clinical.family,
    types.ImagingStudy: clinical.imaging,
}
_MEDICINES: dict[type, Callable[[Any, Rows, Place], None]] = {
    types.MedicationRequest: medicines.request,
    types.MedicationStatement: medicines.statement,
    types.MedicationAdministration: medicines.administration,
    types.MedicationDispense: medicines.dispense,
}
IMPORTED = frozenset(kind.__name__ for kind in (*_CLINICAL, *_MEDICINES))


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Batch]:
    """All events of a file or folder, in batches of about 100,000 rows."""
    zone = _zone(settings.get("timezone"))
    largest = int(settings.get("document_bytes") or LARGEST_DOCUMENT)
    limit = int(settings.get("limit_bytes") or DEFAULT_LIMIT)
    elsewhere = settings.get("elsewhere") or ()

    def source() -> Iterator[tuple[str, Item]]:
        return _items(documents(path, largest, limit, elsewhere))

    found = index.build(item for _, item in source())
    people = (
        index.patients_by_identifier((i for _, i in source()), found.identifiers)
        if found.identifiers
        else {}
    )
    rows = Rows(zone)
    for _ in _converted(source(), found, people, rows):
        if len(rows.events) + len(rows.quarantined) >= ROWS_PER_BATCH:
            yield rows.batch()
    yield rows.batch()


@dataclass(frozen=True)
class BundleEvents:
    """The events of one patient, straight from a Bundle.

    Attributes
    ----------
    patient : the source's own id of the patient.
    events : in the order of the Bundle, followed by normalised lifestyle events.
    quarantined, excluded, notes : as in ``nof1.record.importers.Batch``; the row is the entry.
    """

    patient: str
    events: Sequence[Event]
    quarantined: tuple[Quarantined, ...]
    excluded: Mapping[str, int]
    notes: Mapping[str, int]

    @property
    def columns(self) -> Mapping[str, list[Any]]:
        """The columns of ``RAW_SCHEMA`` as lists of equal length.

        ``time`` and ``recorded`` are microseconds since 1970 (UTC), None for a static fact.
        """
        return columns(list(self.events))

    def frame(self) -> pl.DataFrame:
        """The same as a frame of ``RAW_SCHEMA``."""
        return frame(list(self.events))


def events_of_bundle(
    data: bytes | Mapping[str, Any],
    at: datetime | None = None,
    *,
    name: str = "bundle",
    timezone: str | None = None,
) -> BundleEvents:
    """The events of one patient's Bundle (or single resource), without any workspace.

    Parameters
    ----------
    data : JSON text, or the decoded object.
    at : the as-of time (UTC when without zone): events that were not known by then are left out
        and counted. None keeps all.
    name : what ``source_file`` and refusals call the Bundle.
    timezone : zone of clock times without an offset; default UTC.

    Raises
    ------
    InputError : no FHIR JSON, no patient in it, or more than one.
    """
    document = Document(name, 0, _as_json(data, name))
    return _of_one([item for _, item in _items([document])], at, name, timezone)


def events_of_resources(resources: Sequence[Sent], *, name: str = "bundle") -> BundleEvents:
    """The events of one patient's resources and Bundles.

    The same as of a Bundle of type ``collection`` that has them as its entries, without writing and
    reading it again. Every resource is decoded once.

    Raises
    ------
    InputError : as ``events_of_bundle``.
    """
    found: list[Item] = []
    for number, one in enumerate(resources, 1):
        if isinstance(one, Bundle):
            found += opened(one, number, 2, whole=True)  # it stands within the outer one
        else:
            found += opened(Bundle(entry=[Entry(resource=one)]), number, whole=True)
    return _of_one(found, None, name, None)


def _of_one(
    found: list[Item], at: datetime | None, name: str, timezone: str | None
) -> BundleEvents:
    """The events of the one patient that these items are about."""
    known = index.build(found)
    people = index.patients_by_identifier(found, known.identifiers)
    rows = Rows(_zone(timezone))
    patients = set(_converted(((name, item) for item in found), known, people, rows)) - {""}
    if not patients and rows.quarantined:
        raise _unreadable(rows.quarantined[0].reason, name)
    if len(patients) != 1:
        raise _not_one_patient(len(patients), name)
    events = _known_by(rows, at)
    events += [Event(*row) for row in lifestyle.additional(events)]
    return BundleEvents(
        patients.pop(),
        events,
        tuple(rows.quarantined),
        dict(rows.excluded),
        dict(rows.notes),
    )


def _as_json(data: bytes | Mapping[str, Any], name: str) -> bytes:
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data).removeprefix(UTF8_MARK)
    try:
        return msgspec.json.encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable("the object cannot be written as JSON", name) from error


def _items(sources: Iterable[Document]) -> Iterator[tuple[str, Item]]:
    for document in sources:
        if document.problem or document.nothing:
            at = Item(document.row, problem=document.problem, nothing=document.nothing)
            yield document.file, at
        else:
            for item in items(document.raw, document.row):
                yield document.file, item


def _converted(
    source: Iterable[tuple[str, Item]],
    found: index.Index,
    people: Mapping[str, str],
    rows: Rows,
) -> Iterator[str]:
    """Convert all winning items; yields the patient of each ("" when it has none)."""
    place = Place()
    for position, (file, item) in enumerate(source):
        rows.file, rows.row = file, item.row
        if position in found.superseded:
            rows.excluded["another version of the same resource is newer"] += 1
            continue
        if place.urls is not item.urls:  # the entries of a Bundle share one
            place = Place(item.urls, found.medicines, people)
        yield _convert(item, place, rows)


def _convert(item: Item, place: Place, rows: Rows) -> str:
    if item.problem is not None:
        rows.refuse(item.problem)
    elif item.nothing is not None:
        rows.excluded[item.nothing] += 1
    elif item.deleted is not None:
        rows.retracted.append(item.deleted)
    else:
        return _convert_resource(item, place, rows)
    return ""


def _convert_resource(item: Item, place: Place, rows: Rows) -> str:
    try:
        resource = item.resource or RESOURCE.decode(item.raw)
    except UNREADABLE as error:
        _leave_out(item, error, rows)
        return ""
    kind = type(resource).__name__
    rows.record = identity(kind, resource.id, item.full_url, item.raw)
    rows.recorded, rows.held, rows.patient = None, _held(resource, item), ""
    start, told = len(rows.events), len(rows.quarantined) + rows.excluded.total()
    try:
        _add_events(resource, place, rows)
        if start == len(rows.events) and told == len(rows.quarantined) + rows.excluded.total():
            raise NotAFact(f"{kind} that states nothing")
    except Refused as refusal:
        del rows.events[start:]
        rows.refuse(f"{kind}: {refusal}")
    except NotAFact as why:
        del rows.events[start:]
        rows.excluded[str(why)] += 1
        rows.retracted.append(rows.record)
    except Withdrawn:
        del rows.events[start:]
        rows.excluded[f"{kind} was entered in error"] += 1
        rows.retracted.append(rows.record)
    return rows.patient


def _add_events(resource: Any, place: Place, rows: Rows) -> None:
    if resource.modifierExtension:
        raise Refused("a modifierExtension may reverse its meaning, and is not known to us")
    if resource.implicitRules:
        raise Refused("implicitRules may change its meaning, and are not known to us")
    if isinstance(resource, types.Patient):
        rows.patient = rows.record.partition("/")[2] or rows.record
    else:
        rows.patient = patient_of(resource.subject or resource.patient, place)
    convert = _CLINICAL.get(type(resource))
    if convert is not None:
        convert(resource, rows)
    else:
        _MEDICINES[type(resource)](resource, rows, place)


def _leave_out(item: Item, error: Exception, rows: Rows) -> None:
    """Count a type that is not imported; quarantine what is no FHIR R4."""
    try:
        kind = (item.head or head_of(item.raw)).resourceType
    except UNREADABLE as broken:
        rows.refuse(reason(broken))
        return
    if kind in IMPORTED:
        rows.refuse(f"{kind}: {reason(error)}")
    elif kind == "Medication":
        rows.excluded["Medication: read through the orders that refer to it"] += 1
    elif kind.isalpha() and len(kind) < 40:
        rows.excluded[f"resource type {kind} is not imported"] += 1
    else:
        rows.refuse("resourceType is not a name of FHIR")


def _held(resource: types.Resource, item: Item) -> int | None:
    updated = resource.meta.lastUpdated if resource.meta else None
    try:
        return span(updated).last if updated else item.held
    except BadDate:
        return item.held


def _known_by(rows: Rows, at: datetime | None) -> list[Event]:
    if at is None:
        return rows.events
    limit = microseconds(at)
    kept = [
        event
        for event in rows.events
        if (event.time is None or event.time <= limit)
        and (event.recorded is None or event.recorded <= limit)
    ]
    if later := len(rows.events) - len(kept):
        rows.excluded["not known at the as-of time"] += later
    return kept


def _zone(name: Any) -> tzinfo:
    return ZoneInfo(known_timezone(str(name))) if name else UTC


def _unreadable(problem: str, name: str) -> InputError:
    return InputError(
        f"This is no FHIR Bundle that can be read: {problem}.",
        where=name,
        allowed="a FHIR R4 Bundle or resource in JSON (UTF-8)",
        next_step="Export the patient's record as a FHIR R4 Bundle in JSON.",
    )


def _not_one_patient(count: int, name: str) -> InputError:
    return InputError(
        f"The Bundle holds records of {count} patients.",
        where=name,
        allowed="records of exactly one patient",
        next_step="Send one Bundle per patient; `nof1 ingest` imports Bundles of many.",
    )
