"""The days of an import: steps, week ends, the future, the day of the files."""

from datetime import date

import pytest

from intake_samples import TODAY, seen, store_in, take, weekly, write
from nof1.core.errors import InputError

SATURDAYS = {"2024-01-06": {"A": 5}, "2024-01-13": {"A": 7}}


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def test_saturdays_are_weeks_and_the_last_day_is_the_known_day(store, tmp_path):
    done = take(store, write(tmp_path, weekly(SATURDAYS)))
    assert done.signal.step_days == 7
    assert done.known_on == date(2024, 1, 13)
    assert any("cannot be re-made" in note for note in done.notes)


def test_all_days_are_days(store, tmp_path):
    rows = {f"2024-01-{day:02d}": {"A": day} for day in range(1, 20)}
    assert take(store, write(tmp_path, weekly(rows))).signal.step_days == 1


@pytest.mark.parametrize("weekday", [("2024-01-07", "2024-01-14"), ("2024-01-01", "2024-01-08")])
def test_weeks_on_other_days_are_asked_about(store, tmp_path, weekday):
    path = write(tmp_path, weekly({day: {"A": 1} for day in weekday}))
    with pytest.raises(InputError, match=r"(Sun|Mon)days: is that the first or the last") as caught:
        take(store, path)
    assert "--week-date" in caught.value.next_step
    take(store, path, signal="last", week_date="end")
    assert str(store.panel("last").dates[0]) == weekday[0]


def test_first_days_move_to_the_end_of_their_week(store, tmp_path):
    sundays = {"2023-12-31": {"A": 5}, "2024-01-07": {"A": 7}}
    done = take(store, write(tmp_path, weekly(sundays)), week_date="start")
    assert seen(store) == {("2024-01-06", "A"): 5, ("2024-01-13", "A"): 7}
    assert done.known_on == date(2024, 1, 13)


def test_a_stray_day_among_weeks_is_set_aside(store, tmp_path):
    rows = {f"2024-{month:02d}-{day:02d}": {"A": 1} for month, day in _saturdays(30)}
    done = take(store, write(tmp_path, weekly({**rows, "2024-02-01": {"A": 1}})))
    assert done.aside["reason"].to_list() == ["the day is no Saturday like the other weeks"]


def _saturdays(n):
    from datetime import timedelta

    days = [date(2024, 1, 6) + timedelta(7 * k) for k in range(n)]
    return [(day.month, day.day) for day in days]


def test_one_single_day_is_asked_about(store, tmp_path):
    path = write(tmp_path, weekly({"2024-01-06": {"A": 5}}))
    with pytest.raises(InputError, match="one single day") as caught:
        take(store, path)
    assert "--step" in caught.value.next_step
    assert take(store, path, step_days=7).signal.step_days == 7


def test_the_future_is_set_aside(store, tmp_path):
    rows = {**SATURDAYS, "2025-01-04": {"A": 9}, "2025-01-11": {"A": 9}}
    done = take(store, write(tmp_path, weekly(rows)))
    assert date(2025, 1, 4) > TODAY
    assert done.aside["row"].to_list() == [3, 4]
    assert "after 2024-12-31" in done.aside["reason"][0]
    assert seen(store) == {("2024-01-06", "A"): 5, ("2024-01-13", "A"): 7}


def test_a_week_that_was_not_over_is_set_aside(store, tmp_path):
    done = take(store, write(tmp_path, weekly(SATURDAYS)), known_on=date(2024, 1, 10))
    assert done.aside["reason"].to_list() == ["the day or week was not over on the day of the file"]


def test_reports_after_the_said_day_are_set_aside(store, tmp_path):
    text = "onset,report,place\n2024-03-01,2024-03-02,A\n2024-03-01,2024-03-05,A\n"
    done = take(store, write(tmp_path, text), known_on=date(2024, 3, 4))
    assert done.aside["reason"].to_list() == ["reported after 2024-03-04"]


def test_only_the_future_is_nothing(store, tmp_path):
    path = write(tmp_path, weekly({"2025-01-04": {"A": 9}, "2025-01-11": {"A": 9}}))
    with pytest.raises(InputError, match="Nothing was imported"):
        take(store, path)
    assert not store.has("s")
