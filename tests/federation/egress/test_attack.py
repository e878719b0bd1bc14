"""The attacks on trainers whose leakage is known: none, a little, everything."""

import numpy as np
import pytest

from nof1.federation.egress import attack
from nof1.federation.egress.trainer import Target

N = 400


def target(rng, n=N):
    label = rng.integers(0, 2, n).astype(float)
    return Target("binary", label, np.ones(n, bool), np.zeros(n), label.astype(int))


def memoriser(strength):
    """A trainer whose model knows its own rows by their first column."""

    def train(X, outcome, keys):
        inside = dict(zip(X[:, 0], 2 * outcome.label - 1, strict=True))

        def scorer(rows):
            # rows differ in how easy they are, as patients do
            return rows[:, 1] + np.array([strength * inside.get(x, 0.0) for x in rows[:, 0]])

        return scorer

    return train


def played(strength, pairs=4):
    rng = np.random.default_rng(2)
    X, outcome = rng.normal(size=(N, 3)), target(rng)
    found = attack.references(memoriser(strength), X, outcome, np.arange(N), pairs=pairs, seed=1)
    return found, attack.by_recipe(found, outcome.known, np.arange(N)), outcome


def test_each_patient_is_inside_exactly_one_of_each_pair():
    found, _, outcome = played(0.0)
    assert (found.inside[0::2] ^ found.inside[1::2]).all()
    cases = found.inside[:, outcome.label == 1].sum(axis=1)
    assert np.ptp(cases) <= 1


def test_a_model_that_forgets_gives_chance():
    _, made, _ = played(0.0)
    for one in made:
        assert one.auc.contains(0.5)
        assert one.verdict == "pass"


def test_a_model_that_knows_everybody_is_caught_by_both():
    _, (loss, ratio), _ = played(8.0)
    assert loss.verdict == ratio.verdict == "fail"
    assert ratio.auc.value > 0.99
    assert ratio.hits.value > 0.9


def test_the_likelihood_ratio_sees_what_the_loss_hides():
    _, (loss, ratio), _ = played(0.5)
    assert ratio.auc.value > 0.95 > loss.auc.value


def test_rows_of_one_patient_are_on_one_side():
    rng = np.random.default_rng(4)
    patients = np.repeat(np.arange(N // 2), 2)
    found = attack.references(
        memoriser(1.0), rng.normal(size=(N, 3)), target(rng), patients, pairs=2, seed=1
    )
    assert (found.inside[:, 0::2] == found.inside[:, 1::2]).all()


def test_the_file_is_attacked_through_models_that_lack_a_fold():
    found, _, outcome = played(1.0)
    rng, easy = np.random.default_rng(3), attack.usual(found)
    known, who = outcome.known, np.arange(N)
    inside = np.arange(N) % 5 != np.arange(5)[:, None]

    def verdicts(memory, stored):
        scores = easy + rng.normal(0, 0.3, (5, N)) + memory * inside
        own = scores.mean(axis=0) + rng.normal(0, 0.3, N) + stored
        folds = attack.References(scores, inside)
        return [one.verdict for one in attack.on_file(own, folds, easy, known, who)]

    assert verdicts(memory=0.0, stored=0.0) == ["pass", "pass", "pass"]
    assert verdicts(memory=2.0, stored=0.0)[1] == "fail"
    assert verdicts(memory=0.0, stored=2.0)[2] == "fail"


@pytest.mark.parametrize(("value", "high", "verdict"), [
    (0.55, 0.60, "pass"), (0.55, 0.61, "attention"), (0.61, 0.70, "fail"),
])  # fmt: skip
def test_the_limit(value, high, verdict):
    figure = attack.Figure(value, 0.5, high)
    assert attack.Attack("x", figure, figure).verdict == verdict
