"""References between FHIR resources, in all the forms R4 allows.

``Patient/1``, ``Patient/1/_history/2``, ``https://host/fhir/Patient/1``, ``urn:uuid:...`` (through
the ``fullUrl`` of the Bundle, else the uuid is the identity), a logical reference by identifier,
and the conditional form ``Patient?identifier=system|value``.

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/references.html.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from nof1.record.importers.fhir_datatypes import Identifier, Reference
from nof1.record.importers.fhir_rows import NotAFact, Refused
from nof1.record.importers.fhir_types import Medication

Urls = Mapping[str, str]  # fullUrl of a Bundle's entry -> "Type/id"
MOST_REMEMBERED = 1_000
URNS = ("urn:uuid:", "urn:oid:")


@dataclass(frozen=True)
class Place:
    """What a resource's references are resolved against.

    Attributes
    ----------
    urls : the entries of its Bundle.
    medicines : "Medication/id" -> Medication, of the whole import.
    patients : "system|value" -> patient id, of the identifiers that are used in references.
    found : literal references to patients that were resolved here already -> patient id.
    """

    urls: Urls = field(default_factory=dict)
    medicines: Mapping[str, Medication] = field(default_factory=dict)
    patients: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict, compare=False)


def resolve(reference: str, kind: str, urls: Urls) -> str | None:
    """``Type/id`` of a literal reference; a bare urn gets the type ``kind``; None without an id.

    >>> resolve("https://host/fhir/Patient/1/_history/2", "Patient", {})
    'Patient/1'
    """
    known = urls.get(reference)
    if known is not None:
        return known
    if reference.startswith(URNS):
        return f"{kind}/{reference.rpartition(':')[2]}"
    reference = reference.partition("/_history/")[0]
    known = urls.get(reference)
    if known is not None:
        return known
    parts = reference.rsplit("/", 2)
    if len(parts) < 2 or not parts[-1] or not parts[-2]:
        return None
    return f"{parts[-2]}/{parts[-1]}"


def identity(kind: str, own_id: str | None, full_url: str | None, raw: bytes | memoryview) -> str:
    """The stable name of a resource: its id, else the urn it travels under, else its content."""
    if own_id:
        return f"{kind}/{own_id}"
    if full_url and full_url.startswith(URNS):
        return f"{kind}/{full_url.rpartition(':')[2]}"
    if full_url and (found := resolve(full_url, kind, {})):
        return found
    return f"{kind}#{hashlib.blake2b(raw, digest_size=16).hexdigest()}"


def logical(reference: Reference | None) -> str | None:
    """``system|value`` when a reference names a patient by identifier only."""
    if reference is None:
        return None
    text = reference.reference
    if text is None:
        return None if reference.identifier is None else key(reference.identifier)
    if text.startswith("Patient?identifier="):
        return unquote(text.removeprefix("Patient?identifier="))
    return None


def key(identifier: Identifier) -> str | None:
    """``system|value`` of an identifier; None without a value."""
    return f"{identifier.system or ''}|{identifier.value}" if identifier.value else None


def patient_of(reference: Reference | None, place: Place) -> str:
    """The patient's id; refuses a resource that names none, leaves out one about others."""
    if reference is None:
        raise Refused("it names no patient (subject)")
    known = place.found.get(reference.reference or "")
    if known is not None:
        return known
    by_identifier = logical(reference)
    if by_identifier is not None:
        found = place.patients.get(by_identifier)
        if found is None:
            raise Refused("its patient is named by an identifier that no Patient here has")
        return found
    text = reference.reference
    if not text:
        raise Refused("it names no patient (subject)")
    if text.startswith("#"):
        raise Refused("its patient is a contained resource, which has no identity of its own")
    target = resolve(text, "Patient", place.urls)
    if target is None:
        raise Refused("the reference to its patient has no form that FHIR R4 knows")
    kind, _, patient = target.partition("/")
    if kind != "Patient":
        raise NotAFact("its subject is not a patient (a group, device, location)")
    if len(place.found) < MOST_REMEMBERED:
        place.found[text] = patient
    return patient
