"""Allergy and cross-reactivity: what an allergy to one medicine means for another.

The same ingredient, alone or in a combination: ``contraindicated``. Otherwise a row says what is
known between two classes; penicillins and cephalosporins by their R1 side chain. What was tolerated
later speaks against an old entry, and most entries "penicillin allergy" are none: every row but the
first is a reason to ask how the person reacted and to test, not a verdict.

No pharmacist or allergist has signed off these facts. No row is no all-clear.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from nof1.knowledge import classes, drugs
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import read, step, wrong

TABLE, CODES = "allergies.tsv", "allergy_codes.tsv"
SAME, ANY = "same ingredient", "any medicine"
NONE = 4  # the step of an action that asks for nothing
# "Allergy to aspirin", "Hypersensitivity to penicillin (disorder)", "aspirin allergy"
_WORDS = re.compile(
    r"^(?:(?:drug |known |medication )?(?:allergy|allergic(?: reaction)?|hypersensitivity|"
    r"anaphylaxis)(?: reaction)? (?:to|caused by|due to) )?(?P<substance>.+?)"
    r"(?: (?:allergy|hypersensitivity))?(?: \((?:disorder|finding|substance|product)\))?$",
    re.IGNORECASE,
)


class Cross(NamedTuple):
    """What an allergy to one side means for the other.

    Attributes
    ----------
    allergy : a medicine or class to which somebody is allergic; ``same ingredient`` is every one.
    subject : a medicine or class that is to be given.
    action : ``facts.ACTIONS``; ``none``: known not to matter, said so that nobody is frightened.
    kind : ``same``, ``class``, ``side chain``, ``unrelated``, or ``reaction``: the label speaks of
        certain reactions only (angioedema, asthma, hives), which the entry may not tell.
    """

    allergy: str
    subject: str
    kind: str
    action: str
    detail: str
    text: str
    source: str
    citation: str


@functools.cache
def crosses(base: Base = SHIPPED) -> tuple[Cross, ...]:
    """All rows, in the order of the table."""
    return tuple(Cross(**row) for row in read(base, TABLE, Cross._fields))


class Entry(NamedTuple):
    """A code with which an allergy to a whole class is recorded: ``SNOMED//764146007``.

    Attributes
    ----------
    code : as in the event table, without ``ALLERGY//``.
    allergy : the class of ``classes.tsv``.
    """

    code: str
    allergy: str
    source: str
    citation: str


@functools.cache
def entries(base: Base = SHIPPED) -> tuple[Entry, ...]:
    """All codes that stand for a class, in the order of the table.

    Raises
    ------
    InputError : a code stands for no class that we know.
    """
    made = tuple(Entry(**row) for row in read(base, CODES, Entry._fields))
    for number, one in enumerate(made, 2):
        if one.allergy not in classes.names(base):
            raise wrong(CODES, number, "A code stands for no class.", classes.names(base))
    return made


def word(code: str, base: Base = SHIPPED) -> str:
    """The class that a code stands for; empty when it stands for none."""
    return coded(base).get(code, "")


@functools.cache
def coded(base: Base = SHIPPED) -> Mapping[str, str]:
    """Code -> the class that it stands for."""
    found = {one.code: one.allergy for one in reversed(entries(base))}  # the first row counts
    return MappingProxyType(found)


@functools.lru_cache(maxsize=8192)
def between(allergy: str, drug: str, base: Base = SHIPPED) -> tuple[Cross, ...]:
    """What an allergy (a medicine or class, by name or code) means for a medicine.

    The most cautious row comes first; of one kind only the most cautious. The word ``penicillin``
    alone is read as the class.
    """
    mine, theirs = allergic(allergy, base), classes.subjects(drug, base)
    parts = classes.ingredients(drug, base) & classes.ingredients(substance(allergy), base)
    same = bool(parts - {""})
    found = [
        one
        for one in crosses(base)
        if (same and one.allergy == SAME)
        or (not same and one.allergy in mine and one.subject in theirs)
    ]
    strictest: dict[str, int] = {}
    for one in found:
        strictest[one.kind] = min(step(one.action), strictest.get(one.kind, NONE))
    kept = [one for one in found if step(one.action) == strictest[one.kind]]
    return tuple(sorted(kept, key=lambda one: (step(one.action), one)))


@functools.lru_cache(maxsize=8192)
def known(allergy: str, base: Base = SHIPPED) -> bool:
    """Whether this allergy is to a medicine or class that we know at all."""
    named = drugs.find(substance(allergy), base)
    return named is not None or bool(allergic(allergy, base) & _sides(base))


def crossing(allergy: str, base: Base = SHIPPED) -> bool:
    """Whether any row says what an allergy to this medicine or class means for another one.

    False: only the same ingredient was looked for.
    """
    return bool(allergic(allergy, base) & _sides(base))


def substance(words: str) -> str:
    """The substance that the words of an entry name; a code, or other words, as they are.

    >>> substance("Allergy to aspirin"), substance("RxNorm//1191")
    ('aspirin', 'RxNorm//1191')
    """
    plain = " ".join(words.split())
    found = _WORDS.match(plain)
    return found["substance"] if found is not None else plain


def allergic(allergy: str, base: Base = SHIPPED) -> frozenset[str]:
    """The medicine and classes that an entry stands for; the name of a class stands for itself."""
    if coded := word(allergy, base):
        return frozenset((coded,))
    plain = substance(allergy).lower()
    whole = {one.lower(): one for one in classes.names(base)}
    for form in (plain, plain.removesuffix("s")):
        if form in whole:
            return frozenset((whole[form],))
    return classes.subjects(plain, base)


@functools.cache
def _sides(base: Base) -> frozenset[str]:
    return frozenset(one.allergy for one in crosses(base))
