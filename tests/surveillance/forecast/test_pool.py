"""The pool: fixed values without a past, planted good members and widths, places left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from nof1.surveillance import scores
from nof1.surveillance.forecast import pool
from nof1.surveillance.forecast.pool import PRIOR, Mix, Past, pooled, tune, widened
from nof1.surveillance.scores import LEVELS

NAMES = ("trees", "deep", "classic")
Z = norm.ppf(LEVELS)


def weeks(count, offsets, spread=1.0, claimed=1.0, places=40, seed=0):
    """Past weeks: truths scattered by ``spread`` around what a member without offset said."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        middle = rng.uniform(2, 8, (places, 2))
        members = {
            name: (middle + offset)[..., None] + claimed * Z for name, offset in offsets.items()
        }
        made.append(Past(members, middle + spread * rng.normal(size=(places, 2))))
    return made


def test_the_fixed_weights_sum_to_one_and_hold_without_a_past():
    assert sum(PRIOR.values()) == pytest.approx(1.0)
    mix = tune([], tuple(PRIOR))
    assert mix.weights == pytest.approx(PRIOR)
    assert (mix.width, mix.weeks) == (1.0, 0)


def test_members_that_are_missing_leave_their_share():
    mix = tune([], ("trees", "classic"))
    assert mix.weights == pytest.approx({"trees": 0.75, "classic": 0.25})


def test_a_past_in_which_nothing_came_yet_is_no_past():
    past = weeks(3, dict.fromkeys(NAMES, 0.0))
    unknown = [Past(one.members, np.full_like(one.came, np.nan)) for one in past]
    assert tune(unknown, NAMES).weeks == 0
    assert tune(unknown, NAMES).weights == tune([], NAMES).weights


def test_a_past_without_one_of_the_members_is_no_evidence():
    past = weeks(3, {"trees": 0.0, "deep": 0.0})
    assert tune(past, NAMES).weeks == 0
    assert tune(past, ("trees", "deep")).weeks == 3


@pytest.mark.parametrize("good", NAMES)
def test_a_planted_good_member_gains_and_more_weeks_say_it_louder(good):
    offsets = {name: 0.0 if name == good else 3.0 for name in NAMES}
    fixed = tune([], NAMES).weights[good]
    few, many = tune(weeks(2, offsets), NAMES), tune(weeks(12, offsets), NAMES)
    assert fixed < few.weights[good] < many.weights[good]
    assert sum(many.weights.values()) == pytest.approx(1.0)


def test_equal_members_keep_their_weights():
    mix = tune(weeks(8, dict.fromkeys(NAMES, 0.0)), NAMES)
    assert mix.weights == pytest.approx(tune([], NAMES).weights, abs=0.02)
    assert mix.width == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("claimed", "low", "high"), [(0.4, 1.3, 2.0), (2.5, 0.6, 0.85)])
def test_a_past_that_was_too_narrow_or_too_wide_is_corrected(claimed, low, high):
    mix = tune(weeks(10, dict.fromkeys(NAMES, 0.0), claimed=claimed), NAMES)
    assert low < mix.width < high


def test_the_width_has_limits():
    narrow = tune(weeks(12, dict.fromkeys(NAMES, 0.0), claimed=0.001), NAMES)
    assert pool.NARROWEST <= narrow.width <= pool.WIDEST


def test_only_the_newest_twelve_weeks_count():
    recent = weeks(12, {"trees": 0.0, "deep": 2.0, "classic": 2.0})
    old = weeks(5, {"trees": 9.0, "deep": 0.0, "classic": 0.0}, seed=9)
    assert tune([*old, *recent], NAMES) == tune(recent, NAMES)


def test_perfect_and_certain_pasts_do_not_break_it():
    flat = {name: np.zeros((3, 2, 23)) for name in NAMES}
    mix = tune([Past(flat, np.zeros((3, 2)))] * 4, NAMES)
    assert np.isfinite([mix.width, *mix.weights.values()]).all()
    assert mix.width == pytest.approx(1.0, abs=1e-3)


def test_a_past_with_almost_no_misses_does_not_overflow():
    members = {name: np.full((3, 2, 23), 0.3 * i) for i, name in enumerate(NAMES)}
    for size in (1e-3, 1e-6, 1e-9):
        near = {name: 5 + size * one for name, one in members.items()}
        with np.errstate(all="raise", under="ignore"):
            mix = tune([Past(near, np.full((3, 2), 5 + size * 0.6))] * 4, NAMES)
        assert max(mix.weights, key=mix.weights.get) in ("deep", "classic")
        assert sum(mix.weights.values()) == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_weights_are_shares_whatever_came(seed, count):
    rng = np.random.default_rng(seed)
    offsets = dict(zip(NAMES, rng.normal(0, 3, 3), strict=True))
    mix = tune(weeks(count, offsets, places=4, claimed=rng.uniform(0.1, 4), seed=seed), NAMES)
    assert sum(mix.weights.values()) == pytest.approx(1.0)
    assert min(mix.weights.values()) >= 0
    assert pool.NARROWEST <= mix.width <= pool.WIDEST


def test_no_member_is_no_mix():
    assert tune(weeks(2, dict.fromkeys(NAMES, 0.0)), ()) == Mix({}, 1.0, 0)


def test_one_member_alone_is_returned():
    made = weeks(1, {"deep": 0.0})[0].members
    assert pooled(made, Mix({"deep": 1.0}, 1.0, 0)) == pytest.approx(made["deep"])
    assert pooled(made, Mix({"deep": 0.2, "trees": 0.8}, 1.0, 0)) == pytest.approx(made["deep"])


def test_quantiles_are_averaged_level_by_level():
    low, high = np.zeros((1, 1, 23)) + Z, np.full((1, 1, 23), 10.0) + Z
    made = pooled({"trees": low, "deep": high}, Mix({"trees": 0.25, "deep": 0.75}, 1.0, 0))
    assert made[0, 0] == pytest.approx(7.5 + Z)
    wide = pooled({"trees": low, "deep": high}, Mix({"trees": 0.25, "deep": 0.75}, 2.0, 0))
    assert wide[0, 0] == pytest.approx(7.5 + 2 * Z)


def test_a_member_without_an_answer_leaves_its_weight_there():
    low, high = np.zeros((2, 1, 23)), np.full((2, 1, 23), 10.0)
    low[1] = np.nan
    made = pooled({"trees": low, "deep": high}, Mix({"trees": 0.5, "deep": 0.5}, 1.0, 0))
    assert made[:, 0, 0].tolist() == [5.0, 10.0]
    high[1] = np.nan
    silent = pooled({"trees": low, "deep": high}, Mix({"trees": 0.5, "deep": 0.5}, 1.0, 0))
    assert np.isnan(silent[1]).all()
    assert np.isfinite(silent[0]).all()


def test_members_without_a_weight_say_nothing():
    made = pooled({"trees": np.zeros((2, 1, 23))}, Mix({"deep": 1.0}, 1.0, 0))
    assert np.isnan(made).all()


def test_widening_keeps_the_median_and_the_order():
    made = widened(3 + Z, 1.7)
    assert made[11] == pytest.approx(3.0)
    assert made[0] == pytest.approx(3 + 1.7 * Z[0])
    assert (np.diff(made) > 0).all()


def test_the_loss_is_half_of_the_weighted_interval_score():
    rng = np.random.default_rng(4)
    came, made = rng.normal(size=50), np.sort(rng.normal(size=(50, 23)), axis=1)
    assert 2 * pool.pinball(came, made) == pytest.approx(scores.wis(came, made).total, rel=1e-12)
