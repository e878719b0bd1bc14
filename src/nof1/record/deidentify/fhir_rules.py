"""What may stay of a FHIR R4 resource: an allow-list by path; everything else is dropped.

``fhir_elements.tsv`` holds one row for each element that may stay and what is done to it. A row
``@Type`` goes on with the rows of a data type, ``+`` with the rows below the same path. Elements
that a later version of FHIR adds are not in the list, so they are dropped.

Source: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from nof1.core.errors import InputError

FILE = "fhir_elements.tsv"
RULES = frozenset(
    {
        *("code", "code_value", "common", "system", "version", "profile", "unit", "comparator"),
        *("date", "birth", "death", "time", "age", "number", "boolean", "samples"),
        *("reference", "full_url", "request_url", "identifier", "identifier_system", "uid"),
        *("text", "zip", "state", "country", "verb", "resource", "+"),
    }
)
DATATYPES = frozenset(
    {
        *("Meta", "Coding", "CodeableConcept", "Identifier", "Reference", "Quantity", "Period"),
        *("Range", "Ratio", "Address", "Age", "SampledData", "Annotation", "Timing", "Dosage"),
    }
)
KNOWN_SYSTEMS = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://unitsofmeasure.org",
    "http://hl7.org/fhir/",
    "http://terminology.hl7.org/",
    "http://www.whocc.no/atc",
    "http://www.ama-assn.org/go/cpt",
    "http://www.genenames.org",
    "http://varnomen.hgvs.org",
    "http://dicom.nema.org/resources/ontology/DCM",
    "http://fdasis.nlm.nih.gov",
    "urn:oid:2.16.840.1.113883.6.",
    "urn:oid:2.16.840.1.113883.5.",
    "urn:oid:1.2.840.10008.",
    "urn:ietf:bcp:47",
    "urn:ietf:bcp:13",
    "urn:ietf:rfc:3986",
    "urn:iso:std:iso:3166",
)
_SYSTEM = re.compile(r"[A-Za-z0-9:/._-]{1,120}")
EXTENSIONS = frozenset(
    f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{name}"
    for name in ("race", "ethnicity", "birthsex")
)
INNER_EXTENSIONS = frozenset({"ombCategory", "detailed"})


@cache
def rules() -> dict[str, str]:
    """Path -> rule, from the table.

    Raises
    ------
    InputError : the table is missing or damaged; nothing is let through then.
    """
    found: dict[str, str] = {}
    try:
        text = files("nof1.record.deidentify").joinpath(FILE).read_text(encoding="utf-8")
    except OSError:
        text = ""
    for line in text.splitlines()[1:]:
        path, _, rule = line.partition("\t")
        if rule not in RULES and rule.removeprefix("@") not in DATATYPES:
            raise InputError("The table of FHIR elements holds an unknown rule.", where=FILE)
        found[path] = rule
    if not found:
        raise InputError(
            "The table of FHIR elements is missing.", where=FILE, next_step="Install nof1 again."
        )
    return found


@cache
def resource_types() -> frozenset[str]:
    """Resource types that may stay."""
    return frozenset(path.split(".")[0] for path in rules()) - DATATYPES


@cache
def codes() -> frozenset[str]:
    """Codes that elements of type ``code`` may hold: those of the required value sets of R4."""
    place = files("nof1.record.deidentify").joinpath("fhir_codes.txt")
    return frozenset(place.read_text(encoding="utf-8").split()) | resource_types()


def is_known_system(system: str) -> bool:
    """Whether codes of a system are public terms, which cannot hold a patient's identifier."""
    return system.startswith(KNOWN_SYSTEMS) and _SYSTEM.fullmatch(system) is not None
