"""Simulated learners do what their parameters say; forms are as the test's."""

import numpy as np
import pytest

from nof1.academy.answers import Answer
from nof1.academy.faults import FAULTS as CATALOGUE
from nof1.academy.learners import (
    ARCHETYPES,
    FAULTS,
    JITTER,
    VISIBLE,
    Learner,
    Reliance,
    answers,
    like,
    plain_form,
)
from nof1.academy.scores import score


def cases(count=4000):
    return [one for seed in range(count // 48 + 1) for one in plain_form(seed)][:count]


def test_the_faults_are_those_of_the_catalogue():
    assert sorted(FAULTS) == sorted(CATALOGUE)
    assert set(CATALOGUE) | {"surprising"} > VISIBLE


@pytest.mark.parametrize("seed", range(40))
def test_a_plain_form_is_mixed_as_a_test_is(seed):
    form = plain_form(seed)
    faulty = [one for one in form if one.faulty]
    assert len({one.id for one in form}) == 48
    assert 17 <= len(faulty) <= 24
    for one in form:
        assert one.faulty == (one.advised != one.truth.right)
        assert one.advised == (one.risk >= one.threshold)
        assert one.truth.right == (one.truth.risk >= one.threshold)
    counts = [sum(one.topic == name for one in faulty) for name in FAULTS]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    "learner",
    [
        Learner("x", Reliance(0.3, 0.6, 0.1), Reliance(0.3, 0.6, 0.1), accuracy=0.7, checks=0.4),
        Learner("y", Reliance(0.9, 0.1, 0.02), Reliance(0.9, 0.1, 0.02), accuracy=0.6, checks=0.8),
    ],
    ids=lambda one: one.name,
)
def test_many_answers_show_the_parameters(learner):
    form = cases()
    made = score(form, answers(learner, form, np.random.default_rng(1)))
    for name, true in [("over_reliance", learner.first.over), ("turned_away", learner.first.away),
                       ("under_reliance", learner.first.under), ("caught", learner.checks),
                       ("own_accuracy", learner.accuracy)]:  # fmt: skip
        assert getattr(made, name).mean == pytest.approx(true, abs=0.05), name


def test_fatigue_changes_reliance_evenly_and_time_too():
    tired = ARCHETYPES["fatigued"]
    assert tired.at(0.5, "imputed").over == pytest.approx((0.15 + 0.95) / 2)
    form = plain_form(1)
    said = [answers(tired, form, np.random.default_rng(seed)) for seed in range(60)]
    seconds = np.array([[one.seconds for one in row] for row in said]).mean(axis=0)
    assert seconds[-12:].mean() < 0.6 * seconds[:12].mean()


def test_who_reads_explanations_acts_by_the_looks_of_the_reasons():
    reader = ARCHETYPES["explanation-follower"]
    assert reader.at(0.3, "stale-lab").over > 0.9
    assert reader.at(0.3, "spurious").over < 0.2
    assert reader.at(0.3, "surprising").under > 0.8


def test_act_and_chance_are_on_one_side_of_the_threshold():
    form = plain_form(3)
    for learner in ARCHETYPES.values():
        for case, said in zip(form, answers(learner, form, np.random.default_rng(3)), strict=True):
            for one in (said.before, said.after):
                assert one.act == (one.probability >= case.threshold)
            assert Answer.from_dict(said.to_dict()) == said
            assert (said.move == "accept") == (said.after.act == case.advised)


def test_a_learner_like_another_is_near_and_stays_steady():
    draw = np.random.default_rng(4)
    for archetype in ARCHETYPES.values():
        made = like(archetype, draw)
        assert made.first != archetype.first
        assert abs(made.first.over - archetype.first.over) <= JITTER
        assert (made.first == made.last) == (archetype.first == archetype.last)
