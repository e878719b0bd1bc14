"""Known actives of a target, and known inactives if the file has them, from a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.medicines.chemistry.fingerprints import packed as morgan_of
from nof1.medicines.chemistry.molecules import parse, standardise
from nof1.medicines.chemistry.splits import scaffolds
from nof1.medicines.chemistry.toolkit import Chem, quiet, rdMolDescriptors
from nof1.medicines.library import bits
from nof1.medicines.library.reading import USUAL, Columns, Molecule, molecules

BATCH = 5_000
_STEREO = re.compile(r"[@/\\]")
YES = ("1", "1.0", "true", "yes", "active", "a")
NO = ("0", "0.0", "false", "no", "inactive", "i")
CONFLICT = "labelled both active and inactive"
DUPLICATE = "the same molecule again"
NO_LABEL = "no label"
OTHER_LABEL = "a label that is neither 1 nor 0"


@dataclass(frozen=True)
class Compounds:
    """Molecules with what a ranking needs: SMILES, fingerprints (n, 32), and weights in g/mol."""

    smiles: tuple[str, ...]
    fingerprints: bits.Words
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.smiles)

    def part(self, rows: NDArray[np.int64]) -> Compounds:
        """Some of them."""
        return Compounds(
            tuple(self.smiles[int(row)] for row in rows),
            self.fingerprints[rows],
            self.weights[rows],
        )

    def series(self) -> list[str]:
        """The chemical series of each, see :func:`series_of`."""
        return series_of(self.smiles)


@dataclass
class Known:
    """What a file says about a target, and how many rows were set aside, reason by reason."""

    name: str
    actives: Compounds
    inactives: Compounds
    rows: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)


def read_known(path: Path, columns: Columns = USUAL) -> Known:
    """Actives from SMILES, CSV, TSV or SDF; with ``columns.label`` also inactives.

    Raises
    ------
    InputError : no row gave an active. UsageError : an ending that is not known.
    """
    label_of: dict[str, set[int]] = {}
    aside: Counter[str] = Counter()
    rows = 0
    for some in _batches(molecules(path, columns)):
        rows += len(some)
        done = standardise([one.text for one in some])
        for one, smiles, problem in zip(some, done.smiles, done.problems, strict=True):
            value, why = _label(one, columns)
            reason = one.problem or problem or why
            if reason is not None or smiles is None or value is None:
                aside[reason or NO_LABEL] += 1
                continue
            before = label_of.setdefault(smiles, set())
            aside[DUPLICATE] += value in before
            before.add(value)
    aside[CONFLICT] += sum(2 for values in label_of.values() if len(values) > 1)
    split = {n: [s for s, values in label_of.items() if values == {n}] for n in (0, 1)}
    if not split[1]:
        raise InputError(
            "No row of the file gave a known active.",
            where=path.name,
            allowed="molecules, with a label column of 1 and 0 if there are inactives too",
            next_step="Check the columns: --smiles-column, --label-column.",
        )
    found = Counter({reason: n for reason, n in aside.most_common() if n})
    return Known(_name(path, columns), compounds(split[1]), compounds(split[0]), rows, found)


def compounds(smiles: Sequence[str]) -> Compounds:
    """Standardised SMILES with fingerprints and weights."""
    with quiet():
        made = [parse(one) for one in smiles]
        weights = [float(rdMolDescriptors._CalcMolWt(one)) for one in made]
    fingerprints = bits.packed(morgan_of(made)) if made else np.zeros((0, bits.WORDS), np.uint64)
    return Compounds(tuple(smiles), fingerprints, np.array(weights))


def series_of(smiles: Sequence[str]) -> list[str]:
    """The chemical series of each: its Bemis-Murcko scaffold; without a ring its own SMILES."""
    with quiet():
        found = scaffolds([parse(one) for one in smiles])
    return [one or own for one, own in zip(found, smiles, strict=True)]


def flat(smiles: Sequence[str]) -> list[str]:
    """The same molecules without stereo: how a compound is recognised in another file."""
    with quiet():
        return [
            Chem.MolToSmiles(parse(one), isomericSmiles=False) if _STEREO.search(one) else one
            for one in smiles
        ]


def _batches(stream: Iterator[Molecule]) -> Iterator[list[Molecule]]:
    while some := list(islice(stream, BATCH)):
        yield some


def _label(one: Molecule, columns: Columns) -> tuple[int | None, str | None]:
    """1, 0 or None with the reason."""
    if columns.label is None:
        return 1, None
    text = one.label.lower()
    if text in YES:
        return 1, None
    if text in NO:
        return 0, None
    return None, NO_LABEL if not text else OTHER_LABEL


def _name(path: Path, columns: Columns) -> str:
    stem = Path(path.name.removesuffix(".gz")).stem
    return f"{stem}, {columns.label}" if columns.label else stem


def counts_of(known: Known) -> dict[str, Any]:
    """JSON form of what was read."""
    return {
        "target": known.name,
        "rows": known.rows,
        "actives": len(known.actives),
        "inactives": len(known.inactives),
        "set_aside": dict(known.set_aside),
    }
