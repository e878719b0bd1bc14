"""What labels ask for at reduced liver function: by Child-Pugh class, or by a named condition.

Child-Pugh classes are ``A`` (mild), ``B`` (moderate), ``C`` (severe); ``active`` is active liver
disease or unexplained, lasting rises of the transaminases; ``decompensated`` a cirrhosis with
ascites, encephalopathy, bleeding varices or hepatorenal syndrome, whatever its class. A score needs
bilirubin, albumin, INR, ascites and encephalopathy: where it cannot be had, the caller says so.

No pharmacist has signed off these facts; a medicine that is not in the table has no known limit
HERE, which is not the same as having none.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.cautions import about
from nof1.knowledge.facts import read, wrong

TABLE = "hepatic.tsv"
GRADES = ("A", "B", "C", "active", "decompensated")


class Limit(NamedTuple):
    """What holds for one medicine at some grades of liver disease.

    Attributes
    ----------
    subject : a medicine of ``drugs.tsv``, or a class.
    grades : of ``GRADES``; action : ``facts.ACTIONS``.
    detail : the dose, or what to watch; text : what a person reads.
    """

    subject: str
    grades: tuple[str, ...]
    action: str
    detail: str
    text: str
    source: str
    citation: str


@functools.cache
def limits(base: Base = SHIPPED) -> tuple[Limit, ...]:
    """All rows.

    Raises
    ------
    InputError : a grade is not known, or two rows are about the same medicine and grade.
    """
    made, seen = [], set[tuple[str, str]]()
    for line, row in enumerate(read(base, TABLE, Limit._fields), start=2):
        grades = listed(row["grades"])
        if not grades or set(grades) - set(GRADES):
            raise wrong(TABLE, line, "This grade is not known.", GRADES)
        keys = {(row["subject"], grade) for grade in grades}
        if keys & seen:
            raise InputError("Two rows for one grade.", where=f"knowledge/{TABLE}, line {line}")
        seen |= keys
        made.append(Limit(**{**row, "grades": grades}))  # type: ignore[arg-type]
    return tuple(made)


@functools.lru_cache(maxsize=8192)
def of(drug: str, base: Base = SHIPPED) -> tuple[Limit, ...]:
    """All rows for one medicine, the most cautious first; none: not in the table."""
    return about(limits(base), drug, base)


def at(drug: str, grade: str, base: Base = SHIPPED) -> tuple[Limit, ...]:
    """Rows that hold at one grade (``GRADES``), the most cautious first."""
    return tuple(one for one in of(drug, base) if grade in one.grades)
