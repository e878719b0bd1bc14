"""Asking the order checks in tests: orders by name, values by LOINC code, medicines by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from medicines.ranking.people import AT, event
from nof1.advice.orders.check import check
from nof1.advice.orders.drafts import ordered
from nof1.advice.orders.shapes import Advice, Alert
from nof1.core.finding import Subject
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base


def told(events: pl.DataFrame, *orders: str, base: Base = SHIPPED) -> Advice:
    """The advice about orders by name."""
    return check(events, ordered(orders), AT, subject=Subject(id="p"), base=base)


def of(advice: Advice, family: str) -> list[Alert]:
    """The alerts of one family."""
    return [one for one in advice.alerts if one.family == family]


def tiers(advice: Advice, family: str) -> list[int]:
    """Their tiers."""
    return [one.tier for one in of(advice, family)]


def gaps(advice: Advice, family: str) -> list[str]:
    """Why a family was not checked."""
    return [one.reason or "" for one in advice.gaps if one.family == family]


def codes(*names: str) -> list[str]:
    """Codes of medicines, for ``person(medicines=...)``."""
    found = [drugs.find(name) for name in names]
    assert all(found), names
    return [f"RxNorm//{one.rxnorm}" if one.rxnorm else f"ATC//{one.atc[0]}" for one in found if one]


def lab(code: str, value: float, unit: str | None, days: float = 3.0) -> dict[str, Any]:
    """A value of a LOINC code some days before ``AT``."""
    time = AT - timedelta(days=days)
    return event(f"LOINC//{code}", numeric_value=value, unit=unit, time=time)
