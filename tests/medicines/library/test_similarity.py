"""Similarity search over an index, against RDKit's own comparison of everything."""

import shutil

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from medicines.library.samples import ASPIRIN, MOLECULES
from nof1.core.engine import LocalEngine
from nof1.core.errors import InputError, UsageError
from nof1.medicines.library import similarity
from nof1.medicines.library.index import open_library

QUERIES = (ASPIRIN, MOLECULES[3], MOLECULES[77], "CCO", "CC(=O)[O-].[Na+]")


def everything(library, query):
    """(similarity, molecule number) of all molecules, by RDKit, the most similar first."""
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprint
    entries = library.entries(range(len(library)))
    made = [make(Chem.MolFromSmiles(one.smiles)) for one in entries]
    asked = make(Chem.MolFromSmiles(query.smiles))
    values = DataStructs.BulkTanimotoSimilarity(asked, made)
    return sorted(zip(values, range(len(made)), strict=True), key=lambda one: (-one[0], one[1]))


def pairs(hits):
    return list(zip(hits.similarity.tolist(), hits.molecules.tolist(), strict=True))


@pytest.mark.parametrize("smiles", QUERIES)
@pytest.mark.parametrize("least", [0.05, 0.3, 0.7, 1.0])
def test_all_above_a_threshold_are_found(library, smiles, least):
    query = similarity.query(smiles)
    expected = [one for one in everything(library, query) if one[0] >= least]
    assert pairs(similarity.above(library, query, least)) == expected


@pytest.mark.parametrize("smiles", QUERIES)
@pytest.mark.parametrize("count", [1, 7, 1000])
@pytest.mark.parametrize("least", [0.0, 0.4])
def test_the_most_similar_are_found(library, smiles, count, least, monkeypatch):
    monkeypatch.setattr(similarity, "BLOCK", 16)  # many blocks, as in a large library
    query = similarity.query(smiles)
    shared = [one for one in everything(library, query) if one[0] >= max(least, 1e-12)]
    assert pairs(similarity.most(library, query, count, least)) == shared[:count]


def test_several_workers_find_the_same(library):
    query = similarity.query(ASPIRIN)
    alone = similarity.above(library, query, 0.2)
    shared = similarity.above(library, query, 0.2, LocalEngine(2))
    assert len(alone) > 3
    assert pairs(alone) == pairs(shared)


def test_a_salt_is_searched_as_its_parent(library):
    query = similarity.query("[Na+].O=C([O-])c1ccccc1")
    assert query.smiles == "O=C(O)c1ccccc1"
    assert query.notes
    assert similarity.above(library, query, 1.0).similarity.tolist() == [1.0]


@pytest.mark.parametrize("smiles", ["C1CC", "", "[Fe]", "C" * 10_000])
def test_a_query_that_cannot_be_used_is_refused_by_name(smiles):
    with pytest.raises(InputError, match="query molecule cannot be used: "):
        similarity.query(smiles)


@pytest.mark.parametrize("least", [0.0, -1.0, 1.5, float("nan")])
def test_a_threshold_that_is_none_is_refused(library, least):
    with pytest.raises(UsageError, match="no threshold"):
        similarity.above(library, similarity.query(ASPIRIN), least)


def test_no_count_is_refused(library):
    with pytest.raises(UsageError, match="--top"):
        similarity.most(library, similarity.query(ASPIRIN), 0)


def test_too_many_hits_are_refused(library, monkeypatch):
    monkeypatch.setattr(similarity, "MOST_HITS", 5)
    with pytest.raises(UsageError, match="More than 5 molecules"):
        similarity.above(library, similarity.query(MOLECULES[0]), 0.01)


def test_an_index_that_changes_during_the_search_is_noticed(library, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(library.path, copy)
    opened = open_library(copy)
    scan = similarity._scan

    def interrupted(*arguments):
        (copy / "index.json").write_text("{}", encoding="utf-8")
        return scan(*arguments)

    monkeypatch.setattr(similarity, "_scan", interrupted)
    for search in (
        lambda: similarity.above(opened, similarity.query(ASPIRIN), 0.5),
        lambda: similarity.most(opened, similarity.query(ASPIRIN), 3),
    ):
        with pytest.raises(InputError, match="changed during the search"):
            search()


def test_hits_are_numbers_of_the_library(library):
    hits = similarity.most(library, similarity.query(MOLECULES[5]), 1)
    assert library.entry(int(hits.molecules[0])).id == "m6"
    assert np.array_equal(hits.similarity, [1.0])
