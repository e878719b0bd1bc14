"""The private glass box on trial: the right noise passes, a tenth of it is caught."""

import numpy as np
import pytest

from nof1.federation.egress import audited
from nof1.federation.egress.private import PrivateGlassBox, metered, private_trainer
from nof1.federation.egress.private import audited as tried
from nof1.federation.egress.subject import Claim, claim_of
from nof1.federation.egress.trainer import Target
from nof1.federation.private.bins import even
from nof1.federation.private.glassbox import Recipe
from nof1.federation.private.plan import Plan
from nof1.predict.task import Task

DELTA = 1e-5
NAMES = tuple("abcde")


def draw(weaker):
    """Gaussian steps; ``weaker`` is the planted bug."""
    rng = np.random.default_rng(11)
    return lambda size, sigma: np.rint(rng.normal(0, sigma / weaker, size)).astype(np.int64)


def recipe(epsilon, weaker=1.0, plan=None):
    grids = [even(0.0, 1.0)] * len(NAMES)
    plan = plan or Plan.of(epsilon, DELTA)
    return PrivateGlassBox(NAMES, grids, plan, Recipe.of(epsilon), draw=draw(weaker))


def test_the_audit_does_not_refute_the_right_noise_and_refutes_a_tenth():
    claim = Claim(1.0, DELTA)
    right = audited.judged(tried(recipe(1.0), DELTA, 1), claim)
    tenth = audited.judged(tried(recipe(1.0, weaker=10), DELTA, 1), claim)
    assert right.status == "pass", right.reason
    assert tenth.status == "fail", tenth.reason


@pytest.mark.parametrize("epsilon", [1.0, 3.0, 8.0])
def test_the_meter_sees_a_tenth_of_the_noise_at_every_epsilon(epsilon):
    claim = Claim(epsilon, DELTA)

    def verdict(trainer):
        made = metered(trainer, DELTA, 1)
        return audited.metered(made, claim, "noise", "?", "", ()).status, made

    status, made = verdict(recipe(epsilon))
    assert status == "pass"
    assert 0.8 < made.ratio < 1.2
    assert made.epsilon <= epsilon * 1.001
    status, made = verdict(recipe(epsilon, weaker=10))
    assert status == "fail"
    assert made.ratio < 0.15
    status, made = verdict(recipe(epsilon, plan=Plan(Plan.of(epsilon, DELTA).total / 10)))
    assert status == "fail"
    assert made.epsilon > 2 * epsilon


def test_the_recipe_trains_on_one_row_a_patient():
    rng = np.random.default_rng(1)
    X, label = rng.uniform(0, 1, (60, 5)), rng.integers(0, 2, 60).astype(float)
    target = Target("binary", label, label >= 0, label, label.astype(int))
    seen = []

    class Watched(PrivateGlassBox):
        def run(self, X, y):
            seen.append(len(X))
            return super().run(X, y)

    trainer = Watched(
        NAMES, [even(0.0, 1.0)] * 5, Plan.of(3.0, DELTA), Recipe.of(3.0), draw=draw(1)
    )
    scorer = trainer(X, target, np.repeat(np.arange(30), 2))
    assert seen == [30]
    assert scorer(X).shape == (60,)


TASK = """
name: t
kind: binary
index: {of: a, event: first}
code_sets: {a: [X//1], b: [X//2]}
outcome: {of: b}
time_at_risk: {start_days: 0, end_days: 365}
features: {only: [X//1], windows: [full], aggregates: [count]}
"""


def test_the_recipe_of_a_stored_model_is_made_from_task_and_claim():
    made = private_trainer(Task.parse(TASK), ("age_years", "X//1/full/count"), 3.0, DELTA)
    assert [grid is not None for grid in made.grids] == [True, True]
    assert made.plan == Plan.of(3.0, DELTA)


def test_a_claim_is_read_from_words_and_numbers():
    words = "Differentially private: epsilon 2.5 at delta 1e-06 for adding one patient"
    assert claim_of({"privacy": words}) == Claim(2.5, 1e-6)
    assert claim_of({}, {"privacy": {"epsilon": 3, "delta": 1e-5}}) == Claim(3.0, 1e-5)
    assert claim_of({"privacy": "none"}, {"privacy": None}) is None
