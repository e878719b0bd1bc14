"""Small learners, so that a test trains in a second or two."""

import pytest

from medicines.properties import samples


@pytest.fixture(scope="session")
def table_file(tmp_path_factory):
    """A clean table of 180 compounds."""
    return samples.write(tmp_path_factory.mktemp("compounds") / "made.csv")


@pytest.fixture(scope="session")
def trained(table_file, tmp_path_factory):
    """A model of two labels, trained and stored."""
    pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")
    from nof1.medicines.properties import learner
    from nof1.medicines.properties.train import train

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "TREES", 15)
        patch.setattr(learner, "TREES_TO_CLASSIFY", 15)
        patch.setattr(learner, "ROUNDS", 100)
        models = tmp_path_factory.mktemp("models")
        return train(models, table_file, ["solubility", "polar"], name="made", repeats=1), models
