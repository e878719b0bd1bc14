"""From a compound file to training data: labels read, repeats merged, all counted.

Repeats are rows of the same compound after standardisation (salts of one parent too). Public sets
hold many of them, some with opposite labels; left in, one copy lands in training and one in test,
and the figures flatter. So each compound comes once:

- *classification*: labels that agree become one; labels that differ are removed;
- *regression*: values within ``AGREE`` standard deviations of the label become their mean; values
  further apart are removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry import reading
from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.chemistry.toolkit import Molecule

REGRESSION, CLASSIFICATION = "regression", "classification"
KINDS = (REGRESSION, CLASSIFICATION)
AGREE = 0.25
FEWEST_ROWS = 60
FEWEST_OF_A_CLASS = 15
MOST_ROWS = 100_000
LISTED = 1_000
MOSTLY = 0.9  # share of yes and no that makes other values doubtful
IDS = ("id", "compound_id", "molecule_id", "mol_id", "compound", "name")
LARGEST = 1e100  # no measurement is larger; its square would overflow
YES = {"1", "1.0", "true", "yes", "active", "positive"}
NO = {"0", "0.0", "false", "no", "inactive", "negative"}
MISSING = {"", "na", "nan", "null", "none", "-", "?"}


@dataclass(frozen=True)
class Label:
    """A column to learn: its name and kind; of a classification, 1 is yes and 0 no."""

    name: str
    kind: str


@dataclass(frozen=True)
class Table:
    """Compounds, each once, with their labels.

    Attributes
    ----------
    keys : (n,) canonical SMILES.
    values : (n, labels) label values; NaN where missing or in conflict.
    counts : what happened to the rows, by name.
    set_aside : the first rows that could not be used: row number and reason.
    """

    keys: list[str]
    molecules: list[Molecule]
    labels: tuple[Label, ...]
    values: NDArray[np.float64]
    counts: dict[str, Any]
    set_aside: list[dict[str, Any]]


def load(
    path: Path, labels: Sequence[str], *, smiles: str | None = None, kind: str | None = None
) -> Table:
    """Read a compound file with labels.

    Parameters
    ----------
    kind : of all labels [classification where a label has only yes and no, else regression].

    Raises
    ------
    UsageError : no label, or one named twice, or an unknown kind.
    InputError : no rows, no such column, too few compounds with a label, or a label of which most
        values are yes and no, but not all, and ``kind`` does not say what is meant.
    """
    if not labels or len(set(labels)) < len(labels):
        raise UsageError("Labels are missing, or one comes twice.", where="--label")
    batch = reading.read(path, smiles=smiles)
    if len(batch.rows) > MOST_ROWS:
        raise InputError(
            f"The table has {len(batch.rows):,} rows.",
            where=path.name,
            allowed=f"at most {MOST_ROWS:,} rows to learn from",
            next_step="Draw a sample of the rows, and say so where you report the model.",
        )
    texts = [_column(batch, name, path) for name in labels]
    done = standardise(batch.smiles)
    problems = [
        first or second for first, second in zip(batch.problems, done.problems, strict=True)
    ]
    found = [_values(text, name, kind, path) for text, name in zip(texts, labels, strict=True)]
    values = np.column_stack([column for column, _, _ in found])
    named = tuple(Label(name, kind) for name, (_, kind, _) in zip(labels, found, strict=True))
    keep = [row for row in done.usable() if problems[row] is None]
    groups: dict[str, list[int]] = {}
    for row in keep:
        groups.setdefault(str(done.smiles[row]), []).append(row)
    merged, repeats = _merge(list(groups.values()), values, named)
    useful = np.asarray(np.isfinite(merged).any(axis=1), dtype=bool)
    counts = {
        "rows": len(batch.rows),
        "set_aside": _often(p for p in problems if p),
        "changed": _often(n for row in keep for n in done.notes[row]),
        "unreadable_labels": {
            label.name: bad for label, (_, _, bad) in zip(named, found, strict=True)
        },
        "shared_ids": _shared_ids(batch, [(row, str(done.smiles[row])) for row in keep], labels),
        "repeated_rows": len(keep) - len(groups),
        "conflicts": repeats,
        "without_label": int((~useful).sum()),
        "compounds": int(useful.sum()),
    }
    listed = [
        {"row": batch.rows[row], "reason": problem}
        for row, problem in enumerate(problems)
        if problem
    ][:LISTED]
    table = Table(
        [key for key, good in zip(groups, useful, strict=True) if good],
        [
            done.molecules[rows[0]]
            for rows, good in zip(groups.values(), useful, strict=True)
            if good
        ],
        named,
        merged[useful],
        counts,
        listed,
    )
    _enough(table, path)
    return table


def _often(found: Iterable[str]) -> dict[str, int]:
    """How often each came, the most frequent first."""
    return dict(Counter(found).most_common())


def _shared_ids(
    batch: reading.Batch, keys: Sequence[tuple[int, str]], labels: Sequence[str]
) -> int:
    """Ids that stand for more than one compound; 0 when the table has no column of ids.

    Parameters
    ----------
    keys : place in the batch and canonical SMILES of the usable rows.
    """
    names = {name.lower(): name for name in batch.columns if name not in labels}
    column = next((batch.columns[names[name]] for name in IDS if name in names), None)
    if column is None:
        return 0
    pairs = {((column[row] or "").strip(), key) for row, key in keys}
    return sum(1 for n in Counter(one for one, _ in pairs if one).values() if n > 1)


def _column(batch: reading.Batch, name: str, path: Path) -> list[str | None]:
    if not batch.rows:
        raise InputError("The table has no rows.", where=path.name)
    if name not in batch.columns:
        raise InputError(
            "The table has no such column.",
            where=f"{path.name}, column {name}",
            allowed=list(batch.columns)[:30],
        )
    return batch.columns[name]


def _values(
    text: Sequence[str | None], name: str, kind: str | None, path: Path
) -> tuple[NDArray[np.float64], str, int]:
    """Numbers of one label (NaN: missing or unreadable), its kind, how many were unreadable."""
    plain = [(one or "").strip().lower() for one in text]
    given = {one for one in plain if one not in MISSING}
    if kind not in (None, *KINDS):
        raise UsageError("There is no such kind of label.", where="--kind", allowed=KINDS)
    kind = kind or _guessed([one for one in plain if one in given], name, path)
    read = _class if kind == CLASSIFICATION else _number
    values = np.array([read(one) for one in plain], dtype=np.float64)
    unreadable = sum(
        1
        for one, value in zip(plain, values, strict=True)
        if one not in MISSING and np.isnan(value)
    )
    return values, kind, unreadable


def _guessed(given: Sequence[str], name: str, path: Path) -> str:
    """Classification where all values are yes or no; one stray value must not turn it around."""
    binary = sum(one in YES | NO for one in given)
    if binary and binary == len(given):
        return CLASSIFICATION
    if binary >= MOSTLY * len(given) and {*given} & YES and {*given} & NO:
        raise InputError(
            f"The label is yes or no in {binary:,} rows and something else in "
            f"{len(given) - binary:,}.",
            where=f"{path.name}, column {name}",
            next_step="Say what is meant: --kind classification leaves the others out and counts "
            "them, --kind regression learns numbers.",
        )
    return REGRESSION


def _class(text: str) -> float:
    return 1.0 if text in YES else 0.0 if text in NO else np.nan


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if abs(value) <= LARGEST else np.nan


def _merge(
    groups: list[list[int]], values: NDArray[np.float64], labels: Sequence[Label]
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """One row for each compound, and how many compounds of each label were in conflict."""
    merged = np.full((len(groups), len(labels)), np.nan)
    conflicts = {label.name: 0 for label in labels}
    spread = np.array(
        [np.nanstd(column) if (~np.isnan(column)).any() else 0 for column in values.T]
    )
    allowed = [
        0 if la.kind == CLASSIFICATION else AGREE * s for la, s in zip(labels, spread, strict=True)
    ]
    for number, rows in enumerate(groups):
        for column, label in enumerate(labels):
            seen = values[rows, column]
            seen = seen[~np.isnan(seen)]
            if len(seen) and seen.max() - seen.min() > allowed[column]:
                conflicts[label.name] += 1
            elif len(seen):
                merged[number, column] = seen.mean()
    return merged, conflicts


def _enough(table: Table, path: Path) -> None:
    for label, column in zip(table.labels, table.values.T, strict=True):
        seen = column[~np.isnan(column)]
        smaller = min(int(seen.sum()), int(len(seen) - seen.sum()))
        few = label.kind == CLASSIFICATION and smaller < FEWEST_OF_A_CLASS
        if len(seen) < FEWEST_ROWS or few:
            raise InputError(
                f"Too few compounds have this label: {len(seen):,}"
                + (f", {smaller:,} of them in the smaller class." if few else "."),
                where=f"{path.name}, column {label.name}",
                allowed=f"{FEWEST_ROWS} compounds or more, {FEWEST_OF_A_CLASS} of each class",
            )
        if label.kind == REGRESSION and float(seen.std()) == 0.0:
            raise InputError(
                "The label is the same for all compounds.",
                where=f"{path.name}, column {label.name}",
            )
