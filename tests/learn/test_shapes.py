import json

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.learn.glassbox import GlassBoxClassifier
from nof1.learn.shapes import ShapeModel
from planted import binary_table, hostile


@pytest.fixture(scope="module")
def model():
    X, y = binary_table(1500)
    return GlassBoxClassifier(n_bags=3, max_pairs=4).fit(hostile(X), y).shapes_


@pytest.fixture(scope="module")
def rows():
    return hostile(binary_table(300, seed=8)[0])


def slow_decision(model, row):
    """Look every term up by hand and add in order."""
    total = model.intercept
    for term in model.terms:
        place = []
        for feature, cuts in zip(term.features, term.cuts, strict=True):
            value = float(np.float32(row[feature]))
            place.append(0 if np.isnan(value) else 1 + sum(value >= cut for cut in cuts))
        total += term.scores[tuple(place)]
    return total


def test_decision_equals_looking_up_by_hand(model, rows):
    assert any(len(term.features) == 2 for term in model.terms)
    assert model.decision(rows).tolist() == [slow_decision(model, row) for row in rows]


def test_values_on_a_cut_and_next_to_it(model):
    term = next(term for term in model.terms if len(term.features) == 1)
    near = np.array([[c, np.nextafter(c, -9), np.nextafter(c, 9)] for c in term.cuts[0]]).ravel()
    X = np.zeros((len(near), len(model.names)))
    X[:, term.features[0]] = near
    alone = [model.decision(X[i : i + 1])[0] for i in range(len(X))]
    assert alone == model.decision(X).tolist() == [slow_decision(model, row) for row in X]


def test_contributions_of_a_curve_average_to_zero(model):
    for term in model.terms:
        if len(term.features) == 1:
            assert term.scores @ term.counts == pytest.approx(0, abs=1e-6 * term.counts.sum())


def test_bags_average_to_the_model_and_spread_to_the_standard_error(model, rows):
    np.testing.assert_allclose(model.bag_decisions(rows).mean(axis=1), model.decision(rows))
    for term in model.terms:
        np.testing.assert_allclose(term.bags.std(axis=0), term.standard_errors)


def test_json_round_trip_is_exact(model, rows):
    again = ShapeModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.to_dict() == model.to_dict()
    assert np.array_equal(again.bag_decisions(rows), model.bag_decisions(rows))


def test_other_schema_and_torn_terms_are_refused(model):
    stored = model.to_dict()
    with pytest.raises(ModelError, match="schema"):
        ShapeModel.from_dict(stored | {"schema": "other"})
    stored["terms"][0]["scores"] = stored["terms"][0]["scores"][:-1]
    with pytest.raises(ModelError, match="do not fit"):
        ShapeModel.from_dict(stored)


def test_model_without_terms_gives_the_intercept():
    empty = ShapeModel(("a",), -1.5, np.array([-1.5]), ())
    assert empty.decision([[1.0], [np.nan]]).tolist() == [-1.5, -1.5]
    assert empty.contributions([[1.0]]).shape == (1, 0)
