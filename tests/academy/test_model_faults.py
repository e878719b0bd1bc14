"""Faults in a model are in a copy of it, and do what they say."""

import math

import numpy as np
import pytest
from scipy.special import logit

from nof1.academy.model_faults import (
    HARMLESS,
    leakage,
    miscalibration,
    old_rule,
    spurious,
    wrong_population,
)
from nof1.academy.situation import card, sound
from nof1.academy.ward import risks


def test_the_model_itself_stays(ward):
    before = ward.scorer.model.files()
    for inject in (miscalibration, leakage, spurious, wrong_population):
        person = ward.others[0] if inject is wrong_population else ward.people[0]
        behind = inject(ward, person, np.random.default_rng(1))
        assert behind.scorer is not ward.scorer
        assert behind.events.equals(ward.events(person))
    assert ward.scorer.model.files() == before


def test_miscalibration_keeps_the_order_and_moves_the_odds(ward):
    seen = set()
    for seed in range(20):
        behind = miscalibration(ward, ward.people[0], np.random.default_rng(seed))
        moved = logit(risks(behind.scorer, ward.X)) - logit(ward.told)
        assert np.ptp(moved) < 1e-9
        seen.add(round(math.exp(abs(float(moved.mean()))), 3))
    assert seen == {1.6, 2.0, 2.5}


def test_leakage_speaks_against_everybody_without_a_later_stay(ward):
    behind = leakage(ward, ward.people[0], np.random.default_rng(2))
    (code,) = behind.peeked
    count = ward.column(f"{code}/full/count")
    moved = logit(risks(behind.scorer, ward.X)) - logit(ward.told)
    assert (moved[count <= 1] < -0.3).all()
    assert (moved[count >= 2] > 0.3).all()
    assert (count <= 1).mean() > 0.6


def test_a_spurious_reason_is_the_strongest(ward):
    columns = set()
    for seed in range(12):
        behind = spurious(ward, ward.people[0], np.random.default_rng(seed))
        new = behind.scorer.model.pair.trained.learner.shapes.terms[-1]
        columns.add(new.name)
        assert abs(new.scores[1:]).max() > 0.4
    assert columns <= set(HARMLESS)
    assert len(columns) >= 2


def test_the_widened_model_answers_for_people_it_was_not_made_for(ward):
    answered = 0
    for person in ward.others[:20]:
        assert card(ward, sound(ward, person), "case-x") is None
        behind = wrong_population(ward, person, np.random.default_rng(1))
        answered += card(ward, behind, "case-x") is not None
    assert answered >= 18


def test_an_old_rule_is_used_only_where_it_fits(ward):
    used = 0
    for person in ward.people[:60]:
        behind = old_rule(ward, person, np.random.default_rng(1))
        if behind is not None:
            assert behind.rule.applies(behind.seen)
            assert not behind.rule.valid(person.at)
            used += 1
    assert 5 < used < 60


@pytest.mark.parametrize("inject", [miscalibration, leakage, spurious])
def test_copies_are_made_once(ward, inject):
    first = inject(ward, ward.people[0], np.random.default_rng(7))
    second = inject(ward, ward.people[1], np.random.default_rng(7))
    assert first.scorer is second.scorer
