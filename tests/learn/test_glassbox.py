"""The glass box: one site equals five, and it is as good as interpret's on one site."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from nof1.core.errors import ModelError
from nof1.learn.glassbox import GlassBoxClassifier
from nof1.learn.sums import federate
from planted import binary_table


def trained_at(sites, X, y, keys, fixed_point=False, **settings):
    def train(rows):
        model = GlassBoxClassifier(**settings)
        return lambda add: model.fit(X[rows], y[rows], keys=keys[rows], secure_sum=add).shapes_

    return federate([train(rows) for rows in sites], fixed_point=fixed_point)


def apart(ours, theirs):
    """Largest difference of any curve or plane; the terms and cuts must be the same."""
    assert [term.name for term in ours.terms] == [term.name for term in theirs.terms]
    largest = abs(ours.intercept - theirs.intercept)
    for a, b in zip(ours.terms, theirs.terms, strict=True):
        assert all(np.array_equal(p, q) for p, q in zip(a.cuts, b.cuts, strict=True))
        largest = max(largest, np.abs(a.scores - b.scores).max(), np.abs(a.bags - b.bags).max())
    return largest


@pytest.mark.parametrize(("fixed_point", "allowed"), [(False, 1e-12), (True, 1e-6)])
def test_five_sites_get_the_model_of_one(fixed_point, allowed):
    X, y = binary_table(1500, seed=4)
    keys = np.arange(1500)
    sites = np.digitize(X[:, 0], [-1.5, -0.3, 0.2, 1.4])  # very unequal sites; NaN goes last
    rows = [sites == site for site in range(5)]
    settings = {"n_bags": 3, "max_pairs": 5}
    (pooled,) = trained_at([np.ones(1500, bool)], X, y, keys, **settings)
    models = trained_at(rows, X, y, keys, fixed_point, **settings)
    assert any(len(term.features) == 2 for term in pooled.terms)
    assert all(model.to_dict() == models[0].to_dict() for model in models)
    assert apart(pooled, models[0]) <= allowed


def test_a_site_without_rows_of_one_class_does_not_matter():
    X, y = binary_table(600, seed=5)
    rows = [y == 1, y == 0]
    models = trained_at(rows, X, y, np.arange(600), n_bags=2)
    assert models[0].to_dict() == models[1].to_dict()


def test_finds_curves_and_the_planted_pair():
    X, y = binary_table(4000, missing=0)
    model = GlassBoxClassifier().fit(X, y)
    terms = {term.name: term for term in model.shapes_.terms}
    assert (
        max((t for t in terms.values() if len(t.features) == 2), key=lambda t: t.importance).name
        == "x2 & x3"
    )
    wave = terms["x0"]
    middles = (wave.cuts[0][1:] + wave.cuts[0][:-1]) / 2
    assert np.corrcoef(wave.scores[2:-1], np.sin(2 * middles))[0, 1] > 0.97
    assert wave.importance > 5 * (terms["x5"].importance if "x5" in terms else 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_monotone_curves_are_kept_exactly(sign):
    X, y = binary_table(1200)
    model = GlassBoxClassifier(n_bags=4).fit(X, y, monotone={"x0": sign, "x4": sign})
    for term in model.shapes_.terms:
        if {0, 4} & set(term.features):
            assert len(term.features) == 1
            assert np.all(sign * np.diff(term.scores[1:]) >= 0)
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-6)


def test_missing_has_its_own_effect():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    gone = rng.random(2000) < 0.3
    y = (rng.random(2000) < np.where(gone, 0.7, 0.2)).astype(int)
    X[gone, 0] = np.nan
    risks = GlassBoxClassifier(n_bags=3).fit(X, y).predict_proba([[np.nan, 0.0], [0.0, 0.0]])[:, 1]
    assert risks == pytest.approx([0.7, 0.2], abs=0.06)


def test_weights_count_like_copies_of_rows():
    X, y = binary_table(900, missing=0)
    weights = np.where(y == 1, 2.0, 1.0)
    twice = np.r_[np.arange(900), np.flatnonzero(y == 1)]
    settings = {"n_bags": 3, "max_pairs": 0}
    weighted = GlassBoxClassifier(**settings).fit(X, y, sample_weight=weights, keys=np.arange(900))
    copied = GlassBoxClassifier(**settings).fit(X[twice], y[twice], keys=twice)
    np.testing.assert_allclose(
        weighted.decision_function(X), copied.decision_function(X), atol=0.05
    )


def test_groups_of_fewer_than_ten_patients_leave_no_trace():
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.normal(size=800), np.zeros(800), rng.normal(size=800)])
    y = (rng.random(800) < 0.3).astype(int)
    X[:9, 1], y[:9] = 1.0, 1  # nine patients with a rare code, all with the outcome
    X[9:18, 2], y[9:18] = np.nan, 1  # nine patients without this value
    model = GlassBoxClassifier(n_bags=4).fit(X, y)
    ordinary, rare = X[20:21].copy(), X[20:21].copy()
    rare[0, 1] = 1.0
    assert model.predict_proba(ordinary)[0, 1] == model.predict_proba(rare)[0, 1]
    for term in model.shapes_.terms:
        counts = term.counts[term.counts > 0]
        assert counts.min() >= 10
        if term.features == (2,):
            assert (term.scores[0], term.counts[0]) == (0, 0)


def test_one_patient_with_many_rows_is_one_patient():
    X = np.r_[np.full(300, 0.0), np.full(300, 1.0)][:, None] + np.arange(600)[:, None] % 2 * 0.1
    y = np.arange(600) % 3 == 0
    model = GlassBoxClassifier(n_bags=2).fit(
        X, y.astype(int), keys=np.r_[np.arange(300), np.full(300, 999)]
    )
    assert all(term.counts.sum() <= 301 for term in model.shapes_.terms)
    assert not any(np.any(term.cuts[0] > 0.2) for term in model.shapes_.terms)


def test_spread_of_bags_is_an_honest_standard_error():
    points = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.5]])
    scores, claimed = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(800, 2))
        y = (rng.random(800) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
        shapes = GlassBoxClassifier(max_pairs=0).fit(X, y).shapes_
        scores.append(shapes.decision(points))
        claimed.append(shapes.bag_decisions(points).std(axis=1))
    ratio = np.mean(claimed, axis=0) / np.std(scores, axis=0)
    assert np.all((ratio > 0.5) & (ratio < 2.5))


def test_follows_scikit_learn_conventions():
    model = GlassBoxClassifier(n_bags=2, seed=5)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.set_params(n_bags=3).n_bags == 3
    with pytest.raises(ModelError, match="not trained"):
        copy.predict_proba([[1.0]])
    X, y = binary_table(300)
    fitted = model.fit(X, y)
    assert fitted.classes_.tolist() == [0, 1]
    assert np.array_equal(fitted.predict(X), (fitted.predict_proba(X)[:, 1] >= 0.5).astype(int))


def test_training_reports_rounds_and_bytes():
    X, y = binary_table(300)
    model = GlassBoxClassifier(n_bags=2, max_cycles=5, max_pairs=0).fit(X, y)
    assert 10 < model.rounds_ < 100
    assert model.bytes_sent_ > 8 * model.rounds_


def test_json_is_plain_and_strict():
    X, y = binary_table(400)
    text = json.dumps(GlassBoxClassifier(n_bags=2).fit(X, y).shapes_.to_dict(), allow_nan=False)
    assert "shapes" in text


def ebm():
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(n_jobs=1, outer_bags=2, max_rounds=1500, interactions=1)


def curve_of(term, values):
    return np.r_[term.scores][np.searchsorted(term.cuts[0], values, side="right") + 1]


def test_parity_with_interpret_on_planted_curves():
    X, y = binary_table(1500, missing=0)
    Xt, yt = binary_table(4000, seed=1, missing=0)
    theirs = ebm().fit(X, y)
    ours = GlassBoxClassifier().fit(X, y)
    auroc = roc_auc_score(yt, ours.predict_proba(Xt)[:, 1])
    assert auroc > roc_auc_score(yt, theirs.predict_proba(Xt)[:, 1]) - 0.01
    terms = {term.name: term for term in ours.shapes_.terms}
    contributions = theirs.eval_terms(Xt)
    for j in (0, 1, 4):
        assert np.corrcoef(curve_of(terms[f"x{j}"], Xt[:, j]), contributions[:, j])[0, 1] > 0.9


def test_parity_with_interpret_on_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    X, Xt, y, yt = train_test_split(X, y, test_size=0.3, random_state=0)
    auroc = roc_auc_score(yt, GlassBoxClassifier().fit(X, y).predict_proba(Xt)[:, 1])
    assert auroc > roc_auc_score(yt, ebm().fit(X, y).predict_proba(Xt)[:, 1]) - 0.01
