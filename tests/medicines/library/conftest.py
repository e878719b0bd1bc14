"""A small library for all tests of this folder; without RDKit none of them is collected."""

from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("rdkit") else ["test_*.py"]


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """A few hundred molecules, indexed with substructures."""
    from medicines.library.samples import MOLECULES, write_smiles
    from nof1.medicines.library.building import Order, build
    from nof1.medicines.library.index import open_library

    folder = tmp_path_factory.mktemp("library")
    source = write_smiles(folder / "some.smi", MOLECULES)
    build(Order((source,), folder / "index", chunk=97))
    return open_library(folder / "index")
