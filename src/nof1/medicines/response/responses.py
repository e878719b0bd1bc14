"""The response table, wide (lines x drugs or drugs x lines) or long, as ln(µmol/L) or AUC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nof1.core.errors import InputError, UsageError
from nof1.learn.sums import FloatArray
from nof1.medicines.response.names import match
from nof1.medicines.response.tables import Table, is_missing, numbers, read_table
from nof1.medicines.response.units import (
    AUC,
    check_spans,
    converted,
    measure_of,
    unit_named,
)

LINE_COLUMNS = ("line", "cell_line", "cell_line_name", "depmapid", "depmap_id", "cosmic_id")
DRUG_COLUMNS = ("drug", "drug_id", "drug_name", "compound")
VALUE_COLUMNS = ("response", "value", "ln_ic50", "ic50", "auc")
UNIT_COLUMNS = ("unit", "units")


@dataclass(frozen=True, eq=False)
class Responses:
    """(lines, drugs) responses, NaN where not measured, with what was counted on the way."""

    lines: tuple[str, ...]
    drugs: tuple[str, ...]
    values: FloatArray = field(repr=False)
    measure: str
    notes: tuple[str, ...]


def read_responses(path: Path, unit: str | None, lines_elsewhere: Sequence[str]) -> Responses:
    """Read a response table.

    Parameters
    ----------
    unit : of all values; may be left out only where a long table has a column ``unit``.
    lines_elsewhere : names of lines in the omics table; they tell which way a wide table lies.

    Raises
    ------
    InputError, UsageError : see ``units``; no unit; a wide table whose lines cannot be found.
    """
    table = read_table(path)
    columns = [table.named(names) for names in (LINE_COLUMNS, DRUG_COLUMNS, VALUE_COLUMNS)]
    if all(columns):
        made = _long(table, [str(name) for name in columns], unit)
    else:
        made = _wide(table, unit, lines_elsewhere)
    if made.measure != AUC:
        check_spans(made.values, made.drugs)
    return made


def _needed(unit: str | None) -> str:
    if unit is None:
        raise UsageError(
            "The unit of the responses is not given, and it is never guessed.",
            where="--unit",
            allowed=["ln_uM", "log10_uM", "nM", "uM", "AUC"],
        )
    return unit_named(unit)


def _wide(table: Table, unit: str | None, lines_elsewhere: Sequence[str]) -> Responses:
    own = _needed(unit)
    across, down = table.header[1:], tuple(row[0] for row in table.rows)
    hits = [len(names) - match(names, lines_elsewhere).missing for names in (across, down)]
    if max(hits) == 0:
        raise InputError(
            "No cell line of the response table has omics, whichever way the table is read.",
            where=table.path.name,
            allowed="the same line names in both tables",
            next_step="Compare the first column and the header with the omics table.",
        )
    _unique(down, table.path)
    values = numbers([row[1:] for row in table.rows], table.path.name)
    values = converted(values, own)
    if hits[0] > hits[1]:
        return Responses(across, down, values.T, measure_of([own]), ())
    return Responses(down, across, values, measure_of([own]), ())


def _unique(names: Sequence[str], path: Path) -> None:
    again = [name for name, count in Counter(names).items() if count > 1]
    if again:
        raise InputError(
            f"{len(again):,} row names come twice in the wide table.",
            where=f"{path.name}: {again[0]}",
            next_step="Give each line and each drug one row and one column.",
        )


def _long(table: Table, columns: Sequence[str], unit: str | None) -> Responses:
    rows = list(zip(*(table.column(name) for name in columns), strict=True))
    named = table.named(UNIT_COLUMNS)
    if named is None:
        units = [_needed(unit)] * len(rows)
    else:
        units = [unit_named(cell) for cell in table.column(named)]
    kept = [k for k, row in enumerate(rows) if not any(is_missing(cell) for cell in row)]
    notes = _told(Counter(units), len(rows) - len(kept))
    measure = measure_of(units)
    raw = numbers([[rows[k][2]] for k in kept], table.path.name)[:, 0]
    own = np.array([units[k] for k in kept])
    values = np.empty(len(kept))
    for name in sorted(set(own)):
        values[own == name] = converted(raw[own == name], str(name))
    lines, line_at = _coded([rows[k][0] for k in kept])
    drugs, drug_at = _coded([rows[k][1] for k in kept])
    wide, repeats = _averaged(line_at, drug_at, values, (len(lines), len(drugs)))
    if repeats:
        notes.append(f"{repeats:,} rows repeat a pair: the mean of each pair was taken.")
    return Responses(lines, drugs, wide, measure, tuple(notes))


def _told(units: Counter[str], left_out: int) -> list[str]:
    notes = []
    if len(units) > 1:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(units.items()))
        notes.append(f"Mixed units, brought to ln(µmol/L); rows: {told}.")
    if left_out:
        notes.append(f"{left_out:,} rows without line, drug or value were left out.")
    return notes


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    found, at = np.unique(np.array(names, dtype=str), return_inverse=True)
    return tuple(str(name) for name in found), at


def _averaged(
    line_at: np.ndarray, drug_at: np.ndarray, values: FloatArray, shape: tuple[int, int]
) -> tuple[FloatArray, int]:
    flat = line_at * shape[1] + drug_at
    count = np.bincount(flat, minlength=shape[0] * shape[1])
    total = np.bincount(flat, values, minlength=shape[0] * shape[1])
    made = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)
    return made, int(np.maximum(count - 1, 0).sum())
