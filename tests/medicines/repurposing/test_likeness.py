"""Name endings, chapters, structures and targets."""

import pytest

from nof1.medicines.repurposing.likeness import (
    chapters,
    chapters_of,
    stem,
    stems,
    structures,
    targets,
)


def test_equal_endings_count_from_four_letters_to_six():
    names = ["losartan", "valsartan", "captopril", "enalapril", "atorvastatin", "warfarin"]
    found = stems(names)
    assert found[0, 1] == 1  # -sartan
    assert found[2, 3] == pytest.approx(4 / 6)  # -pril
    assert found[4, 5] == 0  # -in
    assert (found == found.T).all()
    assert found.diagonal().sum() == 0


def test_the_ending_is_named_as_far_as_it_counts():
    assert stem("losartan", "valsartan") == "sartan"
    assert stem("captopril", "enalapril") == "pril"
    assert stem("atorvastatin", "warfarin") == ""
    assert stem("estradiol valerate", "nadolol") == ""


@pytest.mark.parametrize(
    ("disease", "about"),
    [
        ("glaucoma", {"eye"}),
        ("hematologic cancer", {"tumours"}),
        ("meningioma", {"tumours"}),
        ("anemia", {"blood and immune system"}),
        ("migraine", {"nervous system"}),
        ("germ cell cancer", set()),
    ],
)
def test_a_disease_belongs_to_the_chapters_of_its_codes(disease, about):
    assert chapters_of(disease) == about


def test_chapters_join_diseases_and_not_a_disease_with_itself():
    found = chapters(["asthma", "chronic obstructive pulmonary disease", "gout"])
    assert found.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_targets_join_medicines_that_share_one():
    of = {"a": frozenset({"EGFR", "ERBB2"}), "b": frozenset({"EGFR"}), "c": frozenset({"MTOR"})}
    assert targets(["a", "b", "c", "d"], of).sum() == 2


def test_structures_are_alike_as_their_fingerprints_are():
    pytest.importorskip("rdkit")
    smiles = {"aspirin": "CC(=O)Oc1ccccc1C(=O)O", "salicylic acid": "O=C(O)c1ccccc1O"}
    found = structures(["aspirin", "nothing known", "salicylic acid"], smiles)
    from rdkit import Chem, DataStructs
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    made = GetMorganGenerator(radius=2, fpSize=2048)
    bits = [made.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles.values()]
    assert found[0, 2] == pytest.approx(DataStructs.TanimotoSimilarity(*bits))
    assert found[1].sum() == 0
