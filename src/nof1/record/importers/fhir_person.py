"""FHIR Patient: birth, death, and what does not change (static events).

``MEDS_BIRTH``, ``MEDS_DEATH``, ``GENDER//F|M|O``, ``BIRTHSEX//F``, ``RACE//2106-3`` and
``ETHNICITY//2186-5`` (US Core extensions), ``REGION//US``, ``REGION//US-KS``,
``REGION//<district>``, ``REGION//<postal code>``: the region at every level an exposure table may
use. An address with a start is an event at that start; an ended one without a start is left out.
"""

from __future__ import annotations

from nof1.record.events import BIRTH, DEATH
from nof1.record.importers.fhir_datatypes import Address, Extension
from nof1.record.importers.fhir_rows import Refused, Rows
from nof1.record.importers.fhir_types import Patient

GENDERS = {"female": "F", "male": "M", "other": "O"}
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
GROUPS = {f"{US_CORE}race": "RACE", f"{US_CORE}ethnicity": "ETHNICITY"}
BIRTH_SEX = f"{US_CORE}birthsex"
NOT_A_HOME = frozenset(("billing", "old", "temp"))


def person(it: Patient, rows: Rows) -> None:
    """All events of one Patient resource."""
    birth = rows.span(it.birthDate, "birthDate")
    if birth is None:
        rows.notes["Patient without birthDate: no birth event"] += 1
    else:
        rows.add(BIRTH, birth.first)
    _death(it, rows, None if birth is None else birth.first)
    _gender(it.gender, rows)
    for extension in it.extension:
        _background(extension, rows)
    for address in it.address:
        _region(address, rows)
    if any(link.type == "replaced-by" for link in it.link):
        rows.notes["Patient is replaced by another record; its events stay with the old one"] += 1


def _death(it: Patient, rows: Rows, birth: int | None) -> None:
    died = rows.span(it.deceasedDateTime, "deceasedDateTime")
    if died is not None:
        if birth is not None and died.last < birth:
            raise Refused("Patient dies before birth")
        rows.add(DEATH, rows.settle(died))
    elif it.deceasedBoolean:
        rows.notes["Patient is deceased at an unknown date: no death event"] += 1


def _gender(gender: str | None, rows: Rows) -> None:
    if gender in GENDERS:
        rows.add(f"GENDER//{GENDERS[gender]}", None)
        rows.describe(f"GENDER//{GENDERS[gender]}", gender)
    elif gender not in (None, "unknown"):
        rows.refuse("Patient.gender has a word that FHIR R4 does not know: it is left out")


def _background(extension: Extension, rows: Rows) -> None:
    if extension.url == BIRTH_SEX and extension.valueCode:
        rows.add(f"BIRTHSEX//{extension.valueCode}", None)
    group = GROUPS.get(extension.url or "")
    if group is None:
        return
    for part in extension.extension:
        coding = part.valueCoding
        if part.url == "ombCategory" and coding is not None and coding.code:
            rows.add(f"{group}//{coding.code}", None, text=coding.display)
            rows.describe(f"{group}//{coding.code}", coding.display)


def _region(address: Address, rows: Rows) -> None:
    period = address.period
    start = rows.moment(period.start, "address.period.start") if period else None
    if address.use in NOT_A_HOME and start is None:
        return
    if start is None and period is not None and period.end is not None:
        return
    country, state = address.country, address.state
    if country and state and not state.startswith(f"{country}-"):
        state = f"{country}-{state}"
    levels = (country, state, address.district, address.postalCode)
    for level in dict.fromkeys(" ".join(name.split()) for name in levels if name):
        rows.add(f"REGION//{level}", start)
