"""FHIR codings as codes of the event table: ``VOCABULARY//code``.

The vocabularies and their order of preference stand in ``fhir_systems.csv``. A concept with several
codings becomes **one event per coding of a known vocabulary**, the preferred first, all with the
same record. We do not fold the others into parents of the first: a site may pair one SNOMED code
with E10 today and E11 tomorrow, and a shared parent would then find the wrong patients. Codings of
unknown, local systems are kept as parents (a reader finds them, a cohort never follows them); they
become an event only when no known vocabulary is given.

An unknown system keeps its address as its name, so two hospitals' local codes never meet by chance.
A concept without any code but with a text becomes ``TEXT//<text in lower case>``.

Reference: HL7 Terminology, external code systems, https://terminology.hl7.org.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path

from nof1.record.importers.fhir_datatypes import CodeableConcept, Coding

UNKNOWN_RANK = 1_000
LONGEST_TEXT = 120  # characters of a free text that serves as a code

Name = tuple[str, str | None]  # code of the event table, description


@functools.cache
def systems() -> dict[str, tuple[str, int]]:
    """System address or OID -> vocabulary and rank; a lower rank is preferred."""
    known: dict[str, tuple[str, int]] = {}
    ranks: dict[str, int] = {}
    with Path(__file__).with_name("fhir_systems.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            entry = (row["vocabulary"], ranks.setdefault(row["vocabulary"], len(ranks)))
            known[_plain(row["uri"])] = entry
            if row["oid"]:
                known[f"oid:{row['oid']}"] = entry
    return known


@functools.lru_cache(maxsize=4096)
def vocabulary(system: str | None) -> tuple[str, int]:
    """Short name and rank of a code system.

    >>> vocabulary("http://loinc.org")
    ('LOINC', 0)
    >>> vocabulary("https://hospital.example/labs/")[0]
    'hospital.example/labs'
    """
    if not system:
        return "NOSYSTEM", UNKNOWN_RANK
    plain = _plain(system)
    if plain.startswith("snomed.info/sct/"):  # an edition of SNOMED CT
        plain = "snomed.info/sct"
    return systems().get(plain) or (plain, UNKNOWN_RANK)


def _plain(system: str) -> str:
    text = system.strip().partition("|")[0].removeprefix("urn:")
    for scheme in ("https://", "http://"):
        text = text.removeprefix(scheme)
    return text.rstrip("/").replace("//", "/")


def names(concept: CodeableConcept | None) -> tuple[list[Name], list[str]]:
    """Codes of a concept: those that become events (preferred first), and the local others.

    Within one vocabulary the shorter, then alphabetically first code is preferred, so that the
    order in the message does not matter. Both lists are empty for an empty concept.
    """
    if concept is None:
        return [], []
    codings = [coding for coding in concept.coding if coding.code and coding.code.strip()]
    if len(codings) == 1:
        return [_name(codings[0])], []
    known: dict[str, str | None] = {}
    local: dict[str, str | None] = {}
    for rank, _, name, display in sorted({_ranked(coding) for coding in codings}):
        (known if rank < UNKNOWN_RANK else local).setdefault(name, display or None)
    if known:
        return list(known.items()), list(local)
    if local:
        return list(local.items())[:1], list(local)[1:]
    return _from_text(concept.text), []


def answer(question: str, concept: CodeableConcept) -> tuple[str, str | None] | None:
    """A coded answer as the ending of its question's code, with its display; None without a code.

    The vocabulary is named only when it is not the question's own:
    ``LOINC//72166-2`` + ``LA18976-3``, or + ``SNOMED//449868002``.
    """
    found, _ = names(concept) if concept.coding else ([], [])
    if not found:
        return None
    code, display = found[0]
    return code.removeprefix(question.partition("//")[0] + "//"), display or concept.text


def _name(coding: Coding) -> Name:
    return f"{vocabulary(coding.system)[0]}//{(coding.code or '').strip()}", coding.display


def _ranked(coding: Coding) -> tuple[int, int, str, str]:
    name, display = _name(coding)
    return vocabulary(coding.system)[1], len(name), name, display or ""


def _from_text(text: str | None) -> list[Name]:
    plain = " ".join((text or "").lower().split())[:LONGEST_TEXT]
    return [(f"TEXT//{plain}", text)] if plain else []
