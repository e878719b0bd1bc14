"""First pass over an import: which version of each resource wins, and what references need.

A resource may occur many times: in several files, in a history, in overlapping exports. The
occurrence with the highest ``meta.lastUpdated`` wins, then the highest ``versionId``, then the
last. A deletion counts as a version at its time, or as the last one when it has none.

Memory: 24 bytes per resource, plus the Medication resources (a formulary). Identities are compared
by a 64-bit hash of this process.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from nof1.record.importers.fhir_bundle import UNREADABLE, Item, head_of
from nof1.record.importers.fhir_datatypes import Meta, Reference
from nof1.record.importers.fhir_dates import BadDate, span
from nof1.record.importers.fhir_references import identity, key, logical
from nof1.record.importers.fhir_types import Medication, Patient

NEVER = -(2**62)
LAST = 2**62
FEW = 10_000  # occurrences for which a set costs nothing
_MEDICATION = msgspec.json.Decoder(Medication)
_PATIENT = msgspec.json.Decoder(Patient)


class _Subject(msgspec.Struct, gc=False):
    """Only what tells whether a patient is named by identifier."""

    subject: Reference | None = None
    patient: Reference | None = None


_SUBJECT = msgspec.json.Decoder(_Subject)


@dataclass(frozen=True)
class Index:
    """What the second pass needs to know of the whole import.

    Attributes
    ----------
    superseded : positions (0-based, in reading order) of occurrences that another one replaces.
    medicines : "Medication/id" -> its winning resource.
    identifiers : "system|value" of patients that are referred to by identifier.
    """

    superseded: frozenset[int]
    medicines: dict[str, Medication] = field(default_factory=dict)
    identifiers: frozenset[str] = frozenset()


def build(items: Iterable[Item]) -> Index:
    """Read all items once; unreadable ones are left to the second pass."""
    keys, updated, versions = array("q"), array("q"), array("q")
    medicines: dict[str, tuple[tuple[int, int], Medication]] = {}
    identifiers: set[str] = set()
    for position, item in enumerate(items):
        name, version = _version(item)
        keys.append(hash(name) if name is not None else hash((position,)))
        updated.append(version[0])
        versions.append(version[1])
        if name is not None and item.deleted is None:
            _remember(item, name, version, medicines, identifiers)
    found = {name: medication for name, (_, medication) in medicines.items()}
    return Index(superseded(keys, updated, versions), found, frozenset(identifiers))


def patients_by_identifier(items: Iterable[Item], wanted: frozenset[str]) -> dict[str, str]:
    """``system|value`` -> patient id, for the wanted identifiers only."""
    found: dict[str, str] = {}
    for item in items:
        if not wanted or b'"Patient"' not in bytes(item.raw):
            continue
        try:
            patient = _PATIENT.decode(item.raw)
        except UNREADABLE:
            continue
        name = identity("Patient", patient.id, item.full_url, b"").partition("/")[2]
        for identifier in patient.identifier:
            if (text := key(identifier)) in wanted:
                found[text] = name
    return found


def superseded(keys: array[int], updated: array[int], versions: array[int]) -> frozenset[int]:
    """Positions of all but the best occurrence of each key.

    >>> sorted(superseded(array("q", [7, 8, 7]), array("q", [5, 0, 4]), array("q", [0, 0, 0])))
    [2]
    """
    if len(keys) <= FEW and len(set(keys)) == len(keys):
        return frozenset()
    import numpy as np

    names = np.frombuffer(keys, np.int64) if keys else np.empty(0, np.int64)
    order = np.argsort(names, kind="stable")
    same = np.flatnonzero(names[order][1:] == names[order][:-1])
    if not same.size:
        return frozenset()
    doubles = np.unique(order[np.concatenate([same, same + 1])])
    best: dict[int, int] = {}
    for position in doubles.tolist():  # in reading order: on a tie the later one wins
        before = best.get(keys[position])
        rank = (updated[position], versions[position])
        if before is None or rank >= (updated[before], versions[before]):
            best[keys[position]] = position
    return frozenset(doubles.tolist()) - frozenset(best.values())


def _version(item: Item) -> tuple[str | None, tuple[int, int]]:
    """Identity and rank of one occurrence; None for what cannot be read."""
    if item.deleted is not None:
        return item.deleted, (LAST if item.held is None else item.held, LAST)
    if item.problem or item.nothing:
        return None, (NEVER, NEVER)
    try:
        head = item.head or head_of(item.raw)
    except UNREADABLE:
        return None, (NEVER, NEVER)
    name = identity(head.resourceType, head.id, item.full_url, item.raw)
    return name, _rank(head.meta)


def _rank(meta: Meta | None) -> tuple[int, int]:
    if meta is None:
        return NEVER, NEVER
    number = meta.versionId or ""
    version = int(number) if number.isdecimal() and len(number) < 18 else NEVER
    try:
        return (span(meta.lastUpdated).last if meta.lastUpdated else NEVER), version
    except BadDate:
        return NEVER, version


def _remember(
    item: Item,
    name: str,
    version: tuple[int, int],
    medicines: dict[str, tuple[tuple[int, int], Medication]],
    identifiers: set[str],
) -> None:
    """Keep Medications, and note patients that are named by identifier."""
    if name.startswith("Medication/"):
        try:
            medication = _MEDICATION.decode(item.raw)
        except UNREADABLE:
            return
        if name not in medicines or version >= medicines[name][0]:
            medicines[name] = (version, medication)
        return
    text = logical(_subject(item))
    if text is not None:
        identifiers.add(text)


def _subject(item: Item) -> Reference | None:
    """The reference to the patient, when it could be one by identifier."""
    if item.resource is not None:
        return item.resource.subject or item.resource.patient
    if b"?identifier=" not in bytes(item.raw) and b'"identifier"' not in bytes(item.raw):
        return None
    try:
        it = _SUBJECT.decode(item.raw)
    except UNREADABLE:
        return None
    return it.subject or it.patient
