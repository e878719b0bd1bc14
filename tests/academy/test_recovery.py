"""The test of the test: five known ways are told apart, ranked and measured."""

import json

import numpy as np
import pytest

from nof1.academy.learners import ARCHETYPES, Learner, Reliance, answers, plain_form
from nof1.academy.recovery import recover, reliance, report, separation, truth
from nof1.academy.scores import score


@pytest.fixture(scope="module")
def made():
    return report(seeds=200, seed=1)


@pytest.mark.parametrize("name", ARCHETYPES)
def test_each_archetype_is_told_apart_in_95_of_100_forms_of_48_cases(made, name):
    assert made.cases == 48
    assert made.told[name].of == 200
    assert made.told[name].count >= 190
    assert sum(made.confused[name].values()) == 200


@pytest.mark.parametrize("parameter", ["over_reliance", "under_reliance"])
def test_learners_far_apart_are_ranked_right_in_95_of_100(made, parameter):
    assert made.ranked[parameter].of >= 200
    assert made.ranked[parameter].count >= 0.95 * made.ranked[parameter].of


@pytest.mark.parametrize("place", [0, 1])
def test_recovery_at_96_cases_is_within_10_of_100(made, place):
    found = made.recovered[place]
    assert (found.learners, found.cases) == (200, 96)
    assert found.mean_error <= 0.10
    assert 0.90 <= found.covered <= 0.99
    assert found.error_95 > found.mean_error


def test_fewer_cases_recover_worse(made):
    short = recover(200, 1, lambda seed: plain_form(seed, 16))
    for less, more in zip(short, made.recovered, strict=True):
        assert less.mean_error > more.mean_error


def test_50_and_20_of_100_are_separated(made):
    assert made.separation >= 0.9
    assert separation(60, 1, lambda seed: plain_form(seed, 12)) < made.separation


def test_learners_who_are_alike_are_not_told_apart(monkeypatch):
    one = Learner("calibrated", Reliance(0.15, 0.15), Reliance(0.15, 0.15))
    monkeypatch.setitem(ARCHETYPES, "never-follow", one)
    told = report(seeds=20, seed=1).told
    assert told["never-follow"].count + told["calibrated"].count <= 22  # of 40


def test_the_aims_can_be_missed(made):
    assert made.good
    assert not report(seeds=30, seed=1, forms=lambda seed: plain_form(seed, 12)).good


def test_the_quick_shares_are_those_of_the_scores():
    form = plain_form(8)
    for learner in ARCHETYPES.values():
        said = answers(learner, form, np.random.default_rng(8))
        full = score(form, said)
        assert reliance(list(zip(form, said, strict=True))) == (
            full.over_reliance, full.under_reliance)  # fmt: skip


def test_the_truth_of_a_steady_learner_is_its_parameter():
    form = plain_form(9)
    steady = Learner("x", Reliance(0.4, 0.7), Reliance(0.4, 0.7))
    pairs = list(zip(form, answers(steady, form, np.random.default_rng(1)), strict=True))
    assert truth(steady, pairs) == pytest.approx((0.4, 0.7))


def test_the_same_seeds_give_the_same_report(made):
    assert report(20, 1).to_dict() == report(20, 1).to_dict() != report(20, 2).to_dict()
    assert json.loads(json.dumps(made.to_dict()))["schema"] == "nof1/academy-simulate/1"
