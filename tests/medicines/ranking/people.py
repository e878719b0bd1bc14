"""Patients made by hand, and small tables of facts, for the tests of the ranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from genome.gene_events import ROW, frame, gene_rows, medicine_row
from nof1.genome.results import GeneResult
from nof1.knowledge import (
    age,
    allergies,
    conditions,
    duplicates,
    hepatic,
    interactions,
    pregnancy,
    renal,
)
from nof1.knowledge.base import Base
from nof1.medicines.ranking.known import Known, known

AT = datetime(2024, 6, 1)
LITTLE = {"source": "fda-labels", "citation": "label"}
FORMS: dict[str, tuple[str, ...]] = {
    age.TABLE: age.Limit._fields,
    allergies.TABLE: allergies.Cross._fields,
    conditions.TABLE: conditions.Condition._fields,
    conditions.NAMES: conditions.Codes._fields,
    duplicates.TABLE: duplicates.Group._fields,
    hepatic.TABLE: hepatic.Limit._fields,
    interactions.TABLE: interactions.Pair._fields,
    pregnancy.TABLE: pregnancy.Risk._fields,
    renal.TABLE: renal.Band._fields,
}


def tables(folder: Path, **rows: Iterable[Mapping[str, str]]) -> Base:
    """Facts in which each table has just these rows (``renal=[{...}]``); others stay shipped.

    A table of safety that is not named is empty.
    """
    for name, fields in FORMS.items():
        lines = ["\t".join(fields)]
        for row in rows.get(name.removesuffix(".tsv"), ()):
            cells = {**LITTLE, **row}
            lines.append("\t".join(str(cells.get(field, "")) for field in fields))
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Base(folder)


def event(code: str, **columns: Any) -> dict[str, Any]:
    """One event, a month before ``AT`` if nothing else is said."""
    place = {"source_file": "a.csv", "source_row": 3, "time": AT - timedelta(days=30)}
    return ROW | place | {"code": code} | columns


def person(
    *rows: dict[str, Any],
    born: datetime | None = datetime(1954, 6, 1),
    female: bool | None = True,
    genes: Iterable[GeneResult] = (),
    medicines: Iterable[str] = (),
) -> pl.DataFrame:
    """Events of a woman of 70, if nothing else is said."""
    made = list(rows)
    if born is not None:
        made.append(event("MEDS_BIRTH", time=born))
    if female is not None:
        made.append(event("GENDER//F" if female else "GENDER//M", time=None))
    made += [row for one in genes for row in gene_rows(one)]
    return frame([*made, *map(medicine_row, medicines)])


def creatinine(value: float, days: float = 30.0, unit: str = "mg/dL") -> dict[str, Any]:
    """A creatinine some days before ``AT``."""
    time = AT - timedelta(days=days)
    return event("LOINC//2160-0", numeric_value=value, unit=unit, time=time)


def weight(kg: float, days: float = 30.0) -> dict[str, Any]:
    """A body weight some days before ``AT``."""
    time = AT - timedelta(days=days)
    return event("LOINC//29463-7", numeric_value=kg, unit="kg", time=time)


def know(events: pl.DataFrame, names: Mapping[str, str] | None = None) -> Known:
    """What is known at ``AT``."""
    return known(events, AT, names or {})
