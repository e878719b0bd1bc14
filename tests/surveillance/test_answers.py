"""Kept answers: one file for each command, replaced by the next."""

from datetime import date

import pytest

from nof1.core.errors import InputError
from nof1.surveillance import answers, documents


def answer(command="nowcast", **keys):
    head = documents.head(command, "flu", date(2024, 1, 6), synthetic=True, places=[])
    return {**head, **keys}


def test_the_newest_answer_of_each_command_is_read(tmp_path):
    answers.keep(tmp_path, answer(rows=[1]))
    path = answers.keep(tmp_path, answer(rows=[2]))
    answers.keep(tmp_path, answer("alarms", rows=[3]))
    assert path == tmp_path / "answers" / "flu" / "nowcast.json"
    found = answers.read(tmp_path, "flu")
    assert {name: one["rows"] for name, one in found.items()} == {"nowcast": [2], "alarms": [3]}
    assert not list(tmp_path.rglob("*.new"))


def test_nothing_kept_is_empty(tmp_path):
    assert answers.read(tmp_path, "flu") == {}
    assert answers.read(tmp_path, "../..") == {}


@pytest.mark.parametrize(("key", "value"), [("schema", "nof1/advise/1"), ("signal", "../up")])
def test_an_answer_without_place_is_refused(tmp_path, key, value):
    with pytest.raises(InputError, match="names no command"):
        answers.keep(tmp_path, {**answer(), key: value})
    assert not list(tmp_path.rglob("*.json"))


def test_nan_is_refused(tmp_path):
    with pytest.raises(InputError, match="not finite"):
        answers.keep(tmp_path, answer(rows=[float("nan")]))


def test_damage_is_named(tmp_path):
    path = answers.keep(tmp_path, answer())
    path.write_text("[]")
    with pytest.raises(InputError, match="damaged"):
        answers.read(tmp_path, "flu")
