"""Drugs: their names, classes, substances and structures, from a drug list and a structure table.

The structure table may be keyed by the drug itself or by the id of its substance (for instance
PubChem), which the drug list then gives. Several ids in one cell, or words such as "several", are
no id. Structures are SMILES, or a table of numbers (one row for each drug).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nof1.core.errors import InputError
from nof1.learn.sums import FloatArray
from nof1.medicines.response.names import match
from nof1.medicines.response.screen import UNKNOWN
from nof1.medicines.response.tables import Table, is_missing, numbers, read_table

ID_COLUMNS = ("drug_id", "drug", "id", "compound")
TITLE_COLUMNS = ("name", "drug_name", "title")
SUBSTANCE_COLUMNS = ("pubchem", "pubchem_id", "pubchem_cid", "cid", "substance", "compound_id")
CLASS_COLUMNS = ("target_pathway", "pathway", "class", "target_class", "mechanism")
SMILES_COLUMNS = ("smiles", "canonical_smiles", "structure")
NO_ID = frozenset({"none", "several", "unknown", "not available"})
BITS = 1024


@dataclass(frozen=True, eq=False)
class Compounds:
    """What is known about each drug; every sequence follows the drugs asked for.

    Attributes
    ----------
    chemistry : (drugs, descriptors), a row of NaN where there is no structure.
    keys : equal where two ids are one substance.
    titles : names for people; the id stands beside a name that several ids share.
    """

    chemistry: FloatArray = field(repr=False)
    keys: tuple[str, ...]
    titles: tuple[str, ...]
    classes: tuple[str, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]


def read_compounds(
    drug_list: Path | None, structures: Path | None, drugs: Sequence[str]
) -> Compounds:
    """Look each drug up in both tables; either may be absent.

    Raises
    ------
    InputError : a table that cannot be read; structures that belong to no drug.
    MissingExtra : SMILES are given, but RDKit is not installed.
    """
    titles, classes, substances = list(drugs), [UNKNOWN] * len(drugs), [UNKNOWN] * len(drugs)
    counts: dict[str, int] = {}
    notes: list[str] = []
    if drug_list is not None:
        listed = _listed(read_table(drug_list), drugs)
        titles, classes, substances, missing = listed
        counts["drugs_not_in_list"] = missing
        counts["drugs_without_substance_id"] = sum(one == UNKNOWN for one in substances)
    chemistry = np.full((len(drugs), 0), np.nan)
    keys = [one or f"drug:{name}" for name, one in zip(drugs, substances, strict=True)]
    if structures is not None:
        chemistry, smiles, told = _structures(structures, drugs, substances)
        keys = [one or key for one, key in zip(smiles, keys, strict=True)]
        counts["drugs_without_structure"] = int((~np.isfinite(chemistry).any(axis=1)).sum())
        notes += told
    names = distinct(titles, drugs)
    return Compounds(chemistry, tuple(keys), names, tuple(classes), counts, tuple(notes))


def distinct(titles: Sequence[str], drugs: Sequence[str]) -> tuple[str, ...]:
    """Titles with the id of the drug beside each name that comes more than once.

    >>> distinct(["JQ1", "Olaparib", "jq1"], ["163", "1017", "1218"])
    ('JQ1 (163)', 'Olaparib', 'jq1 (1218)')
    """
    count = Counter(title.casefold() for title in titles)
    return tuple(
        f"{title} ({drug})" if count[title.casefold()] > 1 else title
        for title, drug in zip(titles, drugs, strict=True)
    )


def _listed(table: Table, drugs: Sequence[str]) -> tuple[list[str], list[str], list[str], int]:
    """Title, class and substance of each drug, and how many are not in the list."""
    name = table.named(ID_COLUMNS)
    ids = table.column(name) if name else [row[0] for row in table.rows]
    first = {one: row for row, one in reversed(list(enumerate(ids)))}
    names = list(first)
    found = match(drugs, names)
    rows = [None if place is None else first[names[place]] for place in found.at]

    def column(options: Sequence[str]) -> list[str]:
        named = table.named(options)
        cells = table.column(named) if named else [UNKNOWN] * len(table.rows)
        picked = [UNKNOWN if row is None else cells[row] for row in rows]
        return [UNKNOWN if is_missing(cell) else cell for cell in picked]

    titles = [t or drug for t, drug in zip(column(TITLE_COLUMNS), drugs, strict=True)]
    substances = [
        UNKNOWN if one.lower() in NO_ID or "," in one or ";" in one else one
        for one in column(SUBSTANCE_COLUMNS)
    ]
    return titles, column(CLASS_COLUMNS), substances, found.missing


def _structures(
    path: Path, drugs: Sequence[str], substances: Sequence[str]
) -> tuple[FloatArray, list[str], list[str]]:
    """Descriptors and canonical SMILES ("" where none) of each drug, and notes."""
    table, named = _structure_table(path)
    ids = [row[0] for row in table.rows]
    rows = _rows(ids, drugs, substances)
    if all(row is None for row in rows):
        raise InputError(
            "No drug has a structure in this table.",
            where=path.name,
            allowed="drug ids, or substance ids that the drug list gives, in the first column",
            next_step="Give the drug list with --drugs.",
        )
    if named is None:
        values = numbers([row[1:] for row in table.rows], path.name)
        empty = np.full(values.shape[1], np.nan)
        found = [empty if row is None else values[row] for row in rows]
        return np.array(found), [UNKNOWN] * len(drugs), []
    cells = table.column(named)
    return _from_smiles([None if row is None else cells[row] for row in rows])


def _structure_table(path: Path) -> tuple[Table, str | None]:
    """The table and its column of SMILES; two columns of text without header: id and SMILES."""
    bare = read_table(path, header=False)
    first, last = (row[-1].strip().lower() for row in (bare.rows[0], bare.rows[-1]))
    if len(bare.header) == 2 and first not in SMILES_COLUMNS and not _is_number(last):
        return bare, "2"
    table = read_table(path)
    return table, table.named(SMILES_COLUMNS)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return is_missing(cell)
    return True


def _rows(ids: Sequence[str], drugs: Sequence[str], substances: Sequence[str]) -> list[int | None]:
    first = {one: row for row, one in reversed(list(enumerate(ids)))}
    names = list(first)
    direct, through = match(drugs, names).at, match(substances, names).at
    if sum(x is not None for x in direct) > sum(x is not None for x in through):
        best = direct
    else:
        best = through
    return [None if place is None else first[names[place]] for place in best]


def _from_smiles(smiles: Sequence[str | None]) -> tuple[FloatArray, list[str], list[str]]:
    """Morgan bits of standardised molecules."""
    from nof1.core.extras import require

    require("rdkit", "drugs")
    from nof1.medicines.chemistry.fingerprints import morgan
    from nof1.medicines.chemistry.molecules import standardise

    given = [place for place, text in enumerate(smiles) if text]
    done = standardise([smiles[place] for place in given])
    usable = done.usable()
    bits = np.full((len(smiles), BITS), np.nan)
    keys = [UNKNOWN] * len(smiles)
    if usable:
        packed = morgan([str(done.smiles[k]) for k in usable], bits=BITS)
        bits[[given[k] for k in usable]] = np.unpackbits(packed, axis=1, bitorder="little")
    for k in usable:
        keys[given[k]] = str(done.smiles[k])
    told = [f"{count:,} structures: {what}." for what, count in done.counts().items()]
    return bits, keys, told
