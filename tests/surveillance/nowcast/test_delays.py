"""Shares against a slow chain ladder, and what must not disturb them."""

from datetime import timedelta

import numpy as np
from tests.surveillance.reports_samples import FIRST, SHARES, counted, epidemic, last_day

from nof1.surveillance.nowcast import delays
from nof1.surveillance.nowcast.delays import CELL, FADE, ROUNDS, factors, shares
from nof1.surveillance.nowcast.triangle import build, checked


def laid(reports, days=120, max_delay=7):
    as_of = last_day(days)
    return build(checked(reports, as_of), as_of, max_delay)


def slow_shares(new, weekdays, asked):
    """One unit, one day at a time, one cell at a time; all days usable from the first."""
    count = new.shape[1]
    came, base = np.zeros((7, count)), np.zeros((7, count))
    for day in range(asked + 1):
        came, base = came * FADE, base * FADE
        for delay in range(1, count):
            if day - delay >= 0:
                came[weekdays[day], delay] += new[day - delay, delay]
                base[weekdays[day], delay] += max(new[day - delay, :delay].sum(), 0)
    by_delay, by_day = [0.0] * count, [1.0] * 7
    for _ in range(ROUNDS):
        for d in range(1, count):
            below = sum(base[w, d] * by_day[w] for w in range(7))
            by_delay[d] = sum(came[w, d] for w in range(7)) / below if below else 0.0
        for w in range(7):
            expected = sum(base[w, d] * by_delay[d] for d in range(1, count))
            by_day[w] = (came[w, 1:].sum() + CELL) / (expected + CELL)
    cell = np.zeros((7, count))
    for w in range(7):
        for d in range(1, count):
            margin = by_delay[d] * by_day[w]
            cell[w, d] = margin * (came[w, d] + CELL) / (base[w, d] * margin + CELL)
    return cell, came, base


def test_one_unit_equals_the_slow_chain_ladder(monkeypatch):
    monkeypatch.setattr(delays, "UNIT", 1e12)  # a single unit has nobody to lean on
    made = laid(epidemic(90)[0], 90)
    asked = 80
    found = shares(
        made.new, np.ones((1, 90), bool), np.array([0]), made.weekdays, np.array([70, asked])
    )
    cell, _, _ = slow_shares(made.new[0], made.weekdays, asked)
    for h in range(8):
        expected = 1.0
        for d in range(h + 1, 8):
            expected *= 1 + cell[(made.weekdays[asked] - h + d) % 7, d]
        assert (
            found.complete[1, 0, h] == np.float64(1 / expected)
            or abs(found.complete[1, 0, h] - 1 / expected) < 1e-9
        )


def test_shares_are_near_the_true_ones_and_end_at_one():
    made = laid(epidemic(120, level=2000)[0])
    found = shares(made.new, np.ones((1, 120), bool), np.array([0]), made.weekdays, np.array([119]))
    assert np.abs(found.complete[0, 0] - SHARES.cumsum()).max() < 0.02
    assert found.complete[0, 0, -1] == 1
    assert (found.kept == 1).all()


def test_later_reports_change_no_share():
    reports, _ = epidemic(120)
    whole, cut = laid(reports), laid(reports, 100)
    asked = np.array([90, 99])
    first = shares(whole.new, np.ones((1, 120), bool), np.array([0]), whole.weekdays, asked)
    second = shares(cut.new, np.ones((1, 100), bool), np.array([0]), cut.weekdays, asked)
    assert np.array_equal(first.complete, second.complete)


def test_a_changed_delay_is_learnt():
    rng = np.random.default_rng(3)
    slowly = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 0.1])
    counts = [rng.multinomial(2000, SHARES if day < 90 else slowly) for day in range(160)]
    made = laid(counted(np.array(counts)), 160)
    found = shares(made.new, np.ones((1, 160), bool), np.array([0]), made.weekdays, np.array([159]))
    old, new = SHARES.cumsum(), slowly.cumsum()
    assert (np.abs(found.complete[0, 0] - new) <= np.abs(old - new) / 2 + 1e-9).all()


def test_corrections_lower_what_is_kept():
    counts = np.zeros((120, 8))
    counts[:, 0], counts[:, 3] = 100, -10
    made = laid(counted(counts))
    found = shares(made.new, np.ones((1, 120), bool), np.array([0]), made.weekdays, np.array([119]))
    assert np.allclose(found.kept[0, 0], [0.9, 0.9, 0.9, 1, 1, 1, 1, 1])
    assert found.complete[0, 0, 0] > 1.1  # more is there than will stay


def test_a_unit_with_few_reports_leans_on_all():
    came, base = np.zeros((2, 7, 3)), np.zeros((2, 7, 3))
    base[0, :, 1:], came[0, :, 1:] = 1000, 500
    base[1, 0, 1] = 2  # nothing came, but only one report was expected
    found = factors(came, base)
    assert np.allclose(found[0, :, 1:], 0.5, rtol=0.05)
    assert 0.4 < found[1, 0, 1] < 0.5


def test_reports_about_days_before_the_first_report_day_teach_nothing():
    reports, _ = epidemic(120)
    pile = counted(np.array([[0, 0, 0, 0, 0, 0, 0, 5000.0]]), first=FIRST - timedelta(days=7))
    import polars as pl

    made = laid(pl.concat([reports, pile]), 120)
    begins = np.array([7])
    usable = np.ones((1, len(made.dates)), bool)
    asked = np.array([len(made.dates) - 1])
    found = shares(made.new, usable, begins, made.weekdays, asked)
    alone = laid(reports)
    expected = shares(alone.new, usable[:, :120], np.array([0]), alone.weekdays, np.array([119]))
    assert np.allclose(found.complete, expected.complete)
