"""The bank of epidemics: conservation, a planted curve found again, silence out of season."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nof1.surveillance.forecast import season, seir
from nof1.surveillance.forecast.scaled import scaled
from nof1.surveillance.series import calendar
from wave_samples import waves

STEPS = 4
BANK = seir.bank(curves=400)


def epidemic(curve, newest, factor=3.0):
    """Places whose roots are one curve of the bank, as known in a week of the season 2023."""
    dates = calendar(date(2023, 8, 5), newest)
    weeks = season.weeks(dates)
    roots = np.zeros((len(dates), 4))
    inside = weeks >= BANK.first
    roots[inside] = factor * BANK.roots[curve, : inside.sum()][:, None]
    panel = replace(waves(), dates=dates, values=np.ones((len(dates), 4)), known_on=newest)
    peak = factor * BANK.roots[curve].max()
    one = scaled(waves())
    return replace(one, panel=panel, roots=roots, scale=np.full(4, peak))


def test_no_more_people_fall_ill_than_are_susceptible():
    ill = (BANK.roots**4).sum(axis=1)
    assert BANK.roots.shape == (400, seir.WEEKS)
    assert (ill <= seir.BETWEEN["susceptible"][1]).all()
    assert (BANK.roots > 0).all()
    assert np.median(ill) > 0.05  # and most of the curves are epidemics


def test_the_bank_is_the_same_each_time():
    assert np.array_equal(BANK.roots, seir.bank(curves=400).roots)
    assert not np.array_equal(BANK.roots, seir.bank(curves=400, seed=1).roots)


def test_the_holidays_and_the_winter_move_transmission():
    drawn = {"forcing": np.array([0.2]), "holiday": np.array([0.8])}
    usual, holiday = seir._forcing(170, drawn), seir._forcing(150, drawn)
    assert usual == pytest.approx(1.2)
    assert holiday < 0.8 * 1.2 + 1e-9
    assert seir._forcing(170 + 183, drawn) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize("newest", [date(2023, 12, 16), date(2024, 1, 20)])
def test_a_curve_of_the_bank_goes_on_as_it_did(newest):
    peaks = BANK.roots.argmax(axis=1)
    curve = int(np.flatnonzero((peaks > 16) & (peaks < 24) & (BANK.roots.max(axis=1) > 0.3))[0])
    now = epidemic(curve, newest)
    made = seir.quantiles(now, STEPS, BANK)
    row = int(season.weeks(now.panel.dates[-1:])[0]) - BANK.first
    came = 3.0 * BANK.roots[curve, row + 1 : row + 1 + STEPS]
    assert made.shape == (4, STEPS, 23)
    assert made[0, :, 11] == pytest.approx(came, abs=0.12 * now.scale[0])
    assert ((made[0, :, 1] < came) & (came < made[0, :, 21])).all()
    assert np.array_equal(made[0], made[3])  # the same seen weeks, the same answer
    assert (np.diff(made, axis=-1) >= 0).all()
    width = made[0, :, 21] - made[0, :, 1]
    assert (np.diff(width) > 0).all()


@pytest.mark.parametrize("newest", [date(2023, 9, 30), date(2024, 7, 6)])
def test_out_of_season_it_is_silent(newest):
    assert np.isnan(seir.quantiles(epidemic(0, newest), STEPS, BANK)).all()


def test_a_gap_in_the_last_six_weeks_is_silence_in_that_place_only():
    now = epidemic(0, date(2023, 12, 16))
    now.roots[-6, 1] = np.nan
    now.roots[-7, 2] = np.nan
    made = seir.quantiles(now, STEPS, BANK)
    assert np.isnan(made).all(axis=(1, 2)).tolist() == [False, True, False, False]


def test_weighted_quantiles():
    values = np.random.default_rng(0).permutation(np.arange(2001.0))
    equal = seir._weighted(values, np.ones(2001))
    assert equal == pytest.approx(np.quantile(values, seir.LEVELS), abs=1.0)
    half = seir._weighted(values, np.where(values < 1000, 1.0, 0.0))
    assert half[[0, 11]] == pytest.approx([9.5, 499.5], abs=1.0)
    assert half.max() < 1000
