"""What is reported: delays as they were drawn, days off, and faults in the numbers told."""

from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from nof1.synthetic import notification as office
from nof1.synthetic.epidemic import AGES, Plan, simulate
from nof1.synthetic.notification import CaseFaults, epidemic_season, holidays, notify

PLAN = Plan(seed=3, seasons=5, cases=30_000)


@pytest.fixture(scope="module")
def truth():
    return simulate(PLAN)


@pytest.fixture(scope="module")
def told(truth):
    return notify(truth)


def shares(days: np.ndarray, length: int) -> np.ndarray:
    return np.bincount(days, minlength=length)[:length] / len(days)


def test_specimens_come_as_drawn(told):
    days = (told.cases["specimen"] - told.cases["onset"]).dt.total_days().to_numpy()
    assert days.min() >= 0
    assert days.max() < len(office.SPECIMEN)
    found = shares(days, len(office.SPECIMEN))
    error = np.sqrt(office.SPECIMEN * (1 - office.SPECIMEN) / len(days))
    assert (np.abs(found - office.SPECIMEN / office.SPECIMEN.sum()) < 4.5 * error).all()


def test_reports_are_a_mixture_of_quick_and_slow_laboratories(truth, told):
    """In each region and season the mean wait is the mixture's mean."""
    quick = office.QUICK @ np.arange(len(office.QUICK)) / office.QUICK.sum()
    slow = office.SLOW @ np.arange(len(office.SLOW)) / office.SLOW.sum()
    waits = (told.cases["sent"] - told.cases["specimen"]).dt.total_days().to_numpy()
    at = (told.cases["onset"].to_numpy() - truth.days[0]).astype("timedelta64[D]").astype(int)
    season = epidemic_season(truth)[at]
    region = np.array([truth.country.regions.index(place) for place in told.cases["place"]])
    expected = quick + told.slow[season, region] * (slow - quick)
    assert waits.mean() == pytest.approx(expected.mean(), abs=4.5 * waits.std() / len(waits) ** 0.5)
    slowest = told.slow[0].argmax()
    here = region == slowest
    assert waits[here].mean() == pytest.approx(
        expected[here].mean(), abs=4.5 * waits[here].std() / here.sum() ** 0.5
    )
    assert (told.slow[1:] < told.slow[:-1]).all()  # laboratories become quicker


def test_nothing_is_reported_before_it_was_sent_and_weekends_are_quiet(told):
    cases = told.cases
    assert (cases["report"] >= cases["sent"]).all()
    assert (cases["sent"] >= cases["specimen"]).all()
    weekday = cases["report"].dt.weekday()
    share = {day: (weekday == day).mean() for day in range(1, 8)}
    assert share[6] < share[5] / 2
    assert share[7] < share[6]
    assert share[1] > share[2]
    off = holidays(cases["report"].to_numpy().astype("datetime64[D]"))
    would = holidays(cases["sent"].to_numpy().astype("datetime64[D]"))
    assert off.sum() < would.sum() / 2


def test_fewer_are_seen_over_the_holidays(truth, told):
    month_day = np.array([str(day)[5:] for day in truth.days])
    shut = (month_day >= "12-23") | (month_day <= "01-02")
    wave = told.cases.filter(pl.col("source") == "wave")
    at = (wave["onset"].to_numpy() - truth.days[0]).astype("timedelta64[D]").astype(int)
    cases = np.bincount(at, minlength=len(truth.days))
    ill = truth.onsets.sum(axis=(1, 2))
    inside = cases[shut].sum() / ill[shut].sum()
    outside = cases[~shut].sum() / ill[~shut].sum()
    assert 0.45 < inside / outside < 0.85


def test_young_and_old_are_seen_more_often(truth, told):
    wave = told.cases.filter(pl.col("source") == "wave")
    counts = [wave.filter(pl.col("age_group") == age).height for age in AGES]
    seen = counts / truth.onsets.sum(axis=(0, 1))
    wanted = office.SEEN_BY_AGE / office.SEEN_BY_AGE[2]
    assert np.allclose(seen / seen[2], wanted, rtol=0.12)
    assert abs(wave.height - PLAN.cases) < 4 * PLAN.cases**0.5


def test_every_outbreak_has_its_cases_where_and_when_it_was(truth, told):
    found = (
        told.cases.drop_nulls("outbreak")
        .group_by("outbreak")
        .agg(
            pl.len().cast(pl.Int64).alias("cases"),
            pl.col("place").unique().first(),
            pl.col("onset").min().alias("first"),
            pl.col("onset").max().alias("last"),
            pl.col("age_group").unique().first(),
        )
        .sort("outbreak")
    )
    wanted = truth.outbreaks.select(found.columns).sort("outbreak")
    assert found.equals(wanted)


def test_the_line_list_ends_with_its_last_day_and_names_old_outbreaks_only(truth, told):
    lines = told.linelist
    assert lines["report"].str.to_date().max() <= PLAN.last
    assert lines.columns == list(office.CASE_COLUMNS)
    marked = lines.drop_nulls("outbreak")
    assert marked["onset"].str.to_date().max() < PLAN.season_start(PLAN.seasons - 1)
    assert marked["outbreak"].n_unique() == 3 * (PLAN.seasons - 1)


def test_the_faults_are_in_the_numbers_told(truth, told):
    lines, planted = told.linelist, told.planted
    onset, report = lines["onset"].str.to_date(), lines["report"].str.to_date()
    assert planted["duplicates"] == lines.is_duplicated().sum() / 2 == 60
    ids = lines.unique()["case_id"]
    assert planted["resent"] == ids.len() - ids.n_unique() == 40
    future = onset > PLAN.last
    assert planted["future_onset"] == future.sum() == 6
    assert planted["report_before_onset"] == ((onset > report) & ~future).sum() == 12
    assert planted["no_onset"] == onset.null_count() == 120
    assert planted["no_age"] == lines["age_group"].null_count() == 90
    assert planted["unknown_place"] == (lines["place"] == office.UNKNOWN_PLACE).sum() == 8
    (late,) = planted["late"]
    sent = lines.filter(pl.col("place") == late["place"], pl.col("report") == late["reported"])
    assert 0 < late["cases"] <= sent.height
    known = told.cases.filter(pl.col("report") <= PLAN.last).height
    assert lines.height == known + planted["duplicates"] + planted["resent"]


def test_without_faults_the_list_is_the_truth(truth, told):
    assert all(getattr(CaseFaults.none(), one.name) == 0 for one in fields(CaseFaults))
    clean = notify(truth, CaseFaults.none())
    assert clean.cases.equals(told.cases)
    known = clean.cases.filter(pl.col("report") <= PLAN.last).sort("report", "case_id")
    assert clean.linelist["case_id"].equals(known["case_id"])
    assert clean.linelist["onset"].str.to_date().equals(known["onset"])


def test_one_seed_gives_one_list(truth, told):
    assert notify(truth).linelist.equals(told.linelist)
