"""Morgan fingerprints (ECFP): which atom surroundings up to a radius a molecule has.

Rogers & Hahn, J. Chem. Inf. Model. 50 (2010) 742. Radius 2 is ECFP4. Stereo is not seen.
Bits are packed little-endian: bit ``i`` lies in byte ``i // 8`` at position ``i % 8``, so
``numpy.unpackbits(row, bitorder="little")`` gives the bits in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nof1.core.errors import InputError
from nof1.medicines.chemistry.molecules import parse_standard
from nof1.medicines.chemistry.toolkit import (
    DataStructs,
    Molecule,
    quiet,
    rdFingerprintGenerator,
)

RADIUS = 2
BITS = 2048
Packed = NDArray[np.uint8]


def morgan(smiles: Sequence[str], radius: int = RADIUS, bits: int = BITS) -> Packed:
    """Packed fingerprints (n, bits / 8) of SMILES that ``standardise`` gave.

    Only for canonical SMILES: aromatic rings are taken as they are written.

    Raises
    ------
    InputError : for an entry that is no SMILES, with its position.
    """
    with quiet():
        return packed(_parsed(smiles), radius, bits)


def packed(molecules: Iterable[Molecule], radius: int = RADIUS, bits: int = BITS) -> Packed:
    """Packed fingerprints (n, bits / 8) of RDKit molecules."""
    make = generator(radius, bits).GetFingerprint
    text = b"".join(DataStructs.BitVectToBinaryText(make(molecule)) for molecule in molecules)
    return np.frombuffer(text, np.uint8).reshape(-1, bits // 8)


def counts(molecules: Iterable[Molecule], radius: int = RADIUS, bits: int = BITS) -> Any:
    """How often each surrounding comes: a float32 CSR matrix (n, bits), columns ascending."""
    make = generator(radius, bits).GetCountFingerprint
    columns: list[int] = []
    values: list[int] = []
    ends = [0]
    for molecule in molecules:
        found = sorted(make(molecule).GetNonzeroElements().items())
        columns += [bit for bit, _ in found]
        values += [times for _, times in found]
        ends.append(len(columns))
    return sparse.csr_matrix(
        (np.array(values, np.float32), np.array(columns, np.int32), np.array(ends, np.int64)),
        shape=(len(ends) - 1, bits),
    )


def nearest(query: Packed, among: Packed, block: int = 256) -> tuple[Any, Any]:
    """The most similar row of ``among`` for each of ``query``.

    Returns
    -------
    similarity : (n,) Tanimoto, 1 is the same fingerprint; 0 when ``among`` has no row.
    position : (n,) row of ``among``, the first of equals; -1 when it has none.
    """
    similarity, position = np.zeros(len(query)), np.full(len(query), -1)
    if not len(among):
        return similarity, position
    for start in range(0, len(query), block):
        table = tanimoto(query[start : start + block], among)
        position[start : start + block] = table.argmax(axis=1)
        similarity[start : start + block] = table.max(axis=1)
    return similarity, position


def tanimoto(query: Packed, among: Packed) -> NDArray[np.float64]:
    """Tanimoto similarity (n, m) of packed fingerprints: shared bits / bits in either.

    Two empty fingerprints have similarity 0: nothing is known to be shared.
    """
    left, right = (np.unpackbits(rows, axis=1).astype(np.float32) for rows in (query, among))
    shared = (left @ right.T).astype(np.float64)
    either = left.sum(axis=1)[:, None] + right.sum(axis=1)[None, :] - shared
    found: NDArray[np.float64] = np.divide(
        shared, either, out=np.zeros_like(shared), where=either > 0
    )
    return found


@lru_cache(maxsize=8)
def generator(radius: int = RADIUS, bits: int = BITS) -> Any:
    """RDKit's generator for these settings, made once."""
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)


def _parsed(smiles: Sequence[str]) -> Iterable[Molecule]:
    for number, text in enumerate(smiles):
        try:
            yield parse_standard(text)
        except (AttributeError, TypeError):
            raise InputError(
                "This is no SMILES.",
                where=f"entry {number}",
                allowed="SMILES as standardise() gives them",
            ) from None
