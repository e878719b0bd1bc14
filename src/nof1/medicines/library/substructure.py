"""Substructure search: every molecule that a SMARTS pattern fits, within a time limit.

Pattern fingerprints rule most molecules out; each of the others is matched by RDKit, so the answer
is exact. A pattern can take for ever on a single molecule; so matching has a time limit, and what
was not tested by then is counted and said (:mod:`nof1.medicines.library.matching`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError, UsageError
from nof1.medicines.chemistry.toolkit import Chem, quiet
from nof1.medicines.library import bits
from nof1.medicines.library.index import Library
from nof1.medicines.library.matching import Batch, match
from nof1.medicines.library.preparing import patterns

BATCH = 200
BLOCK = 1 << 18
SECONDS = 60.0
LONGEST = 2_000  # characters of a pattern


@dataclass(frozen=True)
class Matches:
    """What a pattern fits.

    Parameters
    ----------
    molecules : numbers of the library, ascending.
    candidates : how many the pattern fingerprints let pass; ``tested`` of them were matched.
    untested : how many the time was not enough for: they may fit or not. unreadable : of the
        tested ones, how many could not be matched.
    """

    molecules: NDArray[np.int64]
    candidates: int
    tested: int
    untested: int
    unreadable: int

    @property
    def complete(self) -> bool:
        """Whether every molecule of the library has an answer."""
        return not self.untested and not self.unreadable


def pattern(smarts: str) -> Any:
    """A SMARTS pattern as RDKit's query molecule.

    Raises
    ------
    InputError : when it is none, is too long, or asks for hydrogen atoms of their own.
    """
    next_step = "Check the pattern; SMARTS writes hydrogens at their atom, such as [NH2]."
    with quiet():
        found = Chem.MolFromSmarts(smarts) if 0 < len(smarts) <= LONGEST else None
    if found is None or not found.GetNumAtoms():
        raise InputError(
            "This is no SMARTS pattern.",
            where="--smarts",
            allowed=f"SMARTS of at most {LONGEST:,} characters",
            next_step=next_step,
        )
    if any(atom.GetAtomicNum() == 1 for atom in found.GetAtoms()):
        raise InputError(
            "The pattern holds hydrogen atoms, and molecules are kept without them.",
            where="--smarts",
            next_step=next_step,
        )
    return found


def containing(
    library: Library, smarts: str, *, seconds: float = SECONDS, workers: int = 1
) -> Matches:
    """Every molecule that the pattern fits (stereo is not looked at).

    Raises
    ------
    InputError : no pattern. UsageError : the index was built without substructures.
    """
    query = pattern(smarts)
    if not seconds > 0:
        raise UsageError(f"{seconds:g} seconds are no time.", where="--seconds", allowed="above 0")
    found = candidates(library, query)
    done = match(smarts, _batches(library, found), seconds, workers)
    library.unchanged()
    return Matches(
        np.array(done.molecules, np.int64), len(found), done.tested, done.untested, done.unreadable
    )


def candidates(library: Library, query: Any) -> NDArray[np.int64]:
    """The molecules that have every bit of the query's pattern fingerprint, ascending.

    Raises
    ------
    UsageError : the index was built without patterns.
    """
    if library.patterns is None:
        raise UsageError(
            "The index was built without substructures.",
            where=str(library.path),
            next_step="Build it again without --no-substructures.",
        )
    wanted = patterns([query])[0]
    place, found = np.empty(BLOCK, np.int64), []
    for start in range(0, len(library), BLOCK):
        count = bits.holding(library.patterns[start : start + BLOCK], wanted, place)
        found.append(place[:count] + start)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _batches(library: Library, molecules: Sequence[int] | NDArray[np.int64]) -> Iterator[Batch]:
    for start in range(0, len(molecules), BATCH):
        some = [int(one) for one in molecules[start : start + BATCH]]
        yield some, [library.entry(one).smiles for one in some]
