"""Transmission rows: uncertainty carried through, and what cannot be told is null."""

import numpy as np
import polars as pl
import pytest
from tests.surveillance.reports_samples import epidemic, last_day

from nof1.surveillance.nowcast.estimate import nowcast
from nof1.surveillance.nowcast.spreading import (
    Cases,
    doubling_days,
    of_nowcast,
    of_panel,
    spreading,
)
from nof1.surveillance.series import Panel
from nof1.surveillance.transmission import SerialInterval

INTERVAL = SerialInterval.gamma(2.6, 1.5)
DAYS = 120


def series(counts, draws=1):
    dates = np.datetime64("2024-01-01") + np.arange(len(counts))
    return Cases("A", dates, np.repeat(np.asarray(counts, float)[None], draws, axis=0))


def test_the_nowcast_widens_the_newest_interval():
    reports, finals = epidemic(DAYS, level=100)
    found = of_nowcast(nowcast(reports, last_day(DAYS), max_delay=7))
    rows, said = spreading(found, INTERVAL, 7)
    known, _ = spreading([series(finals)], INTERVAL, 7)
    assert said == []
    ours, certain = rows[-1], known[-1]
    assert ours["date"] == last_day(DAYS).isoformat()
    assert ours["high"] - ours["low"] > 1.05 * (certain["high"] - certain["low"])
    assert ours["low"] < certain["r"] < ours["high"]
    assert rows[-20]["r"] == pytest.approx(known[-20]["r"], rel=0.05)


def test_growing_and_shrinking_are_told_apart():
    at = np.arange(80.0)
    up = spreading([series(30 * np.exp(0.05 * at))], INTERVAL, 7)[0][-1]
    down = spreading([series(900 * np.exp(-0.05 * at))], INTERVAL, 7)[0][-1]
    assert up["r"] > 1 > down["r"]
    assert up["probability_growing"] > 0.99
    assert down["probability_growing"] < 0.01
    assert up["doubling_days"] == pytest.approx(np.log(2) / 0.05, rel=0.1)
    assert down["doubling_days"] is None


def test_few_cases_give_no_reproduction_number():
    counts = np.zeros(80)
    counts[::10] = 1
    rows, said = spreading([series(counts)], INTERVAL, 7)
    assert rows[-1]["r"] is None
    assert rows[-1]["growth_low"] < 0 < rows[-1]["growth_high"]
    assert "fewer than 11 cases" in said[0]["reason"]


def test_a_short_history_is_not_checked():
    rows, said = spreading([series(np.full(12, 50.0))], INTERVAL, 7)
    assert rows == []
    assert said[0]["what"] == "transmission in A"


def test_places_and_total_end_on_their_last_known_day():
    from datetime import timedelta

    a, _ = epidemic(DAYS)
    b, _ = epidemic(DAYS, seed=2, place="B")
    stop = last_day(DAYS) - timedelta(days=3)
    kept = pl.concat([a.filter(pl.col("reported") <= stop), b])
    found = {one.place: one for one in of_nowcast(nowcast(kept, last_day(DAYS)))}
    assert found["A"].dates[-1] == np.datetime64(stop)
    assert found["B"].dates[-1] == np.datetime64(last_day(DAYS))
    assert found["TOTAL"].dates[-1] == np.datetime64(stop)
    assert not np.isnan(found["TOTAL"].draws).any()


def test_a_panel_is_read_from_its_last_gap_on():
    values = np.full((40, 1), 5.0)
    values[10], values[-1] = np.nan, np.nan
    dates = np.datetime64("2024-01-01") + np.arange(40)
    panel = Panel("x", dates, ("A",), values, last_day(40), step_days=1)
    (one,) = of_panel(panel)
    assert one.dates[0] == dates[11]
    assert one.dates[-1] == dates[38]


@pytest.mark.parametrize(("rate", "grows", "days"), [(0.0, 0.5, None), (-0.1, 0.0, None)])
def test_no_doubling_time_without_growth(rate, grows, days):
    assert doubling_days(rate, grows) is days
