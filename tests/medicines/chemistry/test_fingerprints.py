"""Fingerprints: the packed bits are RDKit's, and similarity is that of sets."""

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from nof1.core.errors import InputError
from nof1.medicines.chemistry import fingerprints
from nof1.medicines.chemistry.molecules import standardise

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "O=[N+]([O-])c1ccc2[nH]ccc2c1", "C", "CCCCO"]


def test_the_fast_path_gives_rdkits_bits():
    # rdkit 2026.9.1, GetMorganGenerator(radius=2, fpSize=2048), on molecules parsed with defaults
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    oracle = [list(make.GetFingerprint(Chem.MolFromSmiles(one))) for one in SMILES]
    standard = [one for one in standardise(SMILES).smiles if one]
    bits = np.unpackbits(fingerprints.morgan(standard), axis=1, bitorder="little")
    assert bits.tolist() == oracle
    assert (
        fingerprints.packed(standardise(SMILES).molecules) == fingerprints.morgan(standard)
    ).all()


def test_other_sizes_and_no_molecule():
    assert fingerprints.morgan(SMILES[:2], radius=3, bits=512).shape == (2, 64)
    assert fingerprints.morgan([]).shape == (0, 256)
    assert fingerprints.counts([]).shape == (0, 2048)


def test_what_is_no_smiles_is_refused_with_its_place():
    with pytest.raises(InputError, match="no SMILES") as caught:
        fingerprints.morgan(["CC", "C1CC"])
    assert caught.value.where == "entry 1"


def test_counts_say_how_often():
    table = fingerprints.counts([Chem.MolFromSmiles("CCCCCC"), Chem.MolFromSmiles("C")]).toarray()
    assert table[0].max() >= 4  # four equal middle carbons
    assert (
        (table > 0)
        == (
            np.unpackbits(
                fingerprints.packed([Chem.MolFromSmiles("CCCCCC"), Chem.MolFromSmiles("C")]),
                axis=1,
                bitorder="little",
            )
            > 0
        )
    ).all()


def test_similarity_and_nearest_agree_with_rdkit():
    rows = fingerprints.morgan(SMILES)
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    made = [make.GetFingerprint(Chem.MolFromSmiles(one)) for one in SMILES]
    oracle = [DataStructs.BulkTanimotoSimilarity(one, made) for one in made]
    assert fingerprints.tanimoto(rows, rows) == pytest.approx(np.array(oracle))
    similarity, position = fingerprints.nearest(rows, rows[1:], block=2)
    assert position[1:].tolist() == [0, 1, 2, 3]
    assert similarity[1:] == pytest.approx(1)
    assert similarity[0] == pytest.approx(max(oracle[0][1:]))
    assert fingerprints.nearest(rows, rows[:0])[1].tolist() == [-1] * 5
