"""What the client sent along: templates, what of them is missing, and the patient's events.

The record of one request comes from one place: from the prefetched resources when there are any,
else from the workspace by the patient's identifier; what nof1 worked out itself (genes, pictures)
joins it (``nof1.advice.hooks.room``). What is missing, refused or only a
first page is a ``Gap``: the families of checks that need it then count as not checked.

Reference: HL7 CDS Hooks (3.0 ballot), "Prefetch Template": an absent key was not fetched, ``null``
means that the client has no data, an OperationOutcome tells an error, a Bundle may be a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from nof1.advice.hooks.outcome import BAD_REQUEST, UNMET, Refusal
from nof1.advice.hooks.request import Request
from nof1.core.errors import InputError
from nof1.record.bundle import BundlePatient, read_bundle
from nof1.record.importers.fhir_codes import vocabulary

PATIENT = "patient"
TEMPLATES = {
    PATIENT: "Patient/{{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "medications": "MedicationRequest?patient={{context.patientId}}",
    "allergies": "AllergyIntolerance?patient={{context.patientId}}",
    "laboratory": "Observation?patient={{context.patientId}}&category=laboratory",
    "vital-signs": "Observation?patient={{context.patientId}}&category=vital-signs",
    "social-history": "Observation?patient={{context.patientId}}&category=social-history",
    "encounters": "Encounter?patient={{context.patientId}}",
    "procedures": "Procedure?patient={{context.patientId}}",
}
# Which families of checks are not complete without a key.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    PATIENT: ("age", "renal", "pregnancy", "models", "region"),
    "conditions": ("conditions", "hepatic", "pregnancy", "models"),
    "medications": ("interactions", "duplicates", "phenoconversion", "models"),
    "allergies": ("allergies",),
    "laboratory": ("renal", "hepatic", "pregnancy", "genes", "phenoconversion", "models"),
    "vital-signs": ("models", "renal"),
    "social-history": ("pregnancy", "models"),
    "encounters": ("models",),
    "procedures": ("models",),
}
# Which key a resource type belongs to, for entries that were refused.
KEYS = {
    "Patient": PATIENT,
    "Condition": "conditions",
    "MedicationRequest": "medications",
    "MedicationStatement": "medications",
    "MedicationDispense": "medications",
    "MedicationAdministration": "medications",
    "AllergyIntolerance": "allergies",
    "Observation": "laboratory",
    "Encounter": "encounters",
    "Procedure": "procedures",
}
EVERYTHING = tuple(sorted({family for families in FAMILIES.values() for family in families}))


@dataclass(frozen=True)
class Gap:
    """Data that a check would need and that are not there, why, and what would settle it."""

    key: str
    families: tuple[str, ...]
    reason: str
    resolve: str


@dataclass(frozen=True)
class Chart:
    """All that is known about the patient of a request.

    Attributes
    ----------
    origin : ``prefetch``, ``record``, or ``prefetch and record``.
    events : rows of ``nof1.record.events.SCHEMA``, sorted by time.
    names : words for codes.
    notes : what must stand with every finding.
    """

    patient: str
    site: str | None
    events: pl.DataFrame
    origin: str
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


class _Head(msgspec.Struct, frozen=True):
    resourceType: str


class _Issue(msgspec.Struct, frozen=True):
    severity: str = "error"


class _Outcome(msgspec.Struct, frozen=True):
    issue: tuple[_Issue, ...] = ()


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""


_NOTHING = msgspec.Raw(b"null")


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = _NOTHING


class _Page(msgspec.Struct, frozen=True):
    link: tuple[_Link, ...] = ()
    entry: tuple[_Entry, ...] = ()


_ANYTHING = msgspec.json.Decoder()
_HEAD = msgspec.json.Decoder(_Head)
_OUTCOME = msgspec.json.Decoder(_Outcome)
_PAGE = msgspec.json.Decoder(_Page)


def sent(request: Request) -> bool:
    """Whether the client prefetched anything at all."""
    return any(bytes(raw) != b"null" for raw in (request.prefetch or {}).values())


def chart(request: Request, keys: Sequence[str], site: str, at: datetime) -> Chart:
    """The patient from the prefetched resources.

    Parameters
    ----------
    keys : keys of ``TEMPLATES`` that the service asked for.
    site : where rows come from when a resource does not say.
    at : the moment of asking, UTC without zone: what lies after it is refused.

    Raises
    ------
    Refusal : 412 when the patient is missing or nothing can be used; 400 when a value is no FHIR
        resource, or when it is about somebody else.
    """
    given = request.prefetch or {}
    gaps, useful = [], []
    for key in dict.fromkeys((*keys, *given)):
        gap = _gap(key, given.get(key))
        if gap is not None and key in keys:  # what was not asked for cannot be missing
            gaps.append(gap)
        if key in given and bytes(given[key]) != b"null" and not _is_outcome(given[key]):
            useful.append(given[key])
    _require_patient(gaps)
    read = _read(useful, site, at)
    if read.patient != request.context.patient_id:
        raise Refusal(BAD_REQUEST, "value", "The prefetch is about another patient.", "prefetch")
    gaps.extend(_refused(read))
    return Chart(
        read.patient, site, read.events, "prefetch", _names(useful), read.notes, tuple(gaps)
    )


def _names(useful: Sequence[msgspec.Raw]) -> dict[str, str]:
    """Words for codes, as the resources' codings give them; the first words of a code count."""
    found: dict[str, str] = {}
    waiting: list[Any] = [_ANYTHING.decode(raw) for raw in useful]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
            system, code, display = one.get("system"), one.get("code"), one.get("display")
            if isinstance(system, str) and isinstance(code, str) and isinstance(display, str):
                found.setdefault(f"{vocabulary(system)[0]}//{code}", display)
    return found


def _gap(key: str, raw: msgspec.Raw | None) -> Gap | None:
    families = FAMILIES.get(key, EVERYTHING)
    if raw is None:
        return Gap(key, families, f"the client did not send «{key}»", "send this prefetch key")
    if bytes(raw) == b"null":
        return Gap(key, families, f"the client has no data for «{key}»", "ask, and record it")
    if _is_outcome(raw):
        resolve = "mend what the client's FHIR server reports"
        return Gap(key, families, f"the client met an error with «{key}»", resolve)
    problem = _of_page(raw)
    return None if problem is None else Gap(key, families, f"«{key}»: {problem[0]}", problem[1])


def _of_page(raw: msgspec.Raw) -> tuple[str, str] | None:
    if _kind(raw) != "Bundle":
        return None
    try:
        page = _PAGE.decode(raw)
    except msgspec.DecodeError:
        raise _no_resource() from None
    if any(link.relation == "next" for link in page.link):
        return "only the first page was sent", "send all pages in one Bundle"
    if any(_is_error(entry.resource) for entry in page.entry):
        return "the search met an error", "mend what the client's FHIR server reports"
    return None


def _is_outcome(raw: msgspec.Raw) -> bool:
    return _kind(raw) == "OperationOutcome"


def _is_error(raw: msgspec.Raw) -> bool:
    """An OperationOutcome within a search result that is more than a remark."""
    if b"OperationOutcome" not in bytes(raw) or not _is_outcome(raw):
        return False
    issues = _OUTCOME.decode(raw).issue
    return not issues or any(one.severity in ("error", "fatal") for one in issues)


def _kind(raw: msgspec.Raw) -> str:
    try:
        return _HEAD.decode(raw).resourceType
    except msgspec.DecodeError:
        raise _no_resource() from None


def _no_resource() -> Refusal:
    return Refusal(BAD_REQUEST, "structure", "A prefetch value is no FHIR resource.", "prefetch")


def _require_patient(gaps: Sequence[Gap]) -> None:
    for gap in gaps:
        if gap.key == PATIENT:
            raise unmet(f"Nothing was checked: {gap.reason}.", "prefetch.patient")


def unmet(text: str, where: str) -> Refusal:
    """412: without these data no answer may be given."""
    return Refusal(UNMET, "required", text, where)


def _read(useful: Sequence[msgspec.Raw], site: str, at: datetime) -> BundlePatient:
    entries = b",".join(b'{"resource":' + bytes(raw) + b"}" for raw in useful)
    data = b'{"resourceType":"Bundle","type":"collection","entry":[' + entries + b"]}"
    try:
        return read_bundle(data, site=site, name="prefetch", at=at)
    except InputError as error:
        if "records of" in error.message:
            text = "The prefetch does not hold the records of exactly one patient."
            raise Refusal(BAD_REQUEST, "value", text, "prefetch") from None
        raise unmet("Nothing in the prefetch could be used.", "prefetch") from None


def _refused(read: BundlePatient) -> Iterator[Gap]:
    """One gap for each type of resource of which something was refused."""
    counts: dict[str, int] = {}
    for one in read.quarantined:
        kind = one.reason.partition(":")[0]
        counts[kind if kind in KEYS else ""] = counts.get(kind if kind in KEYS else "", 0) + 1
    for kind, count in sorted(counts.items()):
        families = FAMILIES[KEYS[kind]] if kind else EVERYTHING
        what = kind or "resource"
        reason = f"{count} {what} of the prefetch could not be read"
        yield Gap(KEYS.get(kind, "prefetch"), families, reason, "correct it at the source")
