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
from functools import cached_property

import msgspec
import polars as pl

from nof1.advice.hooks.naming import names_of
from nof1.advice.hooks.outcome import BAD_REQUEST, UNMET, Refusal
from nof1.advice.hooks.request import Request
from nof1.advice.hooks.versions import UNUSED
from nof1.core.errors import InputError
from nof1.record.bundle import BundleRows, read_rows
from nof1.record.importers.fhir import Sent
from nof1.record.importers.fhir_datatypes import Meta
from nof1.record.importers.fhir_types import Bundle
from nof1.record.rows import Events, Row, frame_of, rows_of

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
    PATIENT: ("age", "renal", "pregnancy", "models", "region", "burden", "omissions"),
    "conditions": ("conditions", "hepatic", "pregnancy", "models", "omissions"),
    "medications": (
        *("interactions", "duplicates", "phenoconversion", "models"),
        *("burden", "monitoring", "omissions"),
    ),
    "allergies": ("allergies", "omissions"),
    "laboratory": (
        *("renal", "hepatic", "pregnancy", "genes", "phenoconversion", "models"),
        *("laboratory", "monitoring", "omissions"),
    ),
    "vital-signs": ("models", "renal", "laboratory"),
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
# Why a key could not be fetched (``hooks.fetch``).
NOT_FETCHED = {
    "token": "its token has expired or is no bearer token",
    "timeout": "the client's FHIR server took too long",
    "denied": "the client's FHIR server denied it",
    "status": "the client's FHIR server answered with an error",
    "content": "the client's FHIR server answered with something else",
    "large": "it is too large",
    "unreachable": "the client's FHIR server cannot be reached",
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
    data : the patient's events as rows or as a frame, sorted by time; ``rows`` and ``events`` give
        either form. Order checks use rows: to make a frame of them takes longer than all checks.
    origin : ``prefetch``, ``record``, or ``prefetch and record``.
    names : words for codes.
    notes : what must stand with every finding.
    record : version of the record that gave something (``hooks.versions``), or ``unused``.
    """

    patient: str
    site: str | None
    data: Events
    origin: str
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    record: str = UNUSED

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The events as rows."""
        return rows_of(self.data)

    @cached_property
    def events(self) -> pl.DataFrame:
        """The events as a frame of ``nof1.record.events.SCHEMA``."""
        return self.data if isinstance(self.data, pl.DataFrame) else frame_of(self.data)


class _Head(msgspec.Struct, frozen=True):
    resourceType: str


class _Issue(msgspec.Struct, frozen=True):
    severity: str = "error"


class _Outcome(msgspec.Struct, frozen=True):
    id: str = ""
    issue: tuple[_Issue, ...] = ()


class _Link(msgspec.Struct, frozen=True):
    relation: str = ""


_NOTHING = msgspec.Raw(b"null")


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = _NOTHING


class _Page(msgspec.Struct, frozen=True):
    link: tuple[_Link, ...] = ()
    entry: tuple[_Entry, ...] = ()


class _Value(Bundle, kw_only=True, gc=False):
    """A value as one look shows it: of which kind it is, and a Bundle's pages and entries.

    What stands here has the shape that the importer asks for; else it is left to the importer.
    """

    resourceType: str
    id: str | None = None
    meta: Meta | None = None
    link: tuple[_Link, ...] = ()


_VALUE = msgspec.json.Decoder(_Value)
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
    given = {key: _opened(raw) for key, raw in (request.prefetch or {}).items()}
    gaps, useful = [], {}
    for key in dict.fromkeys((*keys, *given)):
        one = given.get(key)
        gap = _gap(key, one)
        if gap is not None and key in keys:  # what was not asked for cannot be missing
            gaps.append(gap)
        if one is not None and not one.absent and one.kind != OUTCOME:
            useful[key] = one
    _require_patient(gaps)
    read = _read([one.sent for one in useful.values()], site, at)
    if read.patient != request.context.patient_id:
        raise Refusal(BAD_REQUEST, "value", "The prefetch is about another patient.", "prefetch")
    gaps.extend(_refused(read))
    names = names_of([bytes(one.raw) for one in useful.values()])
    return Chart(read.patient, site, read.rows, _origin(request), names, read.notes, tuple(gaps))


OUTCOME = "OperationOutcome"


@dataclass(frozen=True)
class _Opened:
    """A value of the prefetch: as it came, and what one look showed (None: look again)."""

    raw: msgspec.Raw
    value: _Value | None

    @property
    def absent(self) -> bool:
        """Whether it is ``null``."""
        return self.value is None and bytes(self.raw) == b"null"

    @property
    def kind(self) -> str:
        """Its type of resource."""
        return _kind(self.raw) if self.value is None else self.value.resourceType

    @property
    def sent(self) -> Sent:
        """What the importer reads."""
        opened = self.value is not None and self.value.resourceType == "Bundle"
        return self.value if opened and self.value is not None else self.raw


def _opened(raw: msgspec.Raw) -> _Opened:
    try:
        return _Opened(raw, _VALUE.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Opened(raw, None)


def _origin(request: Request) -> str:
    fetched = request.extension is not None and request.extension.fetched
    return "prefetch and FHIR server" if fetched else "prefetch"


def _gap(key: str, one: _Opened | None) -> Gap | None:
    families = FAMILIES.get(key, EVERYTHING)
    if one is None:
        return Gap(key, families, f"the client did not send «{key}»", "send this prefetch key")
    if one.absent:
        return Gap(key, families, f"the client has no data for «{key}»", "ask, and record it")
    if one.kind == OUTCOME:
        return Gap(key, families, *_error(key, one.raw))
    problem = _of_page(one)
    return None if problem is None else Gap(key, families, f"«{key}»: {problem[0]}", problem[1])


def _error(key: str, raw: msgspec.Raw) -> tuple[str, str]:
    """Reason and resolution: an error of the client, or one that ``hooks.fetch`` wrote down."""
    try:
        name = _OUTCOME.decode(raw).id
    except msgspec.DecodeError:
        name = ""
    why = NOT_FETCHED.get(name.removeprefix("nof1-")) if name.startswith("nof1-") else None
    if why is not None:
        return f"«{key}» could not be fetched: {why}", "send this prefetch key"
    return f"the client met an error with «{key}»", "mend what the client's FHIR server reports"


def _of_page(one: _Opened) -> tuple[str, str] | None:
    if one.kind != "Bundle":
        return None
    try:
        page = one.value or _PAGE.decode(one.raw)
    except msgspec.DecodeError:
        raise _no_resource() from None
    if any(link.relation == "next" for link in page.link):
        return "only the first page was sent", "send all pages in one Bundle"
    told = OUTCOME.encode() in bytes(one.raw)
    if told and any(_is_error(entry.resource) for entry in page.entry):
        return "the search met an error", "mend what the client's FHIR server reports"
    return None


def _is_error(raw: msgspec.Raw) -> bool:
    """An OperationOutcome within a search result that is more than a remark."""
    if OUTCOME.encode() not in bytes(raw) or _kind(raw) != OUTCOME:
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


def _read(useful: Sequence[Sent], site: str, at: datetime) -> BundleRows:
    try:
        return read_rows(useful, site=site, name="prefetch", at=at)
    except InputError as error:
        if "records of" in error.message:
            text = "The prefetch does not hold the records of exactly one patient."
            raise Refusal(BAD_REQUEST, "value", text, "prefetch") from None
        raise unmet("Nothing in the prefetch could be used.", "prefetch") from None


def _refused(read: BundleRows) -> Iterator[Gap]:
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
