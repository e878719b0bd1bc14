"""Reading each kind of file twice: once to learn whom it speaks of, once to write it cleaned."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nof1.core.errors import InputError
from nof1.record.deidentify import (
    dicom,
    dicom_file,
    dicom_people,
    fhir,
    fhir_people,
    table_files,
    tables,
)
from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import parse_day
from nof1.record.deidentify.inventory import Item
from nof1.record.deidentify.people import Person
from nof1.record.deidentify.spellings import words
from nof1.record.deidentify.tally import Refused
from nof1.record.importers import fhir_files
from nof1.record.reading import safe_open

LARGEST_TEXT = 64 * 2**20
_ENCODER = msgspec.json.Encoder()
_BAD = (msgspec.DecodeError, RecursionError, ValueError)


def gather(item: Item, context: Context) -> None:
    """Learn the people of a file.

    Raises
    ------
    Refused : it cannot be read.
    """
    if item.kind == "dicom":
        dataset = dicom_file.read(_bytes(item.path, dicom_file.LARGEST), pixels=False)
        with dicom_file.silent():
            dicom_people.gather(dataset, context)
    elif item.kind == "table" and item.plan is not None:
        for row in table_files.rows(item.path):
            tables.gather(row, item.plan, context)
    elif item.kind == "fhir":
        for document in _documents(item.path, None):
            fhir_people.gather(document, context)
            fhir_people.count_words(document, context)


def clean(item: Item, target: Path, context: Context) -> None:
    """Write a file cleaned.

    Raises
    ------
    Refused : it is not let through; nothing of it is written.
    """
    if item.kind == "dicom":
        content = _bytes(item.path, dicom_file.LARGEST)
        target.write_bytes(dicom.deidentified(content, context))
    elif item.kind == "table" and item.plan is not None:
        _clean_table(item, target, context)
    elif item.kind == "fhir":
        _clean_fhir(item.path, target, context)
    else:
        _clean_text(item, target, context)


def _clean_table(item: Item, target: Path, context: Context) -> None:
    assert item.plan is not None
    cleaner = tables.RowCleaner(item.plan, context)
    if not cleaner.columns:
        raise Refused("No column of the table may stay.")
    for column in set(table_files.columns_of(item.path)) - set(cleaner.columns):
        listed = column in item.plan.roles
        name = column if listed else "column that is not named"
        context.tally.drop(f"{item.plan.name}: {name}")
    quasi = {c: r for c, r in item.plan.roles.items() if r in _QUASI}

    def cleaned() -> Iterator[dict[str, str]]:
        for row in table_files.rows(item.path):
            new = cleaner.clean(row)
            key = tables.patient_key(row, item.plan) if item.plan else None
            _profile_row(new, key, quasi, item.plan, context)
            yield new

    table_files.write(target, item.path, cleaner.columns, cleaned())
    context.tally.did("table cleaned")


_QUASI = frozenset({"birth_year", "birth_date", "age", "zip", "state"})
_OMOP_QUASI = frozenset({"gender_concept_id", "race_concept_id", "ethnicity_concept_id"})


def _profile_row(
    new: dict[str, str],
    key: str | None,
    quasi: dict[str, str],
    plan: tables.Plan | None,
    context: Context,
) -> None:
    """What the cleaned row still tells about its patient."""
    person = context.register.find(key)
    if person is None or plan is None:
        return
    told: dict[str, str | None] = {r: new[c] for c, r in quasi.items() if r != "birth_date"}
    born = next((new[c][:4] for c, r in quasi.items() if r == "birth_date"), None)
    if born is not None:
        told.setdefault("birth_year", born)
    if plan.name == "person":
        told |= {c: new[c] for c in _OMOP_QUASI & set(new)}
    if told:
        context.profiles.setdefault(person.subject, {}).update(told)
    code = new.get("condition_concept_id")
    if code:
        context.diagnoses.setdefault(person.subject, code)


def _clean_fhir(path: Path, target: Path, context: Context) -> None:
    lines = path.name.lower().split(".gz")[0].endswith(("ndjson", "jsonl"))
    kept = []
    for document in _documents(path, context):
        for node in fhir_people.resources(document):
            if node.get("resourceType") not in ("Patient", "Condition"):
                continue
            _profile_fhir(node, context)
        new = fhir.deidentified(document, context)
        if new is not None:
            kept.append(_ENCODER.encode(new))
    if not kept:
        raise Refused("Nothing of it may stay.")
    content = b"\n".join(kept) + (b"\n" if lines or len(kept) > 1 else b"")
    packed = path.name.lower().endswith(".gz")
    target.write_bytes(gzip.compress(content, 6, mtime=0) if packed else content)


def _profile_fhir(node: dict[str, Any], context: Context) -> None:
    """What the output will tell about a patient: from the source, by the same rules."""
    key = fhir_people.patient_key(node)
    person = context.register.find(key)
    if person is None:
        return
    scratch = context.beside()
    new = fhir.deidentified(node, scratch) or {}
    if node["resourceType"] == "Condition":
        codes = [c.get("code") for c in new.get("code", {}).get("coding", [])]
        if codes and isinstance(codes[0], str):
            context.diagnoses.setdefault(person.subject, codes[0])
        return
    addresses = new.get("address") or [{}]
    first = addresses[0] if isinstance(addresses, list) else addresses
    context.profiles.setdefault(person.subject, {}).update(
        sex=new.get("gender"),
        birth_year=new.get("birthDate", "")[:4] or None,
        zip=first.get("postalCode"),
        state=first.get("state"),
    )


def _documents(path: Path, context: Context | None) -> Iterator[Any]:
    """The documents of a file; a bad line is dropped and counted, a bad file refused."""
    for document in fhir_files.documents(path):
        if document.nothing:
            raise Refused("It holds no FHIR.")
        if document.problem and document.row == 0:
            raise Refused("It is damaged or too large.")
        try:
            if document.problem:
                raise ValueError
            yield msgspec.json.decode(document.raw)
        except _BAD:
            if document.row == 0:
                raise Refused("It is no JSON, or nested too deeply.") from None
            if context is not None:
                context.tally.drop("line that is no JSON, or damaged")


def _clean_text(item: Item, target: Path, context: Context) -> None:
    """A plain text: the patient's whose key stands in its path, or nobody's."""
    if context.scrubber is None:
        raise Refused("It is free text.", "Choose --free-text scrub.")
    if not any(True for _ in context.register.people()):
        raise Refused(
            "No patient is known, so their names cannot be looked for.",
            "Give the patients' records too, or name a table with --people.",
        )
    try:
        text = _bytes(item.path, LARGEST_TEXT).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("It is no UTF-8 text.", "Save it as UTF-8.") from None
    person = _patient_in(item.parts, context)
    clean = context.scrubber.scrub(text, context.near(person, text), context.days(person))
    if clean is None:
        raise Refused("Something in it could not be made clean.", "A person must clean it.")
    context.tally.did("text file scrubbed" if person else "text file scrubbed without its patient")
    target.write_text(clean, encoding="utf-8")


def _patient_in(parts: tuple[str, ...], context: Context) -> Person | None:
    """The one patient whose key stands in a folder's or file's name."""
    found = {}
    for part in parts:
        stem = part.rsplit(".", 1)[0]
        for candidate in (stem, *words(stem), *stem.replace("-", "_").split("_")):
            person = context.register.find(candidate)
            if person is not None:
                found[id(person)] = person
    return next(iter(found.values())) if len(found) == 1 else None


def gather_people(path: Path, context: Context) -> None:
    """Learn people from a table whose columns are called as their roles are (``--people``).

    Raises
    ------
    InputError : no column ``patient``, or a column that is no role.
    """
    allowed = ("patient", *("name", "identifier", "contact", "address", "birth_date", "zip"))
    try:
        columns = table_files.columns_of(path)
        roles = {column: column.strip().lower().rstrip("0123456789_") for column in columns}
        if "patient" not in roles.values() or not set(roles.values()) <= set(allowed):
            raise InputError(
                "The table of people has other columns.",
                where="--people",
                allowed=[*allowed, "a number may follow, as in name2"],
            )
        for row in table_files.rows(path):
            tables.gather(row, tables.Plan("people", roles), context)
            _check_day(row, roles)
    except Refused as why:
        raise InputError(why.reason, where="--people") from None


def _check_day(row: dict[str, str], roles: dict[str, str]) -> None:
    for column, role in roles.items():
        if role == "birth_date" and row.get(column) and parse_day(row[column]) is None:
            raise InputError("A birth date cannot be read.", where="--people", allowed="YYYY-MM-DD")


def _bytes(path: Path, largest: int) -> bytes:
    try:
        with safe_open(path, limit=largest) as stream:
            return stream.read()
    except InputError as error:
        raise Refused(error.message) from None
