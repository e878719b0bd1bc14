"""The four tables become one screen; what has no partner is counted and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray
from nof1.medicines.response.compounds import Compounds, read_compounds
from nof1.medicines.response.names import match
from nof1.medicines.response.responses import Responses, read_responses
from nof1.medicines.response.screen import UNKNOWN, Screen
from nof1.medicines.response.tables import Table, is_missing, numbers, read_table

TISSUES = ("tissue", "site_primary", "primary_site", "primary_tissue", "lineage")
FEWEST_LINES, FEWEST_DRUGS, FEWEST_FEATURES = 20, 3, 1
LARGEST = 1e12  # of an omics value; squares of larger ones are no numbers
FEWEST_PAIRS = 10  # responses of a drug; one with fewer is left out


@dataclass(frozen=True)
class Sources:
    """The files of a screen, and how to read them.

    Attributes
    ----------
    drugs : list of drugs with names, classes and the ids of their substances; optional.
    compounds : structures by drug or by substance id; optional.
    only_with_structure : leave out drugs without a structure.
    """

    response: Path
    omics: Path
    annotations: Path
    unit: str | None = None
    drugs: Path | None = None
    compounds: Path | None = None
    tissue_column: str | None = None
    subtype_column: str | None = None
    only_with_structure: bool = False


@dataclass(frozen=True)
class Joined:
    """A screen and the books of its joins: counts by name, and notes for people."""

    screen: Screen
    counts: dict[str, int]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"counts": dict(self.counts), "notes": list(self.notes)}


def join(sources: Sources) -> Joined:
    """Read and join the tables.

    Raises
    ------
    InputError : a table that cannot be read, or too little in common.
    """
    line_names, omics, features, row_notes = _rows_with_values(sources.omics)
    responses = read_responses(sources.response, sources.unit, line_names)
    own = match(responses.lines, line_names)
    if len(responses.lines) - own.missing < FEWEST_LINES:
        raise InputError(
            f"Only {len(responses.lines) - own.missing} cell lines have both response and omics.",
            where=f"{sources.response.name}, {sources.omics.name}",
            allowed=f"at least {FEWEST_LINES}",
            next_step="Compare how the lines are named in both tables.",
        )
    kept = [i for i, place in enumerate(own.at) if place is not None]
    at = [place for place in own.at if place is not None]
    lines = [line_names[place] for place in at]
    omics, features, column_notes = _columns_with_values(omics[at], features)
    labels, label_counts, label_notes = _labels(sources, lines)
    compounds = read_compounds(sources.drugs, sources.compounds, responses.drugs)
    screen = _screen(responses, kept, lines, omics, features, labels, compounds)
    screen, drug_counts, drug_notes = _kept_drugs(screen, sources.only_with_structure)
    unused = len(line_names) - len(set(at))
    counts = {
        "lines": len(screen.lines),
        "drugs": len(screen.drugs),
        "pairs": int(screen.measured.sum()),
        "features": len(features),
        "lines_without_omics": own.missing,
        "lines_without_response": unused,
        "lines_joined_by_plain_name": own.plain,
        "lines_of_unclear_name": own.ambiguous,
        **label_counts,
        **compounds.counts,
        **drug_counts,
    }
    notes = [*responses.notes, *row_notes, *column_notes, *_line_notes(own.missing, unused)]
    notes += [*label_notes, *compounds.notes]
    return Joined(screen, counts, (*notes, *drug_notes))


def _rows_with_values(path: Path) -> tuple[list[str], FloatArray, tuple[str, ...], list[str]]:
    """The omics without rows that hold no value at all, and a note of these."""
    names, values, features = read_omics(path)
    kept = np.flatnonzero(np.isfinite(values).any(axis=1))
    if not len(kept):
        raise InputError("The omics table holds no value.", where=path.name)
    empty = len(names) - len(kept)
    notes = [f"{empty:,} rows of the omics hold no value: left out."] if empty else []
    return [names[i] for i in kept], values[kept], features, notes


def _columns_with_values(
    values: FloatArray, features: tuple[str, ...]
) -> tuple[FloatArray, tuple[str, ...], list[str]]:
    """The omics of the joined lines without features that none of them has, and a note of these."""
    kept = np.flatnonzero(np.isfinite(values).any(axis=0))
    empty = len(features) - len(kept)
    notes = [f"{empty:,} features have no value in any cell line: left out."] if empty else []
    return values[:, kept], tuple(features[k] for k in kept), notes


def _line_notes(missing: int, unused: int) -> list[str]:
    notes = []
    if missing:
        notes.append(f"{missing:,} cell lines have a response but no omics: left out.")
    if unused:
        notes.append(f"{unused:,} cell lines have omics but no response: left out.")
    return notes


def read_omics(path: Path) -> tuple[list[str], FloatArray, tuple[str, ...]]:
    """Names of samples, (samples, features) values, names of features; the first column is the id.

    Raises
    ------
    InputError : two rows of one id; no feature column; a value that no measurement has.
    """
    table = read_table(path)
    names = [row[0] for row in table.rows]
    again = [name for name, count in Counter(names).items() if count > 1]
    if again:
        raise InputError(
            f"{len(again):,} samples have more than one row.",
            where=f"{path.name}: {again[0]}",
            next_step="Keep one row for each sample.",
        )
    if len(table.header) - 1 < FEWEST_FEATURES:
        raise InputError("The omics table has no feature columns.", where=path.name)
    values = numbers([row[1:] for row in table.rows], path.name)
    huge = np.abs(np.nan_to_num(values)) > LARGEST
    if huge.any():
        row, column = np.argwhere(huge)[0]
        raise InputError(
            f"{huge.sum():,} values of the omics are too large for a measurement.",
            where=f"{path.name}, data row {row + 1}, {table.header[column + 1]}",
            allowed=f"-{LARGEST:g} to {LARGEST:g}",
        )
    return names, values, table.header[1:]


Labels = tuple[list[str], list[str]]


def _labels(sources: Sources, lines: Sequence[str]) -> tuple[Labels, dict[str, int], list[str]]:
    """Tissue and subtype of each line."""
    table = read_table(sources.annotations)
    tissue = sources.tissue_column or table.named(TISSUES)
    if tissue is None:
        raise InputError(
            "No column of the annotations holds the tissue.",
            where=sources.annotations.name,
            allowed=list(TISSUES),
            next_step="Name it with --tissue-column.",
        )
    place = _best_match(table, lines)
    tissues = _looked_up(table.column(tissue), place)
    if sources.subtype_column is None:
        subtypes = [UNKNOWN] * len(lines)
    else:
        subtypes = _looked_up(table.column(sources.subtype_column), place)
    without = sum(one == UNKNOWN for one in tissues)
    if without == len(lines):
        raise InputError(
            "No cell line found a tissue in the annotations.", where=sources.annotations.name
        )
    note = f"{without:,} cell lines have no tissue: they count as of an unknown one."
    return (tissues, subtypes), {"lines_without_tissue": without}, [note] if without else []


def _best_match(table: Table, lines: Sequence[str]) -> list[int | None]:
    """Row of each line, by the column of the annotations that knows most of them."""
    best: tuple[int | None, ...] = (None,) * len(lines)
    for name in table.header:
        cells = table.column(name)
        first = {cell: row for row, cell in reversed(list(enumerate(cells))) if cell}
        names = list(first)
        found = match(lines, names).at
        if sum(x is not None for x in found) > sum(x is not None for x in best):
            best = tuple(None if x is None else first[names[x]] for x in found)
    return list(best)


def _looked_up(cells: Sequence[str], place: Sequence[int | None]) -> list[str]:
    found = [UNKNOWN if row is None else cells[row] for row in place]
    return [UNKNOWN if is_missing(cell) else cell for cell in found]


def _screen(
    responses: Responses,
    kept: Sequence[int],
    lines: Sequence[str],
    omics: FloatArray,
    features: tuple[str, ...],
    labels: Labels,
    compounds: Compounds,
) -> Screen:
    return Screen(
        lines=tuple(lines),
        drugs=responses.drugs,
        response=responses.values[list(kept)],
        omics=omics,
        features=features,
        tissues=tuple(labels[0]),
        subtypes=tuple(labels[1]),
        chemistry=compounds.chemistry,
        classes=compounds.classes,
        compounds=compounds.keys,
        measure=responses.measure,
        titles=compounds.titles,
    )


def _kept_drugs(
    screen: Screen, only_with_structure: bool
) -> tuple[Screen, dict[str, int], list[str]]:
    """Leave out drugs with too few responses (and those without structure, when asked)."""
    few = screen.measured.sum(axis=0) < FEWEST_PAIRS
    bare = ~np.isfinite(screen.chemistry).any(axis=1)
    out = few | (bare & only_with_structure)
    some = screen.measured[:, ~out].any(axis=1)
    made = screen.part(np.flatnonzero(some), np.flatnonzero(~out))
    if len(made.drugs) < FEWEST_DRUGS or len(made.lines) < FEWEST_LINES:
        raise InputError(
            f"Only {len(made.drugs)} drugs with {FEWEST_PAIRS} responses, "
            f"and {len(made.lines)} cell lines, are left.",
            allowed=f"at least {FEWEST_DRUGS} drugs and {FEWEST_LINES} lines",
        )
    if not (np.nanmax(made.response, axis=0) > np.nanmin(made.response, axis=0)).any():
        raise InputError(
            "No drug has two different responses, so there is nothing to learn.",
            where="response table",
        )
    twice = sum(count for count in Counter(made.compounds).values() if count > 1)
    left_bare = int((~np.isfinite(made.chemistry).any(axis=1)).sum()) if made.chemistry.size else 0
    counts = {
        "drugs_kept_without_structure": left_bare,
        "drugs_with_few_responses": int(few.sum()),
        "drugs_left_out_without_structure": int((bare & ~few).sum() if only_with_structure else 0),
        "lines_without_any_response": int((~some).sum()),
        "drug_ids_that_share_a_substance": twice,
    }
    words = {
        "drugs_kept_without_structure": "drugs have no structure: compared by class alone.",
        "drugs_with_few_responses": f"drugs have fewer than {FEWEST_PAIRS} responses: left out.",
        "drugs_left_out_without_structure": "drugs have no structure: left out, as asked.",
        "lines_without_any_response": "cell lines have no response to any drug kept: left out.",
        "drug_ids_that_share_a_substance": "drug ids share a substance with another: "
        "held out together.",
    }
    notes = [f"{counts[name]:,} {text}" for name, text in words.items() if counts[name]]
    return made, counts, notes
