"""Averaging: weights, early stop, clipping, and what a poisoned update meets."""

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.federation.averaging.averages import Course, average, clipped, length

COURSE = Course(rounds=30, patience=4, bound=2.0)


def towards(aim):
    """A site whose steps halve the way to its own aim."""
    return lambda weights, number: weights + 0.5 * (np.asarray(aim) - weights)


def judge(aim, rows=1.0):
    return lambda weights: (rows * float(((weights - aim) ** 2).sum()), rows)


def go(together, steps, rows=(10, 10, 20), aim=(1.0, 1.0), course=COURSE):
    def one(joint, at):
        return average(np.zeros(2), steps[at], judge(aim), rows[at], course, joint)

    return together(one)


def test_the_average_is_weighted_by_rows_and_the_same_at_all_sites(together):
    steps = [towards((3.0, 0.0)), towards((1.0, 0.0)), towards((0.0, 2.0))]
    made = go(together, steps, course=Course(rounds=1, patience=9, bound=9.0))
    for one in made.values():
        # (10 * 1.5 + 10 * 0.5) / 40 and 20 * 1 / 40
        assert one.weights == pytest.approx([0.5, 0.5], abs=1e-6)
        assert one.rows == 40
        assert np.array_equal(one.weights, made["north"].weights)


def test_it_stops_when_the_summed_validation_loss_rises_and_keeps_the_best(together):
    steps = [lambda weights, number: weights + 0.3] * 3
    made = go(together, steps)["south"]
    assert made.best == 3
    assert len(made.losses) == 1 + 3 + COURSE.patience
    assert made.weights == pytest.approx([0.9, 0.9], abs=1e-6)
    assert made.losses[made.best] == min(made.losses)


def test_a_site_without_rows_joins_without_being_counted(together):
    steps = [towards((2.0, 2.0)), towards((2.0, 2.0)), towards((-99.0, -99.0))]
    made = go(together, steps, rows=(5, 5, 0), aim=(2.0, 2.0))["west"]
    assert made.weights == pytest.approx([2.0, 2.0], abs=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_no_number_never_leaves_the_site(together, value):
    steps = [towards((1.0, 1.0)), towards((1.0, 1.0)), lambda weights, number: weights + value]
    with pytest.raises(ModelError, match="astray at this site"):
        go(together, steps)


def test_an_honest_site_cuts_its_own_update_of_a_million(together):
    steps = [towards((1.0, 1.0))] * 2 + [lambda weights, number: weights + 1e6]
    made = go(together, steps, course=Course(rounds=1, patience=9, bound=2.0))["north"]
    assert length(made.weights) <= 2.0 + 1e-6


def test_a_site_that_does_not_cut_is_seen_by_all(together, monkeypatch):
    """A hostile site's code sends its change times a million as it is."""
    steps = [towards((1.0, 1.0))] * 3

    def one(joint, at):
        if at == 2:
            honest = joint.sums

            def poisoned(*arrays):
                grown = [1e6 * one if one.shape == (2,) and len(arrays) == 2 else one
                         for one in arrays]  # fmt: skip
                return honest(*grown)

            joint.sums = poisoned
        return average(np.zeros(2), steps[at], judge((1.0, 1.0)), 10, COURSE, joint)

    with pytest.raises(ModelError, match="out of bounds") as told:
        together(one)
    assert "compare the sites" in told.value.next_step


def test_a_site_that_claims_more_rows_than_at_the_start_is_seen(together):
    def one(joint, at):
        if at == 1:
            honest = joint.sums

            def heavier(*arrays):
                last = arrays[-1]
                return honest(*arrays[:-1], 5 * last if len(arrays) == 2 else last)

            joint.sums = heavier
        return average(np.zeros(2), towards((1.0, 1.0)), judge((1.0, 1.0)), 10, COURSE, joint)

    with pytest.raises(ModelError, match="out of bounds"):
        together(one)


def test_nobody_with_rows_is_said():
    from nof1.federation.averaging.joint import Joint

    with pytest.raises(ModelError, match="No site has rows to train on"):
        average(np.zeros(2), towards((1, 1)), judge((1, 1)), 0, COURSE, Joint(True))
    with pytest.raises(ModelError, match="No site has rows for validation"):
        average(np.zeros(2), towards((1, 1)), judge((1, 1), 0.0), 5, COURSE, Joint(True))


def test_clipping_keeps_the_direction():
    short = clipped(np.array([3.0, 4.0]), 10.0)
    assert short == pytest.approx([3.0, 4.0])
    assert clipped(np.array([30.0, 40.0]), 10.0) == pytest.approx([6.0, 8.0])
