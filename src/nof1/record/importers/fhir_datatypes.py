"""The data types of FHIR R4 that we read, as narrow msgspec structs; names are FHIR's own.

Reference: FHIR R4 (4.0.1), https://hl7.org/fhir/R4/datatypes.html.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Struct

Integer = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Present(Struct, gc=False):
    """An object of which we only need to know that it is there."""


class Coding(Struct, gc=False):
    """A code of one vocabulary."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Struct, gc=False):
    """A concept: one or several codings, a text, or both."""

    coding: list[Coding] = []
    text: str | None = None


class Identifier(Struct, gc=False):
    """A business identifier, such as a record number."""

    system: str | None = None
    value: str | None = None


class Reference(Struct, gc=False):
    """A reference to another resource."""

    reference: str | None = None
    identifier: Identifier | None = None
    type: str | None = None


class Period(Struct, gc=False):
    """A span between two dates, either of which may be absent."""

    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False):
    """A number with a unit."""

    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Struct, gc=False):
    """A low and a high quantity."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct, gc=False):
    """Two quantities, as in a titre."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Extension(Struct, gc=False):
    """An additional element; we read those of Patient."""

    url: str | None = None
    extension: list[Extension] = []
    valueCode: str | None = None
    valueString: str | None = None
    valueCoding: Coding | None = None


class Meta(Struct, gc=False):
    """Version and moment of the last change on the server."""

    versionId: str | None = None
    lastUpdated: str | None = None


class Address(Struct, gc=False):
    """Where a patient lives, without street."""

    use: str | None = None
    type: str | None = None
    district: str | None = None
    state: str | None = None
    postalCode: str | None = None
    country: str | None = None
    period: Period | None = None


class Timing(Struct, gc=False):
    """When something happens repeatedly."""

    event: list[str] = []
    repeat: Repeat | None = None


class Repeat(Struct, gc=False):
    """The bounds of a repetition."""

    boundsPeriod: Period | None = None
