"""Entries of the record that could be a medicine, and that nobody here can read.

The record keeps a code of a vocabulary that it does not know as it came (``hospital.example//12``),
and words without a code as ``TEXT//``. Such an entry may be a medicine that is taken now: what it
does beside an order was not checked, and that has to be said. Numbers are measurements.
"""

from __future__ import annotations

from datetime import timedelta

from nof1.knowledge import drugs
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import Open
from nof1.medicines.ranking.known import Known
from nof1.record.current import WITHIN_DAYS

WORDS, NO_SYSTEM = "TEXT", "NOSYSTEM"
MARKS = (".", ":", "/")  # of an address, or of an object identifier
NAMED = 3  # entries that are named


def foreign(known: Known, base: Base) -> tuple[Open, ...]:
    """One open question about all entries that cannot be read; empty where there are none."""
    since = known.at - timedelta(days=WITHIN_DAYS)
    found = sorted(
        code
        for code, time in known.started.items()
        if time > since and code not in known.ended and code not in known.numbers and strange(code)
    )
    if not found:
        return ()
    shown = ", ".join(_shown(code, base) for code in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    text = (
        f"The record holds what is not known here ({shown}{more}): "
        "if it is a medicine taken now, nothing was checked against it."
    )
    return (Open(text, "Read the record; order and record by RxNorm or ATC.", "a medicine"),)


def strange(code: str) -> bool:
    """Whether a code of the event table is of a vocabulary that is not known here.

    >>> strange("hospital.example//H12"), strange("TEXT//mixture"), strange("RxNorm//6918")
    (True, True, False)
    """
    vocabulary, _, rest = code.partition("//")
    return bool(rest) and (
        vocabulary in (WORDS, NO_SYSTEM) or any(mark in vocabulary for mark in MARKS)
    )


def _shown(code: str, base: Base) -> str:
    """The entry; with our name where its words alone name a medicine."""
    vocabulary, _, words = code.partition("//")
    named = drugs.find(words, base) if vocabulary == WORDS else None
    return f"{code}, perhaps {named.name}" if named is not None else code
