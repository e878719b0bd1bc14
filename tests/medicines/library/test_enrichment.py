"""Enrichment against RDKit's own measures and plain counting."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rdkit.ML.Scoring import Scoring
from sklearn.metrics import roc_auc_score

from nof1.medicines.library import enrichment

scores = st.lists(st.integers(0, 1000), min_size=20, max_size=120, unique=True)


def mean(values):
    return {name: float(one.mean()) for name, one in values.items()}


@settings(deadline=None)
@given(scores, st.integers(1, 15))
def test_without_equal_scores_rdkit_says_the_same(values, actives):
    """RDKit 2026.09.1: Scoring.CalcBEDROC(rows, 0, 20.0), CalcAUC(rows, 0), CalcEnrichment."""
    good, rest = values[:actives], values[actives:]
    ordered = sorted([(v, 1) for v in good] + [(v, 0) for v in rest], reverse=True)
    rows = [[label] for _, label in ordered]
    ours = mean(enrichment.worth(good, rest))
    assert ours["bedroc"] == pytest.approx(Scoring.CalcBEDROC(rows, 0, 20.0), abs=1e-9)
    assert ours["auroc"] == pytest.approx(Scoring.CalcAUC(rows, 0), abs=1e-9)
    top = -(-len(values) // 100)
    found = sum(label for _, label in ordered[:top])
    assert ours["ef1"] == pytest.approx(found / actives / (top / len(values)))
    [rdkit] = Scoring.CalcEnrichment(rows, 0, [top / len(values)])
    assert ours["ef1"] == pytest.approx(rdkit)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=30), st.integers(1, 3), st.randoms())
def test_equal_scores_share_their_places(values, actives, random):
    """The mean over many random orders of equal scores."""
    assume(actives < len(values))
    good, rest = np.array(values[:actives], float), np.array(values[actives:], float)
    noise = np.random.default_rng(random.randrange(1000))
    ours = mean(enrichment.worth(good, rest))
    draws = []
    for _ in range(300):
        jitter = noise.uniform(0, 0.5, len(values))
        draws.append(mean(enrichment.worth(good + jitter[:actives], rest + jitter[actives:])))
    for name in enrichment.MEASURES:
        every = [one[name] for one in draws]
        error = np.std(every) / np.sqrt(len(every))
        assert ours[name] == pytest.approx(np.mean(every), abs=5 * error + 1e-9), name


@given(st.lists(st.integers(0, 5), min_size=3, max_size=40), st.integers(1, 2))
def test_auroc_is_that_of_scikit_learn(values, actives):
    labels = [1] * actives + [0] * (len(values) - actives)
    ours = mean(enrichment.worth(values[:actives], values[actives:]))["auroc"]
    assert ours == pytest.approx(roc_auc_score(labels, values))


def test_by_chance_is_the_mean_of_random_orders():
    noise = np.random.default_rng(1)
    expected = enrichment.by_chance(20, 400)
    draws = [mean(enrichment.worth(noise.random(20), noise.random(400))) for _ in range(2000)]
    for name, value in expected.items():
        every = np.array([one[name] for one in draws])
        assert value == pytest.approx(every.mean(), abs=5 * every.std() / np.sqrt(len(every)))


def test_perfect_and_worst():
    best = mean(enrichment.worth(np.arange(100, 110), np.arange(100)))
    worst = mean(enrichment.worth(np.arange(10), np.arange(10, 110)))
    assert best["bedroc"] == pytest.approx(1.0)
    assert best["auroc"] == 1.0
    assert worst["bedroc"] == pytest.approx(0.0, abs=1e-9)
    assert (worst["auroc"], worst["ef1"]) == (0.0, 0.0)


def test_a_share_is_at_most_one():
    many = enrichment.worth(np.arange(50, 90), np.arange(50))
    names = [str(n) for n in range(40)]
    assert enrichment.figure(many["bedroc"], names).high > 1
    assert enrichment.share(many["bedroc"], names).high == 1.0


def test_a_series_is_drawn_as_a_whole():
    values = np.array([1.0] * 50 + [0.0] * 50)
    alone = enrichment.figure(values, [str(n) for n in range(100)])
    grouped = enrichment.figure(values, ["a"] * 50 + ["b"] * 50)
    assert alone.value == grouped.value == 0.5
    assert (grouped.low, grouped.high) == (0.0, 1.0)
    assert alone.low > 0.35
    assert enrichment.figure(values, ["a"] * 100).value is None
