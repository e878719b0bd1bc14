"""A region's own series: the task, who takes part, and the summed climatology."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.federation.averaging import series
from nof1.federation.policy import of_workspace
from nof1.federation.refusal import Refused
from nof1.surveillance.forecast import climatology, learned
from nof1.surveillance.forecast.targets import of_store
from nof1.surveillance.store import FOLDER, Store


def test_the_task_names_signal_and_season(regions):
    made = series.read(regions.task)
    assert (made.name, made.signal, made.before) == ("winter", "flu", date(2024, 1, 13))
    assert (made.steps, made.rounds, made.local_steps) == (4, 6, 5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("before: 2024-01-13", "before: soon", "This is no date"),
        ("before: 2024-01-13", "", "'before' is missing"),
        ("signal: flu", "signal: ../flu", "not allowed"),
        ("name: winter", "name: ../winter", "cannot be a name"),
        ("rounds: 6", "rounds: 0", "out of range"),
        ("rounds: 6", "epochs: 6", "'epochs' is not known"),
    ],
)
def test_a_wrong_task_is_refused(regions, old, new, words):
    with pytest.raises((InputError, UsageError), match=words):
        series.read(regions.task.replace(old, new))


def test_nothing_of_the_season_is_taught_and_the_newest_taught_season_is_kept_apart(own):
    one = own[0]
    assert one.until == date(2023, 7, 29)
    assert set(one.held.season.tolist()) == {2022}
    assert set(one.train.season.tolist()) == {2019, 2020, 2021}


def test_the_digest_is_the_one_that_the_room_looks_for(regions, own):
    store = Store(regions.sites["east"].root / FOLDER)
    panel, _ = of_store(store, "flu", None)
    signals, _ = learned.taught(panel, (), date(2024, 1, 13))
    assert own[0].digest == learned.digest(signals, 4)


def test_a_region_with_too_few_cases_takes_no_part(regions):
    workspace = regions.sites["east"]
    strict = replace(of_workspace(workspace.root), least_patients=9_000_000)
    with pytest.raises(Refused) as told:
        series.prepare(regions.task, workspace, strict)
    assert told.value.rule == "least_patients"


def test_an_unknown_signal_is_named(regions):
    workspace = regions.sites["east"]
    with pytest.raises(UsageError, match="no signal 'rsv'"):
        series.prepare(regions.task.replace("flu", "rsv"), workspace, of_workspace(workspace.root))


def test_the_climatology_of_sites_is_that_of_all_series(own, together):
    made = together(lambda joint, at: series.climatology(own[at], joint))["north"]
    known = climatology.learn([signal for one in own for signal in one.signals])
    assert np.array_equal(np.isnan(made), np.isnan(known))
    known_weeks = np.isfinite(known).all(axis=1)
    assert known_weeks.sum() > 30
    assert made[known_weeks] == pytest.approx(known[known_weeks], abs=0.006)


def test_a_week_with_few_heights_says_nothing():
    empty = series._quantiles(np.bincount([3, 5], minlength=len(series.HEIGHTS) + 1).astype(float))
    assert np.isnan(empty).all()


def test_too_few_windows_are_refused():
    series.enough(400, 400)
    with pytest.raises(InputError, match="have 399 windows"):
        series.enough(399, 400)
