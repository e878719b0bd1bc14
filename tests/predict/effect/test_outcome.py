"""Weights of the people whose outcome is known: they bring back what censoring hid."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.predict.dataset import Outcome
from nof1.predict.effect.outcome import LEAST_STAY, outcome
from nof1.predict.effect.question import EffectTask
from predict.effect.records import TASK

SURVIVAL = EffectTask.parse(TASK + "kind: survival\n")
RESTRICTED = EffectTask.parse(TASK + "kind: survival\nestimand: {measure: restricted_mean}\n")
BINARY = EffectTask.parse(TASK)


def known(question, days, cause, *, left=None, X=None, treated=None, label=None):
    n = len(days)
    X = np.zeros((n, 1)) if X is None else X
    kind = question.task.kind
    label = (np.asarray(cause) == 1).astype(float) if label is None else label
    data = SimpleNamespace(
        outcome=Outcome(kind, label, np.asarray(days, float), np.asarray(cause)),
        X=X, columns=tuple(f"x{j}" for j in range(X.shape[1])),
    )  # fmt: skip
    left = np.full(n, np.inf) if left is None else left
    treated = np.zeros(n) if treated is None else treated
    return outcome(question, data, treated, left, np.arange(n))


def hidden(n=6000, seed=1):
    """Times of the event and of the end of observation, which do not depend on each other."""
    rng = np.random.default_rng(seed)
    event, end = rng.exponential(400, n), rng.exponential(500, n)
    return event, end


def test_the_risk_comes_back_under_censoring():
    event, end = hidden()
    found = known(SURVIVAL, np.minimum(event, end), (event <= end).astype(int))
    truth, naive = 1 - np.exp(-365 / 400), np.mean((event <= end) & (event <= 365))
    estimate = np.sum(found.weight * found.y) / len(event)
    assert abs(estimate - truth) < 0.02
    assert abs(naive - truth) > 0.1
    assert found.left == 0


def test_the_weights_stand_for_everybody():
    event, end = hidden()
    found = known(SURVIVAL, np.minimum(event, end), (event <= end).astype(int))
    assert found.weight.sum() == pytest.approx(len(event), rel=0.03)
    gone = (end < event) & (end < 365)
    assert (found.weight[gone] == 0).all()
    assert (found.weight[~gone] >= 1 - 1e-9).all()


def test_days_free_of_the_outcome_come_back_under_censoring():
    event, end = hidden()
    found = known(RESTRICTED, np.minimum(event, end), (event <= end).astype(int))
    truth = 400 * (1 - np.exp(-365 / 400))
    assert np.sum(found.weight * found.y) / len(event) == pytest.approx(truth, rel=0.02)
    assert found.y.max() <= 365


def test_a_competing_event_is_a_known_person_without_the_outcome():
    found = known(SURVIVAL, [10.0, 20.0, 400.0], [2, 1, 0])
    assert found.y.tolist() == [0.0, 1.0, 0.0]
    assert found.weight.tolist() == [1.0, 1.0, 1.0]


def leaving(seed=3, n=6000):
    """Half are sturdy: they have the event less often, and leave the option more often."""
    rng = np.random.default_rng(seed)
    sturdy = (rng.random(n) < 0.5).astype(float)
    event = rng.exponential(np.where(sturdy == 1, 1200, 300))
    left = rng.exponential(np.where(sturdy == 1, 250, 3000))
    return sturdy, event, left


@pytest.mark.parametrize("question", [SURVIVAL, BINARY])
def test_those_who_stay_stand_for_those_who_left(question):
    sturdy, event, left = leaving()
    days, label = np.minimum(event, 365), (event <= 365).astype(float)
    found = known(
        question, days, label.astype(int), left=left, X=sturdy[:, None], label=label,
        treated=np.arange(len(sturdy)) % 2.0,
    )  # fmt: skip
    truth = label.mean()
    stay = found.weight > 0
    naive = found.y[stay].mean()
    assert abs(found.weight @ found.y / found.weight.sum() - truth) < 0.02
    assert abs(naive - truth) > 0.05
    assert found.left == int((left < days).sum())
    assert (found.weight[left < days] == 0).all()
    assert found.weight.max() <= 1 / LEAST_STAY + 1e-9


def test_a_handful_of_leavers_gets_no_model():
    days, left = np.full(100, 365.0), np.full(100, np.inf)
    left[:5] = 30.0
    found = known(BINARY, days, np.arange(100) % 2, left=left)
    assert found.left == 5
    assert set(found.weight) == {0.0, 1.0}
