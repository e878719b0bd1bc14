"""What members say, who is left out, and what earlier answers are judged by."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from nof1.surveillance.forecast import members
from nof1.surveillance.forecast.members import NAMES, answer
from nof1.surveillance.forecast.scaled import scaled
from wave_samples import changed, taught, waves

LEARNED = ("trees", "deep")


@pytest.fixture(scope="module")
def said():
    return answer(scaled(waves()), taught())


def test_every_member_answers_every_place_and_none_crosses(said):
    assert set(said.answers) == set(NAMES)
    for made in said.answers.values():
        assert made.shape == (4, 4, 23)
        assert np.isfinite(made).all()
        assert (np.diff(made, axis=-1) >= -1e-12).all()
    assert said.last == waves().dates[-1].item()


def test_changes_are_added_to_the_newest_week(said):
    now = scaled(waves())
    newest = (now.roots[-1] / now.scale)[:, None]
    for name in LEARNED:
        assert said.answers[name][:, 0, 11] == pytest.approx(newest[:, 0], abs=0.2)


def test_only_the_asked_members_answer():
    made = answer(scaled(waves()), taught(), ("seir", "climatology"))
    assert set(made.answers) == {"seir", "climatology"}


def test_without_learners_the_others_answer():
    bare = replace(taught(), trees=None, nets=None)
    assert set(answer(scaled(waves()), bare).answers) == set(NAMES) - set(LEARNED)


def test_a_place_with_missing_newest_weeks_gets_no_answer_at_all():
    now = scaled(changed(waves(), slice(-3, None), "10", np.nan))
    made = answer(now, taught())
    for name in NAMES:  # also the climatology, which would know nothing of this season
        known = np.isfinite(made.answers[name]).all(axis=(1, 2))
        assert known.tolist() == [True, False, True, True], name
    alone = answer(now, taught(), ("climatology",)).answers["climatology"]
    assert np.isfinite(alone).all()


def test_a_past_is_judged_by_what_is_known_today():
    then = waves().until(waves().dates[-4].item())
    origin = answer(scaled(then), taught(), ("climatology",))
    revised = changed(waves(), -2, "48", 500.0)
    now = scaled(revised)
    past = origin.past(now)
    assert past.members is origin.answers
    assert np.isnan(past.came[:, 3]).all()
    assert past.came[:, 0] == pytest.approx(now.roots[-3] / origin.scale)
    assert past.came[2, 1] == pytest.approx(now.root_of(np.full(4, 500.0))[2] / origin.scale[2])


def test_a_place_that_is_gone_or_new_does_not_shift_the_others():
    then = waves().until(waves().dates[-3].item())
    origin = answer(scaled(then.only(["06", "10", "US"])), taught(), ("climatology",))
    came = origin.past(scaled(waves().only(["48", "US", "06"]))).came
    whole = answer(scaled(then), taught(), ("climatology",)).past(scaled(waves())).came
    assert np.isnan(came[1]).all()
    assert came[[0, 2], :2] == pytest.approx(whole[[0, 3], :2])


def test_a_later_start_of_the_file_changes_no_past():
    then = waves().until(waves().dates[-3].item())
    origin = answer(scaled(then), taught(), ("climatology",))
    late = replace(waves(), dates=waves().dates[30:], values=waves().values[30:])
    assert np.array_equal(
        origin.past(scaled(late)).came, origin.past(scaled(waves())).came, equal_nan=True
    )
    gone = replace(waves(), dates=waves().dates[-1:], values=waves().values[-1:])
    assert np.isnan(origin.past(scaled(gone)).came[:, [0, 2, 3]]).all()


def test_without_people_the_growing_unit_does_not_shrink_what_came():
    panel = replace(waves(), population=None)
    values = panel.values.copy()
    values[-4:] *= 6  # a record: the unit of today is another one than that of then
    now = scaled(replace(panel, values=values))
    origin = answer(scaled(panel.until(panel.dates[-5].item())), taught(), ("climatology",))
    assert (now.unit > 1.02 * origin.unit).all()
    rate = values[-4] / origin.unit + 0.01
    assert origin.past(now).came[:, 0] == pytest.approx(rate**0.25 / origin.scale)


def test_the_origin_names_its_week():
    earlier = waves().until(waves().dates[-1].item() - timedelta(days=7))
    assert answer(scaled(earlier), taught(), ("climatology",)).last == earlier.dates[-1].item()
    assert members.NAMES[:2] == LEARNED
