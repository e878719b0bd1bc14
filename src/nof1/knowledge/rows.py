"""Where a rule comes from, until when somebody vouches for it, and who has reviewed it.

Every row of a table of rules names its sources and its place in them (``source``, ``citation``);
version and last day stand with the source (``sources.tsv``), because they are the same for all of
its rows. A review is a row of ``reviews.tsv`` that names one row of a table by the hash of its
cells, or a whole table by the hash of the file: whoever changes a cell takes the review away, and
``nof1 knowledge check`` says so. A row is reviewed while its review is not past its last day.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge.base import SHIPPED, Base, listed, sources

REVIEWS = "reviews.tsv"
WHOLE = "*"  # what the hash of a whole table begins with
DIGITS = 12
# Table -> the columns by which a row is one and the same rule.
RULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "interactions.tsv": ("first", "second", "without"),
        "allergies.tsv": ("allergy", "subject", "kind"),
        "renal.tsv": ("drug", "use", "measure", "low", "high"),
        "hepatic.tsv": ("subject", "grades"),
        "pregnancy.tsv": ("subject", "stages"),
        "age.tsv": ("subject", "low", "high", "condition"),
        "conditions.tsv": ("subject", "condition"),
        "duplicates.tsv": ("group",),
        "laboratory.tsv": ("subject", "measurement", "low", "high"),
        "monitoring.tsv": ("subject", "measurement", "when"),
        "burdens.tsv": ("score", "rule"),
        "burden_points.tsv": ("score", "subject"),
        "omissions.tsv": ("id",),
        "doses.tsv": ("medicine", "route", "use", "low"),
        "effects.tsv": ("disease", "medicine", "outcome", "against"),
    }
)
# What rules rest on: names, codes and measurements.
BASICS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "classes.tsv": ("class",),
        "condition_codes.tsv": ("condition",),
        "allergy_codes.tsv": ("code", "allergy"),
        "measurements.tsv": ("name",),
        "modulators.tsv": ("drug", "gene", "kind"),
    }
)
SAID = ("citation", "source", "action", "detail", "text")  # by which a fact finds its row


class Provenance(NamedTuple):
    """Governance of one row.

    Attributes
    ----------
    citation : its place in the source; that of the source where the row names none.
    source : ids of ``sources.tsv``, joined by ``|``; version : theirs.
    valid_until : the first day that is the last one of a source, or of the review; None: no source
        of the row is known.
    reviewer : who has reviewed it, with role and day; empty: nobody.
    """

    citation: str
    source: str
    version: str
    valid_until: date | None
    reviewer: str

    def signed(self, day: date) -> bool:
        """Whether somebody has reviewed the row and vouches for it on this day."""
        return bool(self.reviewer) and self.valid_until is not None and day <= self.valid_until


class Review(NamedTuple):
    """One review; ``row`` is the hash of a row's cells, or ``*`` and that of the table."""

    table: str
    row: str
    reviewer: str
    role: str
    reviewed_on: date
    valid_until: date

    @property
    def words(self) -> str:
        """Who, in which role, when."""
        return f"{self.reviewer} ({self.role}), {self.reviewed_on}"


def provenance(table: str, row: Mapping[str, str], base: Base = SHIPPED) -> Provenance:
    """Where one row of a table comes from, and who has reviewed it.

    Parameters
    ----------
    row : the cells by column, as ``base.rows(table)`` gives them.
    """
    ids = listed(row.get("source") or "")
    known = [sources(base)[name] for name in ids if name in sources(base)]
    own = row.get("citation") or row.get("url") or ""
    found = _review(table, key(row), base)
    days = [one.valid_until for one in known] + ([found.valid_until] if found else [])
    return Provenance(
        own or "; ".join(one.citation for one in known),
        "|".join(ids),
        ", ".join(one.version for one in known),
        min(days, default=None) if known else None,
        found.words if found else "",
    )


def key(row: Mapping[str, str]) -> str:
    """Twelve hexadecimal digits that stand for exactly these cells."""
    cells = "\x1f".join(f"{name}\x1e{row[name] or ''}" for name in sorted(row))
    return hashlib.sha256(cells.encode()).hexdigest()[:DIGITS]


@functools.cache
def table_key(table: str, base: Base = SHIPPED) -> str:
    """The same for all rows of a table together, with ``*`` before it."""
    return f"{WHOLE}{base.hash(table)[:DIGITS]}"


@functools.cache
def reviews(base: Base = SHIPPED) -> Mapping[tuple[str, str], Review]:
    """All reviews by table and row.

    Raises
    ------
    InputError : a cell is missing, a day cannot be read, or a row has two reviews.
    """
    made: dict[tuple[str, str], Review] = {}
    for line, row in enumerate(base.rows(REVIEWS), start=2):
        where = f"knowledge/{REVIEWS}, line {line}"
        try:
            days = {name: date.fromisoformat(row[name]) for name in ("reviewed_on", "valid_until")}
            one = Review(**{**row, **days})  # type: ignore[arg-type]
        except (ValueError, TypeError, KeyError):
            raise InputError(
                "This review is not in its form.",
                where=where,
                allowed=f"{', '.join(Review._fields)}; days as 2026-11-25",
            ) from None
        if not all((one.table, one.row, one.reviewer, one.role)) or one[:2] in made:
            raise InputError("A review lacks a name, or stands twice.", where=where)
        made[one.table, one.row] = one
    return MappingProxyType(made)


def _review(table: str, row: str, base: Base) -> Review | None:
    found = reviews(base)
    if not found:
        return None
    return found.get((table, row)) or found.get((table, table_key(table, base)))


def forget() -> None:
    """Forget reviews that were read before: the file below the same folder is another now."""
    for read in (reviews, table_key, _by_words):
        read.cache_clear()


def lost(base: Base = SHIPPED) -> Iterator[Review]:
    """Reviews of rows that are no longer there as they were reviewed."""
    for one in reviews(base).values():
        if one.table not in {**RULES, **BASICS}:
            yield one
        elif one.row.startswith(WHOLE):
            if one.row != table_key(one.table, base):
                yield one
        elif one.row not in {key(row) for row in base.rows(one.table)}:
            yield one


def review_of(fact: object, base: Base = SHIPPED) -> Review | None:
    """The review of the row behind a fact; None when nobody has reviewed it, or every row like it.

    Parameters
    ----------
    fact : a row as its table gives it (``nof1.knowledge.interactions.Pair`` and its like).
    """
    if not reviews(base):
        return None
    return _by_words(base).get(tuple(str(getattr(fact, name, "")) for name in SAID))


@functools.cache
def _by_words(base: Base) -> Mapping[tuple[str, ...], Review]:
    """What a row says -> its review; rows that say the same count only when all are reviewed."""
    found: dict[tuple[str, ...], list[Review | None]] = {}
    for table in RULES:
        for row in base.rows(table):
            said = tuple(row.get(name) or "" for name in SAID)
            found.setdefault(said, []).append(_review(table, key(row), base))
    whole = {said: [one for one in all_of if one] for said, all_of in found.items() if all(all_of)}
    first = {said: min(ones, key=lambda one: one.valid_until) for said, ones in whole.items()}
    return MappingProxyType(first)
