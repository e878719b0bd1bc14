"""Average, overlap and the verdict on differences between people, where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from effect_samples import QUICK, drawn
from nof1.core.errors import ModelError
from nof1.learn.effect.analysis import DEFAULT, analyse, fit
from nof1.learn.effect.nuisance import fit_arm
from nof1.learn.sums import federate


@pytest.fixture(scope="module")
def whole():
    trial = drawn(2500, seed=3)
    arms = trial.arms()
    return trial, arms, analyse(arms, QUICK)


def test_the_average_is_the_true_one_where_the_plain_difference_is_not(whole):
    trial, _, found = whole
    inside = found.rows > 0
    truth = trial.effect[inside].mean()
    naive = trial.y[trial.treated == 1].mean() - trial.y[trial.treated == 0].mean()
    assert found.effect.low < truth < found.effect.high
    assert abs(found.effect.value - truth) < abs(naive - truth) / 2


def test_both_means_are_found(whole):
    trial, _, found = whole
    truth = trial.risks[found.rows > 0].mean(axis=0)
    for figure, mean in zip(found.means, truth, strict=True):
        assert figure.low < mean < figure.high


def test_true_differences_are_validated_and_the_gene_is_the_modifier(whole):
    _, arms, found = whole
    assert found.validated
    assert found.chosen == DEFAULT
    made = fit(arms, found)
    name, modifier, low, high = made.effect.line.modifiers()[0]
    assert name == "gene"
    assert low < modifier < high < 0


def test_the_comparators_outcome_is_fitted_once_and_is_the_one_that_a_fit_alone_gives(whole):
    _, arms, found = whole
    made = fit(arms, found)
    assert made.comparator is made.effect.arms[0]
    alone = fit_arm(replace(arms), 0, found.rows, found.recipe)
    assert alone.shapes.to_dict() == made.comparator.shapes.to_dict()


def test_effects_of_new_people_lie_near_the_truth_and_in_their_intervals(whole):
    _, arms, found = whole
    made, new = fit(arms, found), drawn(2000, seed=99)
    raw = made.effect.effect(new.X)
    effect = found.calibrated.effect(raw)
    low, high = found.calibrated.interval(raw, made.effect.bags(new.X), 0.95)
    nobody_differs = np.sqrt(np.mean((found.effect.value - new.effect) ** 2))
    assert np.sqrt(np.mean((effect - new.effect) ** 2)) < 0.6 * nobody_differs
    assert np.mean((low <= new.effect) & (new.effect <= high)) > 0.85


def test_where_nobody_differs_no_difference_is_claimed():
    for seed in range(4):
        found = analyse(drawn(1500, seed, gain=0).arms(), QUICK)
        assert not found.validated, seed


def test_people_without_counterparts_are_refused_and_others_are_not():
    trial = drawn(2500, seed=5, lonely=True)
    arms = trial.arms()
    found = analyse(arms, QUICK)
    chance = fit(arms, found).propensity.mean(trial.X)
    inside = found.overlap.supported(chance)
    clear = (trial.propensity > 0.15) & (trial.propensity < 0.85)
    assert inside[trial.lonely].mean() < 0.05
    assert inside[clear].mean() > 0.95
    assert abs(found.overlap.refused - (~inside).mean()) < 0.05


def test_groups_that_do_not_overlap_are_refused_with_the_column_that_tells_them_apart():
    trial = drawn(800, seed=1)
    treated = (trial.X[:, 0] > 0).astype(float)
    arms = type(trial)(**{**vars(trial), "treated": treated}).arms()
    with pytest.raises(ModelError, match=r"hardly overlap.*age"):
        analyse(arms, QUICK)


def test_three_sites_find_what_one_site_with_all_rows_finds(whole):
    trial, arms, pooled = whole
    arms = trial.arms(keys=np.arange(len(trial.y)))
    pooled = analyse(arms, QUICK)
    parts = np.arange(len(trial.y)) % 7 // 3  # three sites of unequal size
    sites = [
        lambda total, own=parts == site: analyse(arms.at(own), QUICK, total=total)
        for site in range(3)
    ]
    for one in federate(sites, fixed_point=True):
        for name in ("value", "low", "high"):
            assert getattr(one.effect, name) == pytest.approx(getattr(pooled.effect, name),
                                                              abs=1e-6)  # fmt: skip
            assert getattr(one.slope, name) == pytest.approx(getattr(pooled.slope, name), abs=1e-4)
        assert one.validated == pooled.validated
        assert one.chosen == pooled.chosen


def test_federated_curves_of_the_effect_equal_the_pooled_ones_within_a_millionth(whole):
    trial, _, _ = whole
    arms = trial.arms(keys=np.arange(len(trial.y)))
    pooled = fit(arms, analyse(arms, QUICK))
    parts = np.arange(len(trial.y)) % 7 // 3

    def site(total, own):
        here = arms.at(own)
        return fit(here, analyse(here, QUICK, total=total), total)

    sites = [lambda total, own=parts == k: site(total, own) for k in range(3)]
    for one in federate(sites, fixed_point=True):
        for mine, theirs in ((one.propensity, pooled.propensity), (one.comparator,
                                                                   pooled.comparator)):  # fmt: skip
            gap = mine.shapes.decision(trial.X) - theirs.shapes.decision(trial.X)
            assert np.abs(gap).max() < 1e-6
        gap = one.effect.effect(trial.X) - pooled.effect.effect(trial.X)
        assert np.abs(gap).max() < 1e-6
