"""The finding: the one shape in which every capability answers.

A finding says about whom, as of when, what, how sure, why, and by which model or rule. It is
``found`` or ``excluded`` with a value and its interval (or a reason), or it is openly ``withheld``
or ``not_checked`` with the reason and what would resolve it. Anything less cannot be constructed.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from nof1.core.errors import InputError

SCHEMA: Literal["nof1/finding/1"] = "nof1/finding/1"
NOTICE = "Research and education use; not a medical device."


class Status(StrEnum):
    """What became of the question."""

    FOUND = "found"
    EXCLUDED = "excluded"
    WITHHELD = "withheld"
    NOT_CHECKED = "not_checked"


class Kind(StrEnum):
    """What sort of answer it is."""

    RISK = "risk"
    EFFECT = "effect"
    MEDICATION = "medication"
    IMAGE = "image"
    ALERT = "alert"
    OUTBREAK = "outbreak"
    FORECAST = "forecast"
    GENOTYPE = "genotype"


class Coding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code of a vocabulary (``LOINC//2345-7``) and the words a person reads."""

    code: str
    display: str


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it is about: one patient or one region."""

    kind: Literal["patient", "region"] = "patient"
    id: str
    site: str | None = None


class Interval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``low`` to ``high`` in the value's unit; ``level`` is its coverage, for example 0.9."""

    low: float
    high: float
    level: float

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and self.low <= self.high):
            raise _refusal("an interval", "low <= high and 0 < level < 1")


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number with its UCUM unit ("1" for a probability) and its interval."""

    amount: float
    unit: str
    interval: Interval

    def __post_init__(self) -> None:
        low, high = self.interval.low, self.interval.high
        if not (math.isfinite(self.amount) and low <= self.amount <= high):
            raise _refusal("a value", "a finite amount inside its interval")


class Frequency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A risk as people read it: ``events`` of ``of`` people, with the range ``low`` to ``high``."""

    events: float
    of: int
    low: float
    high: float
    text: str


class EventRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way back to one source event: what, when, and the file and row it came from."""

    code: str
    display: str | None = None
    time: datetime | None = None
    value: float | None = None
    text: str | None = None
    unit: str | None = None
    source_file: str | None = None
    source_row: int | None = None
    site: str | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signed reason. ``contribution`` > 0 speaks for the outcome, < 0 against it."""

    text: str
    contribution: float | None = None
    unit: str | None = None
    feature: str | None = None
    events: tuple[EventRef, ...] = ()
    citation: str | None = None


class Basis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model or rule that answers, exactly which one, and where it was validated."""

    kind: Literal["model", "rule"]
    id: str
    version: str
    content_hash: str
    knowledge_date: str
    validated_in: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer about one patient (or region) at one moment.

    Attributes
    ----------
    as_of : the moment of the question, UTC; nothing known later was used.
    horizon_days : length of the time span that ``value`` speaks about, if any.
    counted_from : start of that span, UTC, where it is not ``as_of``.
    value : number, unit and interval. Needed for risk, effect and forecast unless withheld.
    reason, resolve : why there is no answer (or no number), and what would resolve it.
    synthetic : whether the answer rests on synthetic data.

    Raises
    ------
    InputError : when a finding would be silent: without interval or reason, withheld without
        what would resolve it, or with an as-of time that has no zone.
    """

    subject: Subject
    as_of: datetime
    kind: Kind
    what: Coding
    status: Status
    basis: Basis
    horizon_days: float | None = None
    counted_from: datetime | None = None
    value: Value | None = None
    frequency: Frequency | None = None
    reason: str | None = None
    resolve: str | None = None
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    notice: str = NOTICE
    schema: Literal["nof1/finding/1"] = SCHEMA

    def __post_init__(self) -> None:
        if any(time.tzinfo is None for time in (self.as_of, self.counted_from or self.as_of)):
            raise _refusal("an as-of time without a zone", "a UTC time")
        if self.status in (Status.WITHHELD, Status.NOT_CHECKED):
            self._check_open_refusal()
        elif self.value is None and (self.kind in NEEDS_VALUE or not self.reason):
            raise _refusal("an answer without value or reason", "a value with its interval")

    def _check_open_refusal(self) -> None:
        if not (self.reason and self.resolve):
            raise _refusal(f"a {self.status} finding", "a reason and what would resolve it")
        if self.value is not None:
            raise _refusal(f"a {self.status} finding with a value", "no value")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/finding/1``); fields that are unset are left out."""
        made: dict[str, Any] = _without_empty(msgspec.to_builtins(self))
        return made

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """Read the JSON form again, with all checks.

        Raises
        ------
        InputError : when the data does not follow the schema; says where.
        """
        try:
            return msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise InputError(
                f"This is not a finding: {error}",
                allowed=SCHEMA,
                next_step="Compare it with schema().",
            ) from None


NEEDS_VALUE = frozenset({Kind.RISK, Kind.EFFECT, Kind.FORECAST})


def schema() -> dict[str, Any]:
    """The JSON Schema of a finding, as published in ``docs/schema/finding-1.json``."""
    (root,), parts = msgspec.json.schema_components([Finding], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:nof1:schema:finding:1",
        "title": "nof1 finding",
        **root,
        "$defs": parts,
    }


def utc(time: datetime) -> datetime:
    """A time of the event table (UTC without a zone) as a UTC time with its zone.

    >>> utc(datetime(2024, 5, 1)).isoformat()
    '2024-05-01T00:00:00+00:00'
    """
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _without_empty(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: _without_empty(v) for k, v in data.items() if v is not None and v != ()}
    return [_without_empty(item) for item in data] if isinstance(data, list | tuple) else data


def _refusal(got: str, allowed: str) -> InputError:
    return InputError(
        f"A finding cannot be made: {got} is not acceptable.",
        allowed=allowed,
        next_step="Give the value with its interval, or withhold it with a reason.",
    )
