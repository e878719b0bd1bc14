import numpy as np
import pytest
from bench import federation_cell as cell
from bench import federation_models as models
from bench.federation_groups import cohort

from nof1.core.errors import ModelError


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    table = cohort(2, (220, 160, 120), 80)
    monkeypatch.setattr(cell, "draw", lambda name, seed, folder: table)
    return lambda learner: cell.measure("cohort", learner, 2, tmp_path)


def test_a_cell_has_every_model_and_every_site(drawn):
    found = drawn("logistic")
    assert found["failed"] == ""
    assert found["equal"]["risk"] < 1e-6
    assert set(found["scores"]) == {
        *("pooled", "federated", "site models merged", "coefficients averaged"),
        *("largest site alone", "smallest site alone"),
    }
    pooled, federated = (found["scores"][one]["all"] for one in ("pooled", "federated"))
    assert federated == pytest.approx(pooled, abs=1e-6)
    assert list(found["sites"]) == ["site of 220", "site of 160", "site of 120"]
    for ways in found["small"].values():
        assert set(ways) == {
            *("alone", "joint", "intercept", "recalibrated", "chosen", "mixed", "blended")
        }
        # a line with a rising slope cannot change the order within a site
        assert ways["recalibrated"][0] == pytest.approx(ways["joint"][0])


def test_a_job_that_stops_is_told_and_not_counted_as_federated(drawn, monkeypatch):
    def stopped(algorithm, table):
        raise ModelError("A sum holds a value that fixed point cannot carry.")

    monkeypatch.setattr(models, "federated", stopped)
    found = drawn("logistic")
    assert "fixed point" in found["failed"]
    assert "federated" not in found["scores"]
    assert "equal" not in found


def test_folds_are_dealt_within_each_site_and_never_to_judged_rows():
    table = cohort(2, (220, 160, 120), 80)
    folds = cell._folds(table)
    assert (folds[table.test_rows()] == -1).all()
    for number in range(3):
        counts = np.bincount(folds[table.learn_rows(number)], minlength=cell.FOLDS)
        assert counts.max() - counts.min() <= 1
