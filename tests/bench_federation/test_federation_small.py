import numpy as np
import pytest
from bench.federation_small import OutOfFold, blended, mixed, prefers_own, recalibrated, shifted


def seen(of_joint, of_own, level=0.0, n=4000):
    """Decisions of two models; the truth is a mix of them and a level."""
    rng = np.random.default_rng(4)
    joint, own = rng.normal(size=n), rng.normal(size=n)
    score = level + of_joint * joint + of_own * own
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    return OutOfFold(joint, own, y, np.ones(n), np.arange(n) % 5)


def test_the_mix_finds_what_each_model_is_worth():
    assert mixed(seen(0.6, 0.7, 0.4)) == pytest.approx([0.4, 0.6, 0.7], abs=0.12)


def test_a_joint_model_that_is_right_stays_as_it_is():
    found = seen(1.0, 0.0)
    assert mixed(found) == pytest.approx([0, 1, 0], abs=0.1)
    assert shifted(found) == pytest.approx(0, abs=0.1)
    assert not prefers_own(found)


def test_few_patients_leave_the_joint_model_alone():
    assert mixed(seen(0.0, 1.0, n=4))[1:] == pytest.approx([1, 0], abs=0.3)


def test_a_level_of_the_site_is_found():
    found = seen(1.0, 0.0, level=-0.8)
    assert shifted(found) == pytest.approx(-0.8, abs=0.1)
    assert recalibrated(found).intercept == pytest.approx(-0.8, abs=0.1)


def test_a_better_model_of_its_own_is_kept():
    assert prefers_own(seen(0.0, 1.0))


def test_rows_of_unknown_outcome_do_not_count():
    found = seen(1.0, 0.0, level=-0.8)
    rows = np.r_[np.ones(len(found.y)), np.zeros(500)]
    more = OutOfFold(
        np.r_[found.joint, np.full(500, 9.0)],
        np.r_[found.own, np.full(500, 9.0)],
        np.r_[found.y, np.zeros(500)],
        rows,
        np.r_[found.fold, np.arange(500) % 5],
    )
    assert shifted(more) == pytest.approx(shifted(found))
    assert mixed(more) == pytest.approx(mixed(found))


def test_a_blend_without_rows_to_speak_of_is_half_of_each():
    assert blended(seen(0.0, 1.0, n=4))[1:] == pytest.approx([0.5, 0.5], abs=0.3)


def test_a_blend_with_many_rows_finds_the_weights_too():
    assert blended(seen(0.6, 0.7, 0.4)) == pytest.approx([0.4, 0.6, 0.7], abs=0.12)
