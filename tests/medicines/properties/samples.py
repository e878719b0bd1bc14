"""Small made-up compound tables: rings with side chains, and a property that follows from them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

RINGS = (
    "c1ccccc1{}",
    "c1ccncc1{}",
    "C1CCCCC1{}",
    "c1ccc2ccccc2c1{}",
    "C1CCNCC1{}",
    "c1ccsc1{}",
)
_CHAINS = "C CC CCC CCCC O CO CCO N CN Cl C(=O)O C(N)=O OC F"
CHAINS = ("", *_CHAINS.split())
FIRST = ("", "CC(F)")


def compounds() -> list[str]:
    """180 different SMILES."""
    return [ring.format(first + chain) for ring, chain, first in product(RINGS, CHAINS, FIRST)]


def solubility(smiles: str) -> float:
    """More carbon is worse, more oxygen and nitrogen better."""
    upper = smiles.upper()
    polar = upper.count("O") + upper.count("N")
    return round(2.0 - 0.4 * (upper.count("C") - upper.count("CL")) + 0.9 * polar, 3)


def write(path: Path, *extra: str) -> Path:
    """A table with the columns smiles, solubility, polar; ``extra`` are more lines."""
    lines = ["smiles,solubility,polar"]
    for smiles in compounds():
        lines.append(f"{smiles},{solubility(smiles)},{int('O' in smiles)}")
    path.write_text("\n".join([*lines, *extra]) + "\n", encoding="utf-8")
    return path
