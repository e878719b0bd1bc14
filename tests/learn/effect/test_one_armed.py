"""Regions without choice are found where they are planted, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from effect_samples import QUICK
from nof1.learn.effect import one_armed as searching
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.nuisance import fit_propensity
from nof1.learn.effect.one_armed import one_armed
from nof1.learn.effect.overlap import supported
from nof1.learn.effect.regions import lonely
from nof1.learn.objectives import sigmoid
from nof1.learn.sums import federate, local_sum

RECIPE = replace(QUICK, nuisance=replace(QUICK.nuisance, max_bins=64))
NAMES = tuple("abcdefgh")


def people(n, seed, plan):
    """Eight columns, 3 yes/no and a fifth of 4 missing; ``plan`` changes the everyday chance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8))
    X[:, 3] = rng.random(n) < 0.02
    X[rng.random(n) < 0.2, 4] = np.nan
    chance = plan(X, sigmoid(0.5 * X[:, 0] + 0.4 * X[:, 5]))
    return X, chance, (rng.random(n) < chance).astype(float)


def arms_of(X, treated, **more):
    half = (np.arange(len(X)) % 2).astype(float)
    return Arms.of(X, treated, half, names=NAMES, **more)


def found_in(X, treated):
    arms, every = arms_of(X, treated), np.ones(len(X))
    model = fit_propensity(arms, every, RECIPE)
    return one_armed(arms, every, model.shapes, RECIPE, local_sum), model


def corner(X, chance):
    return np.where((X[:, 6] > 0.5) & (X[:, 7] > 0.5), 1.0, chance)


def code(X, chance):
    return np.where(X[:, 3] == 1, 0.0, chance)


def gap(X, chance):
    return np.where(np.isnan(X[:, 4]), 1.0, chance)


def edge(X, chance):
    return np.where(X[:, 6] < -1.8, 0.0, chance)


@pytest.mark.parametrize(
    ("plan", "option", "columns"),
    [(corner, 0, {"g", "h"}), (code, 1, {"d"}), (gap, 0, {"e"}), (edge, 1, {"g"})],
)
def test_a_planted_region_is_found_with_its_limits_and_new_people_in_it_are_refused(
    plan, option, columns
):
    X, _, treated = people(2_500, 11, plan)
    regions, model = found_in(X, treated)
    assert (regions[0].option, {side.name for side in regions[0].sides}) == (option, columns)
    assert regions[0].people >= 10
    assert regions[0].most < 0.15
    X, chance, _ = people(5_000, 12, plan)
    out = lonely(regions, X) | ~supported(model.mean(X), 0.1)
    assert out[(chance == 0) | (chance == 1)].mean() > 0.95
    assert out[(chance > 0.15) & (chance < 0.85)].mean() < 0.05


def test_where_everybody_has_a_choice_hardly_anybody_is_refused():
    for seed in (21, 22):
        X, _, treated = people(1_500, seed, lambda X, chance: chance)
        regions, _ = found_in(X, treated)
        assert lonely(regions, people(5_000, seed + 50, corner)[0]).mean() < 0.05


def test_no_region_holds_fewer_people_than_the_smallest_group():
    def plan(X, chance):
        return np.where(np.arange(len(X)) < 9, 0.0, chance)

    X, _, treated = people(1_500, 31, plan)
    X[:, 3] = np.arange(len(X)) < 9  # nine people with a code, none of whom took the option
    regions, _ = found_in(X, treated)
    assert not any(side.name == "d" and side.low for one in regions for side in one.sides)
    assert all(one.people >= 10 for one in regions)


def test_three_sites_find_the_regions_of_one_place():
    X, _, treated = people(2_000, 41, corner)
    whole = arms_of(X, treated, keys=np.arange(len(X)))
    parts = np.arange(len(X)) % 7 // 3

    def search(arms, total):
        every = np.ones(len(arms.y))
        model = fit_propensity(arms, every, RECIPE, total)
        return one_armed(arms, every, model.shapes, RECIPE, total)

    pooled = search(whole, local_sum)
    sites = [lambda total, own=parts == k: search(whole.at(own), total) for k in range(3)]
    assert pooled
    for one in federate(sites, fixed_point=True):
        assert [region.sides for region in one] == [region.sides for region in pooled]
        for mine, theirs in zip(one, pooled, strict=True):
            assert mine.people == pytest.approx(theirs.people, abs=1e-5)
            assert mine.most == theirs.most


def test_of_many_patients_some_are_drawn(monkeypatch):
    X, _, treated = people(3_000, 51, corner)
    monkeypatch.setattr(searching, "LOOKED_AT", 1_500)
    (first, *_), _ = found_in(X, treated)
    assert {side.name for side in first.sides} == {"g", "h"}
    inside = ((X[:, 6] > 0.5) & (X[:, 7] > 0.5)).sum()
    assert 0.3 * inside < first.people < 0.7 * inside
