"""Tables that the user brings: structures and targets of medicines, by name.

nof1 ships neither: the public tables of structures by medicine that we know have licences of
their own. A table is CSV or TSV with a header. Column of the medicine: ``name``, ``medicine`` or
``drug``; of the structure: ``smiles``; of the targets: ``target`` or ``targets``, several in one
cell separated by a comma, a semicolon or ``|``. Upper and lower case do not matter.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nof1.core.errors import InputError
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base

NAMES = ("name", "medicine", "drug")
SMILES = ("smiles",)
TARGETS = ("targets", "target")
MOST_BYTES = 64 * 2**20
UNKNOWN = "medicine not in the table of indications"
TWICE = "medicine in an earlier row"
EMPTY = "empty cell"
_SEPARATORS = re.compile(r"[,;|]")


@dataclass
class Supplied:
    """What a table gave.

    Attributes
    ----------
    smiles : medicine -> standardised SMILES.
    targets : medicine -> names of targets, upper case.
    set_aside : reason -> rows that could not be used.
    """

    smiles: dict[str, str] = field(default_factory=dict)
    targets: dict[str, frozenset[str]] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)


def read_structures(path: Path, medicines: Collection[str], base: Base = SHIPPED) -> Supplied:
    """Structures of the medicines that we know, standardised; the first usable row of each counts.

    Raises
    ------
    InputError : the file cannot be read, or has no such columns.
    MissingExtra : RDKit is not installed (extra ``drugs``).
    """
    from nof1.medicines.chemistry.molecules import standardise

    done = Supplied()
    rows = list(_rows(path, SMILES, medicines, base, done.set_aside))
    made = standardise([text for _, text in rows])
    for (name, _), smiles, problem in zip(rows, made.smiles, made.problems, strict=True):
        if smiles is None:
            done.set_aside[f"structure: {problem}"] += 1
        elif done.smiles.setdefault(name, smiles) != smiles:
            done.set_aside[TWICE] += 1
    return done


def read_targets(path: Path, medicines: Collection[str], base: Base = SHIPPED) -> Supplied:
    """Targets of the medicines that we know; rows of one medicine are joined.

    Raises
    ------
    InputError : the file cannot be read, or has no such columns.
    """
    done = Supplied()
    for name, text in _rows(path, TARGETS, medicines, base, done.set_aside):
        found = {part.strip().upper() for part in _SEPARATORS.split(text)} - {""}
        done.targets[name] = done.targets.get(name, frozenset()) | found
    return done


def _rows(
    path: Path, wanted: tuple[str, ...], medicines: Collection[str], base: Base, aside: Counter[str]
) -> Iterator[tuple[str, str]]:
    """(medicine, cell) of the usable rows; the others are counted in ``aside``."""
    lines = _text(path).splitlines()
    reader = csv.reader(lines, delimiter="\t" if lines and "\t" in lines[0] else ",")
    header = [cell.strip().lower() for cell in next(reader, [])]
    name_at, value_at = (_column(header, names, path) for names in (NAMES, wanted))
    known = set(medicines)
    for row in reader:
        if len(row) <= max(name_at, value_at) or not row[value_at].strip():
            aside[EMPTY] += 1
            continue
        name = " ".join(row[name_at].lower().split())
        drug = drugs.find(name, base)
        name = name if drug is None else drug.name
        if name in known:
            yield name, row[value_at].strip()
        else:
            aside[UNKNOWN] += 1


def _column(header: list[str], names: tuple[str, ...], path: Path) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise InputError(
        f"The table has no column {names[0]!r}.",
        where=path.name,
        allowed=f"a header line with one of {', '.join(names)}",
        next_step="Rename the column. Separators may be commas or tabs.",
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError("The table is larger than 64 MiB.", where=path.name)
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The table cannot be read: {type(error).__name__}.",
            where=path.name,
            allowed="a CSV or TSV file in UTF-8",
        ) from None
