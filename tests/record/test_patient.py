"""The point-in-time view shows what was known, and nothing else."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import PointInTimeError, UsageError
from nof1.record.events import SCHEMA
from nof1.record.patient import Patient

START = datetime(2020, 1, 1)
days = st.integers(0, 30).map(lambda n: START + timedelta(days=n))
event = st.fixed_dictionaries(
    {
        "time": st.none() | days,
        "recorded": st.none() | days,
        "code": st.sampled_from(["A", "B", "MEDS_BIRTH"]),
        "numeric_value": st.none() | st.integers(-5, 5).map(float),
    }
)


def frame(events: list[dict]) -> pl.DataFrame:
    whole = [{**dict.fromkeys(SCHEMA), "subject_id": 1, **e} for e in events]
    return pl.DataFrame(whole, schema=SCHEMA)


def known(e: dict, at: datetime) -> bool:
    """The oracle: an event may be used from its time and its recording on."""
    return all(moment is None or moment <= at for moment in (e["time"], e["recorded"]))


@given(events=st.lists(event, max_size=12), at=days, start=days, end=days)
def test_only_what_was_known_is_seen(events, at, start, end) -> None:
    patient = Patient(frame(events), at)
    seen = [e for e in events if known(e, at)]
    names = ["time", "recorded", "code", "numeric_value"]
    got = patient.events.select(names).rows()
    order = sorted(seen, key=lambda e: e["time"] or datetime.min)
    assert got == [tuple(e[n] for n in names) for e in order]
    for code in ("A", "B"):
        assert patient.has(code) == any(e["code"] == code for e in seen)
        numbers = [e for e in order if e["code"] == code and e["numeric_value"] is not None]
        assert patient.value(code) == (numbers[-1]["numeric_value"] if numbers else None)
    if end > at:
        with pytest.raises(PointInTimeError):
            patient.events_between(start, end)
    else:
        between = [e for e in seen if e["time"] and start < e["time"] <= end]
        assert patient.events_between(start, end).height == len(between)


@given(events=st.lists(event, max_size=12), at=days, earlier=days)
def test_looking_back_equals_having_looked_then(events, at, earlier) -> None:
    patient = Patient(frame(events), at)
    if earlier > at:
        with pytest.raises(PointInTimeError):
            patient.as_of(earlier)
    else:
        assert patient.as_of(earlier).events.equals(Patient(frame(events), earlier).events)


def test_age_and_history() -> None:
    born = {"time": datetime(1980, 1, 1), "code": "MEDS_BIRTH"}
    later = {"time": START, "code": "A"}
    patient = Patient(frame([later, born]), START)
    assert patient.age_years == pytest.approx(40.0, abs=0.01)
    assert patient.history()["code"].to_list() == ["A", "MEDS_BIRTH"]
    assert patient.history("A").height == 1
    assert Patient(frame([later]), START).age_years is None


def test_wrong_use_is_refused() -> None:
    two = frame([{"code": "A"}, {"code": "A", "subject_id": 2}])
    with pytest.raises(UsageError, match="several patients"):
        Patient(two, START)
    with pytest.raises(UsageError, match="time zone"):
        Patient(frame([]), datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
