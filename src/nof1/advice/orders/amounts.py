"""The amount of one dose in mg, units or mEq, from the order's unit and the product's strength.

Tablets, capsules and millilitres count only where the words of the order name exactly one strength
(``250 MG Oral Capsule``, ``50 MG/ML``, ``250 mg/5 mL``). A unit may be for each kilogram of body
weight (``mg/kg``) or for an hour (``ug/h``). Nothing is guessed: what is not understood has no
amount.

Reference: UCUM, https://ucum.org; strengths as RxNorm writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.advice.orders.shapes import Draft

# Unit in lower case -> kind and factor.
MASS: Mapping[str, float] = MappingProxyType(
    {"g": 1000.0, "gram": 1000.0, "mg": 1.0, "milligram": 1.0, "ug": 1e-3, "mcg": 1e-3,
     "µg": 1e-3, "μg": 1e-3, "microgram": 1e-3, "ng": 1e-6}
)  # fmt: skip
ACTIVITY: Mapping[str, float] = MappingProxyType(
    {"unit": 1.0, "units": 1.0, "u": 1.0, "iu": 1.0, "[iu]": 1.0, "unt": 1.0, "[usp'u]": 1.0,
     "{unit}": 1.0, "k[iu]": 1000.0, "international unit": 1.0, "international units": 1.0}
)  # fmt: skip
CHARGE: Mapping[str, float] = MappingProxyType({"meq": 1.0, "mmol": 1.0, "eq": 1000.0})
KINDS = (("mg", MASS), ("unit", ACTIVITY), ("mEq", CHARGE))
PIECES = frozenset(
    {"tablet", "tablets", "tab", "tabs", "tbl", "{tbl}", "{tablet}", "[tbl]", "capsule", "capsules",
     "cap", "caps", "{capsule}", "{cap}", "suppository", "{suppository}", "patch", "{patch}"}
)  # fmt: skip
MILLILITRES = frozenset({"ml", "milliliter", "millilitre", "cc"})
STRENGTH = re.compile(
    r"(\d[\d,]*(?:\.\d+)?)\s*(mg|mcg|ug|µg|g|unt|units?|iu|meq)\b"
    r"(?:\s*(?:/|per)\s*(\d+(?:\.\d+)?)?\s*(ml|hr|h)\b)?"
)
HOURS = 24.0


class Amount(NamedTuple):
    """One dose: ``value`` of ``kind`` (``mg``, ``unit``, ``mEq``).

    Attributes
    ----------
    per_kg : the value is for each kilogram. hourly : the value is given in each hour.
    """

    value: float
    kind: str
    per_kg: bool = False
    hourly: bool = False


def amount(draft: Draft) -> Amount | None:
    """The amount of one dose; None when unit and words do not say it."""
    if draft.dose is None or draft.dose <= 0:
        return None
    unit = " ".join((draft.unit or "").strip().lower().split())
    name, *rest = unit.split("/")
    if not set(rest) <= {"kg", "h", "hr", "dose", "1"} or len(rest) > len(set(rest)):
        return None
    per_kg, hourly = "kg" in rest, bool({"h", "hr"} & set(rest))
    for kind, factors in KINDS:
        if name in factors:
            return Amount(draft.dose * factors[name], kind, per_kg, hourly)
    if rest or not (name in PIECES or name in MILLILITRES):
        return None
    return _by_strength(draft.dose, name in MILLILITRES, draft.display)


def daily_mg(draft: Draft) -> float | None:
    """Milligrams a day; None when amount or frequency are not said, or depend on the weight."""
    one = amount(draft)
    if one is None or one.kind != "mg" or one.per_kg or one.hourly or not draft.per_day:
        return None
    return one.value * draft.per_day


def _by_strength(count: float, fluid: bool, words: str) -> Amount | None:
    """Pieces or millilitres of the one strength that the words name."""
    found = set(STRENGTH.findall(words.lower()))
    if len(found) != 1:
        return None
    number, unit, volume, per = found.pop()
    if (per == "ml") != fluid and per in ("", "ml"):
        return None
    kind, factor = next((kind, table[unit]) for kind, table in KINDS if unit in table)
    value = float(number.replace(",", "")) * factor / float(volume or 1.0)
    return Amount(count * value, kind, hourly=per in ("h", "hr"))
