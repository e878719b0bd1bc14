"""A CDS Hooks request, read with suspicion: size, depth, doubled keys, then the fields by hook.

Fields that no service here reads are left alone. Text is never repeated in a refusal: it may hold
a patient's values.

Reference: HL7 CDS Hooks (3.0 ballot), "Calling a CDS Service"; the hook pages of its library for
the context of each hook.
"""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import msgspec

from nof1.advice.hooks.outcome import BAD_REQUEST, TOO_LARGE, Refusal

LARGEST = 5 * 2**20  # bytes; a request with 100 resources has about 80,000
DEEPEST = 64  # arrays and objects within each other; real FHIR stays below 20
MOST_DRAFTS = 200
FETCHED = "org.nof1.fetched"  # extension of a kept request: the keys that nof1 fetched
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_TOO_DEEP = b"\n" + b" " * DEEPEST  # where each level is one blank further in
_REFERENCE = re.compile(r"[A-Za-z]{1,64}/[A-Za-z0-9\-.]{1,256}")


class Authorization(msgspec.Struct, frozen=True):
    """The client's leave to read its FHIR server; the token is never stored or logged."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """Who asks about whom, and the orders that are not signed yet.

    ``medications`` is the old name of ``draftOrders`` (medication-prescribe), and becomes it.
    ``selections`` are relative references of the drafts that were just selected (order-select).
    """

    user_id: str
    patient_id: str
    encounter_id: str | None = None
    draft_orders: dict[str, Any] | None = None
    medications: dict[str, Any] | None = None
    selections: tuple[str, ...] = ()


class Extension(msgspec.Struct, frozen=True):
    """What nof1 itself adds to a request that it keeps: keys that it fetched (``hooks.fetch``)."""

    fetched: tuple[str, ...] = msgspec.field(default=(), name=FETCHED)


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """One call of a service. ``prefetch`` holds the resources as the client sent them."""

    hook: str
    hook_instance: str
    context: Context
    prefetch: dict[str, msgspec.Raw] | None = None
    fhir_server: str | None = None
    fhir_authorization: Authorization | None = None
    extension: Extension | None = None

    @property
    def instance(self) -> str:
        """``hookInstance`` in its plain form; a UUID may be written in several ways."""
        return str(UUID(self.hook_instance))


_DECODER = msgspec.json.Decoder(Request)
_PLAIN = msgspec.json.Decoder()


def read(raw: bytes, hook: str) -> Request:
    """The request in ``raw``, meant for ``hook``.

    Raises
    ------
    Refusal : 413 when too large; 400 for anything that is not such a request.
    """
    check_json(raw)
    try:
        found = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(BAD_REQUEST, "structure", _shape(error)) from None
    if hook == "medication-prescribe":
        context = msgspec.structs.replace(found.context, draft_orders=found.context.medications)
        found = msgspec.structs.replace(found, context=context)
    _check(found, hook)
    return found


def check_json(raw: bytes) -> None:
    """Refuse what is too large or too deep, is no JSON object, or names a key twice.

    A key that stands twice is read differently by different programs: what one checks, another
    may not see.
    """
    if len(raw) > LARGEST:
        raise Refusal(TOO_LARGE, "too-long", f"The body is larger than {LARGEST:,} bytes.")
    if not _quickly(raw):
        _slowly(raw)


def _quickly(raw: bytes) -> bool:
    """Whether one look is enough to be sure that nothing is wrong.

    Of two members of one name only one is read, so what is written from it has fewer quotes than
    came: as many quotes mean that none was lost. (A quote that came as a number would be one more.)
    """
    if b"\\" in raw and b"\\u0022" in raw:
        return False
    try:
        whole = _PLAIN.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):  # a UnicodeDecodeError is among them
        return False
    if not isinstance(whole, dict) or _TOO_DEEP in msgspec.json.format(raw, indent=1):
        return False
    return msgspec.json.encode(whole).count(b'"') == raw.count(b'"')


def _slowly(raw: bytes) -> None:
    """As ``check_json``, whatever the body is."""
    if too_deep(raw):
        text = f"The JSON is nested more than {DEEPEST} levels deep."
        raise Refusal(BAD_REQUEST, "structure", text)
    try:
        whole = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise Refusal(BAD_REQUEST, "structure", "The body is no JSON text in UTF-8.") from None
    if not isinstance(whole, dict):
        raise Refusal(BAD_REQUEST, "structure", "The body is no JSON object.")


def too_deep(raw: bytes) -> bool:
    """Whether arrays and objects stand more than ``DEEPEST`` within each other.

    >>> too_deep(b"[" * 64 + b"]" * 64), too_deep(b"[" * 65 + b"]" * 65)
    (False, True)
    """
    left = _STRINGS.sub(b"", raw).translate(_ONE_KIND, b"").translate(None, _NOT_BRACKETS)
    for _ in range(DEEPEST):
        shorter = left.replace(b"[]", b"")  # one pass takes the innermost level away
        if shorter == left:
            break
        left = shorter
    return len(left) > 0 and (b"[]" in left or len(left) > DEEPEST)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(BAD_REQUEST, "structure", "A key stands twice in one JSON object.")
    return found


def _no_number(name: str) -> float:
    raise ValueError(name)


def _shape(error: Exception) -> str:
    text = str(error)
    if text.startswith(("Expected", "Object missing")):  # these name fields and types only
        return f"The request has not the form of CDS Hooks: {text}"
    return "The request has not the form of CDS Hooks."


def _check(found: Request, hook: str) -> None:
    if found.hook != hook:
        raise _bad(f"This service answers the hook {hook}.", "hook", "not-supported")
    try:
        UUID(found.hook_instance)
    except ValueError:
        raise _bad("hookInstance is no UUID.", "hookInstance") from None
    if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", found.context.patient_id):
        raise _bad("context.patientId is no FHIR id.", "context.patientId")
    if not found.context.user_id:
        raise _bad("context.userId is empty.", "context.userId")
    if found.fhir_server is not None and not found.fhir_server.startswith(("https://", "http://")):
        raise _bad("fhirServer is no web address.", "fhirServer")
    if found.fhir_authorization is not None:
        _check_authorization(found)
    if hook.startswith(("order-", "medication-")):
        _check_drafts(found.context, hook)
    if hook.startswith("encounter-") and not found.context.encounter_id:
        raise _bad("context.encounterId is missing.", "context.encounterId", "required")


def _check_authorization(found: Request) -> None:
    """Invariant cds-r-1 of the specification: leave to read needs a server to read from."""
    given = found.fhir_authorization
    if found.fhir_server is None:
        raise _bad("fhirAuthorization needs fhirServer.", "fhirServer")
    if given is not None and given.token_type != "Bearer":
        raise _bad("The token type is not Bearer.", "fhirAuthorization.token_type")
    if given is not None and given.patient not in (None, found.context.patient_id):
        raise _bad("The token is for another patient.", "fhirAuthorization.patient")


def _check_drafts(context: Context, hook: str) -> None:
    drafts = context.draft_orders
    if drafts is None or drafts.get("resourceType") != "Bundle":
        where = "medications" if hook.startswith("medication-") else "draftOrders"
        raise _bad(f"context.{where} is no Bundle.", f"context.{where}")
    entries = drafts.get("entry", [])
    if not isinstance(entries, list) or not entries:
        raise _bad("context.draftOrders holds no order.", "context.draftOrders")
    if len(entries) > MOST_DRAFTS:
        raise _bad(f"More than {MOST_DRAFTS} draft orders.", "context.draftOrders", "too-costly")
    for entry in entries:
        _check_subject(entry, context.patient_id)
    if hook == "order-select":
        _check_selections(context)


def _check_subject(entry: Any, patient: str) -> None:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise _bad("An entry of draftOrders holds no resource.", "context.draftOrders")
    for key in ("subject", "patient"):  # the latter: NutritionOrder, and older versions of FHIR
        subject = resource.get(key)
        reference = subject.get("reference") if isinstance(subject, dict) else None
        named = reference.partition("/_history/")[0] if isinstance(reference, str) else None
        if named is not None and named.rpartition("/")[2] != patient:
            raise _bad("A draft order is for another patient.", "context.draftOrders")


def _check_selections(context: Context) -> None:
    if not context.selections:
        raise _bad("order-select needs selections.", "context.selections", "required")
    if not all(_REFERENCE.fullmatch(one) for one in context.selections):
        raise _bad("A selection is no relative reference.", "context.selections")
    entries = (context.draft_orders or {})["entry"]
    known = {f"{r['resourceType']}/{r.get('id')}" for r in (one["resource"] for one in entries)}
    if not known.issuperset(context.selections):
        raise _bad("A selection is none of the draft orders.", "context.selections")


def _bad(text: str, where: str, code: str = "value") -> Refusal:
    return Refusal(BAD_REQUEST, code, text, where)
