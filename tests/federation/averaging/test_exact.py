"""Heads from exact sums are the pooled optimum; plain averaging of weights is not."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nof1.core.errors import ModelError
from nof1.federation.averaging import exact
from nof1.federation.averaging.averages import Course, average
from nof1.federation.averaging.exact import Question, solve
from nof1.federation.averaging.joint import Joint

DECAY = 0.01


def question(rows, at=None, kinds=0):
    """The question of one site (all rows without ``at``) on standardised features."""
    x = (rows.features[0] - 2) / 1.4
    mine = np.ones(len(x), bool) if at is None else rows.site == at
    y = np.maximum(rows.values, 0).astype(float)
    known = (rows.values[:, 0] >= 0).astype(float)
    if kinds:
        kind = (rows.features[0, :, 0] > 1.2).astype(int) + (rows.features[0, :, 1] > 2)
        y = np.eye(kinds)[kind]
        known = np.ones(len(x))
    return Question(np.clip(x[mine], -10, 10), y[mine], known[mine])


@pytest.fixture(scope="module")
def optimum(rows):
    """Weights and constant of scikit-learn 1.9.1's logistic regression on all rows together."""
    asked = question(rows)
    seen = asked.known > 0
    made = LogisticRegression(C=1 / (DECAY * seen.sum()), tol=1e-12, max_iter=5000)
    made.fit(asked.x[seen], asked.y[seen, 0])
    return np.append(made.coef_[0], made.intercept_)


def test_the_federated_head_is_the_pooled_optimum(rows, together, optimum):
    made = together(lambda joint, at: solve([question(rows, at)], DECAY, joint)[0])
    for beta in made.values():
        assert np.array_equal(beta, made["north"])
        # the constant carries a penalty of 1e-6, scikit-learn's none
        assert beta[0] == pytest.approx(optimum, abs=1e-5)


def test_it_equals_one_site_with_all_rows_to_a_millionth(rows, together):
    made = together(lambda joint, at: solve([question(rows, at)], DECAY, joint)[0])
    alone = solve([question(rows)], DECAY, Joint(True))[0]
    assert made["north"] == pytest.approx(alone, abs=1e-6)


def test_kinds_are_the_pooled_softmax(rows, together):
    made = together(lambda joint, at: solve([question(rows, at, 3)], DECAY, joint)[0])
    asked = question(rows, kinds=3)
    known = LogisticRegression(C=1 / (DECAY * len(asked.x)), tol=1e-12, max_iter=5000)
    known.fit(asked.x, asked.y.argmax(axis=1))
    logits = asked.x @ made["west"][:, :-1].T + made["west"][:, -1]
    risk = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert risk == pytest.approx(known.predict_proba(asked.x), abs=1e-4)


def stepped(asked, steps, rate):
    """Local gradient steps on the mean penalised loss of a site's own rows."""

    def step(weights, number):
        beta = weights.reshape(asked.shape)
        for _ in range(steps):
            slope = asked.parts(beta)[1] / exact.FINER / asked.known.sum()
            held = np.full(beta.shape, DECAY)
            held[:, -1] = exact.FREE
            beta = beta - rate * (slope + held * beta)
        return beta.ravel()

    return step


def averaged(rows, together, steps, rate):
    def one(joint, at):
        asked = question(rows, at)
        return average(
            np.zeros(13),
            stepped(asked, steps, rate),
            lambda weights: (asked.loss(weights.reshape(asked.shape)), float(asked.known.sum())),
            int(asked.known.sum()),
            Course(rounds=300, patience=300, bound=10.0),
            joint,
        )

    return together(one)["north"].weights


def test_one_local_step_a_round_is_pooled_descent_and_many_steps_are_not(rows, together, optimum):
    pooled = averaged(rows, together, steps=1, rate=0.5)
    drifted = averaged(rows, together, steps=25, rate=0.5)
    assert np.abs(pooled - optimum).max() < 2e-3  # the same way, only slower than Newton's
    assert np.abs(drifted - optimum).max() > 0.05  # sites unlike each other pull it off


def test_a_gradient_that_no_rows_have_is_refused(rows, together):
    class Poisoned(Question):
        def parts(self, beta):
            loss, gradient, curve = super().parts(beta)
            return loss, 1e6 * gradient, curve

    def one(joint, at):
        asked = question(rows, at)
        made = Poisoned(asked.x, asked.y, asked.known) if at == 2 else asked
        return solve([made], DECAY, joint)

    with pytest.raises(ModelError, match="out of bounds"):
        together(one)


def test_sums_that_contradict_each_other_end_the_training(rows, together):
    class Turned(Question):
        def parts(self, beta):
            loss, gradient, curve = super().parts(beta)
            return loss, -3 * gradient, curve

    def one(joint, at):
        asked = question(rows, at)
        made = Turned(asked.x, asked.y, asked.known) if at == 0 else asked
        return solve([made], DECAY, joint)

    with pytest.raises(ModelError, match="contradict"):
        together(one)


def test_a_head_that_is_too_wide_is_refused_before_anything_is_sent():
    wide = Question(np.zeros((4, exact.MOST_NUMBERS)), np.zeros((4, 1)), np.ones(4))
    joint = Joint(True)
    with pytest.raises(ModelError, match="too large for exact sums"):
        solve([wide], DECAY, joint)
    assert joint.total.rounds == 0


def test_loss_gradient_and_curvature_are_those_of_small_differences(rows):
    for kinds in (0, 3):
        asked = question(rows, 1, kinds)
        beta = np.random.default_rng(3).normal(0, 0.3, asked.shape)
        _, gradient, upper = asked.parts(beta)
        for place in range(0, beta.size, 5):
            small = np.zeros(beta.size)
            small[place] = 1e-5
            ahead, back = (beta + s * small.reshape(beta.shape) for s in (1, -1))
            slope = (asked.loss(ahead) - asked.loss(back)) / 2e-5
            assert gradient.ravel()[place] / exact.FINER == pytest.approx(slope, abs=1e-4)
            bend = (asked.parts(ahead)[1] - asked.parts(back)[1]).ravel() / 2e-5 / exact.FINER
            square = np.zeros((beta.size,) * 2)
            square[np.triu_indices(beta.size)] = upper
            assert square[place, place:] == pytest.approx(bend[place:], abs=1e-3)
