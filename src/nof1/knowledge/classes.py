"""Classes of medicines that rules speak about: a medicine belongs to none, one or several.

The classes are made for safety rules, not for catalogues: ``CYP3A4 statin`` is a class because a
rule needs it. Classes by enzyme (``strong CYP3A4 inhibitor``) are made from ``modulators.tsv``. A
class never has the name of a medicine, so that a rule may name either (``subjects``).

No pharmacist has signed off these facts. That a medicine stands in no class means that nobody
wrote it into one, not that the rules of the class do not hold for it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError, UsageError
from nof1.knowledge import drugs, modulators
from nof1.knowledge.base import SHIPPED, Base, listed

TABLE = "classes.tsv"
GRADED = ("strong", "moderate", "weak")


class Member(NamedTuple):
    """One medicine in one class.

    Attributes
    ----------
    name : of the class: ``SSRI``.
    drug : as in ``drugs.tsv``.
    source, citation : where that is said.
    """

    name: str
    drug: str
    source: str
    citation: str


@functools.lru_cache(maxsize=8192)
def name_of(code_or_name: str, base: Base = SHIPPED) -> str:
    """The name in our tables of a code or a name; one that nobody knows comes back in lower case.

    >>> name_of("RxNorm//11289"), name_of("Rifampicin"), name_of("Unknownol")
    ('warfarin', 'rifampin', 'unknownol')
    """
    found = drugs.find(code_or_name, base)
    return found.name if found else " ".join(code_or_name.lower().split())


@functools.lru_cache(maxsize=8192)
def ingredients(drug: str, base: Base = SHIPPED) -> frozenset[str]:
    """The name of a medicine, and of a combination also its parts.

    >>> sorted(ingredients("co-amoxiclav"))
    ['amoxicillin', 'amoxicillin / clavulanate', 'clavulanate']
    """
    name = name_of(drug, base)
    return frozenset((name, *name.split(" / ")))


@functools.cache
def members(base: Base = SHIPPED) -> tuple[Member, ...]:
    """Every medicine in every class, sorted; those by enzyme too.

    Raises
    ------
    InputError : a row has no class or no medicine, or one medicine stands twice in one class.
    """
    made = [*_rows(base), *_enzymes(base)]
    seen: set[tuple[str, str]] = set()
    for one in made:
        if not one.name or not one.drug or (one.name, one.drug) in seen:
            raise InputError(
                "This class is empty, or names a medicine twice.",
                where=f"knowledge/{TABLE}, {one.name}, {one.drug}",
            )
        seen.add((one.name, one.drug))
    return tuple(sorted(made))


def _rows(base: Base) -> list[Member]:
    return [
        Member(row["class"] or "", drug, row["source"] or "", row["citation"] or "")
        for row in base.rows(TABLE)
        for drug in listed(row["drugs"] or "") or ("",)
    ]


def _enzymes(base: Base) -> list[Member]:
    """Inhibitors and inducers with a strength; CYP3A stands once, as CYP3A4."""
    return [
        Member(f"{row.strength} {row.gene} {row.kind}", row.drug, row.source, row.citation)
        for row in modulators.modulators(base)
        if row.strength in GRADED and row.gene != "CYP3A5"
    ]


@functools.cache
def names(base: Base = SHIPPED) -> tuple[str, ...]:
    """The names of all classes, sorted."""
    return tuple(sorted({one.name for one in members(base)}))


def inside(name: str, base: Base = SHIPPED) -> tuple[str, ...]:
    """The medicines of one class, sorted.

    Raises
    ------
    UsageError : there is no class of this name.
    """
    if name not in names(base):
        raise UsageError(
            f"There is no class {name!r} of medicines.", where="class", allowed=names(base)
        )
    return tuple(one.drug for one in members(base) if one.name == name)


def of(drug: str, base: Base = SHIPPED) -> frozenset[str]:
    """The classes of one medicine, by name or code; none when it stands in no class."""
    return _by_drug(base).get(name_of(drug, base), frozenset())


@functools.lru_cache(maxsize=8192)
def subjects(drug: str, base: Base = SHIPPED) -> frozenset[str]:
    """All that a rule may name to speak about this medicine: its name, and its classes.

    >>> {"sertraline", "SSRI"} <= subjects("sertraline")
    True
    """
    return of(drug, base) | {name_of(drug, base)}


@functools.cache
def _by_drug(base: Base) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in members(base):
        found.setdefault(one.drug, set()).add(one.name)
    return MappingProxyType({drug: frozenset(classes) for drug, classes in found.items()})
