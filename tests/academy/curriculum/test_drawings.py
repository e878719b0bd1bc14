"""Drawings of lessons show what they say."""

import pytest

from nof1.academy.curriculum import drawings, sketches
from nof1.core.errors import UsageError


def test_a_tree_counts_the_people_of_the_lesson():
    made = drawings.make("tree", {"people": 1000, "ill": 20, "sensitivity": 90, "specificity": 91})
    assert made.description == "18 of the 106 people with an alert are ill; 2 are missed."


def test_odds_that_are_too_high_lie_below_the_line():
    rows = drawings.calibration("x", 1.6).table.rows
    assert all(observed < said for said, observed, *_ in rows)
    straight = drawings.calibration("x").table.rows
    assert all(observed == pytest.approx(said) for said, observed, *_ in straight)


def test_a_calibrated_score_is_never_worse_than_both_rivals():
    """A score that says the true risk is optimal at every threshold (Vickers & Elkin 2006)."""
    for _, model, _, _, everybody in drawings.decision(0.12, 1.5, "x").table.rows:
        assert model >= max(everybody, 0.0) - 1e-9


def test_intervals_miss_about_as_often_as_they_promise():
    missed = [
        sum(row[3] == "no" for row in drawings.intervals(20, 0.9, seed).table.rows)
        for seed in range(60)
    ]
    assert 1.4 <= sum(missed) / len(missed) <= 2.6


def test_small_towns_jump():
    rows = drawings.funnel(50, 22, 5).table.rows
    rates = [float(row[2]) for row in rows]
    assert max(rates[:6]) - min(rates[:6]) > 5 * (max(rates[-4:]) - min(rates[-4:]))


def test_the_set_that_stays():
    made = sketches.sets([{"who": "D", "ill": 0.05, "healthy": 0.02}], 0.1)
    assert made.description == "D: atypical."


def test_the_window_ends_on_day_0():
    made = sketches.window(10, 10, [{"day": 0, "words": "a"}, {"day": 1, "words": "b"}])
    assert [row[2] for row in made.table.rows] == ["yes", "no"]


def test_an_incomplete_week_has_an_estimate_and_a_complete_one_has_none():
    made = sketches.reported([10, 20, 30], [0.5], [32])
    assert "15 reported, estimated 30" in made.description


def test_an_unknown_drawing_is_refused():
    with pytest.raises(UsageError):
        drawings.make("no-such", {})
