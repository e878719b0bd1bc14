"""Lifestyle as first-class events: smoking, alcohol, activity and diet under one name each.

Sources record the same habit in many ways: a LOINC question with an answer, a SNOMED finding, an
ICD-10 code. ``lifestyle.csv`` maps what is certain to codes such as
``LIFESTYLE//smoking//current``; everything else stays as it came. The normalised event stands next
to the source's own, with the same time, record and row.

Kinds of rows: a ``question`` says which habit its answers are about; an ``answer`` counts only
there (``LOINC//72166-2//LA18976-3``); a ``finding`` stands alone (``SNOMED//77176002``); a ``fact``
may do both (``LOINC//72166-2//SNOMED//449868002``); a ``number`` (AUDIT-C, days of activity a week)
is kept with one unit, if its unit is among the accepted ones ("" = none given). ICD codes are found
with or without their dot. Each row cites its source.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from nof1.record.events import RAW_SCHEMA

TABLE = Path(__file__).with_name("lifestyle.csv")
PREFIX = "LIFESTYLE//"


class Table(NamedTuple):
    """The rows of ``lifestyle.csv`` by kind: source code -> habit (``smoking//current``)."""

    facts: dict[str, str]
    questions: dict[str, str]
    answers: dict[str, str]
    numbers: dict[str, tuple[str, str, frozenset[str]]]  # habit, unit, accepted units


@functools.cache
def table() -> Table:
    """The mapping, read once."""
    made = Table({}, {}, {}, {})
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            code, habit = row["source_code"], row["habit"]
            kind = row["kind"]
            if kind in ("fact", "finding"):
                made.facts[_plain(code)] = habit
            if kind in ("fact", "answer"):
                made.answers[code.rpartition("//")[2]] = habit
            if kind == "question":
                made.questions[code] = habit
            if kind == "number":
                accepted = frozenset(row["units_accepted"].split("|"))
                made.numbers[code] = (habit, row["unit"], accepted)
    return made


@functools.lru_cache(maxsize=65_536)
def normalised_code(code: str) -> str | None:
    """The normalised code of a source code, None when there is none.

    >>> normalised_code("LOINC//72166-2//LA18976-3")
    'LIFESTYLE//smoking//current'
    >>> normalised_code("ICD10CM//F17210")
    'LIFESTYLE//smoking//current'
    """
    known = table()
    habit = known.facts.get(_plain(code)) or _answered(code, known)
    if habit is None and code in known.numbers:
        habit = known.numbers[code][0]
    return PREFIX + habit if habit else None


def additional(events: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Normalised events for rows in the order of ``RAW_SCHEMA``; the rows are left as they are."""
    numbers = table().numbers
    made = []
    for row in events:
        code = normalised_code(row[_CODE])
        if code is None:
            continue
        values = list(row)
        values[_CODE] = code
        if row[_CODE] not in numbers:
            values[_NUMBER] = values[_UNIT] = None
        elif row[_NUMBER] is None or (row[_UNIT] or "") not in numbers[row[_CODE]][2]:
            continue  # no value, or an unknown unit: never guessed
        else:
            values[_UNIT] = numbers[row[_CODE]][1]
        made.append(tuple(values))
    return made


def normalised(raw: pl.DataFrame) -> pl.DataFrame:
    """The events to add to a frame of ``RAW_SCHEMA`` (further columns, as ``site``, are kept).

    Returns
    -------
    A frame with the columns of ``raw``; empty when nothing is known to be about lifestyle.
    """
    codes = raw["code"].unique().drop_nulls()
    wanted = codes.filter(
        pl.Series([normalised_code(code) is not None for code in codes], dtype=pl.Boolean)
    )
    found = raw.filter(pl.col("code").is_in(wanted.implode()))
    order = [*RAW_SCHEMA, *(name for name in raw.columns if name not in RAW_SCHEMA)]
    found = found.select(order)
    rows = additional(found.rows())
    return pl.DataFrame(rows, schema=found.schema, orient="row").select(raw.columns)


def _answered(code: str, known: Table) -> str | None:
    """The habit that an answer to a lifestyle question states; answers to others say nothing."""
    parts = code.split("//")
    if len(parts) < 3:
        return None
    topic = known.questions.get("//".join(parts[:2]))
    habit = known.answers.get(parts[-1]) if topic else None
    return habit if habit and habit.partition("//")[0] == topic else None


def _plain(code: str) -> str:
    """ICD codes without their dot; others as they are."""
    return code.replace(".", "") if code.startswith("ICD") else code


_CODE = RAW_SCHEMA.names().index("code")
_NUMBER = RAW_SCHEMA.names().index("numeric_value")
_UNIT = RAW_SCHEMA.names().index("unit")
