"""The line of modifiers: the planted one stands out, a number is as good as a chance."""

from dataclasses import replace

import numpy as np
import pytest

from effect_samples import NAMES, QUICK, drawn
from nof1.learn.effect import modifiers
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.modifiers import Modified, fit_line, fit_modified
from nof1.learn.effect.nuisance import crossfit
from nof1.learn.sums import local_sum


def days(n=1500, seed=0):
    """Days free of the event: 100 more with the option for people with the gene, else 0."""
    trial = drawn(n, seed)
    rng = np.random.default_rng(seed + 50)
    gain = 100 * trial.X[:, 2]
    y = 200 + 20 * trial.X[:, 0] + gain * trial.treated + rng.normal(scale=30, size=n)
    return trial, gain, Arms.of(trial.X, trial.treated, y, names=NAMES, binary=False)


@pytest.fixture(scope="module")
def number():
    trial, gain, arms = days()
    model = fit_modified(arms, crossfit(arms, QUICK), np.ones(len(gain)), QUICK, local_sum)
    return trial, gain, model


def test_a_number_has_its_effect_in_its_own_unit(number):
    trial, gain, model = number
    effect = model.effect(trial.X)
    assert np.sqrt(np.mean((effect - gain) ** 2)) < 10
    name, value, low, high = model.line.modifiers()[0]
    assert name == "gene"
    spread = trial.X[:, 2].std()
    assert low < 100 * spread < high
    assert 0 < low < value < high


def test_modifiers_that_are_none_have_intervals_that_hold_0(number):
    _, _, model = number
    others = [row for row in model.line.modifiers() if row[0] != "gene"]
    assert {row[0] for row in others} >= {"age", "frailty", "kidney", "score", "kidney is missing"}
    assert sum(low <= 0 <= high for _, _, low, high in others) >= len(others) - 1


def test_draws_spread_about_the_effect(number):
    trial, gain, model = number
    bags = model.bags(trial.X)
    low, high = np.quantile(bags, [0.025, 0.975], axis=1)
    assert bags.shape == (len(gain), 96)
    assert np.mean((low <= gain) & (gain <= high)) > 0.8
    assert np.abs(bags.mean(axis=1) - model.effect(trial.X)).max() < 10


def test_contributions_add_up_to_the_difference_between_people(number):
    trial, _, model = number
    one, two = trial.X[:1], trial.X[1:2]
    told = [sum(part for _, part in model.contributions(row)) for row in (one, two)]
    gap = model.effect(one)[0] - model.effect(two)[0]
    assert told[0] - told[1] == pytest.approx(gap, abs=1e-9)


def test_it_is_read_back_bit_for_bit(number):
    trial, _, model = number
    again = Modified.load(model.save())
    assert (again.effect(trial.X) == model.effect(trial.X)).all()
    assert (again.bags(trial.X) == model.bags(trial.X)).all()
    assert again.save() == model.save()


def test_too_many_columns_are_chosen_without_a_look_at_the_outcome(monkeypatch):
    monkeypatch.setattr(modifiers, "MOST", 3)
    trial = drawn(600, seed=4)
    used = []
    for y in (trial.y, 1 - trial.y):
        arms = Arms.of(trial.X, trial.treated, y, names=NAMES)
        line = fit_line(arms, crossfit(arms, QUICK), np.ones(600), QUICK, local_sum)
        used.append(line.used.tolist())
    assert used[0] == used[1]
    assert len(used[0]) == 3


def test_rows_that_are_not_used_teach_nothing():
    _, _, arms = days(600, seed=2)
    nuisance = crossfit(arms, QUICK)
    used = (np.arange(600) < 400).astype(float)
    wild = replace(arms, y=np.where(used > 0, arms.y, 1e6))
    ours, theirs = (fit_line(one, nuisance, used, QUICK, local_sum) for one in (arms, wild))
    assert (ours.point == theirs.point).all()


def test_the_unit_of_the_outcome_does_not_matter():
    trial, _, arms = days(600, seed=3)
    lines = []
    for factor in (1.0, 1 / 365.25):
        scaled = replace(arms, y=factor * arms.y)
        nuisance = crossfit(scaled, QUICK)
        line = fit_line(scaled, nuisance, np.ones(600), QUICK, local_sum)
        lines.append(line.effect(trial.X, nuisance.propensity, nuisance.mean) / factor)
    assert np.abs(lines[0] - lines[1]).max() < 0.1


def test_rows_worked_on_in_parts_are_rows_worked_on_together(monkeypatch):
    arms = drawn(700, seed=6).arms()
    nuisance = crossfit(arms, QUICK)
    used = np.ones(700)
    whole = fit_line(arms, nuisance, used, QUICK, local_sum)
    monkeypatch.setattr(modifiers, "BLOCK", 64)
    parts = fit_line(arms, nuisance, used, QUICK, local_sum)
    np.testing.assert_allclose(parts.point, whole.point, atol=1e-10)
    asked = (arms.X, nuisance.propensity, nuisance.bags)
    np.testing.assert_allclose(parts.bags(*asked), whole.bags(*asked), atol=1e-10)
    assert parts.bags(*asked).shape == (700, 96)
