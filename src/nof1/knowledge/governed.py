"""Whether every rule is there once, says where it is from, is in date, and is reviewed as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from nof1.knowledge import rows
from nof1.knowledge.agreement import Fault, some
from nof1.knowledge.base import SHIPPED, Base, sources


def faults(base: Base, today: date) -> Iterator[Fault]:
    """Rows that stand twice, name no place in a source, are past their day, or changed since.

    Raises
    ------
    InputError : a table is damaged.
    """
    for table, columns in {**rows.RULES, **rows.BASICS}.items():
        found = base.rows(table)
        yield from _twice(table, columns, found)
        yield from _blank(table, found)
    yield from _old(base, today)
    yield from _reviews(base, today)
    signed, all_of = (sum(pair[i] for pair in reviewed(base).values()) for i in (0, 1))
    if signed < all_of:
        what = f"{signed:,} of {all_of:,} rules of the order checks are reviewed by a person."
        yield Fault("info", rows.REVIEWS, what, "See docs/rule-authors-guide.md.")


def _twice(table: str, columns: tuple[str, ...], found: list[dict[str, str]]) -> Iterator[Fault]:
    count = Counter(tuple(row.get(name) or "" for name in columns) for row in found)
    names = sorted(" / ".join(filter(None, cells)) for cells, n in count.items() if n > 1)
    if names:
        what = f"{len(names)} rules stand in two rows: {some(names)}."
        yield Fault("critical", table, what, "Keep one row of each.")


def _blank(table: str, found: list[dict[str, str]]) -> Iterator[Fault]:
    blank = [line for line, row in enumerate(found, start=2) if not (row["citation"] or "").strip()]
    if blank:
        what = f"{len(blank)} rows name no place in their source (line {blank[0]})."
        yield Fault("critical", table, what, "Fill the column citation.")


def _old(base: Base, today: date) -> Iterator[Fault]:
    """Rules past their last day, table by table; their sources are told apart (``check``)."""
    old = {name for name, source in sources(base).items() if source.expired(today)}
    for table in rows.RULES:
        lines = [
            line
            for line, row in enumerate(base.rows(table), start=2)
            if not old.isdisjoint((row["source"] or "").split("|"))
        ]
        if lines:
            what = f"{len(lines)} rules are past their last day (the first in line {lines[0]})."
            step = "Read their sources again and give sources.tsv a new day, or take them out."
            yield Fault("warning", table, what, step)


def _reviews(base: Base, today: date) -> Iterator[Fault]:
    changed = Counter(one.table for one in rows.lost(base))
    for table, count in sorted(changed.items()):
        what = f"{count} reviews are of rows of {table} that are no longer as they were reviewed."
        yield Fault("warning", rows.REVIEWS, what, "Review them again, or take the reviews out.")
    for one in rows.reviews(base).values():
        if not one.reviewed_on <= today or one.valid_until < one.reviewed_on:
            what = f"The days of a review of {one.table} cannot be right."
            yield Fault("critical", rows.REVIEWS, what, "reviewed_on is not later than today.")
        elif one.valid_until < today:
            what = f"A review of {one.table} was valid until {one.valid_until}."
            yield Fault("warning", rows.REVIEWS, what, "Review it again: it counts no more.")


def reviewed(base: Base = SHIPPED) -> dict[str, tuple[int, int]]:
    """Table of rules -> how many of its rows somebody has reviewed, and how many it has."""
    made = {}
    for table in rows.RULES:
        all_of = base.rows(table)
        signed = sum(bool(rows.provenance(table, row, base).reviewer) for row in all_of)
        made[table] = (signed, len(all_of))
    return made
