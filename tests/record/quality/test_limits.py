"""The limits file itself, and how codes and units find their row."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from nof1.core.units import ucum
from nof1.record.quality import limits
from nof1.record.quality.conformance import is_loinc

ROWS = list(
    csv.DictReader(files("nof1.record.quality").joinpath("limits.csv").read_text().splitlines())
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['name']} {row['units']}")
def test_every_row_is_cited_ordered_and_has_real_codes(row: dict[str, str]) -> None:
    assert float(row["low"]) < float(row["high"])
    assert all(key.strip() in limits.citations() for key in row["source"].split(";"))
    assert all(is_loinc(code) for code in row["codes"].split("|"))
    assert any(ucum(unit) for unit in row["units"].split("|") if unit)


def test_no_code_and_unit_has_two_limits() -> None:
    """Two rows that claim one code and unit would hide each other."""
    claims = [
        (code, limits.unit_key(unit), row["name"])
        for row in ROWS
        for code in row["codes"].split("|")
        for unit in dict.fromkeys(row["units"].split("|"))
    ]
    owners: dict[tuple[str, str], set[str]] = {}
    for code, unit, name in claims:
        owners.setdefault((code, unit), set()).add(name)
    assert not [key for key, names in owners.items() if len(names) > 1]


def test_own_codes_match_by_name_and_units_in_any_spelling() -> None:
    found = limits.for_codes(
        ["lab//FiO2", "lab//Temperature//[hot]", "LOINC//2019-8", "SNOMED//1", "MEDS_BIRTH"]
    )
    keys = set(found.select("code", "unit_key").iter_rows())
    assert ("lab//FiO2", "%") in keys
    assert ("LOINC//2019-8", limits.unit_key("mm Hg")) in keys
    assert {code for code, _ in keys} == {"lab//FiO2", "lab//Temperature//[hot]", "LOINC//2019-8"}


def test_role_codes_are_not_values() -> None:
    assert limits.for_codes(["ALLERGY//SNOMED//glucose", "FAMILY//ICD10CM//sodium"]).is_empty()
