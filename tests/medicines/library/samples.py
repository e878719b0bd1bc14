"""Molecules made from pieces: many that are alike, and some that nobody would want."""

from __future__ import annotations

from itertools import product
from pathlib import Path

CORES = (
    "c1ccccc1{}",
    "c1ccncc1{}",
    "c1ccc2[nH]ccc2c1{}",
    "C1CCNCC1{}",
    "c1ccc2ncccc2c1{}",
    "c1cc(F)ccc1{}",
    "C1COCCN1{}",
    "c1ccsc1{}",
    "C1CC2CCC1C2{}",
    "c1cnc(N)nc1{}",
)
TAILS = (
    "C(=O)O",
    "C(=O)N",
    "CCN(C)C",
    "S(=O)(=O)N",
    "C#N",
    "OCCO",
    "C(=O)Nc1ccccc1",
    "C(F)(F)F",
    "CC(N)C(=O)O",
    "Oc1ccc(Cl)cc1",
    "C=CC(=O)O",
    "N1CCOCC1",
    "C(=O)OCC",
    "[N+](=O)[O-]",
    "CCCCCCCC",
)
MOLECULES = tuple(core.format(tail) for core, tail in product(CORES, TAILS))

# Sulfonamides on every core: alike across ring systems, at the weights of all others.
SULFONAMIDES = tuple(
    core.format(tail)
    for core, tail in product(
        CORES, ("S(=O)(=O)N", "S(=O)(=O)NC", "S(=O)(=O)NCC", "S(=O)(=O)NC(C)C")
    )
)

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
HOSTILE = {
    "C1CC": "cannot be parsed",
    "": "empty",
    "not a molecule": "cannot be parsed",
    "[Fe]": "metal",
    "[Na+].[Cl-]": "no carbon",
    "C" * 10_000: "more than 4,000 characters",
    "CC*": "unknown atom (*)",
}


def write_smiles(path: Path, molecules, ids=None) -> Path:
    """A SMILES file; ids are m1, m2 ... unless given."""
    names = ids or [f"m{number}" for number in range(1, len(molecules) + 1)]
    rows = [f"{smiles}\t{name}" for smiles, name in zip(molecules, names, strict=True)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
