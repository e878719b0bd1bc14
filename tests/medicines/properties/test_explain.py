"""Which atoms speak for a prediction: drawn, named, and silent where the model is."""

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.medicines.chemistry.molecules import standardise
from nof1.medicines.properties import explain
from nof1.medicines.properties.answers import to_dict
from nof1.medicines.properties.model import PropertyModel


def answered(model: PropertyModel, smiles: str) -> dict:
    done = standardise([smiles])
    return to_dict(model.predict([str(done.smiles[0])], [done.molecules[0]])[0])


def test_a_prediction_is_drawn_with_its_atoms_coloured_and_named(trained):
    model = trained[0].model
    found = explain.drawn(model, answered(model, "OCCc1ccccc1"), 0)
    assert found["drawing"].startswith("<?xml")
    assert "ellipse" in found["drawing"]
    assert len(found["strongest"]) == 5
    assert found["strongest"][0].startswith("atom ")


def test_a_withheld_prediction_is_not_drawn(trained):
    model = trained[0].model
    one = answered(model, "OP(O)(=O)CC")
    assert one["answers"]["solubility"]["value"] is None
    assert explain.drawn(model, one, 0) == {"drawing": None, "strongest": []}


def test_the_atom_that_the_label_was_made_from_raises_it(trained):
    """The made-up solubility rises with each oxygen (see ``samples``)."""
    model = trained[0].model
    molecule = standardise(["OCCc1ccccc1"]).molecules[0]
    parts = explain.contributions(model, molecule, 0)
    oxygen = [a.GetIdx() for a in molecule.GetAtoms() if a.GetSymbol() == "O"]
    assert parts[oxygen[0]] == max(parts) > 0
