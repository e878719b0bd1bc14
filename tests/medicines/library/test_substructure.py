"""Substructure search against matching every molecule, and patterns that never end."""

import numpy as np
import pytest
from rdkit import Chem

from medicines.library.samples import MOLECULES, write_smiles
from nof1.core.errors import InputError, UsageError
from nof1.medicines.library import matching, substructure
from nof1.medicines.library.building import Order, build
from nof1.medicines.library.index import open_library

PATTERNS = (
    "c1ccccc1",
    "C(=O)[OX2H1]",
    "[NX3;H2]",
    "[$(c1ccncc1)]",
    "[#7]~*~*~[#8]",
    "[R2]@[R2]",
    "[r6;!a]",
    "[C,N]#N",
    "a-[!#6]",
    "F.Cl",
    "C(=O)N.c1ccccc1",
    "[N+](=O)[O-]",
    "[U]",
)
# A walk over 40 atoms to one that is not there: RDKit tries every way through the cage.
ENDLESS = "*" + "~*" * 40 + "~[!#6]"
CAGE = (
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6"
    "c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"
)


def every_match(library, smarts):
    query = Chem.MolFromSmarts(smarts)
    return [
        number
        for number in range(len(library))
        if Chem.MolFromSmiles(library.entry(number).smiles).HasSubstructMatch(query)
    ]


def test_every_pattern_finds_what_testing_everything_finds(library):
    for smarts in PATTERNS:
        query = substructure.pattern(smarts)
        fitting = every_match(library, smarts)
        assert set(fitting) <= set(substructure.candidates(library, query).tolist()), smarts
        matched = [n for n in range(len(library)) if matching.fits(query, library.entry(n).smiles)]
        assert matched == fitting, smarts


@pytest.mark.parametrize("workers", [1, 2])
def test_the_search_as_a_whole(library, workers):
    found = substructure.containing(library, "C(=O)[OX2H1]", workers=workers)
    assert found.complete
    assert found.molecules.tolist() == every_match(library, "C(=O)[OX2H1]")
    assert 0 < len(found.molecules) <= found.tested == found.candidates < len(library)


def test_a_pattern_without_end_is_stopped_and_said(tmp_path):
    source = write_smiles(tmp_path / "cages.smi", [CAGE, "c1ccccc1"])
    build(Order((source,), tmp_path / "index"))
    found = substructure.containing(open_library(tmp_path / "index"), ENDLESS, seconds=0.5)
    assert not found.complete
    assert found.untested == found.candidates > 0
    assert (found.tested, len(found.molecules)) == (0, 0)


@pytest.mark.parametrize("smarts", ["", "C(", "not smarts", "C" * 3000, "[H]C", "[#1]"])
def test_what_is_no_pattern_is_refused(library, smarts):
    with pytest.raises(InputError) as caught:
        substructure.containing(library, smarts)
    assert caught.value.where == "--smarts"


def test_no_time_is_refused(library):
    with pytest.raises(UsageError, match="no time"):
        substructure.containing(library, "C", seconds=0)


def test_an_index_without_substructures_says_so(tmp_path):
    source = write_smiles(tmp_path / "a.smi", MOLECULES[:5])
    build(Order((source,), tmp_path / "index", substructures=False))
    library = open_library(tmp_path / "index")
    with pytest.raises(UsageError, match="without substructures"):
        substructure.containing(library, "C")


def test_a_process_that_dies_leaves_its_molecules_unanswered(monkeypatch):
    class Dead:
        def recv(self):
            raise EOFError

    worker = object.__new__(matching._Worker)
    worker.connection, worker.batch = Dead(), ([4, 7], ["C", "CC"])
    found = matching.Matched()
    worker.take(found)
    assert (found.tested, found.unreadable, found.molecules) == (2, 2, [])


def test_nothing_to_test_is_an_empty_answer(library):
    found = substructure.containing(library, "[U][U][U]")
    assert found.complete
    assert np.array_equal(found.molecules, [])
