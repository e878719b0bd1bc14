"""The compiled kernel against the slow oracle."""

import random
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.predict import features
from nof1.predict.spec import AGGREGATES, FeatureSpec
from predict import oracle
from predict.random_records import SPEC, as_stored, cohort, moment, record, table

AT = datetime(2021, 6, 1, 8)


def day(n, **more):
    return AT + timedelta(days=n, **more)


def wrong_columns(events, at, spec=SPEC):
    """Columns in which the kernel differs from the oracle."""
    got = features.row(features.encode(table({1: events}), spec), at, spec)
    stored = as_stored(events)
    expected = oracle.features(stored, at, spec)
    return oracle.mismatches(expected, got, spec.columns, oracle.size(stored))


@pytest.mark.parametrize("seed", range(300))
def test_random_records_agree_with_the_oracle(seed):
    source = random.Random(seed)
    assert wrong_columns(record(source), moment(source)) == []


HOURS = st.integers(-10_000, 10_000)
CLOSE = st.sampled_from([-168, -24, -23, -12, -1, 0, 1, 24])
EVENT = st.tuples(
    st.one_of(st.none(), HOURS, CLOSE),
    st.sampled_from([*SPEC.codes, "GENDER//F", "PGS//1", "MEDS_BIRTH"]),
    st.one_of(st.none(), st.sampled_from([0.0, 1.0, -2.5]), st.floats(width=32)),
    st.one_of(st.none(), HOURS, CLOSE),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENT, max_size=30))
def test_any_record_agrees_with_the_oracle(drawn):
    def moment_of(hours):
        return None if hours is None else AT + timedelta(hours=hours)

    events = [(moment_of(a), code, number, moment_of(b)) for a, code, number, b in drawn]
    events.sort(key=lambda e: (e[0] is not None, e[0] or AT))
    assert wrong_columns(events, AT) == []


def test_the_oracle_would_notice_a_wrong_value():
    """A comparison that cannot fail proves nothing: shift one window by one microsecond."""
    events = [(AT - timedelta(days=1), "LAB//a", 1.0, None)]
    spec = FeatureSpec(("LAB//a",), windows=("1d",), age=False)
    got = features.row(features.encode(table({1: events}), spec), AT, spec)
    expected = oracle.features(events, AT - timedelta(microseconds=1), spec)
    assert "LAB//a/1d/count" in oracle.mismatches(expected, got, spec.columns, 1)


@pytest.mark.parametrize(
    "aggregates", [AGGREGATES[i : i + 1] for i in range(len(AGGREGATES))] + [()]
)
def test_each_aggregate_alone(aggregates):
    source = random.Random(7)
    spec = FeatureSpec(SPEC.codes, windows=("1d", "full"), aggregates=aggregates)
    for _ in range(20):
        assert wrong_columns(record(source), moment(source), spec) == []


def test_without_the_full_window_the_walk_stops_early():
    events = [(day(-400), "LAB//a", 5.0, None), (day(-3), "LAB//a", 1.0, None)]
    spec = FeatureSpec(("LAB//a",), windows=("7d",))
    assert wrong_columns(events, AT, spec) == []


def test_a_million_events_of_one_patient():
    """Large counts and sums stay exact: 1,000,000 x 3 and its squares."""
    n = 1_000_000
    spec = FeatureSpec(("LAB//a",), windows=("1d", "full"))
    events = features.Events(
        subject_id=np.array([1]),
        offsets=np.array([0, n]),
        time=np.arange(n) * 1_000_000,
        recorded=np.empty(0, np.int64),
        code=np.zeros(n, np.int32),
        value=np.full(n, 3, np.float32),
        spec=spec,
    )
    at = datetime(1970, 1, 1) + timedelta(seconds=n - 1)
    row = dict(zip(spec.columns, features.row(events, at, spec), strict=True))
    assert row["LAB//a/full/count"] == n
    assert row["LAB//a/full/value_sum"] == 3 * n
    assert row["LAB//a/full/value_sum_sq"] == 9 * n
    assert row["LAB//a/1d/count"] == 86_400
    assert row["LAB//a/1d/time_since_last"] == 0


def test_largest_float32_values_do_not_overflow():
    largest = float(np.finfo(np.float32).max)
    events = [(day(-1, hours=1), "LAB//a", sign * largest, None) for sign in (1, 1, -1)]
    assert wrong_columns(events, AT) == []
    spec = FeatureSpec(("LAB//a",), windows=("full",), aggregates=("value_sum_sq",), age=False)
    row = features.row(features.encode(table({1: events}), spec), AT, spec)
    assert row[0] == pytest.approx(3 * largest**2)


@pytest.mark.parametrize("year", [1, 9999])
def test_first_and_last_years_of_the_calendar(year):
    events = [(datetime(year, 1, 1), "LAB//a", 1.0, None)]
    spec = FeatureSpec(("LAB//a",), windows=("1d", "3650000d", "full"))
    assert wrong_columns(events, datetime(year, 1, 1, 12), spec) == []
    assert wrong_columns(events, AT, spec) == []


def test_rows_of_one_subject_do_not_leak_into_each_other(tmp_path):
    """The accumulators are cleared between rows, whatever the order of the rows."""
    source = random.Random(3)
    records = {subject: record(source, 30) for subject in range(20)}
    rows = [(source.randrange(20), moment(source)) for _ in range(200)]
    table(records).write_parquet(tmp_path / "a.parquet")
    dense = features.build([tmp_path / "a.parquet"], cohort(rows), SPEC).dense()
    for got, (subject, at) in zip(dense, rows, strict=True):
        stored = as_stored(records[subject])
        expected = oracle.features(stored, at, SPEC)
        assert oracle.mismatches(expected, got, SPEC.columns, oracle.size(stored)) == []
