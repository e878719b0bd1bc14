"""The whole quality report."""

import json
from datetime import date

import pytest

from intake_samples import FIVE_CASES, store_in, take, weekly, write
from nof1.surveillance.checks.quality import quality
from nof1.surveillance.checks.remark import MEANINGS
from shared_data import needs


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


def states(data):
    return {one["check"]: one["state"] for one in data["checks"]}


@pytest.mark.parametrize(
    "text", [FIVE_CASES, weekly({"2024-01-06": {"A": 3}, "2024-01-13": {"A": 4}})]
)
def test_every_check_answers_and_says_what_it_means(store, tmp_path, text):
    take(store, write(tmp_path, text))
    data = quality(store, "s")
    json.dumps(data, allow_nan=False)
    assert data["schema"] == "nof1/surveillance-quality/1"
    assert states(data).keys() <= MEANINGS.keys()
    assert len(data["checks"]) >= 13
    for one in data["checks"]:
        assert one["words"]
        found = one["state"] in ("warning", "note")
        assert (set(one["means"]) == {"nowcast", "alarms", "forecast"}) == found
    waiting = {one["check"] for one in data["checks"] if one["state"] == "not_checked"}
    assert {one["what"] for one in data["not_checked"]} == waiting


def test_rows_set_aside_are_told_by_reason_without_values(store, tmp_path):
    take(store, write(tmp_path, FIVE_CASES + "SECRET,2024-03-09,2024-03-01,A,4,no\n"))
    data = quality(store, "s")
    row = next(one for one in data["checks"] if one["check"] == "rows set aside")
    assert row["rows"][0]["words"] == "reported before the onset day"
    assert "SECRET" not in json.dumps(data)
    assert data["attention"]


def test_the_past_report_does_not_change_with_the_future(store, tmp_path):
    rows = {f"2024-0{m}-{d:02d}": {"A": 20, "B": 30} for m, d in ((1, 6), (1, 13), (1, 20))}
    take(store, write(tmp_path, weekly(rows)))
    before = quality(store, "s", date(2024, 1, 20))
    wrong = {**rows, "2024-01-27": {"A": -5, "B": 2.5, "C": 0}}
    take(store, write(tmp_path, weekly(wrong)), known_on=date(2024, 2, 1))
    assert quality(store, "s", date(2024, 1, 20)) == before
    assert states(quality(store, "s"))["negative values"] == "warning"


def test_german_hospitalisations(store):
    take(store, needs("surveillance/nowcast/germany_covid19_hosp.csv.gz"))
    found = states(quality(store, "s"))
    assert found["weekday pattern"] == "note"
    assert found["revisions"] == "note"
    assert found["unit"] == "clear"
    assert found["short history"] == "warning"  # 240 days


def test_flusight_as_known_in_december(store):
    take(store, needs("surveillance/flusight-asof"))
    data = quality(store, "s", date(2023, 12, 13))
    assert (data["first"], data["last"], data["steps"]) == ("2022-02-12", "2023-12-09", 96)
    assert states(data)["missing steps"] == "clear"
    assert states(data)["revisions"] == "note"
