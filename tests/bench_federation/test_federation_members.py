import numpy as np
import pytest
from bench import federation_members as members
from bench.federation_groups import cohort


@pytest.fixture(scope="module")
def patients():
    table = cohort(0, sizes=(300, 200, 100), tested=10)
    rows = table.learn_rows()
    return table.X[rows], table.y[rows]


def test_a_canary_is_far_out_in_two_features(patients):
    X = patients[0]
    rows, outcome = members.canaries(X, np.random.default_rng(1))
    low, high = np.nanquantile(X, [0.01, 0.99], axis=0)
    far = ((rows < low) | (rows > high)).sum(axis=1)
    assert (far >= 2).mean() > 0.95
    assert 0.3 < outcome.mean() < 0.7


def test_each_canary_is_inside_one_model_of_a_pair(patients, monkeypatch):
    seen = []

    class Model:
        def __init__(self, **settings):
            assert settings["smallest_group"] == 10

        def fit(self, X, y):
            seen.append(len(X))

        def decision_function(self, rows):
            return np.ones(len(rows))

    monkeypatch.setattr(members, "GlassBoxClassifier", Model)
    found = members.references(*patients, 2, 10, 0, 3)
    half = members.CANARIES // 2
    assert seen == [len(patients[0]) + half] * 4
    np.testing.assert_array_equal(found.inside[0], ~found.inside[1])
    assert not (found.inside[0] == found.inside[2]).all()
    assert set(np.unique(found.scores)) == {-1.0, 1.0}
