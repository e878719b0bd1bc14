"""Every learner of the registry: finds the planted gain, is read back bit for bit."""

from dataclasses import replace

import numpy as np
import pytest

from effect_samples import QUICK, drawn
from nof1.core.errors import UsageError
from nof1.learn.effect.learners import REGISTRY, Known, learner
from nof1.learn.effect.nuisance import crossfit
from nof1.learn.effect.scores import scores
from nof1.learn.sums import local_sum

PAIRS = replace(QUICK, effect=replace(QUICK.effect, max_pairs=4))
"""One model of the outcome sees a modifier only as a pair with the option."""
SPEAKING = [name for name, one in REGISTRY.items() if not one.challenger]


@pytest.fixture(scope="module")
def known():
    trial = drawn(1500, seed=8)
    arms = trial.arms()
    nuisance = crossfit(arms, QUICK)
    return trial, Known(arms, nuisance, scores(arms, nuisance).effect)


@pytest.mark.parametrize("name", SPEAKING)
def test_a_learner_finds_who_gains_and_is_read_back_bit_for_bit(known, name):
    trial, given = known
    entry = learner(name)
    model = entry.fit(given, np.ones(len(trial.y)), PAIRS, local_sum)
    new = drawn(600, seed=77)
    effect, bags = model.effect(new.X), model.bags(new.X)
    gene = new.X[:, 2] == 1
    assert effect[gene].mean() < effect[~gene].mean() - 0.05
    assert bags.shape[0] == 600
    assert bags.shape[1] >= 2
    files = model.save()
    assert all(name.endswith(".json") for name in files)
    again = entry.load(files)
    assert (again.effect(new.X) == effect).all()
    assert (again.bags(new.X) == bags).all()
    assert again.save() == files


@pytest.mark.parametrize("name", SPEAKING)
def test_out_of_fold_effects_do_not_see_the_own_outcome(known, name):
    trial, given = known
    here = given.nuisance.folds == 0
    raw, bags = learner(name).cross(given, np.ones(len(trial.y)), QUICK, local_sum)
    assert raw.shape == (len(trial.y),)
    assert np.isfinite(bags).all()
    score = np.where(here, 1 - given.score, given.score)
    flipped = replace(given.arms, y=np.where(here, 1 - given.arms.y, given.arms.y))
    other, _ = learner(name).cross(
        Known(flipped, given.nuisance, score), np.ones(len(trial.y)), QUICK, local_sum
    )
    assert (other[here] == raw[here]).all()


@pytest.mark.parametrize("name", ["m", "dr"])
def test_what_moves_the_effect_is_told_by_feature(known, name):
    trial, given = known
    model = learner(name).fit(given, np.ones(len(trial.y)), QUICK, local_sum)
    person = drawn(50, seed=5).X[:1].copy()
    person[0, 2] = 1
    parts = dict(model.contributions(person))
    assert parts[("gene",)] == min(parts.values())


def test_an_unknown_learner_is_refused_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        learner("x")
    assert caught.value.allowed == sorted(REGISTRY)
