"""Guessing the roles of columns."""

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.intake.columns import NAMES, ROLES, asked, assign, need, plain


@pytest.mark.parametrize(
    "columns",
    [
        ["case_id", "onset_date", "report_date", "location", "age"],
        ["CaseID", "Date of Onset", "Notification Date", "County", "Alter"],
        ["Fallnummer", "Erkrankungsbeginn", "Meldedatum", "Landkreis", "age_years"],
    ],
)
def test_common_names_are_guessed(columns):
    found = assign(columns, ["id", "onset", "report", "place", "age", "specimen"], {}, "f")
    assert list(found.values()) == columns
    assert list(found) == ["id", "onset", "report", "place", "age"]


def test_the_users_word_wins_and_none_means_none():
    columns = ["onset_date", "dt", "location"]
    found = assign(columns, ["onset", "place"], {"onset": "DT", "place": "none"}, "f")
    assert found == {"onset": "dt"}


def test_two_candidates_are_refused():
    with pytest.raises(InputError, match="Several columns could be the role 'report'") as caught:
        assign(["report_date", "date_reported"], ["report"], {}, "f.csv")
    assert "--column report=NAME" in caught.value.next_step


def test_a_wrong_name_lists_the_columns_found():
    with pytest.raises(InputError) as caught:
        assign(["a", "b"], ["onset"], {"onset": "c"}, "f.csv")
    assert "the columns found: a, b" in str(caught.value)


def test_missing_roles_are_listed_with_the_next_step():
    with pytest.raises(InputError) as caught:
        need({"date": "d"}, ["date", "value"], ["d", "x"], "f.csv")
    assert "value (the number)" in caught.value.message
    assert "--column value=NAME" in caught.value.next_step


@pytest.mark.parametrize("pair", ["onset", "sun=x", "onset=", "=x"])
def test_a_pair_of_another_form_is_refused(pair):
    with pytest.raises(UsageError, match="role=name"):
        asked([pair])


def test_every_role_has_names_as_plain_writes_them():
    assert set(NAMES) == set(ROLES)
    for names in NAMES.values():
        assert all(plain(one) == one for level in names for one in level)
