"""Plausible limits of measured values, one cited row per quantity and unit.

A value outside them is no disease but a slip: a wrong unit, a lost decimal point, a typing error.
``limits.csv`` holds the rows; ``limits_sources.csv`` says where each bound comes from, and says so
openly where it is only this project's own choice. Codes are matched by vocabulary code, and codes
of a hospital's own tables (``lab//FiO2``) by name. A value in a unit that has no row, or without
a unit, is not checked here: units are never guessed.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import polars as pl

from nof1.core.units import ucum

LIMITS_SCHEMA = pl.Schema(
    {
        "code": pl.String,
        "unit_key": pl.String,
        "quantity": pl.String,
        "low": pl.Float64,
        "high": pl.Float64,
        "source": pl.String,
    }
)


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def citations() -> dict[str, str]:
    """Source key -> citation, for every key that ``limits.csv`` uses."""
    return {row["source"]: row["citation"] for row in _rows("limits_sources.csv")}


def unit_key(unit: str | None) -> str:
    """A unit as UCUM where it is known, else as written without case and spaces; missing is "".

    >>> unit_key("mm Hg"), unit_key("Furlongs"), unit_key(None)
    ('mm[Hg]', 'furlongs', '')
    """
    text = "".join((unit or "").split())
    return ucum(text) or text.casefold() if text else ""


def for_codes(codes: list[str]) -> pl.DataFrame:
    """The limits that apply to these codes: one row per code and unit (``LIMITS_SCHEMA``).

    ``low`` and ``high`` are in the unit of the row and are themselves still plausible.
    """
    by_code, by_name = _index()
    found = []
    for code in codes:
        for row in by_code.get(code, ()) or by_name.get(_own_name(code), ()):
            for unit in dict.fromkeys(map(unit_key, row["units"].split("|"))):
                bounds = (float(row["low"]), float(row["high"]))
                found.append((code, unit, row["name"], *bounds, row["source"]))
    return pl.DataFrame(found, LIMITS_SCHEMA, orient="row").unique(
        ["code", "unit_key"], keep="first", maintain_order=True
    )


@cache
def _index() -> tuple[dict[str, list[dict[str, str]]], dict[str, list[dict[str, str]]]]:
    by_code: dict[str, list[dict[str, str]]] = {}
    by_name: dict[str, list[dict[str, str]]] = {}
    for row in _rows("limits.csv"):
        for code in row["codes"].split("|"):
            by_code.setdefault(code, []).append(row)
        for name in row["names"].split("|"):
            by_name.setdefault(name, []).append(row)
    return by_code, by_name


def _own_name(code: str) -> str:
    """The name in a hospital's own code: ``lab//FiO2`` -> ``fio2``; no name in a role's code.

    Importers keep values in an unknown unit apart by adding it: ``lab//FiO2//[share]``.
    """
    parts = code.split("//")
    if parts[-1].startswith("[") and parts[-1].endswith("]"):
        parts = parts[:-1]
    return parts[1].strip().casefold() if len(parts) == 2 else ""
