"""One forecast: the future changes no bit of it; late, new, silent and odd places are handled."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.core.errors import InputError
from nof1.surveillance.forecast import learned, run, targets
from nof1.surveillance.forecast.pool import PRIOR
from nof1.surveillance.hub import rows
from nof1.surveillance.scores import LEVELS
from wave_samples import NEWEST, REFERENCE, changed, earlier, taught, text, waves

WEEK = timedelta(days=7)


def made(panel=None, reference=REFERENCE, horizons=(0, 1, 2, 3), **other):
    given = {"earlier": earlier()} | other
    return run.forecast(panel or waves(), taught(), reference, horizons, **given)


def sound(quantiles):
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert quantiles.min() >= 0


# The guard: nothing after the reference date can change a forecast -----------------------------


def from_text(folder, content, teach=False):
    (folder / "target.csv").write_text(content)
    panel, _ = targets.of_file(folder / "target.csv", None, REFERENCE)
    panel = replace(panel, population=waves().population)
    members = learned.taught(panel, (), REFERENCE)[0]
    assert learned.digest(members, 4) == taught().digest  # the same members are found again
    return made(panel, earlier=run.retrospect(panel, taught()) if teach else earlier())


def shifted(panel):
    values = panel.values.copy()
    values[-7:] = np.roll(values[-7:], 3, axis=0)
    return text(replace(panel, values=values))


def replaced(panel):
    values = panel.values.copy()
    values[panel.dates >= np.datetime64(REFERENCE)] = 123456.0
    return text(replace(panel, values=values))


FUTURES = {
    "later weeks": text,
    "deleted": lambda panel: text(panel.until(NEWEST)),
    "shifted": shifted,
    "replaced": replaced,
    "unknown": lambda panel: replaced(panel).replace("123456", "NA"),
    "one place goes on": lambda panel: text(panel.until(NEWEST)) + "2024-02-24,06,9\n",
    "a new place": lambda panel: text(panel) + "2024-02-24,56,9\n2024-03-02,56,12\n",
}


@pytest.mark.parametrize("future", FUTURES.values(), ids=FUTURES)
def test_nothing_after_the_reference_date_changes_a_bit(tmp_path, future):
    now = from_text(tmp_path, future(waves(date(2024, 3, 2))))
    assert now.forecast.places == made().forecast.places
    assert np.array_equal(now.forecast.quantiles, made().forecast.quantiles)
    assert now.mix == made().mix


def test_also_the_weights_are_made_from_the_past_alone(tmp_path):
    now = from_text(tmp_path, replaced(waves(date(2024, 3, 2))), teach=True)
    assert np.array_equal(now.forecast.quantiles, made().forecast.quantiles)


def test_the_guard_would_notice_a_week_of_the_past(tmp_path):
    panel = changed(waves(date(2024, 3, 2)), 231, "06", 300.0)
    assert panel.dates[231].item() == NEWEST
    now = made(panel.until(NEWEST))
    assert not np.array_equal(now.forecast.quantiles, made().forecast.quantiles)


def test_the_season_teaches_no_member():
    wild = waves()
    values = wild.values.copy()
    season = wild.dates > np.datetime64(taught().until)
    values[season] = np.random.default_rng(1).uniform(0, 9999, values[season].shape)
    signals, _ = learned.taught(replace(wild, values=values), (), REFERENCE)
    assert learned.digest(signals, 4) == taught().digest


# The answer -----------------------------------------------------------------------------------


def test_four_weeks_of_23_levels_that_never_cross(tmp_path):
    now = made()
    assert now.forecast.quantiles.shape == (4, 4, 23)
    sound(now.forecast.quantiles)
    assert (now.carried, now.flat, now.silent) == ({}, (), ())
    table = rows.table(now.forecast)
    assert table.height == 4 * 4 * 23
    assert sorted(set(table["output_type_id"].cast(float))) == LEVELS.tolist()
    medians = now.forecast.quantiles[:, :, 11]
    assert medians[:3].sum(axis=0) == pytest.approx(medians[3])


def test_the_waves_truth_lies_in_the_ranges():
    came = waves(NEWEST + 4 * WEEK).values[-4:].T
    made_ = made().forecast.quantiles
    inside = (made_[..., 1] <= came) & (came <= made_[..., 21])
    assert inside.mean() >= 13 / 16
    assert np.abs(made_[..., 11] / came - 1).mean() < 0.25


def test_a_week_is_the_same_whatever_horizon_names_it():
    one, other = made(), made(reference=REFERENCE - WEEK, horizons=(1, 2))
    assert np.array_equal(one.forecast.quantiles[:, :2], other.forecast.quantiles)
    some = made(horizons=(2, 0))
    assert np.array_equal(some.forecast.quantiles[:, 0], one.forecast.quantiles[:, 2])


def test_weights_come_from_the_season_and_fixed_ones_without_it():
    assert made().mix.weeks == 12
    first = made(earlier=())
    assert first.mix.weights == pytest.approx(PRIOR)
    assert first.mix.weeks == 0


def test_members_can_be_left_out():
    now = made(without=("deep", "trees"))
    assert set(now.mix.weights) == {"classic", "seir", "climatology"}
    sound(now.forecast.quantiles)


def test_the_target_is_the_panels_signal():
    assert made(replace(waves(), signal="wk inc rsv hosp")).forecast.target == "wk inc rsv hosp"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_any_newest_weeks_make_sound_quantiles(seed):
    rng = np.random.default_rng(seed)
    values = waves().values.copy()
    values[-20:] = rng.choice([0, 1, 50, 1e5], (20, 4)) * rng.uniform(0.5, 1.5, (20, 4))
    sound(made(replace(waves(), values=values), without=("classic",)).forecast.quantiles)


# Dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "horizons", "words"),
    [
        (REFERENCE + timedelta(days=2), (0,), "no whole number of weeks"),
        (NEWEST, (0, 1), "0 to 1 weeks after the newest"),
        (date(2019, 1, 5), (0,), "weeks after the newest"),
        (REFERENCE + 6 * WEEK, (0, 3), "7 to 10 weeks after the newest"),
    ],
)
def test_dates_that_do_not_fit_are_refused(reference, horizons, words):
    with pytest.raises(InputError, match=words) as told:
        run.steps_ahead(waves(), reference, horizons)
    assert told.value.next_step


def test_a_week_that_the_members_do_not_know_is_refused():
    with pytest.raises(InputError, match="know 4 weeks ahead, and 5"):
        made(reference=REFERENCE + WEEK)


def test_no_weeks_are_refused():
    empty = replace(waves(), dates=waves().dates[:0], values=waves().values[:0])
    with pytest.raises(InputError, match="no weeks"):
        run.steps_ahead(empty, REFERENCE, (0,))


def test_week_53_can_be_forecast():
    panel = waves().until(date(2021, 7, 24))
    now = run.forecast(panel, taught(), date(2021, 7, 31), earlier=())
    sound(now.forecast.quantiles)


def test_only_weeks_of_the_season_are_looked_back_at():
    panel = waves().until(date(2023, 8, 26))
    back = run.retrospect(panel, taught(), ("climatology", "seir", "trees"))
    assert [one.last for one in back] == [date(2023, 8, day) for day in (5, 12, 19)]
    assert len(earlier()) == 12
    assert earlier()[-1].last == NEWEST - WEEK


# Late, new and silent places ------------------------------------------------------------------


@pytest.mark.parametrize(("late", "factor"), [(1, 1.25), (2, 1.25**2)])
def test_a_late_place_is_carried_on_with_the_others_growth_and_wider(late, factor):
    panel = changed(waves(), slice(-late, None), "10", np.nan)
    whole, carried = run.carried_on(panel)
    assert carried == {"10": late}
    others = [0, 2, 3]
    growth = waves().values[-late, others].sum() / waves().values[-late - 1, others].sum()
    expected = waves().values[-late - 1, 1] * growth
    assert whole.values[-late, 1] == pytest.approx(expected)
    now = made(panel)
    sound(now.forecast.quantiles)
    assert now.carried == {"10": late}
    full = made(replace(whole, known_on=NEWEST)).forecast.quantiles
    width = now.forecast.quantiles[1, 0, 13] - now.forecast.quantiles[1, 0, 9]
    assert width / (full[1, 0, 13] - full[1, 0, 9]) == pytest.approx(factor, abs=0.05)


def test_growth_has_limits_and_one_where_nobody_reports():
    rising = changed(changed(waves(), -1, "10", np.nan), -1, "06", 1e6)
    assert run.carried_on(rising)[0].values[-1, 1] == pytest.approx(2 * waves().values[-2, 1])
    silent = replace(waves(), values=waves().values.copy())
    silent.values[-1] = np.nan
    whole, carried = run.carried_on(silent)
    assert len(carried) == 4
    assert np.array_equal(whole.values[-1], waves().values[-2])


def test_three_missing_weeks_have_the_flat_baseline_and_are_named():
    panel = changed(waves(), slice(-3, None), "10", np.nan)
    now = made(panel)
    assert (now.carried, now.flat, now.silent) == ({}, ("10",), ())
    sound(now.forecast.quantiles)
    states = made(panel.only(["06", "10", "48"])).forecast.quantiles
    assert states[1, :, 11] == pytest.approx(waves().values[-4, 1])  # before reconciliation


def test_a_new_place_with_five_weeks_is_flat_and_with_four_silent():
    five = changed(waves(), slice(None, -5), "10", np.nan)
    assert made(five).flat == ("10",)
    sound(made(five).forecast.quantiles)
    four = made(changed(waves(), slice(None, -4), "10", np.nan))
    assert (four.flat, four.silent) == ((), ("10",))
    assert np.isnan(four.forecast.quantiles[1]).all()
    sound(four.forecast.quantiles[[0, 2, 3]])
    assert rows.answered(four.forecast).places == ("06", "48", "US")


def test_a_signal_with_five_weeks_in_all_is_flat():
    short = replace(waves(), dates=waves().dates[-5:], values=waves().values[-5:])
    now = made(short, earlier=())
    assert now.flat == short.places
    assert now.mix.weights == {}
    sound(now.forecast.quantiles)


def test_a_signal_with_four_weeks_is_refused():
    short = replace(waves(), dates=waves().dates[-4:], values=waves().values[-4:])
    with pytest.raises(InputError, match="No place has enough weeks"):
        made(short, earlier=())


def test_a_short_past_without_learners_still_answers():
    short = replace(waves(), dates=waves().dates[-14:], values=waves().values[-14:])
    bare = learned.learn(short, (), REFERENCE, 4)
    assert bare.examples == 0
    back = run.retrospect(short, bare)
    now = run.forecast(short, bare, REFERENCE, earlier=back)
    assert set(now.mix.weights) <= {"classic", "seir"}
    sound(now.forecast.quantiles)


def test_one_place_only():
    now = made(waves().only(["48"]))
    sound(now.forecast.quantiles)
    assert now.forecast.places == ("48",)


def test_without_a_total_the_places_stand_alone():
    states = waves().only(["06", "10", "48"])
    sound(made(states).forecast.quantiles)
    alone = made(states.only(["10", "06"]), without=("classic",), earlier=()).forecast.quantiles
    both = made(states, without=("classic",), earlier=()).forecast.quantiles
    assert alone[0] == pytest.approx(both[1], rel=1e-5)


def test_a_total_of_more_places_than_there_are_is_left_alone():
    """A file with the nation and one of its states: the nation is not that state."""
    some = waves().only(["10", "US"])
    now = made(some, earlier=(), without=("classic",)).forecast.quantiles
    alone = made(waves().only(["US"]), earlier=(), without=("classic",)).forecast.quantiles
    assert now[1] == pytest.approx(alone[0], rel=1e-5)


def test_all_zeros_stay_low_and_sound():
    zero = replace(waves(), values=np.zeros_like(waves().values))
    now = run.forecast(zero, taught(), REFERENCE)
    sound(now.forecast.quantiles)
    assert now.forecast.quantiles[:3, :, 11].max() < 5
    bare = replace(taught(), trees=None, nets=None)
    sound(run.forecast(zero, bare, REFERENCE).forecast.quantiles)


def test_less_than_half_a_case_is_none_where_cases_are_counted():
    low = np.random.default_rng(0).poisson(0.6, waves().values.shape).astype(float)
    counted = made(replace(waves(), values=low), earlier=()).forecast.quantiles[:3]
    shares = made(replace(waves(), values=low + 0.01), earlier=()).forecast.quantiles[:3]
    assert (counted[1:, :, 1] == 0).all()  # a week without cases lies in the 95 % interval
    assert not ((counted > 0) & (counted < 0.5)).any()
    assert ((shares > 0) & (shares < 0.5)).any()


def test_negative_corrections_give_no_negative_forecast():
    sound(made(changed(waves(), slice(-2, None), "10", -30.0)).forecast.quantiles)


def test_an_unknown_population_is_no_obstacle():
    people = waves().population.copy()
    people[1] = np.nan
    for panel in (replace(waves(), population=people), replace(waves(), population=None)):
        now = made(panel, earlier=())
        sound(now.forecast.quantiles)
        middle = now.forecast.quantiles[1, 0, 11]
        assert middle == pytest.approx(made().forecast.quantiles[1, 0, 11], rel=0.5)


def test_a_panel_in_per_cent_is_forecast_in_per_cent():
    share = replace(waves(), values=waves().values / 100, unit="%").only(["06", "48"])
    now = made(share, earlier=())
    sound(now.forecast.quantiles)
    assert now.forecast.quantiles[0, 0, 11] == pytest.approx(share.values[-1, 0], rel=0.5)
