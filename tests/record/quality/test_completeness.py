"""Missing people, values and units; late arrivals; sudden changes as problems."""

from __future__ import annotations

from datetime import datetime, timedelta

from nof1.record.events import BIRTH
from nof1.record.quality import report

START = datetime(2020, 1, 1)


def test_people_without_birth_sex_and_events(events, as_of) -> None:  # type: ignore[no-untyped-def]
    rows = [{"subject_id": n, "code": BIRTH, "time": START} for n in range(1, 9)]
    rows += [{"subject_id": 9, "time": START, "numeric_value": 90.0, "unit": "mg/dL"}]
    found = {p.check: p for p in report(events(*rows), as_of=as_of).problems}
    assert (found["no-birth"].count, found["no-birth"].of) == (1, 9)
    assert found["no-sex"].count == 9
    assert found["no-event"].count == 8


def test_missing_values_only_where_a_value_is_usual(events, as_of) -> None:  # type: ignore[no-untyped-def]
    rows = [
        {"time": START + timedelta(days=n), "numeric_value": 90.0, "unit": "mg/dL"}
        for n in range(30)
    ]
    rows += [{"time": START + timedelta(days=40 + n)} for n in range(6)]
    rows += [{"time": START + timedelta(days=60), "numeric_value": 5.0}]
    rows += [{"code": "SNOMED//38341003", "time": START + timedelta(days=n)} for n in range(9)]
    found = {p.check: p for p in report(events(*rows), as_of=as_of).problems}
    assert (found["no-value"].code, found["no-value"].count) == ("LOINC//2345-7", 6)
    assert (found["no-unit"].count, found["no-unit"].of) == (1, 31)


def test_late_arrivals(events, as_of) -> None:  # type: ignore[no-untyped-def]
    late, early = timedelta(days=200), timedelta(days=-1)
    rows = [
        {"time": START + timedelta(days=n), "recorded": START + timedelta(days=n) + lag}
        for n, lag in enumerate([late] * 20 + [early] * 10 + [timedelta(0)] * 70)
    ]
    found = {p.check: p for p in report(events(*rows), as_of=as_of).problems}
    assert (found["late-arrival"].count, found["late-arrival"].of) == (20, 100)
    assert found["recorded-before"].count == 10


def test_a_lost_month_is_named(events, as_of) -> None:  # type: ignore[no-untyped-def]
    rows = []
    for month in range(48):
        day = datetime(2020 + month // 12, month % 12 + 1, 1)
        count = 0 if month == 20 else 40
        rows += [
            {"subject_id": n, "code": "SNOMED//1", "time": day + timedelta(hours=n)}
            for n in range(count)
        ]
    (drop,) = [p for p in report(events(*rows), as_of=as_of).problems if p.check == "sudden-drop"]
    assert (drop.month, drop.until, drop.count, drop.of) == ("2021-09", "2021-09", 0, 40)
