"""The forest in arrays answers as scikit-learn's does."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from nof1.learn.arrays import pack, unpack
from nof1.medicines.properties.forest import Forest, grow


@pytest.mark.parametrize("classify", [True, False])
def test_it_agrees_with_scikit_learn_and_survives_storing(classify):
    rng = np.random.default_rng(1)
    table = rng.normal(size=(200, 12)).astype(np.float32).round(1)
    y = table[:, 0] + table[:, 1] ** 2 + rng.normal(size=200)
    y = (y > 1).astype(float) if classify else y
    ours = grow(table, y, classify=classify, trees=20, seed=3)
    other = rng.normal(size=(3000, 12)).astype(np.float32).round(1)
    if classify:  # scikit-learn with the same settings is the oracle
        oracle = RandomForestClassifier(20, random_state=3).fit(table, y).predict_proba(other)[:, 1]
    else:
        oracle = (
            ExtraTreesRegressor(20, random_state=3, max_features=0.33).fit(table, y).predict(other)
        )
    assert ours.predict(other) == pytest.approx(oracle, abs=1e-5)
    stored = Forest.from_arrays(unpack(pack(ours.arrays("f"))), "f")
    assert (stored.predict(other) == ours.predict(other)).all()
    assert len(ours.predict(other[:0])) == 0
