"""What a worker does with one chunk: standardise, and make fingerprints of every molecule."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nof1.medicines.chemistry.fingerprints import packed as morgan_of
from nof1.medicines.chemistry.molecules import UNPARSABLE, standardise
from nof1.medicines.chemistry.toolkit import Chem, DataStructs, quiet
from nof1.medicines.library import bits
from nof1.medicines.library.parts import Part, SetAside
from nof1.medicines.library.reading import Chunk, Molecule

PATTERN_BITS = 1024
# Molecules whose fingerprints tell one version of the chemistry from another.
PROBES = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C(=O)N(C)c2ncn(C)c2C1=O",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "C[N+](C)(C)CC([O-])=O",
    "O=C(O)C1=CN(C2CC2)c2cc(N3CCNCC3)c(F)cc2C1=O",
    "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",
    "Clc1ccc2nsnc2c1.Cl",
    "N[C@@H](Cc1c[nH]c2ccccc12)C(=O)O",
)


@dataclass(frozen=True)
class Prepare:
    """Makes a part of a chunk; travels to workers.

    Parameters
    ----------
    files : names of the files, for molecules without an id.
    substructures : also make the pattern fingerprints that substructure search needs.
    """

    files: tuple[str, ...]
    substructures: bool = True

    def __call__(self, chunk: Chunk) -> Part:
        """Every row of the chunk becomes a molecule of the part, or is set aside with a reason."""
        rows = [_with_smiles(one, chunk.kind) for one in chunk.molecules]
        done = standardise([one.text for one in rows])
        problems = [one.problem or found for one, found in zip(rows, done.problems, strict=True)]
        kept = [at for at, problem in enumerate(problems) if problem is None]
        names = [self._name(rows[at], chunk.file) for at in kept]
        smiles = [str(done.smiles[at]) for at in kept]
        fingerprints = bits.packed(morgan_of(done.molecules[at] for at in kept))
        aside = [
            SetAside(chunk.file, one.row, one.id, problem)
            for one, problem in zip(rows, problems, strict=True)
            if problem is not None
        ]
        return Part(
            chunk.number,
            chunk.file,
            np.array([rows[at].row for at in kept], np.int64),
            tuple(f"{name}\t{text}" for name, text in zip(names, smiles, strict=True)),
            _hashes([str(done.keys[at]) for at in kept], 16).reshape(-1, 2),
            _hashes(names, 8),
            fingerprints,
            bits.counted(fingerprints).astype(np.uint16),
            self._patterns([done.molecules[at] for at in kept]),
            tuple(aside),
            dict(Counter(note for at in kept for note in done.notes[at])),
        )

    def _name(self, molecule: Molecule, file: int) -> str:
        stem = Path(self.files[file].removesuffix(".gz")).stem
        return molecule.id or f"{stem}:{molecule.row}"

    def _patterns(self, molecules: Sequence[Any]) -> bits.Words:
        if not self.substructures:
            return np.zeros((len(molecules), 0), np.uint64)
        return patterns(molecules)


def patterns(molecules: Sequence[Any]) -> bits.Words:
    """(n, 16) RDKit's pattern fingerprints: a part has no bit that its whole does not have."""
    with quiet():
        made = b"".join(
            DataStructs.BitVectToBinaryText(Chem.PatternFingerprint(one, fpSize=PATTERN_BITS))
            for one in molecules
        )
    return np.frombuffer(made, np.uint64).reshape(-1, PATTERN_BITS // 64)


def probe() -> str:
    """A hash of what this installation makes of a few molecules: it changes with the chemistry."""
    done = standardise(PROBES)
    text = "\n".join(str(one) for one in done.smiles).encode()
    made = morgan_of(done.molecules).tobytes() + patterns(done.molecules).tobytes()
    return hashlib.sha256(text + made).hexdigest()[:32]


def _with_smiles(molecule: Molecule, kind: str) -> Molecule:
    """A mol block as SMILES; a block that cannot be read keeps its row and gets its reason."""
    if kind != "sdf" or molecule.problem is not None:
        return molecule
    with quiet():
        try:
            read = Chem.MolFromMolBlock(molecule.text)
            smiles = None if read is None else Chem.MolToSmiles(read)
        except (ValueError, RuntimeError):
            smiles = None
    problem = UNPARSABLE if smiles is None else None
    return Molecule(molecule.row, molecule.id, smiles or "", problem)


def _hashes(texts: Sequence[str], size: int) -> bits.Words:
    made = b"".join(
        hashlib.blake2b(one.encode("utf-8", "replace"), digest_size=size).digest() for one in texts
    )
    return np.frombuffer(made, np.dtype("<u8"))
