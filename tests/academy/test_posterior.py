"""Posteriors of shares, differences, d' and c, each against another way to get it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nof1.academy.posterior import ENOUGH, bias, difference, discrimination, share

counts = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_a_share_is_the_beta_posterior(count):
    m, n = count
    made, beta = share(m, n), stats.beta(m + 0.5, n - m + 0.5)
    assert made.mean == pytest.approx(beta.mean())
    assert made.low == (0 if m == 0 else pytest.approx(beta.ppf(0.025)))
    assert made.high == (1 if m == n else pytest.approx(beta.ppf(0.975)))
    assert made.low <= made.mean <= made.high


def test_the_interval_holds_about_as_often_as_it_says():
    draw, n = np.random.default_rng(1), 15
    held = []
    for true in draw.uniform(0.05, 0.95, 1500):
        made = share(int(draw.binomial(n, true)), n)
        held.append(made.low <= true <= made.high)
    assert 0.93 < np.mean(held) < 0.975


def test_few_cases_are_never_put_into_words():
    assert share(ENOUGH - 1, ENOUGH - 1).text() == f"too few cases to say ({ENOUGH - 1} of 7)"
    assert share(2, ENOUGH).text().endswith("of 100 (2 of 8 cases)")
    assert not share(0, 0).enough


def test_d_prime_and_c_are_those_of_the_log_linear_rule():
    # Hautus 1995: add 0.5 to the counts and 1 to the numbers; 25 of 28 and 5 of 20 by hand.
    hit, alarm = 25.5 / 29, 5.5 / 21
    z = stats.norm.ppf
    assert discrimination(share(25, 28), share(5, 20)).value == pytest.approx(z(hit) - z(alarm))
    assert bias(share(25, 28), share(5, 20)).value == pytest.approx(-(z(hit) + z(alarm)) / 2)


def test_the_intervals_of_d_prime_are_those_of_many_draws():
    draw = np.random.default_rng(2)
    hit, alarm = (stats.beta(m + 0.5, n - m + 0.5).rvs(200_000, random_state=draw)
                  for m, n in ((25, 28), (5, 20)))  # fmt: skip
    drawn = stats.norm.ppf(hit) - stats.norm.ppf(alarm)
    made = discrimination(share(25, 28), share(5, 20))
    assert (made.low, made.high) == pytest.approx(
        tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.02
    )


def test_whoever_accepts_everything_leans_and_discriminates_nothing():
    everything = discrimination(share(24, 24), share(24, 24)), bias(share(24, 24), share(24, 24))
    assert everything[0].value == 0
    assert everything[1].high < 0
    assert bias(share(0, 24), share(0, 24)).low > 0


def test_without_right_or_wrong_cards_there_is_no_d_prime():
    assert discrimination(share(0, 0), share(3, 9)).value is None
    assert bias(share(3, 9), share(0, 0)).note


@given(counts, counts)
def test_a_difference_turns_around(a, b):
    one, other = difference(share(*a), share(*b)), difference(share(*b), share(*a))
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high, abs=1e-9)
    assert one.low <= one.value <= one.high
