"""A part comes back from disk as it was."""

import numpy as np

from medicines.library.samples import ASPIRIN
from nof1.medicines.library import parts
from nof1.medicines.library.preparing import Prepare
from nof1.medicines.library.reading import Chunk, Molecule


def test_a_part_comes_back_as_it_was(tmp_path):
    rows = (
        Molecule(1, "µ-one", ASPIRIN),
        Molecule(2, "bad id", "C1CC"),
        Molecule(3, "", "CC(=O)[O-].[Na+]"),
    )
    made = Prepare(("a.smi",))(Chunk(4, 0, "smiles", rows))
    parts.keep(tmp_path, made)
    back = parts.load(tmp_path, 4)
    assert parts.numbers(tmp_path) == [4]
    assert back.texts == made.texts == (f"µ-one\t{ASPIRIN}", "a:3\tCC(=O)O")
    assert back.noted == {"salt: the counter-ion was removed": 1, "charge: neutralised": 1}
    assert [(one.row, one.reason) for one in back.set_aside] == [(2, "cannot be parsed")]
    for name in ("rows", "keys", "ids", "fingerprints", "counts", "patterns"):
        assert np.array_equal(getattr(back, name), getattr(made, name)), name


def test_an_empty_part_comes_back(tmp_path):
    made = Prepare(("a.smi",))(Chunk(0, 0, "smiles", (Molecule(1, "x", "C1CC"),)))
    parts.keep(tmp_path, made)
    back = parts.load(tmp_path, 0)
    assert back.texts == ()
    assert back.keys.shape == (0, 2)
    assert back.patterns.shape == made.patterns.shape
