"""Standardisation: every kind of bad or odd input gets its name, and nothing is raised."""

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from nof1.medicines.chemistry import molecules
from nof1.medicines.chemistry.molecules import standardise
from shared_data import needs

PROBLEMS = {
    "": molecules.EMPTY,
    "   ": molecules.EMPTY,
    None: molecules.EMPTY,
    "C1CC": molecules.UNPARSABLE,
    "c1ccccc": molecules.UNPARSABLE,
    "CC\x00C": molecules.UNPARSABLE,
    "Cé": molecules.UNPARSABLE,
    "C(C)(C)(C)(C)C": molecules.UNPARSABLE,  # five bonds
    "[Fe]": molecules.METAL,
    "[Na]OC(C)=O": molecules.METAL,
    "O.O": molecules.NO_CARBON,
    "*CC": molecules.UNKNOWN_ATOM,
    "C" * 301: "more than 300 atoms",
    "C(" * 2500 + ")" * 2500: molecules.LONG,
}


@pytest.mark.parametrize(("text", "problem"), PROBLEMS.items(), ids=range(len(PROBLEMS)))
def test_a_bad_input_has_a_named_problem_and_no_smiles(text, problem):
    done = standardise([text, "CCO"])
    assert done.problems == [problem, None]
    assert done.smiles == [None, "CCO"]
    assert done.usable() == [1]


@pytest.mark.parametrize(
    ("text", "smiles", "notes"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O", (molecules.SALT, molecules.CHARGE)),
        ("CNC.Cc1ccc(cc1)S(=O)(=O)O", "CNC", (molecules.SALT,)),  # the acid is the larger part
        ("CCCCCCCC.c1ccccc1CC", "CCc1ccccc1", (molecules.MIXTURE,)),
        ("CCCl.CCCl", "CCCl", (molecules.COPIES,)),
        ("[2H]C([2H])C[13CH3]", "CCC", (molecules.ISOTOPE,)),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O", (molecules.CHARGE,)),
        ("O=[N+]([O-])c1ccccc1", "O=[N+]([O-])c1ccccc1", ()),
        ("C[N+](C)(C)C.[Cl-]", "C[N+](C)(C)C", (molecules.SALT,)),
        ("OC(=O)CC(O)(CC(=O)O)C(=O)O", "O=C(O)CC(O)(CC(=O)O)C(=O)O", ()),  # citric acid alone
        ("C1=CC=CC=C1 benzene", "c1ccccc1", ()),
        ("[H]OC", "CO", ()),
    ],
)
def test_what_was_changed_is_noted(text, smiles, notes):
    done = standardise([text])
    assert (done.smiles[0], done.notes[0]) == (smiles, notes)


def test_problems_and_notes_are_counted():
    done = standardise(["[Fe]", "[Cu]", "CC(=O)O.[K+]", "CC"])
    assert done.counts() == {"metal": 2, molecules.SALT: 1}


def test_stereo_and_order_of_writing_do_not_split_a_compound_in_two():
    done = standardise(["C[C@H](N)C(=O)O", "N[C@@H](C)C(O)=O", "C[C@@H](N)C(=O)O"])
    assert done.keys[0] == done.keys[1] != done.keys[2]


@given(st.text(alphabet="CNOcn123()[]=#@/\\+-.*HClBrFe%& ", max_size=60))
@settings(max_examples=300, deadline=None)
def test_nothing_is_raised_and_each_input_gets_one_answer(text):
    done = standardise([text])
    assert (done.smiles[0] is None) == (done.problems[0] is not None)
    if done.smiles[0] is not None:  # a standard form stays as it is
        assert standardise([done.smiles[0]]).smiles == done.smiles


def test_the_quick_parser_agrees_with_rdkits_own():
    # Chem.MolFromSmiles with its defaults is the oracle.
    text = needs("molecules/tox21.csv").read_text().splitlines()[1:800]
    smiles = [line.split(",")[0] for line in text]
    for one in smiles:
        oracle, ours = Chem.MolFromSmiles(one), molecules.parse(one)
        assert (oracle is None) == (ours is None)
        if oracle is not None:
            assert Chem.MolToSmiles(oracle) == Chem.MolToSmiles(ours)
