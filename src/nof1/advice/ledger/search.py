"""Looking for entries of a ledger by day, service, patient, outcome; the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from nof1.advice.ledger import chain, schema
from nof1.advice.ledger.reading import OK, Reader
from nof1.advice.ledger.shapes import Entry

Outcome = Literal["", "answered", "refused", "accepted", "overridden", "forgotten"]
OUTCOMES: tuple[Outcome, ...] = ("answered", "refused", "accepted", "overridden", "forgotten")
MOST_ANSWERS = 5_000  # entries of feedback that are looked through for the cards of one page


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty is not asked for.

    Attributes
    ----------
    first, last : days (UTC) on which was asked, both included.
    patient : the pseudonym. service : its identifier.
    outcome : ``answered`` and ``refused`` are exchanges, ``accepted`` and ``overridden`` feedback.
    """

    first: date | None = None
    last: date | None = None
    service: str = ""
    patient: str = ""
    outcome: Outcome = ""


@dataclass(frozen=True)
class Row:
    """One entry that was found; ``entry`` None: it is damaged and cannot be read."""

    seq: int
    entry: Entry | None


def find(ledger: Reader, wanted: Wanted, *, before: int | None = None, most: int = 50) -> list[Row]:
    """At most ``most`` entries, the newest first; ``before``: only those with a smaller number."""
    table = schema.entry.c
    query = sa.select(schema.entry).order_by(table.seq.desc()).limit(most)
    for condition in _conditions(wanted):
        query = query.where(condition)
    if before is not None:
        query = query.where(table.seq < before)
    with ledger._reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [Row(int(row["seq"]), _read(row)) for row in rows]


def pseudonyms(ledger: Reader, patients: Sequence[str]) -> dict[str, str]:
    """Pseudonym in this ledger -> the identifier behind it, for these identifiers."""
    return {ledger._keys.pseudonym(one): one for one in patients}


def answers(ledger: Reader, cards: Sequence[str], after: int) -> dict[str, Entry]:
    """Card -> the last feedback on it, of the first ``MOST_ANSWERS`` feedbacks behind an entry."""
    wanted = set(cards)
    if not wanted:
        return {}
    table = schema.entry.c
    query = (
        sa.select(schema.entry)
        .where(table.kind == "feedback", table.seq > after)
        .order_by(table.seq)
        .limit(MOST_ANSWERS)
    )
    with ledger._reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    read = [found for row in rows if (found := _read(row)) is not None]
    return {one.details["card"]: one for one in read if one.details.get("card") in wanted}


def look(ledger: Reader, seq: int) -> tuple[Row | None, bool]:
    """One entry, and whether it holds: its own hash, and the link to the entry before it."""
    table = schema.entry.c
    with ledger._reading() as connection:
        found = connection.execute(sa.select(schema.entry).where(table.seq == seq)).mappings()
        row = next((dict(one) for one in found), None)
        last = sa.select(table.hash).where(table.seq == seq - 1)
        before = chain.START if seq == 1 else connection.execute(last).scalar()
    if row is None:
        return None, False
    return Row(seq, _read(row)), _holds(row, before)


def _holds(row: Mapping[str, Any], before: str | None) -> bool:
    try:
        return bool(row["hash"] == chain.digest(row) and row["previous"] == before)
    except (TypeError, ValueError):
        return False


def _read(row: Mapping[str, Any]) -> Entry | None:
    try:
        found = chain.read(row)
        whole = isinstance(found.details, dict) and isinstance(found.versions, dict)
        return found if whole else None
    except (TypeError, ValueError, KeyError):
        return None


def _conditions(wanted: Wanted) -> list[Any]:
    table = schema.entry.c
    made: list[Any] = []
    if wanted.first is not None:
        made.append(table.asked_at >= wanted.first.isoformat())
    if wanted.last is not None:
        made.append(table.asked_at < (wanted.last + timedelta(days=1)).isoformat())
    if wanted.service:
        made.append(table.service == wanted.service)
    if wanted.patient:
        made.append(table.patient == wanted.patient)
    if wanted.outcome in ("answered", "refused"):
        good = table.status == OK if wanted.outcome == "answered" else table.status != OK
        made += [table.kind == "exchange", good]
    elif wanted.outcome in ("accepted", "overridden"):
        said = f'%"outcome":"{wanted.outcome}"%'  # the one form of ``shapes.plain``
        made += [table.kind == "feedback", table.details.like(said)]
    elif wanted.outcome == "forgotten":
        made.append(table.kind == schema.FORGOTTEN)
    return made
