"""Additive burdens: what several medicines do together although no pair of them is a rule.

Each score gives points to medicines or classes (``burden_points.tsv``); medicines of one ``part``
count once (a triple whammy needs three parts, not two ACE inhibitors and an NSAID). From some sum
on a limit holds (``burdens.tsv``). No pharmacist has signed off these facts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.knowledge import classes, conditions
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.facts import number, read, wrong
from nof1.knowledge.measurements import known_name

TABLE, POINTS = "burdens.tsv", "burden_points.tsv"


class Burden(NamedTuple):
    """What holds from a sum on.

    Attributes
    ----------
    score : its name; rule : name of the rule that the tier hangs on.
    sum : the smallest sum; added : the fewest points of the medicine that is ordered.
    low : the youngest age in years; 0: any age, also an unknown one.
    condition : a name of ``condition_codes.tsv`` that must be recorded; empty: none.
    measurements : values that are said with it.
    action : ``facts.ACTIONS``; detail : what to do or watch; text : what a person reads.
    """

    score: str
    rule: str
    sum: float
    added: float
    low: float
    condition: str
    measurements: tuple[str, ...]
    action: str
    detail: str
    text: str
    source: str
    citation: str


class Points(NamedTuple):
    """Points of one medicine or class; of one ``part`` the most count, and once."""

    score: str
    subject: str
    points: float
    part: str
    source: str
    citation: str


@functools.cache
def burdens(base: Base = SHIPPED) -> tuple[Burden, ...]:
    """All limits, of each score the highest sum first.

    Raises
    ------
    InputError : a number, a condition or a measurement cannot be right, or a rule stands twice.
    """
    made, seen = [], set[tuple[str, str]]()
    names = {one.condition for one in conditions.codes(base)}
    for line, row in enumerate(read(base, TABLE, Burden._fields), start=2):
        values = {name: number(TABLE, line, row[name], 0.0) for name in ("sum", "added", "low")}
        if row["condition"] and row["condition"] not in names:
            raise wrong(TABLE, line, "This condition has no row of codes.", sorted(names))
        if values["sum"] <= 0 or (row["score"], row["rule"]) in seen:
            raise wrong(TABLE, line, "This limit cannot be, or stands twice.", ("sum above 0",))
        seen.add((row["score"], row["rule"]))
        said = tuple(known_name(base, TABLE, line, one) for one in listed(row["measurements"]))
        made.append(Burden(**{**row, **values, "measurements": said}))  # type: ignore[arg-type]
    return tuple(sorted(made, key=lambda one: (one.score, -one.sum, -one.added, -one.low)))


@functools.cache
def points(base: Base = SHIPPED) -> tuple[Points, ...]:
    """All points.

    Raises
    ------
    InputError : no limit has this score, the points are not above 0, or a row stands twice.
    """
    made, seen = [], set[tuple[str, str]]()
    scores = {one.score for one in burdens(base)}
    for line, row in enumerate(read(base, POINTS, Points._fields), start=2):
        value = number(POINTS, line, row["points"], 0.0)
        same = (row["score"], row["subject"])
        if row["score"] not in scores or value <= 0 or same in seen:
            raise wrong(POINTS, line, "These points cannot be, or stand twice.", sorted(scores))
        seen.add(same)
        made.append(Points(**{**row, "points": value}))  # type: ignore[arg-type]
    return tuple(made)


@functools.lru_cache(maxsize=4096)
def of(drug: str, base: Base = SHIPPED) -> Mapping[str, Points]:
    """Score -> the points of one medicine: the most that its name or a class of it has."""
    found: dict[str, Points] = {}
    subjects = classes.subjects(drug, base)
    for one in points(base):
        before = found.get(one.score)
        if one.subject in subjects and (before is None or before.points < one.points):
            found[one.score] = one
    return MappingProxyType(found)


@functools.lru_cache(maxsize=64)
def limits(score: str, base: Base = SHIPPED) -> tuple[Burden, ...]:
    """The limits of one score, the highest sum first."""
    return tuple(one for one in burdens(base) if one.score == score)
