"""Descriptors: RDKit's own numbers, in the order of their names, finite or missing."""

import numpy as np
import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from rdkit.Chem import Descriptors

from nof1.medicines.chemistry.descriptors import NAMES, describe
from nof1.medicines.chemistry.molecules import standardise


def test_they_are_rdkits():
    # rdkit 2026.9.1, rdkit.Chem.Descriptors of the same molecule
    molecules = standardise(
        ["CC(=O)Oc1ccccc1C(=O)O", "C[N+](C)(C)CC1CCNC1", "FC(F)(F)CCl"]
    ).molecules
    found = describe(molecules)
    assert found.shape == (3, len(NAMES)) == (3, 71)
    pairs = {"amw": "MolWt", "CrippenClogP": "MolLogP", "tpsa": "TPSA", "chi1v": "Chi1v"}
    pairs |= {"NumHBD": "NumHDonors", "NumHBA": "NumHAcceptors"}
    pairs |= {name: name for name in NAMES if "VSA" in name}
    for row, molecule in zip(found, molecules, strict=True):
        for ours, theirs in pairs.items():
            oracle = getattr(Descriptors, theirs)(molecule)
            assert row[NAMES.index(ours)] == pytest.approx(oracle, rel=1e-5, abs=1e-5), ours
    assert found[:, NAMES.index("formal_charge")].tolist() == [0, 1, 0]
    assert np.isfinite(found).all()


def test_no_molecule_gives_no_row():
    assert describe([]).shape == (0, 71)
