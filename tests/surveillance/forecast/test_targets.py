"""The panel to forecast: from a file, from the store, with late reports and a total."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from intake_samples import store_in, take
from intake_samples import write as put
from nof1.core.errors import InputError
from nof1.surveillance import places
from nof1.surveillance.forecast import targets
from nof1.surveillance.hub.tasks import TARGET
from nof1.surveillance.series import TOTAL, Panel, calendar
from wave_samples import NAMES, NEWEST, PEOPLE, REFERENCE, changed, locations, text, waves

LATER = date(2024, 3, 2)


@pytest.fixture
def listed(tmp_path):
    (tmp_path / "places.csv").write_text(locations())
    return places.read(tmp_path / "places.csv")


def panel_of(folder, content, reference=REFERENCE, listed=None):
    (folder / "target.csv").write_text(content)
    return targets.of_file(folder / "target.csv", listed, reference)


def same(one, other):
    return (
        np.array_equal(one.values, other.values, equal_nan=True)
        and np.array_equal(one.dates, other.dates)
        and one.places == other.places
    )


def test_a_file_with_a_list_has_people_and_names(tmp_path, listed):
    panel, notes = panel_of(tmp_path, text(waves()), listed=listed)
    assert same(panel, waves())
    assert panel.population.tolist() == [*PEOPLE, PEOPLE.sum()]
    assert (panel.names, panel.signal, notes) == (NAMES, TARGET, [])


def test_what_lies_on_or_after_the_reference_date_is_left_out_and_counted(tmp_path):
    panel, notes = panel_of(tmp_path, text(waves(LATER)))
    assert same(panel, waves())
    assert notes == ["8 weeks of the file end on or after the reference date and were not used."]
    whole, _ = panel_of(tmp_path, text(waves(LATER)), reference=None)
    assert whole.dates[-1].item() == LATER


def test_a_place_that_only_has_later_weeks_changes_nothing_but_is_named(tmp_path):
    more = text(waves(LATER)) + "2024-02-10,56,3\n"
    panel, notes = panel_of(tmp_path, more)
    assert same(panel, waves())
    assert notes[-1] == "No value before the reference date, so no forecast: 56."


def test_a_later_row_does_not_make_a_missing_newest_week(tmp_path):
    short = waves(NEWEST - timedelta(days=7))  # the newest week is late for everyone
    later = text(short) + f"{LATER},06,12\n"
    assert same(panel_of(tmp_path, later)[0], panel_of(tmp_path, text(short))[0])


def test_a_reference_date_before_all_weeks_is_refused(tmp_path):
    with pytest.raises(InputError, match="no value before the reference date 2019-08-03") as told:
        panel_of(tmp_path, text(waves()), reference=date(2019, 8, 3))
    assert "Saturday" in told.value.next_step


def test_a_lost_zero_is_told_with_a_list_and_noted_without(tmp_path, listed):
    content = text(waves()).replace(",06,", ",6,")
    with pytest.raises(InputError, match=r"Not in the list of places: 6\.") as told:
        panel_of(tmp_path, content, listed=listed)
    assert "06, not 6" in told.value.next_step
    _, notes = panel_of(tmp_path, content)
    assert any("one digit (6)" in one for one in notes)


def test_a_place_that_the_list_lacks_is_refused(tmp_path, listed):
    with pytest.raises(InputError, match="Not in the list of places: 77") as told:
        panel_of(tmp_path, text(waves()).replace(",48,", ",77,"), listed=listed)
    assert "Add them to --locations" in told.value.next_step


def test_rates_in_the_file_are_noted(tmp_path):
    rates = replace(waves(), values=waves().values / 977)
    _, notes = panel_of(tmp_path, text(rates))
    assert any("no whole numbers" in one for one in notes)


@pytest.mark.parametrize("value", ["inf", "-inf", "1e300", "2000000000"])
def test_impossible_sizes_are_refused_before_and_not_after_the_reference_date(tmp_path, value):
    with pytest.raises(InputError, match="1 values are infinite or above"):
        panel_of(tmp_path, text(waves()) + f"2019-07-27,06,{value}\n")
    panel, _ = panel_of(tmp_path, text(waves()) + f"2024-01-13,06,{value}\n")
    assert same(panel, waves())


def test_double_rows_are_refused(tmp_path):
    with pytest.raises(InputError, match="1 places and dates come more than once"):
        panel_of(tmp_path, text(waves()) + f"{NEWEST},06,7\n")


def test_people_that_the_list_does_not_know_stay_unknown(listed):
    some = listed.with_columns(
        population=pl.when(pl.col("place") == "10").then(None).otherwise("population")
    )
    panel = targets.with_population(waves(), some)
    assert np.isnan(panel.population).tolist() == [False, True, False, False]
    bare = targets.with_population(waves(), some.filter(pl.col("place") != "10"))
    assert bare.names[1] == "10"


# A total beside the places ----------------------------------------------------------------


def test_a_total_is_added_where_there_is_none():
    states = changed(waves(), -1, "10", np.nan).only(["06", "10", "48"])
    panel = targets.with_total(states)
    assert panel.places == ("06", "10", "48", TOTAL)
    assert panel.values[:-1, 3] == pytest.approx(waves().values[:-1, 3])
    assert np.isnan(panel.values[-1, 3])  # part of a sum is not a small sum
    assert panel.population[3] == PEOPLE.sum()
    assert panel.names[3] == "All places"


def test_no_total_of_one_place_of_shares_or_beside_one():
    one = waves().only(["06"])
    shares = replace(waves().only(["06", "10"]), unit="%")
    for panel in (one, shares, waves()):
        assert targets.with_total(panel) is panel


# Late reports -----------------------------------------------------------------------------


def daily(days=14):
    values = np.arange(days * 2.0).reshape(days, 2)
    dates = calendar(date(2024, 1, 1), date(2024, 1, days), 1)
    return Panel("cases", dates, ("A", "B"), values, date(2024, 1, days), step_days=1)


def test_the_newest_days_become_the_nowcasts_mean():
    days = daily()
    draws = np.stack([np.full((3, 2), 10.0), np.full((3, 2), 30.0)])
    draws[:, 1, 1] = np.nan
    draws[:, 2] = 999  # a stratum is no place
    made = SimpleNamespace(
        dates=days.dates[-2:],
        draws=draws,
        units=(("A", ""), ("B", ""), ("A", "old")),
        unknown=("", "B has not reported since 2024-01-13", ""),
    )
    panel, late = targets.nowcasted(days, made)
    assert panel.values[-2:, 0].tolist() == [20.0, 20.0]
    assert panel.values[-2, 1] == 20.0
    assert np.isnan(panel.values[-1, 1])
    assert np.array_equal(panel.values[:-2], days.values[:-2])
    assert late == ["B: B has not reported since 2024-01-13"]


def test_a_stored_signal_is_taken_as_known_on_a_day(tmp_path):
    store = store_in(tmp_path)
    first, second = put(tmp_path, text(waves()), "a.csv"), waves(NEWEST + timedelta(days=7))
    take(store, first, known_on=date(2024, 1, 10))
    revised = changed(second, -2, "06", 999.0)
    take(store, put(tmp_path, text(revised), "b.csv"), known_on=date(2024, 1, 17))
    panel, notes = targets.of_store(store, "s", date(2024, 1, 12))
    assert same(panel, waves())
    assert notes == []
    newer, _ = targets.of_store(store, "s", None)
    assert newer.values[-2, 0] == 999.0


def test_a_signal_of_less_than_a_week_is_refused(tmp_path):
    store = store_in(tmp_path)
    rows = "\n".join(f"2024-01-{day:02d},A,5" for day in (1, 2, 3))
    take(store, put(tmp_path, f"date,location,value\n{rows}\n"))
    with pytest.raises(InputError, match="no whole week yet"):
        targets.of_store(store, "s", None)
