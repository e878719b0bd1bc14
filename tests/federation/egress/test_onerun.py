"""The one-run audit: the paper's bound, its error rate, and the bug that it must catch."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from nof1.core.errors import UsageError
from nof1.federation.egress import audited, onerun
from nof1.federation.egress.subject import Claim
from nof1.federation.egress.trainer import Target


def slow_p_value(m, r, v, epsilon, delta):
    """The theorem, term by term."""
    chance = math.exp(epsilon) / (1 + math.exp(epsilon))

    def reached(k):
        return sum(binom.pmf(x, r, chance) for x in range(max(k, 0), r + 1))

    steepest = max([(reached(v - i) - reached(v)) / i for i in range(1, v + 1)], default=0.0)
    return min(1.0, reached(v) + 2 * m * delta * steepest)


@pytest.mark.parametrize("delta", [0.0, 1e-5, 1e-3])
@pytest.mark.parametrize(("m", "r", "v"), [(50, 20, 20), (50, 20, 15), (80, 60, 41), (10, 4, 0)])
def test_the_bound_is_the_theorem(m, r, v, delta):
    for epsilon in (0.0, 0.7, 2.5):
        wanted = slow_p_value(m, r, v, epsilon, delta)
        assert onerun.p_value(m, r, v, epsilon, delta) == pytest.approx(wanted, abs=1e-9)


def test_all_guesses_right_show_what_the_number_of_guesses_allows():
    # chance^100 = .05, so epsilon = log(q / (1 - q)) with q = .05^(1/100)
    q = 0.05 ** (1 / 100)
    assert onerun.lower_bound(100, 100, 100, 0.0) == pytest.approx(math.log(q / (1 - q)), abs=1e-6)
    assert onerun.lower_bound(1000, 100, 100, 1e-4) < onerun.lower_bound(1000, 100, 100, 0.0)
    assert onerun.lower_bound(100, 100, 55, 0.0) == 0.0


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(UsageError):
        onerun.p_value(10, 20, 5, 1.0, 0.0)


def test_randomised_response_is_refuted_as_often_as_the_confidence_allows():
    rng, epsilon, refuted = np.random.default_rng(7), 1.0, 0
    for _ in range(120):
        coins = rng.integers(0, 2, 200) == 1
        told = rng.random(200) < math.exp(epsilon) / (1 + math.exp(epsilon))
        score = np.where(told, coins, ~coins) + rng.uniform(0, 0.1, 200)
        refuted += onerun.judged(score, coins, 0.0).lower > epsilon
    assert refuted <= 120 * 0.05


def noisy(epsilon, delta, weaker=1.0):
    """Noised sums of outcomes in bins, added up: a private recipe whose noise may be too small.

    One patient changes each of 200 sums by one at most. Gaussian noise by the classical bound
    (Dwork & Roth 2014, theorem A.1, for epsilon below 1).
    """
    width = 200
    sigma = math.sqrt(2 * math.log(1.25 / delta)) * math.sqrt(width) / epsilon / weaker

    def train(X, target, keys):
        bins = np.clip((X * 8).astype(int), 0, 7)
        rng = np.random.default_rng()
        table = np.zeros((width, 8))
        for j in range(width):
            np.add.at(table[j], bins[:, j], 2 * target.label - 1)
        table += rng.normal(0, sigma, table.shape)

        def scorer(rows):
            codes = np.clip((rows * 8).astype(int), 0, 7)
            return sum(table[j, codes[:, j]] for j in range(width))

        return scorer

    return train


def audit_of(trainer, seed, delta=1e-5):
    rng = np.random.default_rng(100 + seed)
    X, label = rng.uniform(0, 1, (1, 200)), np.zeros(1)
    rows, coin = rng.uniform(0, 1, (800, 200)), rng.integers(0, 2, 800).astype(float)

    def of(values):
        none = np.zeros(len(values))
        return Target("binary", values, none == 0, none, values.astype(int))

    return onerun.audit(
        trainer, X, of(label), np.array([1]), delta=delta, horizon_days=1.0, seed=seed,
        made=(rows, of(coin)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_right_noise_is_not_refuted_and_a_tenth_of_it_is(seed):
    claim = Claim(0.9, 1e-5)
    right = audited.judged(audit_of(noisy(0.9, 1e-5), seed), claim)
    tenth = audited.judged(audit_of(noisy(0.9, 1e-5, weaker=10), seed), claim)
    assert right.status == "pass", right.reason
    assert tenth.status == "fail", tenth.reason
    assert tenth.figures["epsilon_at_least"] > 0.9


def test_a_claim_that_the_audit_cannot_reach_is_not_called_kept():
    made = audit_of(noisy(0.9, 1e-5), 1)
    assert audited.judged(made, Claim(12.0, 1e-5)).status == "attention"
    assert audited.judged(made, None).status == "attention"


def test_canaries_are_nobody():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 30))
    label = np.zeros(500)
    target = Target("survival", label, label == 0, np.full(500, 9.0), label.astype(int))
    rows, outcome = onerun.canaries(X, target, 365.0, rng, 200)
    assert not (rows[:, None, :] == X[None, :, :]).all(axis=2).any()
    assert np.isin(rows[:, 3], X[:, 3]).all()
    assert (outcome.days > 0).all()
    assert set(outcome.cause) == {0, 1}
    assert (outcome.days[outcome.cause == 0] == 365).all()


def test_the_trainer_gets_the_patients_and_half_of_the_canaries_with_new_keys():
    seen = {}

    def train(X, target, keys):
        seen.update(rows=len(X), keys=keys, label=target.label)
        return lambda rows: np.zeros(len(rows))

    rng = np.random.default_rng(1)
    patients = np.arange(1, 301)
    label = rng.integers(0, 2, 300).astype(float)
    target = Target("binary", label, label >= 0, label, label.astype(int))
    made = onerun.audit(
        train, rng.normal(size=(300, 4)), target, patients, delta=1e-5, horizon_days=1, seed=3
    )
    assert made.canaries == 150
    assert 300 + 50 < seen["rows"] < 300 + 100
    assert len(set(seen["keys"].tolist())) == seen["rows"] == len(seen["label"])
