"""What the clinician reads about the region: words, age, moves, and never a false calm."""

from datetime import datetime

import polars as pl
import pytest

from nof1.core.finding import Kind, Status, Subject
from nof1.record.events import SCHEMA
from nof1.surveillance.findings import OLD_DAYS, findings, rule_hash

WHO = Subject(id="ann")
KNOWN = datetime(2024, 1, 10)
AT = datetime(2024, 1, 15, 9)


def event(code: str, value: float | None = 1.0, time: datetime | None = KNOWN, row: int = 7):
    made = dict.fromkeys(SCHEMA)
    recorded = time.replace(day=time.day + 1) if time and code.startswith("EXPOSURE") else time
    return made | {
        "subject_id": 1,
        "time": time,
        "code": code,
        "numeric_value": value,
        "recorded": recorded,
        "source_file": "influenza-activity-2024-01-10.csv",
        "source_row": row,
        "site": "site-a",
        "unit": None,
    }


def record(level: str = "high", trend: str = "rising", *more: dict, row: int = 7) -> pl.DataFrame:
    rows = [
        event(f"EXPOSURE//influenza_activity//{level}", row=row),
        event(f"EXPOSURE//influenza_trend//{trend}", row=row),
        event("EXPOSURE//influenza_incidence", 84.25, row=row),
        event("EXPOSURE//influenza_data_age", 4.0, row=row),
        event("EXPOSURE//pm25", 12.0),
        *more,
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def test_high_and_rising():
    (found,) = findings(WHO, record(), AT, synthetic=True)
    assert found.kind is Kind.OUTBREAK
    assert found.status == Status.FOUND
    assert found.what.code == "EXPOSURE//influenza_activity"
    assert found.what.display == "Influenza in the patient's region: high and rising"
    assert found.reason == (
        "High and rising, as reported up to 10 January 2024: 84 cases per 100,000 people in the "
        "week to 6 January. More of the people with fever and cough have it now than in quiet "
        "weeks. It is rising: by today there may be more of it. It says nothing about who has it: "
        "that is for history, examination and test."
    )
    (why,) = found.evidence
    assert why.text == "Reports up to 10 January 2024, 5 days before this moment"
    (source,) = why.events
    assert (source.source_row, source.value) == (7, 84.25)
    assert found.basis.knowledge_date == "2024-01-10"
    assert found.basis.content_hash == rule_hash()
    assert found.synthetic


def test_low_is_not_none():
    (found,) = findings(WHO, record("low", "stable"), AT)
    assert found.status == Status.FOUND  # never «excluded»
    assert "low is not none" in found.reason
    (falling,) = findings(WHO, record("moderate", "falling"), AT)
    assert "falling, but not over" in falling.reason
    (unsure,) = findings(WHO, record("very_high", "not_known"), AT)
    assert unsure.what.display.endswith("very high, trend not known")


def test_not_known_is_not_low():
    (found,) = findings(WHO, record("not_known", "not_known"), AT)
    assert found.status == Status.NOT_CHECKED
    assert "Not known does not mean low" in found.reason
    assert found.resolve
    assert "low" not in found.what.display


@pytest.mark.parametrize(("day", "status"), [(25, Status.FOUND), (26, Status.NOT_CHECKED)])
def test_old_information_is_not_told_as_if_it_were_new(day, status):
    (found,) = findings(WHO, record(), datetime(2024, 1, day))
    assert found.status == status
    if status == Status.NOT_CHECKED:
        assert f"after {OLD_DAYS} days it tells nothing about now" in found.reason
        assert "10 January 2024, 16 days before" in found.reason


def test_nothing_is_told_before_it_was_known():
    assert findings(WHO, record(), datetime(2024, 1, 10, 23, 59)) == []
    assert len(findings(WHO, record(), datetime(2024, 1, 11))) == 1
    late = event("EXPOSURE//influenza_activity//very_high", time=datetime(2024, 1, 20), row=9)
    assert findings(WHO, record("high", "rising", late), AT) == findings(WHO, record(), AT)


def test_the_newest_day_counts_and_of_two_regions_the_one_with_more():
    older = event("EXPOSURE//influenza_activity//very_high", time=datetime(2024, 1, 3), row=2)
    (found,) = findings(WHO, record("low", "rising", older), AT)
    assert ": low" in found.what.display
    county = event("EXPOSURE//influenza_activity//very_high", row=2)
    (found,) = findings(WHO, record("low", "rising", county), AT)
    assert ": very high, trend not known" in found.what.display  # the trend is of the other row
    country = event("EXPOSURE//influenza_activity//not_known", row=2)
    (found,) = findings(WHO, record("low", "rising", country), AT)
    assert ": low and rising" in found.what.display


def test_who_has_moved_since_is_told_so():
    before = event("REGION//SYN-A1", None, datetime(2020, 1, 1))
    after = event("REGION//SYN-B1", None, datetime(2024, 1, 12))
    (found,) = findings(WHO, record("low", "stable", before), AT)
    assert found.status == Status.FOUND
    (found,) = findings(WHO, record("low", "stable", before, after), AT)
    assert found.status == Status.NOT_CHECKED
    assert "left since" in found.reason


def test_each_disease_has_its_own_and_other_codes_none():
    other = event("EXPOSURE//measles_activity//moderate", row=3)
    strange = event("EXPOSURE//influenza_activity//enormous", row=4)
    found = findings(WHO, record("low", "stable", other, strange), AT)
    assert [one.what.display for one in found] == [
        "Influenza in the patient's region: low and stable",
        "Measles in the patient's region: moderate, trend not known",
    ]
    assert "people with such signs" in found[1].reason
    (mark,) = found[1].evidence[0].events
    assert (mark.value, mark.text) == (None, "moderate")  # a mark is no measurement
    assert findings(WHO, pl.DataFrame([event("EXPOSURE//pm25")], schema=SCHEMA), AT) == []
