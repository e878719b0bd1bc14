"""Bins made once give the models that bins made every time give."""

import numpy as np
import pytest

from nof1.learn.additive import Recipe
from nof1.learn.binned import Binned
from nof1.learn.boosting import Settings
from nof1.learn.glassbox import GlassBoxClassifier
from nof1.learn.regression import fit_regression
from nof1.learn.sums import federate, local_sum

BOX = Recipe(n_bags=2, max_bins=16, max_pairs=3, boost=Settings(0.4, 30))


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(900, 4))
    X[rng.random(900) < 0.2, 1] = np.nan
    X[:, 3] = rng.random(900) < 0.4
    y = 2 * X[:, 0] * (2 * X[:, 3] - 1) + rng.normal(size=900)
    keys = np.arange(900, dtype=np.uint64) // 2
    return X, y, keys, Binned.agree(X, keys, local_sum, max_bins=16)


def same(one, other):
    assert one.to_dict() == other.to_dict()


def test_a_regression_is_the_same_to_the_last_bit(rows):
    X, y, keys, bins = rows
    same(
        fit_regression(X, y, keys=keys, recipe=BOX, bins=bins),
        fit_regression(X, y, keys=keys, recipe=BOX),
    )


def test_a_classifier_is_the_same_to_the_last_bit(rows):
    X, y, keys, bins = rows
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    made = [
        GlassBoxClassifier(n_bags=2, max_bins=16, max_pairs=3, max_cycles=30).fit(
            X, y > 0, keys=keys, sample_weight=weight, bins=one
        )
        for one in (bins, None)
    ]
    same(made[0].shapes_, made[1].shapes_)
    assert made[0].rounds_ < made[1].rounds_


def test_places_that_are_known_give_the_same_scores(rows):
    X, y, keys, bins = rows
    model = fit_regression(X, y, keys=keys, recipe=BOX)
    assert any(len(term.features) == 2 for term in model.terms)
    some = np.arange(len(y)) % 5 == 0
    assert (model.placed_decision(bins.whole) == model.decision(X)).all()
    assert (model.placed_decision(bins.at(some)) == model.decision(X[some])).all()
    assert (model.placed_bags(bins.at(some)) == model.bag_decisions(X[some])).all()


def test_features_put_behind_others_are_as_if_binned_together(rows):
    X, _, keys, bins = rows
    first, last = (Binned.agree(X[:, part], keys, local_sum, max_bins=16)
                   for part in (slice(0, 3), slice(3, 4)))  # fmt: skip
    both = first.beside(last)
    assert (both.codes == bins.codes).all()
    for part in ("cuts", "counts"):
        for mine, theirs in zip(getattr(both, part), getattr(bins, part), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_sites_agree_on_the_bins_of_all_rows(rows):
    X, _, keys, bins = rows
    site = keys % 3
    made = federate(
        [
            lambda total, own=site == k: Binned.agree(X[own], keys[own], total, max_bins=16)
            for k in range(3)
        ]
    )
    for k, one in enumerate(made):
        assert (one.codes == bins.codes[:, site == k]).all()
        for mine, theirs in zip(one.counts, bins.counts, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-9)


def test_a_row_without_weight_is_counted_and_teaches_nothing(rows):
    X, y, keys, bins = rows
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    other = np.where(weight > 0, y, -y)
    made = [
        fit_regression(X, one, keys=keys, sample_weight=weight, recipe=BOX, bins=bins)
        for one in (y, other)
    ]
    same(*made)
    curve = next(term for term in made[0].terms if term.features == (0,))
    assert curve.counts.sum() == pytest.approx(bins.counts[0].sum())


def test_a_site_without_weights_takes_part(rows):
    X, y, keys, _ = rows
    here = keys % 4 == 0
    weight = np.where(here, 0.0, 1.0)
    pooled = fit_regression(X, y, keys=keys, sample_weight=weight, recipe=BOX)

    def site(mine):
        return lambda add: fit_regression(
            X[mine], y[mine], keys=keys[mine], sample_weight=weight[mine], recipe=BOX,
            secure_sum=add,
        )  # fmt: skip

    for model in federate([site(here), site(~here)]):
        assert model.decision(X) == pytest.approx(pooled.decision(X), abs=1e-9)
