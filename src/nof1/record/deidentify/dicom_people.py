"""Whom a DICOM header speaks of: its patient's identifiers, and the names of staff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import parse_day
from nof1.record.deidentify.people import Person

PATIENT_NAMES = frozenset({0x00100010, 0x00101001, 0x00101005, 0x00101060, 0x00102297})
NUMBERS = frozenset(
    {
        *(0x00100020, 0x00101000, 0x00101050, 0x00101090, 0x00101081),  # ids, plan, locator
        *(
            0x00080050,
            0x00380010,
            0x00380060,
            0x00101100,
            0x00200010,
        ),  # accession, admission, study
        *(0x00181000, 0x00181008, 0x0018100A, 0x00400009, 0x00401001),  # serial numbers, steps
        *(0x00402016, 0x00402017, 0x00321067),  # order numbers
    }
)
PLACES = frozenset({0x00101040, 0x00102152, 0x00102150})
CONTACTS = frozenset({0x00102154, 0x00102155})
BIRTH, PATIENT_ID = 0x00100030, 0x00100020
STUDY, INSTANCE = 0x0020000D, 0x00080018
SHARED_VRS = ("LO", "SH", "CS")
DEEPEST = 32


def elements(dataset: Any, depth: int = 0) -> Iterator[Any]:
    """All elements that can be read, those in sequences too; deeper than 32 levels none."""
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
            inner = list(element.value) if element.VR == "SQ" else []
        except Exception:  # damaged values raise anything; such an element is never kept either
            continue
        yield element
        if depth < DEEPEST:
            for item in inner:
                yield from elements(item, depth + 1)


def texts(element: Any) -> list[str]:
    """The values of an element as texts."""
    value = element.value
    if value is None or isinstance(value, bytes) or element.VR == "SQ":
        return []
    if isinstance(value, str):
        return [value]
    several = type(value).__name__ in ("MultiValue", "list", "tuple")
    return [str(part) for part in value] if several else [str(value)]


def patient_key(dataset: Any) -> str | None:
    """The record number in the header; without one the study stands for the patient."""
    for tag in (PATIENT_ID, STUDY, INSTANCE):
        try:
            value = str(dataset[tag].value).strip() if tag in dataset else ""
        except Exception:  # see ``elements``
            continue
        if value and value != "None":
            return value if tag == PATIENT_ID else f"study {value}"
    return None


def gather(dataset: Any, context: Context) -> None:
    """Add a header's people to the register, and count the words that patients share."""
    key = patient_key(dataset)
    person, staff = Person(), context.register.staff
    for element in elements(dataset):
        values = [text.strip() for text in texts(element) if text.strip()]
        tag = int(element.tag)
        if tag in PATIENT_NAMES:
            person.names.update(map(plain_name, values))
        elif tag in NUMBERS:
            person.numbers.update(values)
        elif tag in PLACES:
            person.places.update(values)
        elif tag in CONTACTS:
            person.contacts.update(values)
        elif tag == BIRTH:
            person.births.update(day for text in values if (day := parse_day(text)))
        elif element.VR == "PN":
            staff.names.update(map(plain_name, values))
        elif element.VR in SHARED_VRS and key:
            for text in values:
                context.common.see(key, "dicom", f"{tag:08x}", text)
    if key:
        person.keys.add(key)
        person.records.add(key)
        context.register.add(person)


def plain_name(name: str) -> str:
    """A DICOM name as first name, middle name, last name (PS3.5 6.2.1: last^first^middle).

    >>> plain_name("Doe^Jane^Ann")
    'Jane Ann Doe'
    """
    last, _, rest = name.split("=")[0].partition("^")
    return " ".join([*rest.split("^")[:2], last]).strip() or name
