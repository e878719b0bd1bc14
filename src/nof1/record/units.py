"""Units of the event table: values of one analyte meet in one unit; unknown units stay apart.

For each pair of code and unit there is one rule, the same for a whole import and for one patient:

- the analyte table names the unit in which the code's values meet (``analytes.csv``: customary
  units, molar masses; a code of the moles meets the code of the mass);
- other codes meet in one unit of their dimension (``nof1.core.units.MEETING_UNITS``);
- a unit that cannot be read or converted is never guessed: its values stay apart under the code
  ``<code>//[<unit as written>]``. So do values of a known analyte that come without a unit.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from importlib.resources import files
from typing import NamedTuple
from unicodedata import normalize

import polars as pl

from nof1.core.units import Conversion, conversion, meeting_unit, ucum

FEW_ROWS = 1_000


class Analyte(NamedTuple):
    """One row of ``analytes.csv``."""

    code: str
    meets_as: str
    unit: str
    grams_per_mole: float | None


@dataclass(frozen=True)
class Rule:
    """What becomes of values of one code in one unit: ``value * factor + offset`` in ``unit``."""

    code: str
    unit: str | None
    factor: float = 1.0
    offset: float = 0.0


@cache
def analytes() -> dict[str, Analyte]:
    """The analyte table by code."""
    text = files("nof1.record").joinpath("analytes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["code"]: Analyte(
            row["code"], row["meets_as"], row["unit"], float(row["grams_per_mole"] or 0) or None
        )
        for row in rows
    }


def plain(unit: str) -> str:
    """A unit in the plain letters of UCUM: no HTML, no micro sign, no raised digits.

    >>> plain("&#176;C"), plain("µmol/L"), plain("10³/µL"), plain("kg/m²")
    ('°C', 'umol/L', '10^3/uL', 'kg/m2')
    """
    text = re.sub(r"(?<=10)(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])", "^", unescape(unit).replace("º", "°"))
    return normalize("NFKC", text).replace("\N{GREEK SMALL LETTER MU}", "u")


@lru_cache(maxsize=10_000)  # a hostile file may hold a new unit in each row
def rule(code: str, unit: str | None) -> Rule:
    """The rule for numeric values of ``code`` that come in ``unit`` (as written; None: no unit).

    >>> rule("LOINC//14749-6", "mmol/L")
    Rule(code='LOINC//2345-7', unit='mg/dL', factor=18.0156, offset=0.0)
    >>> rule("LOINC//2345-7", "furlongs").code
    'LOINC//2345-7//[furlongs]'
    """
    analyte = analytes().get(code)
    if unit is None or not unit.strip():
        return Rule(code, None) if analyte is None else Rule(f"{code}//[no unit]", None)
    known = ucum(plain(unit))
    if known is None:
        return _apart(code, unit)
    if analyte is None:
        meeting = meeting_unit(known)
        return _converted(code, meeting, conversion(known, meeting)) or _apart(code, unit)
    move = conversion(known, analyte.unit, analyte.grams_per_mole)
    return _converted(analyte.meets_as, analyte.unit, move) or _apart(code, unit)


def harmonised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ``code``, ``unit`` and ``numeric_value`` (Float64) harmonised.

    Rows without a numeric value keep their code; rows keep their order.
    """
    if frame.height <= FEW_ROWS:
        return _row_by_row(frame)
    has_value = pl.col("numeric_value").is_not_null()
    pairs = frame.filter(has_value).select("code", "unit").unique()
    if pairs.is_empty():
        return frame
    rules = [rule(code, unit) for code, unit in pairs.iter_rows()]
    table = pairs.with_columns(
        pl.Series("_code", [r.code for r in rules], dtype=pl.String),
        pl.Series("_unit", [r.unit for r in rules], dtype=pl.String),
        pl.Series("_factor", [r.factor for r in rules], dtype=pl.Float64),
        pl.Series("_offset", [r.offset for r in rules], dtype=pl.Float64),
    )
    joined = frame.join(
        table, on=["code", "unit"], how="left", nulls_equal=True, maintain_order="left"
    )
    value = pl.col("numeric_value").cast(pl.Float64)
    return joined.with_columns(
        code=pl.when(has_value).then("_code").otherwise("code"),
        unit=pl.when(has_value).then("_unit").otherwise("unit"),
        numeric_value=pl.when(has_value).then(value * pl.col("_factor") + pl.col("_offset")),
    ).drop("_code", "_unit", "_factor", "_offset")


def _row_by_row(frame: pl.DataFrame) -> pl.DataFrame:
    """The same for one patient's rows, where a join costs more than a loop."""
    codes, units = frame["code"].to_list(), frame["unit"].to_list()
    values = frame["numeric_value"].cast(pl.Float64).to_list()
    for place, value in enumerate(values):
        if value is not None:
            found = rule(codes[place], units[place])
            codes[place], units[place] = found.code, found.unit
            values[place] = value * found.factor + found.offset
    return frame.with_columns(
        pl.Series("code", codes, dtype=pl.String),
        pl.Series("unit", units, dtype=pl.String),
        pl.Series("numeric_value", values, dtype=pl.Float64),
    )


def _converted(code: str, unit: str, move: Conversion | None) -> Rule | None:
    return None if move is None else Rule(code, unit, move.factor, move.offset)


def _apart(code: str, unit: str) -> Rule:
    text = unit.strip()
    return Rule(f"{code}//[{text[:40]}]", text[:40])
