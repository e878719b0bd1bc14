"""Where converters put what a resource says: events, refusals, counts and codes.

A converter either adds events or leaves by one of three exceptions, so that a refused resource
never leaves half of its events behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import NamedTuple

import polars as pl

from nof1.record.events import RAW_SCHEMA, TIME
from nof1.record.importers import Batch, Quarantined
from nof1.record.importers.fhir_codes import Name, names
from nof1.record.importers.fhir_datatypes import CodeableConcept, Period, Quantity
from nof1.record.importers.fhir_dates import BadDate, Span, settle, span

UCUM = ("http://unitsofmeasure.org", "https://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8")
LARGEST_NUMBER = 3.4028234e38  # the event table stores 32-bit floats


class Refused(Exception):
    """The resource is not what FHIR R4 promises; the text says why and quotes no value."""


class NotAFact(Exception):
    """A well-formed resource that states no fact: refuted, planned, cancelled, not done."""


class Withdrawn(Exception):
    """The source has withdrawn the resource: entered in error, or deleted."""


class Event(NamedTuple):
    """One row of ``RAW_SCHEMA``; times in microseconds since 1970, UTC."""

    patient: str
    time: int | None
    code: str
    numeric_value: float | None
    text_value: str | None
    unit: str | None
    recorded: int | None
    record: str
    source_file: str
    source_row: int


class Rows:
    """Events under construction, and all that did not become one.

    The current resource is described by ``patient``, ``record``, ``recorded``, ``held`` (a moment
    by which the source certainly held it), ``file`` and ``row``.
    """

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.patient = self.record = self.file = ""
        self.row = 0
        self.recorded: int | None = None
        self.held: int | None = None
        self.known_codes: set[str] = set()
        self._start_batch()

    def _start_batch(self) -> None:
        self.events: list[Event] = []
        self.quarantined: list[Quarantined] = []
        self.excluded: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.retracted: list[str] = []
        self.codes: dict[str, tuple[str | None, list[str]]] = {}

    # what converters call ---------------------------------------------------------------------

    def add(
        self,
        code: str,
        time: int | None,
        number: float | None = None,
        text: str | None = None,
        unit: str | None = None,
    ) -> None:
        """One event of the current resource."""
        self.events.append(
            Event(
                self.patient,
                time,
                code,
                number,
                text,
                unit,
                self.recorded,
                self.record,
                self.file,
                self.row,
            )
        )

    def add_concept(
        self,
        concept: CodeableConcept | None,
        time: int | None,
        number: float | None = None,
        text: str | None = None,
        unit: str | None = None,
        *,
        role: str = "",
    ) -> None:
        """One event per coding of a concept, with a role in front (``ALLERGY//``)."""
        for code, _ in self.coded(concept, role):
            self.add(role + code, time, number, text, unit)

    def coded(self, concept: CodeableConcept | None, role: str = "") -> list[Name]:
        """The codes of a concept, described once per import; refuses a concept without any."""
        found, local = names(concept)
        if not found:
            raise Refused("the concept has neither a code nor a text")
        for position, (code, display) in enumerate(found):
            if role + code not in self.known_codes:
                self.describe(role + code, display, () if position else local)
        if found[0][0].startswith("TEXT//"):
            self.notes["coded by free text only (TEXT//...)"] += 1
        return found

    def describe(self, code: str, display: str | None, parents: Iterable[str] = ()) -> None:
        """A code's description for the table of codes."""
        if code not in self.known_codes:
            self.known_codes.add(code)
            self.codes[code] = (display, sorted(parents))

    def span(self, text: str | None, element: str) -> Span | None:
        """The moments of a date, None for an absent one; refuses a date that cannot be used."""
        if text is None:
            return None
        try:
            return span(text, self.zone)
        except BadDate as error:
            raise Refused(f"{element}: {error}") from None

    def settle(self, when: Span, *known_by: int | None) -> int:
        """The moment of an event: the latest of its span that is possible.

        See ``fhir_dates.settle``; that the source held the resource is a bound as well.
        """
        return settle(when, self.held, *known_by)

    def moment(self, text: str | None, element: str, *known_by: int | None) -> int | None:
        """The moment of an event with this date; None for an absent date."""
        if text is None:
            return None
        found = self.span(text, element)
        return None if found is None else settle(found, self.held, *known_by)

    def known_at(self, text: str | None, element: str) -> int | None:
        """The moment from which a recording date says the fact was known; also ``recorded``."""
        self.recorded = self.moment(text, element)
        return self.recorded

    def period(
        self, period: Period | None, element: str, *known_by: int | None
    ) -> tuple[int | None, int | None]:
        """Start and end of a period. The end may be planned: what was known does not bound it."""
        start, end = self._spans(period, element)
        finish = None if end is None else end.last
        return None if start is None else self.settle(start, finish, *known_by), finish

    def finished(self, period: Period | None, element: str, *known_by: int | None) -> int | None:
        """When something that was observed over a period was complete: its end, else its start."""
        start, end = self._spans(period, element)
        when = end or start
        return None if when is None else self.settle(when, *known_by)

    def _spans(self, period: Period | None, element: str) -> tuple[Span | None, Span | None]:
        """Spans of both ends. An end that is unusable is refused, but not the start."""
        if period is None:
            return None, None
        start = self.span(period.start, f"{element}.start")
        try:
            end = self.span(period.end, f"{element}.end")
            if start is not None and end is not None and end.last < start.first:
                raise Refused(f"{element} ends before it starts: the end is left out")
        except Refused as refusal:
            self.refuse(str(refusal))
            end = None
        return start, end

    def number(self, quantity: Quantity) -> float | None:
        """The value of a quantity; refuses what a 32-bit float cannot hold."""
        if quantity.value is not None and abs(quantity.value) > LARGEST_NUMBER:
            raise Refused("a number is too large to be a measurement")
        return quantity.value

    def refuse(self, reason: str) -> None:
        """Quarantine (a part of) the current resource."""
        self.quarantined.append(Quarantined(self.file, self.row or None, reason))

    # handing over -----------------------------------------------------------------------------

    def batch(self) -> Batch:
        """All since the last batch, as frames; starts the next one."""
        made = Batch(
            events=frame(self.events),
            quarantined=self.quarantined,
            excluded=dict(self.excluded),
            notes=dict(self.notes),
            retracted=self.retracted,
            codes=self._code_table(),
        )
        self._start_batch()
        return made

    def _code_table(self) -> pl.DataFrame | None:
        if not self.codes:
            return None
        return pl.DataFrame(
            {
                "code": list(self.codes),
                "description": [display for display, _ in self.codes.values()],
                "parent_codes": [parents for _, parents in self.codes.values()],
            },
            schema={
                "code": pl.String,
                "description": pl.String,
                "parent_codes": pl.List(pl.String),
            },
        )


def unit_of(quantity: Quantity) -> str | None:
    """The UCUM code where the source says it is one, else the unit as written.

    >>> unit_of(Quantity(unit="milligram", system=UCUM[0], code="mg"))
    'mg'
    """
    if quantity.code and quantity.system in UCUM:
        return quantity.code
    return quantity.unit or quantity.code or None


def columns(events: list[Event]) -> dict[str, list[object]]:
    """Events as columns named as in ``RAW_SCHEMA``."""
    if not events:
        return {name: [] for name in Event._fields}
    return {name: list(c) for name, c in zip(Event._fields, zip(*events, strict=True), strict=True)}


def frame(events: list[Event]) -> pl.DataFrame:
    """Events as a frame of ``RAW_SCHEMA``."""
    whole = {"time": pl.Int64(), "recorded": pl.Int64()}
    made = pl.DataFrame(columns(events), schema={**RAW_SCHEMA, **whole})
    return made.with_columns(pl.col("time", "recorded").cast(TIME))
