"""Which column of a table is what: OMOP columns by their names, CSV tables by a settings file.

A settings file names each table and its columns::

    tables:
      labs.csv:
        columns:
          mrn: patient
          drawn: date
          glucose: number
          remark: text

A table that is not named is refused; a column that is not named is dropped and counted.

Source: OMOP Common Data Model 5.3 and 5.4, https://ohdsi.github.io/CommonDataModel/.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

from nof1.core.errors import InputError
from nof1.core.yaml_lines import Node, load

ROLES = {
    "patient": "record number of the patient: pseudonym",
    "id": "another number: pseudonym",
    "name": "a person's name: dropped, looked for everywhere",
    "identifier": "SSN, account, plan, licence, device number: dropped, looked for everywhere",
    "contact": "telephone, fax, e-mail, web address: dropped, looked for everywhere",
    "address": "street, city: dropped, looked for everywhere",
    "birth_date": "moved; empty for people over 89",
    "birth_year": "kept; for people over 89 the year in which one is 90",
    "date": "moved",
    "death": "moved",
    "age": "years; 90 for more than 89",
    "zip": "three digits",
    "state": "kept",
    "number": "kept where it is a number",
    "whole": "kept where it is a whole number",
    "time": "time of day, kept",
    "common": "kept where at least five patients share the value",
    "text": "free text: dropped or scrubbed",
    "drop": "dropped",
}
OMOP_TABLES = frozenset((
    "person", "observation_period", "visit_occurrence", "visit_detail",
    "condition_occurrence", "drug_exposure", "procedure_occurrence", "device_exposure",
    "measurement", "observation", "death", "note", "specimen", "location", "care_site",
    "provider", "payer_plan_period", "cost", "drug_era", "dose_era", "condition_era",
    "episode", "episode_event", "fact_relationship",
))  # fmt: skip
VOCABULARY = frozenset((
    "concept", "vocabulary", "domain", "concept_class", "concept_relationship",
    "relationship", "concept_synonym", "concept_ancestor", "source_to_concept_map",
    "drug_strength", "cdm_source", "metadata", "cohort_definition", "attribute_definition",
))  # fmt: skip


@cache
def omop_rules() -> tuple[tuple[str, str], ...]:
    """Column patterns and roles, in order.

    Raises
    ------
    InputError : the table is missing.
    """
    try:
        place = files("nof1.record.deidentify").joinpath("omop_columns.tsv")
        lines = place.read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        lines = []
    if not lines:
        raise InputError("The table of OMOP columns is missing.", where="omop_columns.tsv")
    pairs = [line.split("\t") for line in lines]
    return tuple((column, role) for column, role in pairs)


def omop_role(column: str) -> str | None:
    """The role of an OMOP column; None for one that is not in the list."""
    name = column.strip().lower()
    return next((role for pattern, role in omop_rules() if fnmatchcase(name, pattern)), None)


def read_settings(path: Path) -> dict[str, dict[str, str]]:
    """Table name -> column -> role, of a settings file.

    Raises
    ------
    InputError : the file is not as described above; file, line and column are named.
    """
    root = load(path).mapping(["tables"], ["tables"])
    return {name: _columns(node) for name, node in root["tables"].mapping().items()}


def _columns(table: Node) -> dict[str, str]:
    columns = table.mapping(["columns"], ["columns"])["columns"]
    found = {name: node.one_of(list(ROLES)) for name, node in columns.mapping().items()}
    if "patient" not in found.values():
        columns.refuse("No column is the patient.", allowed="one column with the role patient")
    return found
