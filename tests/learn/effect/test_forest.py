"""EconML's forest is compared with on the same folds, and never speaks."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from effect_samples import QUICK, drawn
from nof1.core.errors import MissingExtra, UsageError
from nof1.learn.effect import forest
from nof1.learn.effect.analysis import DEFAULT, _choice, analyse
from nof1.learn.effect.learners import REGISTRY, challenger
from nof1.learn.figures import Figure


@pytest.fixture
def small(monkeypatch):
    """Forests of a second."""
    pytest.importorskip("econml", reason="the extra causal is not installed")
    monkeypatch.setattr(forest, "TREES", 40)
    monkeypatch.setattr(forest, "NUISANCE_TREES", 20)


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "econml", None)
    with pytest.raises(MissingExtra, match=r"econml") as found:
        challenger("forest")
    assert "nof1[causal]" in found.value.next_step


def test_a_learner_that_speaks_is_no_challenger_and_an_unknown_one_is_refused():
    for name in ("m", "grove"):
        with pytest.raises(UsageError, match="No challenger") as found:
            challenger(name)
        assert "forest" in found.value.allowed


def test_a_forest_is_not_fitted_to_speak_and_not_read():
    for part in (REGISTRY["forest"].fit, REGISTRY["forest"].load):
        with pytest.raises(UsageError, match="only compared"):
            part({})


def test_missing_values_become_medians_and_a_column_that_says_so():
    X = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan], [8.0, 4.0, np.nan]])
    filled = forest.Filled.learn(X)
    assert filled.of(X[:1]).tolist() == [[1.0, 3.0, 0.0, 1.0, 1.0]]
    assert filled.of(np.array([[np.nan, 5.0, 6.0]])).tolist() == [[3.0, 5.0, 6.0, 0.0, 0.0]]


def test_its_out_of_fold_effects_stand_beside_the_others_and_it_is_never_chosen(small):
    arms = drawn(900, seed=3).arms()
    found = analyse(arms, replace(QUICK, learners=(), challengers=("forest",)))
    assert set(found.crossed) == {DEFAULT, "forest"}
    assert found.worse["forest"].value is not None
    raced = found.crossed["forest"]
    assert np.isfinite(raced.raw).all()
    assert abs(raced.raw.mean() - drawn(900, seed=3).effect.mean()) < 0.1
    assert (raced.bags.std(axis=1, ddof=1) > 0).all()
    plain = analyse(arms, replace(QUICK, learners=()))
    assert (plain.crossed[DEFAULT].raw == found.crossed[DEFAULT].raw).all()
    assert _choice({"forest": Figure(-1.0, -2.0, -0.5), "average": Figure(-1, -2, -0.5)}) == DEFAULT


def test_people_of_a_fold_get_effects_that_do_not_see_their_outcome(small):
    arms = drawn(600, seed=4).arms()
    here = np.arange(600) % 3 == 0
    flipped = replace(arms, y=np.where(here, 1 - arms.y, arms.y))
    used = (~here).astype(float)
    one, other = (forest.grow(each, used, 1).effect(arms.X[here]) for each in (arms, flipped))
    assert (one == other).all()


def test_sums_over_sites_are_refused(small):
    def elsewhere(vector):
        return vector

    arms = drawn(600, seed=4).arms()
    with pytest.raises(UsageError, match="sums over sites"):
        analyse(arms, replace(QUICK, learners=(), challengers=("forest",)), total=elsewhere)


@pytest.mark.parametrize("kind", ["forest", "dr"])
def test_both_forests_of_the_race_find_who_gains_and_give_limits_around_it(small, kind):
    trial = drawn(2000, seed=5)
    grown = forest.grow(trial.arms(), np.ones(2000), 1, kind)
    gene = trial.X[:, 2] == 1
    effect = grown.effect(trial.X)
    assert effect[gene].mean() < effect[~gene].mean() - 0.03
    low, high = grown.limits(trial.X, 0.95)
    assert (low < effect).all()
    assert (effect < high).all()
