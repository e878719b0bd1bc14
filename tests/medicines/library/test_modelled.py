"""A property model as a score: what it withholds is not a number, what it knows tests nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError, UsageError
from nof1.medicines.library.modelled import property_model
from nof1.medicines.properties.model import PropertyModel


class Stub:
    """As far as a screen asks a model: carbons of a molecule; ethanol is outside its domain."""

    labels = (SimpleNamespace(name="carbons"), SimpleNamespace(name="broken"))
    compounds = ("CCC",)
    failed = {"broken": "no better than the naive answer"}  # noqa: RUF012

    def predict(self, smiles, molecules):
        assert len(smiles) == len(molecules)
        values = [None if text == "CCO" else float(text.count("C")) for text in smiles]
        return [SimpleNamespace(answers=(SimpleNamespace(value=value),) * 2) for value in values]


@pytest.fixture
def models(tmp_path, monkeypatch):
    artefacts.save(tmp_path, "solubility", {"model.json": b"{}"})
    monkeypatch.setattr(PropertyModel, "read", classmethod(lambda cls, artefact: Stub()))
    return tmp_path


def test_predictions_are_numbers_where_the_model_speaks(models):
    model = property_model(models, "solubility", "carbons")
    said = model.predict(["CCCC", "OCC", "C1CC", "CC(=O)[O-].[Na+]"])
    assert np.array_equal(said, [4.0, np.nan, np.nan, 2.0], equal_nan=True)
    assert model.trained_on == {"CCC"}
    assert model.name == "model solubility 1, carbons"
    assert len(model.predict([])) == 0


def test_many_molecules_are_asked_about_in_batches(models, monkeypatch):
    monkeypatch.setattr("nof1.medicines.library.modelled.BATCH", 2)
    model = property_model(models, "solubility", "carbons")
    assert model.predict(["C" * n for n in range(1, 6)]).tolist() == [1, 2, 3, 4, 5]


def test_a_label_must_be_one_that_may_speak(models):
    with pytest.raises(UsageError, match="several labels"):
        property_model(models, "solubility")
    with pytest.raises(UsageError, match="not this one"):
        property_model(models, "solubility", "weight")
    with pytest.raises(ModelError, match="may not speak about broken"):
        property_model(models, "solubility", "broken")
    with pytest.raises(ModelError, match="no model 'other'"):
        property_model(models, "other")
