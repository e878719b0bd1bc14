"""What became of a card: accepted or overridden, with the coded reason.

A comment in free text may hold a patient's story: only that there was one is told on.

Reference: HL7 CDS Hooks (3.0 ballot), "Feedback"; invariants cds-fb-1 to cds-fb-3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from nof1.advice.hooks.outcome import BAD_REQUEST, Refusal
from nof1.advice.hooks.request import check_json

MOST = 500  # outcomes in one request
_CODE = re.compile(r"[\x21-\x7e]{1,64}")
_SYSTEM = re.compile(r"[\x21-\x7e]{1,256}")


class _Coding(msgspec.Struct, frozen=True):
    code: str
    system: str | None = None


class _Reason(msgspec.Struct, frozen=True, rename="camel"):
    reason: _Coding | None = None
    user_comment: str | None = None


class _Accepted(msgspec.Struct, frozen=True):
    id: str


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: str
    accepted_suggestions: tuple[_Accepted, ...] = ()
    override_reason: _Reason | None = None


class _Feedback(msgspec.Struct, frozen=True):
    feedback: tuple[_Item, ...]


_DECODER = msgspec.json.Decoder(_Feedback)


@dataclass(frozen=True)
class Outcome:
    """What one person did with one card.

    Attributes
    ----------
    card, suggestions : identifiers of the response (UUIDs, lower case).
    outcome : ``accepted`` or ``overridden``.
    at : when it was done, UTC.
    reason : ``system|code`` of the override reason, or None.
    commented : whether a comment came along; its words stay in the request's bytes.
    """

    card: str
    outcome: Literal["accepted", "overridden"]
    at: datetime
    suggestions: tuple[str, ...] = ()
    reason: str | None = None
    commented: bool = False


def read(raw: bytes) -> tuple[Outcome, ...]:
    """The outcomes of a feedback request, all or none.

    Raises
    ------
    Refusal : 413 when too large; 400 when one of them is not of the form.
    """
    check_json(raw)
    try:
        found = _DECODER.decode(raw).feedback
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _bad("The body is no feedback of CDS Hooks.", "feedback") from None
    if not 1 <= len(found) <= MOST:
        raise _bad(f"feedback holds no outcome, or more than {MOST}.", "feedback")
    return tuple(_outcome(item, f"feedback[{number}]") for number, item in enumerate(found))


def _outcome(item: _Item, where: str) -> Outcome:
    accepted = tuple(
        _uuid(one.id, f"{where}.acceptedSuggestions") for one in item.accepted_suggestions
    )
    if (item.outcome == "accepted") != bool(accepted):
        text = "acceptedSuggestions stands exactly with the outcome accepted."
        raise _bad(text, f"{where}.acceptedSuggestions")
    if item.outcome == "accepted" and item.override_reason is not None:
        raise _bad("An accepted card has no override reason.", f"{where}.overrideReason")
    given = item.override_reason
    if given is not None and given.reason is None and not given.user_comment:
        raise _bad("An override reason needs a code or a comment.", f"{where}.overrideReason")
    return Outcome(
        card=_uuid(item.card, f"{where}.card"),
        outcome=item.outcome,
        at=_moment(item.outcome_timestamp, f"{where}.outcomeTimestamp"),
        suggestions=accepted,
        reason=_reason(given, where),
        commented=bool(given and given.user_comment),
    )


def _reason(given: _Reason | None, where: str) -> str | None:
    if given is None or given.reason is None:
        return None
    code, system = given.reason.code, given.reason.system or ""
    if not _CODE.fullmatch(code) or (system and not _SYSTEM.fullmatch(system)):
        raise _bad("The override reason is no code.", f"{where}.overrideReason")
    return f"{system}|{code}"


def _uuid(text: str, where: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise _bad("This is no UUID.", where) from None


def _moment(text: str, where: str) -> datetime:
    """A time of RFC 3339 with its zone, as UTC."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", text):
        cut = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
        try:
            return datetime.fromisoformat(cut).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _bad("This is no time of RFC 3339 with its zone.", where)


def _bad(text: str, where: str) -> Refusal:
    return Refusal(BAD_REQUEST, "value", text, where)
