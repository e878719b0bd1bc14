"""Whom FHIR resources speak of: identifiers of patients and relatives, names of staff.

Everything that identifies a patient is gathered before any file is written, so that it can be
looked for in free text and in what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import parse_day
from nof1.record.deidentify.people import Person

Node = dict[str, Any]
SUBJECTS = ("subject", "patient", "beneficiary", "individual")
_RECORD = "MR"
_NUMBERS = ("subscriberId", "serialNumber", "lotNumber", "distinctIdentifier", "deviceIdentifier")


def resources(node: Any) -> Iterator[Node]:
    """Every resource in a document: of a Bundle, and contained ones, each once."""
    if not isinstance(node, dict):
        return
    if node.get("resourceType") == "Bundle":
        for entry in _list(node.get("entry")):
            if isinstance(entry, dict):
                inner = entry.get("resource")
                if isinstance(inner, dict) and "id" not in inner and _bare(entry.get("fullUrl")):
                    inner = inner | {"id": _bare(entry.get("fullUrl"))}
                yield from resources(inner)
        return
    yield node
    for inner in _list(node.get("contained")):
        yield from resources(inner)


def patient_key(node: Node) -> str | None:
    """The key of the patient a resource is about; None where it names none."""
    if node.get("resourceType") == "Patient":
        own = node.get("id")
        return own if isinstance(own, str) else None
    for name in SUBJECTS:
        reference = node.get(name)
        if isinstance(reference, dict):
            target = reference.get("reference")
            if isinstance(target, str) and _to_patient(target):
                return _bare(target)
            identifier = reference.get("identifier")
            value = identifier.get("value") if isinstance(identifier, dict) else None
            if isinstance(value, str):
                return value
    return None


def gather(document: Any, context: Context) -> None:
    """Add the people of a document to the register, and count the words that patients share."""
    for node in resources(document):
        kind = node.get("resourceType")
        key = patient_key(node)
        if kind == "Patient":
            context.register.add(_patient(node))
        elif kind in ("Practitioner", "Person"):
            context.register.staff.names.update(_names(node.get("name")))
        elif key is not None:
            context.register.add(_other(node, key))


def count_words(document: Any, context: Context) -> None:
    """Count, for every code and label, how many patients carry it."""
    for node in resources(document):
        key = patient_key(node)
        person = context.register.find(key)
        who = person.subject if person else key
        if who is not None:
            _count(node, context, who, 0)


def _count(node: Any, context: Context, who: str, depth: int) -> None:
    if isinstance(node, list):
        for item in node:
            _count(item, context, who, depth)
    elif isinstance(node, dict) and depth < 60:
        system, code = node.get("system"), node.get("code")
        if isinstance(code, str):
            context.common.see(who, "code", str(system), code)
        for name in ("display", "text", "valueString", "unit", "state", "country"):
            if isinstance(node.get(name), str):
                context.common.see(who, name, node[name])
        for value in node.values():
            if isinstance(value, dict | list):
                _count(value, context, who, depth + 1)


def _patient(node: Node) -> Person:
    person = Person()
    own = node.get("id")
    if isinstance(own, str):
        person.keys.add(own)
    for identifier in _dicts(node.get("identifier")):
        value = identifier.get("value")
        if isinstance(value, str) and value.strip():
            person.keys.add(value)
            person.numbers.add(value)
            if _is_record(identifier):
                person.records.add(value)
    if not person.keys:
        person.keys.add(f"unnamed {id(node)}")
    _add_contact(person, node)
    for contact in _dicts(node.get("contact")):
        _add_contact(person, contact)
    for extension in _dicts(node.get("extension")):
        _add_extension(person, extension)
    for name, days in (("birthDate", person.births), ("deceasedDateTime", person.deaths)):
        day = parse_day(node[name]) if isinstance(node.get(name), str) else None
        if day:
            days.add(day)
    return person


def _other(node: Node, key: str) -> Person:
    """What another resource adds to its patient: numbers; a relative's names and addresses."""
    person = Person(keys={key})
    for identifier in _dicts(node.get("identifier")):
        if isinstance(identifier.get("value"), str):
            person.numbers.add(identifier["value"])
    for name in _NUMBERS:
        if isinstance(node.get(name), str):
            person.numbers.add(node[name])
    if node.get("resourceType") == "RelatedPerson":
        _add_contact(person, node)
    return person


def _add_contact(person: Person, node: Node) -> None:
    person.names.update(_names(node.get("name")))
    for contact in _dicts(node.get("telecom")):
        if isinstance(contact.get("value"), str):
            person.contacts.add(contact["value"])
    for address in _dicts(node.get("address")):
        _add_address(person, address)


def _add_address(person: Person, address: Node) -> None:
    parts = [address.get(name) for name in ("text", "city", "district", "postalCode")]
    parts += _list(address.get("line"))
    person.places.update(part for part in parts if isinstance(part, str) and part.strip())


def _add_extension(person: Person, extension: Node) -> None:
    """Mother's name, birth place and the like; short codes are no names."""
    url = extension.get("url")
    text = extension.get("valueString")
    if isinstance(text, str) and isinstance(url, str) and re.search(r"name", url, re.I):
        person.names.add(text)
    address = extension.get("valueAddress")
    if isinstance(address, dict):
        _add_address(person, address)


def _names(found: Any) -> set[str]:
    """Whole names: text, and given names with the family name."""
    names = set()
    for name in _dicts(found):
        given = [part for part in _list(name.get("given")) if isinstance(part, str)]
        family = name.get("family")
        whole = " ".join([*given, *([family] if isinstance(family, str) else [])])
        names |= {text for text in (whole, name.get("text")) if isinstance(text, str)}
    return {name for name in names if name.strip()}


def _is_record(identifier: Node) -> bool:
    kind = identifier.get("type")
    codings = _dicts(kind.get("coding")) if isinstance(kind, dict) else []
    return any(coding.get("code") == _RECORD for coding in codings)


def _to_patient(target: str) -> bool:
    return "Patient/" in target or target.startswith("urn:")


def _bare(target: Any) -> str | None:
    """The id in a reference or a full URL."""
    if not isinstance(target, str) or not target or "?" in target:
        return None
    path = target.partition("/_history/")[0]
    return path.removeprefix("urn:uuid:").removeprefix("urn:oid:").rsplit("/", 1)[-1] or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dicts(value: Any) -> list[Node]:
    return [item for item in _list(value) if isinstance(item, dict)]
