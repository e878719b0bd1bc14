"""Medicines that are usual for a diagnosis, or beside another medicine, and may be missing.

The rows follow START version 2 (O'Mahony et al., Age Ageing 2015) and label statements, in our own
words. They are proposals to a person who knows more: no row orders anything, and none holds where
something speaks against the usual medicine. No pharmacist has signed off these facts.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import NamedTuple

from nof1.knowledge import classes, conditions, drugs, indications
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.facts import number, read, wrong

TABLE = "omissions.tsv"
STROKE_RISK = "CHA2DS2-VA"
SCORES = ("", STROKE_RISK)
FIELDS = ("needs", "also", "trigger", "beside", "given", "blocked")


class Omission(NamedTuple):
    """One medicine that may be missing.

    Attributes
    ----------
    id : ``START A5``.
    needs, also : diagnoses of which one each must be recorded; empty: none.
    trigger : medicines or classes of which one is taken or ordered; beside : and one of these.
    low, high : low <= age in years < high.
    score, least : a score that must reach ``least``; empty: none.
    given : medicines or classes of which one is enough.
    usual : the medicine that is usual, held against allergies and contraindications.
    blocked : diagnoses that speak against any of them.
    """

    id: str
    needs: tuple[str, ...]
    also: tuple[str, ...]
    trigger: tuple[str, ...]
    beside: tuple[str, ...]
    low: float
    high: float
    score: str
    least: float
    given: tuple[str, ...]
    usual: str
    blocked: tuple[str, ...]
    action: str
    detail: str
    text: str
    source: str
    citation: str


@functools.cache
def omissions(base: Base = SHIPPED) -> tuple[Omission, ...]:
    """All rows.

    Raises
    ------
    InputError : an age, a score or a name cannot be right, or an id stands twice.
    """
    made, ids = [], set[str]()
    for line, row in enumerate(read(base, TABLE, Omission._fields), start=2):
        cells: dict[str, object] = {name: listed(row[name]) for name in FIELDS}
        low = number(TABLE, line, row["low"], 0.0)
        high = number(TABLE, line, row["high"], math.inf)
        least = number(TABLE, line, row["least"], 0.0)
        one = Omission(**{**row, **cells, "low": low, "high": high, "least": least})  # type: ignore[arg-type]
        if one.id in ids or not low < high or one.score not in SCORES:
            raise wrong(TABLE, line, "This row cannot be, or stands twice.", ("id", "low < high"))
        if not (one.needs or one.trigger) or not one.given:
            raise wrong(TABLE, line, "This row never holds.", ("needs or trigger", "given"))
        _names(one, line, base)
        ids.add(one.id)
        made.append(one)
    return tuple(made)


def _names(one: Omission, line: int, base: Base) -> None:
    """Raises InputError where a diagnosis or the usual medicine is not known."""
    lost = {*one.needs, *one.also, *one.blocked} - diagnoses(base)
    if lost or one.usual not in drugs.drugs(base):
        raise wrong(TABLE, line, "A name of this row is not known.", sorted(lost) or [one.usual])


@functools.cache
def diagnoses(base: Base = SHIPPED) -> frozenset[str]:
    """Names of diagnoses that a row may need: of ``condition_codes.tsv`` and ``diseases.tsv``."""
    names = {one.condition for one in conditions.codes(base)}
    return frozenset(names | set(indications.diseases(base)))


def recognised(events: Iterable[str], base: Base = SHIPPED) -> frozenset[str]:
    """Names of all diagnoses that codes of the event table stand for.

    >>> sorted(recognised(["ICD10CM//I48.91", "SNOMED//1755008"]))
    ['atrial fibrillation', 'old myocardial infarction']
    """
    codes = tuple(events)
    found = {name for code in codes for name in _disease(code, base)}
    return conditions.recognised(codes, base) | found


@functools.lru_cache(maxsize=4096)
def _disease(code: str, base: Base) -> tuple[str, ...]:
    """The disease of a code, at most one; WHO's ICD-10 means the same where it has it."""
    plain = code.replace("ICD10//", "ICD10CM//", 1)
    found = indications.recognised(plain, base)
    return (found.name,) if found is not None else ()


@functools.lru_cache(maxsize=4096)
def triggered(drug: str, base: Base = SHIPPED) -> tuple[Omission, ...]:
    """Rows that hang on this medicine."""
    subjects = classes.subjects(drug, base)
    return tuple(one for one in omissions(base) if not subjects.isdisjoint(one.trigger))
