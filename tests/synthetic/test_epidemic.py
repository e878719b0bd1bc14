"""The spatial SEIR chain: nobody is lost, the truth agrees with itself, seeds decide everything."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.synthetic import epidemic as chain
from nof1.synthetic.epidemic import Plan, serial_interval, simulate, telling_day

PLAN = Plan(seed=3, seasons=5)


@pytest.fixture(scope="module")
def truth():
    return simulate(PLAN)


def test_onsets_follow_infections_and_nobody_is_lost(truth):
    infections, onsets = truth.infections.cumsum(axis=0), truth.onsets.cumsum(axis=0)
    assert (onsets[1:] <= infections[:-1]).all()  # nobody falls ill on the day of infection
    assert (infections[-1] - onsets[-1]).sum() < 50  # in June nearly nobody is underway
    assert truth.seasons["infections"].sum() == truth.infections.sum()


def test_no_season_infects_more_than_were_susceptible(truth):
    for season, row in enumerate(truth.seasons.iter_rows(named=True)):
        start = (PLAN.season_start(season) - PLAN.first).days
        end = (PLAN.season_start(season + 1) - PLAN.first).days
        part = np.clip(row["susceptible"] * chain.SUSCEPTIBLE_BY_AGE, 0, 1)
        ages = truth.country.population[:, None] * chain.AGE_SHARES * part
        assert (truth.infections[start:end].sum(axis=0) <= ages + 1).all()


def test_waves_differ_and_come_in_winter(truth):
    peaks = truth.seasons["peak"].to_list()
    assert all(day.month in (12, 1, 2, 3, 4) for day in peaks)
    assert len({(day.month, day.day) for day in peaks}) > 1
    assert truth.seasons["place"].n_unique() > 1
    sizes = truth.seasons["infections"]
    assert sizes.max() > 1.2 * sizes.min()
    people = truth.country.population.sum()
    assert 0.02 * people < sizes.min() < sizes.max() < 0.4 * people


def test_a_wave_reaches_its_own_town_before_the_island_and_back(truth):
    """Places near the first one have their half-way day earlier than the farthest ones."""
    distances = truth.country.distances_km()
    gaps = []
    for season, row in enumerate(truth.seasons.iter_rows(named=True)):
        start = (PLAN.season_start(season) - PLAN.first).days
        run = truth.infections[start : start + 365].sum(axis=2).cumsum(axis=0)
        half = (run < run[-1] / 2).sum(axis=0)
        order = np.argsort(distances[truth.country.regions.index(row["place"])])
        gaps.append(half[order[-10:]].mean() - half[order[:5]].mean())
    assert np.mean(gaps) > 1


def test_true_r_is_what_the_renewal_equation_says(truth):
    """R of the country = infections caused / infectious weight, by the generation interval."""
    peak = (truth.seasons["peak"][1] - PLAN.first).days
    window = np.arange(peak - 40, peak + 30)
    k = np.arange(1, 40)
    latent = chain.LEAVE_LATENT * (1 - chain.LEAVE_LATENT) ** (k - 1)
    spread = chain.LEAVE_INFECTIOUS * (1 - chain.LEAVE_INFECTIOUS) ** (k - 1)
    interval = np.convolve(latent, spread)[:60]  # of 2 days, 3 days, ...
    daily = truth.infections.sum(axis=(1, 2)).astype(float)
    weight = [(daily[t - 2 - np.arange(60)] * interval).sum() for t in window]
    ratio = daily[window] / np.array(weight)
    assert np.abs(ratio.mean() / truth.r_total[window].mean() - 1) < 0.02
    mean, sd = serial_interval()
    days = np.arange(2, 62)
    assert (interval * days).sum() == pytest.approx(mean, abs=1e-6)
    variance = (interval * days**2).sum() - mean**2
    assert variance**0.5 == pytest.approx(sd, abs=1e-6)


def test_the_wave_grows_while_r_is_above_one(truth):
    for row in truth.seasons.iter_rows(named=True):
        peak = (row["peak"] - PLAN.first).days
        assert truth.r_total[peak - 25 : peak - 10].min() > 1
        assert truth.r_total[peak + 14 : peak + 30].max() < 1


def test_outbreaks_lie_where_and_when_they_should(truth):
    rows = truth.outbreaks
    assert rows.height == 15
    assert rows["outbreak"].is_unique().all()
    lengths = (rows["last"] - rows["first"]).dt.total_days() + 1
    assert lengths.is_between(7, 14).all()
    assert rows["place"].is_in(truth.country.regions).all()
    quiet = rows[::3]
    assert quiet["first"].dt.month().is_in([8, 9, 10]).all()
    rising = rows[2::3]
    before = (truth.seasons["peak"] - rising["first"]).dt.total_days()
    assert before.is_between(20, 30).all()
    assert not rising["place"].str.ends_with("1").any()


def test_the_telling_day_follows_an_outbreak_of_the_rising_wave(truth):
    day = telling_day(truth)
    assert (truth.outbreaks["last"] + timedelta(days=4)).is_in([day]).any()
    with pytest.raises(UsageError):
        telling_day(simulate(Plan(seasons=1)))


def test_one_seed_gives_one_epidemic(truth):
    again = simulate(PLAN)
    assert (again.infections == truth.infections).all()
    assert again.outbreaks.equals(truth.outbreaks)
    assert np.array_equal(again.r, truth.r, equal_nan=True)
    assert (simulate(Plan(seed=4, seasons=1)).infections != truth.infections[:365]).any()


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"seasons": 0}, {"seasons": 13}, {"first": date(2016, 1, 1)}]
)
def test_a_plan_out_of_range_is_refused(wrong):
    with pytest.raises(UsageError, match="out of range"):
        Plan(**wrong)


def test_mixing_and_contacts_are_scaled(truth):
    meet = chain.mixing(truth.country)
    assert np.allclose(meet.sum(axis=1), 1)
    scaled = chain.AGE_SHARES[:, None] * chain.contact_table()
    assert np.abs(np.linalg.eigvals(scaled)).max() == pytest.approx(1)
    assert isinstance(truth.seasons, pl.DataFrame)
