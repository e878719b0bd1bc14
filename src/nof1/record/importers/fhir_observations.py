"""FHIR Observations: one event per value, of the observation and of each component.

===================  ==================================================================
value[x]             what the event gets
===================  ==================================================================
Quantity             number and unit; a comparator (``<``, ``>=``, ...) as text
integer              number
CodeableConcept      the answer joins the code: ``LOINC//72166-2//LA18976-3``; text = display
boolean              the same: ``...//true`` or ``...//false``
Ratio                text ``1:128``; with both units also the quotient, ``mg/mmol``
Range                text ``2..5`` and the unit: a middle would be a guess
string, time, date   text
SampledData          not imported, counted
===================  ==================================================================

The time is the end of the observed span, since a 24-hour sum is known only then; without any
effective time it is ``issued``.
"""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from nof1.record.importers.fhir_codes import answer
from nof1.record.importers.fhir_datatypes import Quantity, Range, Ratio, Timing
from nof1.record.importers.fhir_dates import first_of
from nof1.record.importers.fhir_rows import NotAFact, Refused, Rows, unit_of
from nof1.record.importers.fhir_status import require_fact
from nof1.record.importers.fhir_types import Observation, Valued

VALUES = (
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueInteger",
    "valueRange",
    "valueRatio",
    "valueSampledData",
    "valueTime",
    "valueDateTime",
    "valuePeriod",
)
_GIVEN = attrgetter(*VALUES)
COMPARATORS = frozenset(("<", "<=", ">=", ">", "ad"))


class Reading(NamedTuple):
    """A value as the event table holds it; ``answer`` is appended to the code."""

    number: float | None = None
    text: str | None = None
    unit: str | None = None
    answer: str | None = None


def observation(it: Observation, rows: Rows) -> None:
    """Events of one Observation."""
    require_fact("Observation", it.status)
    time = _time(it, rows)
    added = _add(it, time, rows)
    for part in it.component:
        if part.modifierExtension:
            raise Refused("a component has a modifierExtension, which may reverse its meaning")
        if not _add(part, time, rows):
            rows.excluded["Observation component without a value"] += 1
    if added or it.component:
        return
    if it.dataAbsentReason is not None:
        raise NotAFact("Observation value is absent (dataAbsentReason)")
    if it.valueSampledData is None:
        rows.add_concept(it.code, time)


def _time(it: Observation, rows: Rows) -> int:
    issued = rows.known_at(it.issued, "issued")
    if it.effectiveInstant is None and it.effectivePeriod is None and it.effectiveTiming is None:
        dated = rows.moment(it.effectiveDateTime, "effectiveDateTime", issued)
        return _placed(issued if dated is None else dated)
    time = first_of(
        rows.moment(it.effectiveDateTime, "effectiveDateTime", issued),
        rows.moment(it.effectiveInstant, "effectiveInstant", issued),
        rows.finished(it.effectivePeriod, "effectivePeriod", issued),
        _last(it.effectiveTiming, rows, issued),
        issued,
    )
    return _placed(time)


def _placed(time: int | None) -> int:
    if time is None:
        raise Refused("Observation without effective[x] and issued: it has no place in time")
    return time


def _last(timing: Timing | None, rows: Rows, issued: int | None) -> int | None:
    events = timing.event if timing else []
    moments = [rows.moment(text, "effectiveTiming.event", issued) for text in events]
    return max((moment for moment in moments if moment is not None), default=None)


def _add(it: Valued, time: int, rows: Rows) -> bool:
    """Add the events of one value; False when there is none."""
    values = _GIVEN(it)
    if values.count(None) == len(VALUES):
        return False
    given = [name for name, value in zip(VALUES, values, strict=True) if value is not None]
    if len(given) > 1:
        raise Refused("more than one value[x]: FHIR allows one")
    if given[0] == "valueSampledData":
        rows.excluded["Observation values of type SampledData are not imported"] += 1
        return False
    if given[0] == "valueCodeableConcept":
        return _add_answers(it, time, rows)
    reading = _reading(it, given[0], rows)
    if reading is None:
        return False
    for code, display in rows.coded(it.code):
        if reading.answer is not None:
            code = f"{code}//{reading.answer}"
            rows.describe(code, display and f"{display}: {reading.answer}")
        rows.add(code, time, reading.number, reading.text, reading.unit)
    return True


def _add_answers(it: Valued, time: int, rows: Rows) -> bool:
    concept = it.valueCodeableConcept
    assert concept is not None
    codes = rows.coded(it.code)
    for code, display in codes:
        given = answer(code, concept)
        if given is None:
            if not concept.text:
                return False
            rows.add(code, time, None, concept.text)
            continue
        ending, meaning = given
        code = f"{code}//{ending}"
        rows.describe(code, f"{display}: {meaning}" if display and meaning else meaning)
        rows.add(code, time, None, meaning)
    return True


def _reading(it: Valued, given: str, rows: Rows) -> Reading | None:
    if it.valueQuantity is not None:
        return _quantity(it.valueQuantity, rows)
    if it.valueInteger is not None:
        return Reading(number=float(it.valueInteger))
    if it.valueBoolean is not None:
        word = "true" if it.valueBoolean else "false"
        return Reading(text=word, answer=word)
    if it.valueRange is not None:
        return _range(it.valueRange)
    if it.valueRatio is not None:
        return _ratio(it.valueRatio, rows)
    if it.valuePeriod is not None:
        ends = (it.valuePeriod.start, it.valuePeriod.end)
        return Reading(text="/".join(end or "" for end in ends)) if any(ends) else None
    text = getattr(it, given)
    return Reading(text=text) if text.strip() else None


def _quantity(quantity: Quantity, rows: Rows) -> Reading | None:
    number = rows.number(quantity)
    if number is None:
        return None
    if quantity.comparator is not None and quantity.comparator not in COMPARATORS:
        raise Refused("valueQuantity.comparator has a word that FHIR R4 does not know")
    return Reading(number, quantity.comparator, unit_of(quantity))


def _range(value: Range) -> Reading | None:
    low, high = value.low or Quantity(), value.high or Quantity()
    if low.value is None and high.value is None:
        return None
    text = f"{_plain(low.value)}..{_plain(high.value)}"
    return Reading(text=text, unit=unit_of(low) or unit_of(high))


def _ratio(value: Ratio, rows: Rows) -> Reading | None:
    top, bottom = value.numerator or Quantity(), value.denominator or Quantity()
    over, under = rows.number(top), rows.number(bottom)
    if over is None or under is None:
        return None
    text = f"{top.comparator or ''}{_plain(over)}:{_plain(under)}"
    units = unit_of(top), unit_of(bottom)
    if None in units or under == 0 or top.comparator or bottom.comparator:
        return Reading(text=text)
    return Reading(rows.number(Quantity(value=over / under)), text, "/".join(map(str, units)))


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
