"""UCUM units: reading them, and converting between them. An unknown unit is never guessed.

Reading is done by ``ucumvert``; this module adds the spellings that laboratories really send
(``mg/dl``, ``K/uL``, ``mm Hg``), and conversion between mass and amount of substance.

Reference: The Unified Code for Units of Measure, version 2.2, https://ucum.org/ucum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

# Spelling (lower case, without spaces) -> UCUM. Only spellings with one possible meaning.
SPELLINGS = {
    "%": "%", "percent": "%", "pct": "%",
    "mg/dl": "mg/dL", "mgs/dl": "mg/dL", "g/dl": "g/dL", "gm/dl": "g/dL", "g/l": "g/L",
    "mg/l": "mg/L", "mcg/dl": "ug/dL", "ug/dl": "ug/dL", "mcg/ml": "ug/mL", "ug/ml": "ug/mL",
    "mcg/l": "ug/L", "ug/l": "ug/L", "ng/ml": "ng/mL", "ng/dl": "ng/dL", "pg/ml": "pg/mL",
    "ng/l": "ng/L", "pg": "pg", "fl": "fL", "ml": "mL", "dl": "dL", "l": "L", "cc": "mL",
    "mmol/l": "mmol/L", "umol/l": "umol/L", "micromol/l": "umol/L", "nmol/l": "nmol/L",
    "pmol/l": "pmol/L", "mmol/mol": "mmol/mol", "meq/l": "meq/L", "mosm/kg": "mosm/kg",
    "u/l": "U/L", "units/l": "U/L", "iu/l": "[iU]/L", "iu/ml": "[iU]/mL", "miu/l": "m[iU]/L",
    "miu/ml": "m[iU]/mL", "uiu/ml": "u[iU]/mL", "mcu/ml": "uU/mL", "mu/l": "mU/L",
    "k/ul": "10*3/uL", "k/mcl": "10*3/uL", "k/mm3": "10*3/uL", "x10e3/ul": "10*3/uL",
    "10^3/ul": "10*3/uL", "10*3/ul": "10*3/uL", "thou/ul": "10*3/uL", "x10^3/ul": "10*3/uL",
    "10^9/l": "10*9/L", "10*9/l": "10*9/L", "x10^9/l": "10*9/L", "x10e9/l": "10*9/L",
    "10e9/l": "10*9/L", "m/ul": "10*6/uL", "m/mcl": "10*6/uL", "10^6/ul": "10*6/uL",
    "10*6/ul": "10*6/uL", "x10^6/ul": "10*6/uL", "10^12/l": "10*12/L", "10*12/l": "10*12/L",
    "mmhg": "mm[Hg]", "mm[hg]": "mm[Hg]", "mm_hg": "mm[Hg]", "kpa": "kPa", "cmh2o": "cm[H2O]",
    "c": "Cel", "cel": "Cel", "degc": "Cel", "°c": "Cel", "f": "[degF]", "degf": "[degF]",
    "°f": "[degF]", "[degf]": "[degF]", "kg": "kg", "g": "g", "mg": "mg", "mcg": "ug", "ug": "ug",
    "lb": "[lb_av]", "lbs": "[lb_av]", "[lb_av]": "[lb_av]", "oz": "[oz_av]", "cm": "cm", "m": "m",
    "mm": "mm", "in": "[in_i]", "inches": "[in_i]", "[in_i]": "[in_i]", "ft": "[ft_i]",
    "kg/m2": "kg/m2", "kg/m^2": "kg/m2", "bpm": "/min", "beats/min": "/min", "/min": "/min",
    "breaths/min": "/min", "{beats}/min": "/min", "{breaths}/min": "/min", "per_min": "/min",
    "ml/min": "mL/min", "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73_m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}", "ml/min/{1.73_m2}": "mL/min/{1.73_m2}",
    "ml/min/1.73sqm": "mL/min/{1.73_m2}", "mm/hr": "mm/h", "mm/h": "mm/h", "sec": "s",
    "secs": "s", "seconds": "s", "s": "s", "min": "min", "minutes": "min", "hr": "h", "hours": "h",
    "h": "h", "days": "d", "day": "d", "d": "d", "weeks": "wk", "months": "mo", "years": "a",
    "year": "a", "yr": "a", "yrs": "a", "a": "a", "ratio": "{ratio}", "inr": "{INR}",
    "&#176;c": "Cel", "&deg;c": "Cel", "&#176;f": "[degF]", "&deg;f": "[degF]", "mls": "mL",
    "ug/m3": "ug/m3", "ug/m^3": "ug/m3", "µg/m3": "ug/m3", "μg/m3": "ug/m3", "mls/dl": "mL/dL",
    "{inr}": "{INR}", "{score}": "{score}", "score": "{score}", "index": "{index}",
}  # fmt: skip

# Dimension -> the unit in which values of that dimension meet when no analyte table says another.
MEETING_UNITS = ("mg/dL", "mmol/L", "U/L", "[iU]/L", "10*3/uL", "mm[Hg]", "Cel", "mL/min", "/min")


@dataclass(frozen=True)
class Conversion:
    """``value_in_target = value * factor + offset``."""

    factor: float = 1.0
    offset: float = 0.0


@lru_cache(maxsize=10_000)
def ucum(text: str) -> str | None:
    """The UCUM code of a unit as written, or None when it is unknown.

    >>> ucum("mg/dl"), ucum("K/uL"), ucum("furlongs")
    ('mg/dL', '10*3/uL', None)
    """
    code = SPELLINGS.get(re.sub(r"\s+", "", text).lower()) if _one_meaning(text) else None
    code = code or text.strip()
    return code if _quantity(code) is not None else None


@lru_cache(maxsize=10_000)
def conversion(source: str, target: str, grams_per_mole: float | None = None) -> Conversion | None:
    """How values in the UCUM unit ``source`` become values in ``target``; None if they cannot.

    Parameters
    ----------
    grams_per_mole : molar mass of the substance, which lets mass and amount of substance meet.

    >>> conversion("mmol/L", "mg/dL", 180.156).factor
    18.0156
    >>> conversion("mg/dL", "mmol/L") is None
    True
    """
    if source == target:
        return Conversion()
    if _annotation(source) != _annotation(target):
        return None
    for mass_unit in ("", "g", "mol"):
        bridged = _bridged(source, target, mass_unit, grams_per_mole)
        if bridged is not None:
            return bridged
    return None


@lru_cache(maxsize=10_000)
def meeting_unit(code: str) -> str:
    """The unit in which all values of this unit's dimension meet, or the unit itself.

    >>> meeting_unit("g/L"), meeting_unit("[degF]"), meeting_unit("pg")
    ('mg/dL', 'Cel', 'pg')
    """
    return next((unit for unit in MEETING_UNITS if conversion(code, unit) is not None), code)


def _one_meaning(text: str) -> bool:
    """Case matters to UCUM in a few short codes (``M`` mega, ``m`` milli; ``g`` and ``G``)."""
    return text.strip() not in {"M", "G", "MM", "S", "H", "A", "L/L", "MG", "K", "D"}


def _bridged(source: str, target: str, bridge: str, grams: float | None) -> Conversion | None:
    """Convert directly (``bridge`` empty), or over the molar mass in one of its two directions."""
    if bridge and grams is None:
        return None
    factor = {"": 1.0, "g": 1 / (grams or 1.0), "mol": grams or 1.0}[bridge]
    unit = {"": None, "g": "mol/g", "mol": "g/mol"}[bridge]
    zero, one = _moved(source, target, 0.0, unit), _moved(source, target, 1.0, unit)
    if zero is None or one is None or (bridge and zero != 0.0):
        return None
    return Conversion(factor=_clean((one - zero) * factor), offset=_clean(zero))


def _moved(source: str, target: str, value: float, per: str | None) -> float | None:
    quantity, goal = _quantity(source), _quantity(target)
    if quantity is None or goal is None:
        return None
    try:
        start = _registry().Quantity(value, quantity.units)
        if per is not None:
            start = start * _registry().Quantity(1.0, per)
        return float(start.to(goal.units).magnitude) * _scale(quantity) / _scale(goal)
    except Exception:
        # pint raises many kinds (dimension, offset, logarithmic units); each means "cannot".
        return None


def _scale(quantity: Any) -> float:
    """UCUM codes such as ``10*3/uL`` may carry a number beside the unit."""
    return float(quantity.magnitude)


def _clean(number: float) -> float:
    """Twelve significant digits: pint's factors carry rounding noise in the last ones."""
    return float(f"{number:.12g}")


@lru_cache(maxsize=10_000)
def _quantity(code: str) -> Any:
    if not code or len(code) > 60 or not code.isprintable():
        return None
    if re.fullmatch(r"\{[^{}]+\}", code):
        return _registry().Quantity(1.0)
    try:
        quantity = _registry().from_ucum(code)
    except Exception:
        # The parser raises its own error, lark's or pint's; each means "not a UCUM unit".
        return None
    return quantity if hasattr(quantity, "units") else _registry().Quantity(float(quantity))


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # half a second, so only when a unit is met

    return PintUcumRegistry()


def _annotation(code: str) -> tuple[str, ...]:
    """What changes the meaning although UCUM gives it no dimension: international units are
    defined for each substance alone, ``{1.73_m2}`` relates to body surface; ``{beats}`` is noise.
    """
    return tuple(re.findall(r"\{1\.73|\{INR|\{score|\{ratio|\{index|\[iU\]|\[arb", code))
