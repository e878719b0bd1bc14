"""A season as it was known: later files change nothing, scores are those of the hub's rows."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.surveillance import scores
from nof1.surveillance.forecast import backtest, run, targets
from nof1.surveillance.forecast.members import NAMES
from wave_samples import changed, taught, text, waves

WEEKS = [date(2023, 12, 2) + timedelta(days=7 * i) for i in range(6)]
CAME = date(2024, 2, 10)


def known(day):
    """What was known for a reference date: revised later, as reports come in."""
    panel = waves(day - timedelta(days=7))
    return changed(panel, -1, "06", np.round(0.9 * panel.values[-1, 0]))


@pytest.fixture(scope="module")
def panels():
    return [(day, known(day)) for day in WEEKS]


@pytest.fixture(scope="module")
def season(panels):
    return backtest.season(panels, taught())


def quantiles(season):
    every = [season.baselines, [one.forecast for one in season.made], *season.without.values()]
    return [[one.quantiles for one in forecasts] for forecasts in every]


# The guard ------------------------------------------------------------------------------------


def test_no_later_file_changes_an_earlier_forecast_by_a_bit(panels, season):
    rng = np.random.default_rng(0)
    later = [(day, replace(p, values=rng.uniform(0, 9e4, p.values.shape))) for day, p in panels[3:]]
    for future in (later, later[::-1][:1], []):
        again = backtest.season([*panels[:3], *future], taught())
        for ours, theirs in zip(quantiles(season), quantiles(again), strict=True):
            assert np.array_equal(ours[:3], theirs[:3])
    assert not np.array_equal(quantiles(again)[1][:1], quantiles(season)[1][1:2])


def test_weeks_after_the_reference_date_in_a_file_change_nothing(panels, season, tmp_path):
    """Every file also holds the weeks to come, and a place that is not there yet."""
    people = waves().population
    fuller = []
    for day, panel in panels:
        future = waves(CAME)
        values = future.values.copy()
        values[: len(panel.values)] = panel.values
        content = text(replace(future, values=values)) + f"{CAME},56,3\n"
        (tmp_path / f"{day}.csv").write_text(content)
    for day, path in backtest.weeks_of(tmp_path):
        read, notes = targets.of_file(path, None, day)
        assert "were not used" in notes[0]
        fuller.append((day, replace(read, population=people)))
    again = backtest.season(fuller, taught())
    for ours, theirs in zip(quantiles(season), quantiles(again), strict=True):
        assert np.array_equal(ours, theirs)


def test_earlier_files_do_change_the_weights(panels, season):
    alone = backtest.season(panels[3:], taught())
    assert alone.made[0].mix.weeks == 0
    assert season.made[3].mix.weeks == 3
    assert not np.array_equal(alone.made[0].forecast.quantiles, season.made[3].forecast.quantiles)


# The season -----------------------------------------------------------------------------------


def test_each_week_is_the_forecast_of_that_week(panels, season):
    origins = [one.origin for one in season.made[:2]]
    alone = run.forecast(panels[2][1], taught(), WEEKS[2], earlier=origins)
    assert np.array_equal(alone.forecast.quantiles, season.made[2].forecast.quantiles)
    assert [one.forecast.reference_date for one in season.made] == WEEKS


def test_without_a_member_is_the_pool_of_the_others(panels, season):
    origins = [one.origin for one in season.made[:2]]
    for name in ("deep", "climatology"):
        rest = run.forecast(panels[2][1], taught(), WEEKS[2], earlier=origins, without=(name,))
        made = season.without[name][2]
        assert made.model == f"without-{name}"
        assert made.quantiles == pytest.approx(rest.forecast.quantiles)
        assert not np.array_equal(made.quantiles, season.made[2].forecast.quantiles)


def test_scores_equal_a_slow_look(season):
    came = waves(CAME)
    rows = backtest.judged(season, came)
    slow = [
        float(scores.wis(came.values[row, place], one.forecast.quantiles[place, horizon]).total)
        for one in season.made
        for horizon in range(4)
        for place in range(4)
        for row in np.flatnonzero(
            came.dates == np.datetime64(one.forecast.reference_date) + 7 * horizon
        )
    ]
    assert rows[run.MODEL]["n"] == len(slow) == 96
    assert rows[run.MODEL]["wis"] == pytest.approx(np.mean(slow))
    assert rows[backtest.BASELINE]["ratio"] == 1.0
    ratio = rows[run.MODEL]["wis"] / rows[backtest.BASELINE]["wis"]
    assert rows[run.MODEL]["ratio"] == pytest.approx(ratio)


def test_worth_names_every_member(season):
    rows = backtest.judged(season, waves(CAME))
    told = backtest.worth(rows, [one.mix for one in season.made])
    assert [one["name"] for one in told] == list(NAMES)
    assert sum(one["weight"] for one in told) == pytest.approx(1.0)
    assert {one["wis_with"] for one in told} == {rows[run.MODEL]["wis"]}


def test_a_season_of_all_zeros_is_judged():
    zero = [(day, replace(p, values=np.zeros_like(p.values))) for day, p in map_known(2)]
    bare = replace(taught(), trees=None, nets=None)
    season = backtest.season(zero, bare)
    came = replace(waves(CAME), values=np.zeros_like(waves(CAME).values))
    rows = backtest.judged(season, came)
    assert rows[backtest.BASELINE]["wis"] == 0.0
    assert rows[run.MODEL]["ratio"] is None


def map_known(count):
    return [(day, known(day)) for day in WEEKS[:count]]


@pytest.mark.parametrize(("weeks", "members"), [(10, {1, 2}), (5, {0, 1})])
def test_a_short_new_signal_gains_members_week_by_week(weeks, members):
    bare = replace(taught(), trees=None, nets=None, table=np.full((53, 23), np.nan))
    first = WEEKS[0] - timedelta(days=7 * weeks)
    short = []
    for day, panel in map_known(5):
        keep = panel.dates >= np.datetime64(first)
        short.append((day, replace(panel, dates=panel.dates[keep], values=panel.values[keep])))
    assert len(short[0][1].dates) == weeks
    season = backtest.season(short, bare)
    assert {len(one.origin.answers) for one in season.made} == members
    assert all(np.isfinite(one.forecast.quantiles).all() for one in season.made)


# Files ----------------------------------------------------------------------------------------


def test_files_are_found_by_their_date_in_order(tmp_path):
    for name in ("2023-12-09.csv.gz", "2023-12-02.csv", "notes.csv", "2023-12-02.txt", "2023.csv"):
        (tmp_path / name).write_text("")
    found = backtest.weeks_of(tmp_path)
    assert [(str(day), path.name) for day, path in found] == [
        ("2023-12-02", "2023-12-02.csv"),
        ("2023-12-09", "2023-12-09.csv.gz"),
    ]


def test_weeks_of_two_seasons_are_named():
    assert backtest.span(WEEKS) == []
    assert "more than one season" in backtest.span([date(2023, 7, 29), date(2023, 8, 5)])[0]


def test_two_files_of_a_week_and_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="no as-of files") as told:
        backtest.weeks_of(tmp_path)
    assert "2023-10-14.csv" in str(told.value.allowed)
    (tmp_path / "2023-12-02.csv").write_text("")
    (tmp_path / "2023-12-02.csv.gz").write_text("")
    with pytest.raises(InputError, match="more than one file"):
        backtest.weeks_of(tmp_path)
    with pytest.raises(InputError, match="no as-of files"):
        backtest.weeks_of(tmp_path / "none")
