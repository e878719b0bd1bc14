"""Medicines and diagnoses: which medicine a diagnosis speaks against.

A diagnosis is found by codes of the event table: ``ICD10CM//I50`` stands for every code that begins
so, a SNOMED code for itself alone (SNOMED numbers have no order; its hierarchy is not here, so that
a finer SNOMED code may be missed: ``recognised`` tells which names a patient's codes gave).

No pharmacist has signed off these facts. No row is no all-clear.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.cautions import about
from nof1.knowledge.facts import read, wrong

TABLE, NAMES = "conditions.tsv", "condition_codes.tsv"
# Where both ICD-10-CM and the ICD-10 of WHO have one of our codes, it means the same.
ICD10, SNOMED = ("ICD10CM//", "ICD10//"), "SNOMED//"
RECENT = "recent "  # a row about "recent X" holds only for RECENT_DAYS after X was recorded
RECENT_DAYS = 30  # ours: labels say "active bleeding"


class Condition(NamedTuple):
    """What one diagnosis says about one medicine.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    condition : a name of ``condition_codes.tsv``: ``heart failure``; with ``RECENT`` before it, as
        long as it was recorded lately.
    action : ``facts.ACTIONS``; detail : what to do or watch; text : what a person reads.
    """

    subject: str
    condition: str
    action: str
    detail: str
    text: str
    source: str
    citation: str


class Codes(NamedTuple):
    """The codes of one condition: ICD-10-CM prefixes without point, and whole SNOMED ids."""

    condition: str
    icd10cm: tuple[str, ...]
    snomed: tuple[str, ...]
    source: str
    citation: str


@functools.cache
def codes(base: Base = SHIPPED) -> tuple[Codes, ...]:
    """All conditions with their codes.

    Raises
    ------
    InputError : a condition has no code.
    """
    made = []
    for line, row in enumerate(read(base, NAMES, Codes._fields), start=2):
        icd = tuple(code.replace(".", "") for code in listed(row["icd10cm"]))
        one = Codes(row["condition"], icd, listed(row["snomed"]), row["source"], row["citation"])
        if not one.icd10cm and not one.snomed:
            raise wrong(NAMES, line, "This condition has no code.", ("icd10cm", "snomed"))
        made.append(one)
    return tuple(made)


@functools.cache
def names(base: Base = SHIPPED) -> frozenset[str]:
    """Names of all conditions that have codes."""
    return frozenset(one.condition for one in codes(base))


@functools.cache
def conditions(base: Base = SHIPPED) -> tuple[Condition, ...]:
    """All rows.

    Raises
    ------
    InputError : a row names a condition that has no codes.
    """
    known, made = {one.condition for one in codes(base)}, []
    for line, row in enumerate(read(base, TABLE, Condition._fields), start=2):
        if row["condition"].removeprefix(RECENT) not in known:
            raise wrong(TABLE, line, "This condition has no row of codes.", sorted(known))
        made.append(Condition(**row))
    return tuple(made)


def recognised(events: Iterable[str], base: Base = SHIPPED) -> frozenset[str]:
    """Names of the conditions that codes of the event table stand for.

    >>> sorted(recognised(["ICD10CM//I50.9", "SNOMED//84114007", "ICD10CM//Z00"]))
    ['heart failure']

    Names of what was recorded lately (``RECENT``) are not among them: ``recent``.
    """
    return _recognised(tuple(events), base)


def recent(events: Iterable[str], base: Base = SHIPPED) -> frozenset[str]:
    """The same for codes of the last ``RECENT_DAYS`` days, as rows name them (``RECENT``).

    >>> sorted(recent(["ICD10CM//K92.2"]))
    ['recent gastrointestinal bleeding']
    """
    return frozenset(RECENT + one for one in recognised(events, base))


@functools.lru_cache(maxsize=1024)  # the diagnoses of one patient are looked at for each medicine
def _recognised(events: tuple[str, ...], base: Base) -> frozenset[str]:
    return frozenset[str]().union(*(_meant(code, base) for code in events))


@functools.lru_cache(maxsize=8192)
def _meant(code: str, base: Base) -> frozenset[str]:
    """The conditions that one code stands for."""
    upper = code.upper()
    if upper.startswith(ICD10):
        icd = upper.partition("//")[2].replace(".", "")
        return frozenset(one.condition for one in codes(base) if icd.startswith(one.icd10cm))
    if upper.startswith(SNOMED):
        plain = upper.removeprefix(SNOMED)
        return frozenset(one.condition for one in codes(base) if plain in one.snomed)
    return frozenset()


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Condition, ...]:
    """All rows for one medicine, the most cautious first; none: not in the table."""
    return about(conditions(base), drug, base)


def against(
    drug: str, events: Iterable[str], base: Base = SHIPPED, *, fresh: Iterable[str] = ()
) -> tuple[Condition, ...]:
    """Rows that a patient's codes speak for, one for each condition, the most cautious first.

    ``fresh``: codes of the last ``RECENT_DAYS`` days. What their rows say replaces the row of the
    same condition without a time.
    """
    known, said = recognised(events, base), dict[str, Condition]()
    now = recent(fresh, base) & {one.condition for one in of(drug, base)}
    known = (known - {one.removeprefix(RECENT) for one in now}) | now
    for one in of(drug, base):
        if one.condition in known:
            said.setdefault(one.condition, one)  # of several rows the most cautious
    return tuple(said.values())
