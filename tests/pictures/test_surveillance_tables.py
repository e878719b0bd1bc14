"""Numbers as the tables of the surveillance page write them."""

from nof1.pictures.views.surveillance_tables import _error, _regret


def test_errors_of_members_show_the_digit_in_which_they_differ():
    told = [_error(one) for one in (2.041, 2.236, 43.42, 1234.5, None)]
    assert told == ["2.04", "2.24", "43.4", "1,234", "–"]


def test_a_regret_of_few_weeks_has_no_interval():
    row = {"plan": "by_median", "mean_regret": 3.25, "low": None, "high": None, "weeks": 3}
    assert _regret(row)["range"] == "too few weeks"
    assert _regret({**row, "low": 1.5, "high": 12.04})["range"] == "1.5 to 12"
