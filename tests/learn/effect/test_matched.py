"""Concordance of matched pairs, against pairs that are counted one by one."""

from itertools import combinations

import numpy as np
import pytest

from effect_samples import NAMES, drawn
from nof1.learn.effect.arms import Arms
from nof1.learn.effect.matched import c_for_benefit, concordance
from nof1.learn.sums import federate

SETTINGS = {"harm": True, "resamples": 60, "seed": 1, "level": 0.95}


def trial(n=3000, seed=0, gain=1.0):
    """A randomised trial: half of the people get the option, whoever they are."""
    people = drawn(n, seed, gain=gain)
    rng = np.random.default_rng(seed + 9)
    treated = (rng.random(n) < 0.5).astype(float)
    risk = np.where(treated == 1, people.risks[:, 1], people.risks[:, 0])
    y = (rng.random(n) < risk).astype(float)
    return people, Arms.of(people.X, treated, y, names=NAMES, keys=np.arange(n))


def counted(groups):
    """Every pair of one treated and one not, of each group; then every two pairs of two groups."""
    right = wrong = 0.0
    for low, high in combinations(groups, 2):
        gains = [[base - other for base in one[0] for other in one[1]] for one in (low, high)]
        weight = (len(low[0]) + len(low[1])) * (len(high[0]) + len(high[1]))
        weight /= len(gains[0]) * len(gains[1])
        right += weight * sum(a < b for a in gains[0] for b in gains[1])
        wrong += weight * sum(a > b for a in gains[0] for b in gains[1])
    return right / (right + wrong)


def test_it_is_the_share_of_concordant_pairs_counted_one_by_one():
    rng = np.random.default_rng(2)
    groups = [
        (rng.integers(0, 2, size).tolist(), rng.integers(0, 2, size + 1).tolist())
        for size in (3, 4, 2, 5)
    ]  # (outcomes of comparators, of the treated), by rising predicted benefit
    mass = np.array([[len(one[arm]) for one in groups] for arm in (0, 1)], dtype=float)
    events = np.array([[sum(one[arm]) for one in groups] for arm in (0, 1)], dtype=float)
    assert concordance(mass, events, harm=True) == pytest.approx(counted(groups))
    assert concordance(mass, events, harm=False) == pytest.approx(1 - counted(groups))


def test_a_group_without_one_of_the_options_has_no_pair():
    mass = np.array([[4.0, 0.0, 4.0], [4.0, 9.0, 4.0]])
    events = np.array([[1.0, 0.0, 3.0], [2.0, 9.0, 1.0]])
    kept = concordance(mass[:, [0, 2]], events[:, [0, 2]], harm=True)
    assert concordance(mass, events, harm=True) == kept
    assert np.isnan(concordance(mass[:, :1], events[:, :1], harm=True))


def test_true_differences_are_seen_and_their_reverse_is_as_far_below_a_half():
    people, arms = trial()
    half = np.full(3000, 0.5)
    found = c_for_benefit(-people.effect, arms, half, np.ones(3000), **SETTINGS)
    assert found.lies_above(0.5)
    back = c_for_benefit(people.effect, arms, half, np.ones(3000), **SETTINGS)
    assert back.value == pytest.approx(1 - found.value, abs=0.02)


def test_an_order_without_meaning_is_a_half():
    _, arms = trial(gain=0.0)
    nonsense = np.random.default_rng(5).normal(size=3000)
    found = c_for_benefit(nonsense, arms, np.full(3000, 0.5), np.ones(3000), **SETTINGS)
    assert found.contains(0.5)


def test_who_was_given_the_option_does_not_make_the_benefit():
    # The same prediction in a trial and in care where age decides: near each other when weighted.
    people, arms = trial(n=12_000)
    observed = people.arms(keys=np.arange(12_000))
    rows = np.ones(12_000)
    fair = c_for_benefit(-people.effect, arms, np.full(12_000, 0.5), rows, **SETTINGS)
    weighted = c_for_benefit(-people.effect, observed, people.propensity, rows, **SETTINGS)
    assert weighted.value == pytest.approx(fair.value, abs=0.03)


def test_three_sites_find_what_one_finds():
    people, arms = trial(n=1500)
    rows, half = np.ones(1500), np.full(1500, 0.5)
    whole = c_for_benefit(-people.effect, arms, half, rows, **SETTINGS)
    own = [np.arange(1500) % 3 == k for k in range(3)]
    sites = [
        lambda total, k=k: c_for_benefit(
            -people.effect[k], arms.at(k), half[k], rows[k], total=total, **SETTINGS
        )
        for k in own
    ]
    for one in federate(sites, fixed_point=True):
        assert one.value == pytest.approx(whole.value, abs=1e-6)
        assert one.low == pytest.approx(whole.low, abs=1e-6)


def test_a_number_has_no_such_pairs():
    people = drawn(200)
    arms = Arms.of(people.X, people.treated, people.y * 10, names=NAMES, binary=False)
    found = c_for_benefit(people.effect, arms, people.propensity, np.ones(200), **SETTINGS)
    assert found.value is None
    assert "yes/no" in found.note
