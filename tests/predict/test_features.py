"""Features of cohorts and of single patients. Names say what a peer program got wrong."""

import random
from datetime import datetime, timedelta
from math import isnan

import numpy as np
import polars as pl
import pytest

from nof1.core.engine import LocalEngine, engine_from
from nof1.core.errors import InputError
from nof1.predict import features
from nof1.predict.spec import FeatureSpec
from predict.random_records import SPEC, cohort, moment, record, table

AT = datetime(2021, 6, 1, 8)
LAB = FeatureSpec(("LAB//a",), windows=("1d", "7d", "full"))


def day(n):
    return AT + timedelta(days=n)


def lab(time, number, recorded=None):
    return time, "LAB//a", number, recorded


def named(events, at=AT, spec=LAB):
    """The features of one patient by their names."""
    row = features.row(features.encode(table({1: events}), spec), at, spec)
    return dict(zip(spec.columns, row, strict=True))


@pytest.fixture
def shard(tmp_path):
    """Writes an event table as a shard."""

    def write(records, name="0.parquet"):
        table(records).write_parquet(tmp_path / name)
        return tmp_path / name

    return write


# MEDS-tab 0.2.0 is silently wrong on each of the next six (reproduced by bench/features.py).


def test_last_event_of_a_timestamp_is_kept():
    row = named([lab(day(-2), 1.0), lab(day(-2), 2.0), lab(day(-1), 3.0)])
    assert row["LAB//a/full/count"] == 3
    assert row["LAB//a/full/value_sum"] == 6


def test_one_event_per_timestamp_is_not_empty():
    row = named([lab(day(-3), 1.0), lab(day(-2), 1.0), lab(day(-1), 1.0)])
    assert row["LAB//a/full/count"] == 3


def test_numeric_values_reach_the_value_features():
    row = named([lab(day(-1), 4.0), lab(day(0), 6.0)])
    assert row["LAB//a/7d/value_count"] == 2
    assert row["LAB//a/7d/value_sum_sq"] == 52


def test_minimum_of_positive_values_is_not_zero():
    row = named([lab(day(-1), 5.0), lab(day(0), 7.0)])
    assert row["LAB//a/full/value_min"] == 5


def test_maximum_of_negative_values_is_not_zero():
    row = named([lab(day(-2), -5.0), lab(day(-1), -7.0), lab(day(0), -3.0)])
    assert row["LAB//a/full/value_max"] == -3


def test_a_true_zero_differs_from_not_measured():
    assert named([lab(day(0), 0.0)])["LAB//a/1d/value_min"] == 0
    assert isnan(named([lab(day(0), None)])["LAB//a/1d/value_min"])


def test_windows_end_at_the_prediction_time_not_at_the_last_event():
    row = named([lab(day(-365), 1.0)])
    assert row["LAB//a/1d/count"] == 0
    assert isnan(row["LAB//a/7d/value_last"])
    assert row["LAB//a/full/time_since_last"] == 365


def test_count_counts_events_not_timestamps():
    assert named([lab(day(-1), 1.0)] * 4)["LAB//a/7d/count"] == 4


# The edges of time.


def test_window_edges_lower_out_upper_in():
    row = named([lab(day(-1), 1.0), lab(day(0), 2.0)])
    assert row["LAB//a/1d/count"] == 1
    assert row["LAB//a/1d/value_sum"] == 2
    late = named([lab(day(-1) + timedelta(microseconds=1), 1.0)])
    assert late["LAB//a/1d/count"] == 1


def test_events_after_the_prediction_time_are_not_used():
    row = named([lab(day(0) + timedelta(microseconds=1), 9.0)])
    assert row["LAB//a/full/count"] == 0


def test_an_event_recorded_later_is_not_known_yet():
    events = [lab(day(-3), 1.0), lab(day(-2), 9.0, recorded=day(1))]
    assert named(events)["LAB//a/7d/value_last"] == 1
    assert named(events, at=day(1))["LAB//a/7d/value_last"] == 9


def test_prediction_before_the_first_event_is_all_missing():
    row = named([lab(day(5), 1.0)])
    assert row["LAB//a/full/count"] == 0
    assert isnan(row["LAB//a/full/time_since_last"])


def test_last_value_of_a_tie_is_the_last_of_the_table():
    row = named([lab(day(-1), 1.0), lab(day(-1), 2.0), lab(day(-1), None)])
    assert row["LAB//a/full/value_last"] == 2
    assert row["LAB//a/full/time_since_last"] == 1


def test_infinite_and_nan_are_events_without_a_number():
    row = named([lab(day(0), float("inf")), lab(day(0), float("nan")), lab(day(0), 1.0)])
    assert row["LAB//a/full/count"] == 3
    assert row["LAB//a/full/value_count"] == 1
    assert row["LAB//a/full/value_max"] == 1


# Static features.

STATIC = FeatureSpec((), static_codes=("GENDER//F",), static_values=("PGS//1",))


def test_age_static_facts_and_scores():
    events = [
        (None, "GENDER//F", None, None),
        (None, "PGS//1", -1.5, None),
        (AT - timedelta(days=365.25 * 40), "MEDS_BIRTH", None, None),
    ]
    assert named(events, spec=STATIC) == {
        "age_years": 40,
        "static/GENDER//F": 1,
        "static/PGS//1/value": -1.5,
    }


def test_unknown_static_facts_are_absent():
    events = [(None, "PGS//1", 2.0, day(1)), (day(1), "MEDS_BIRTH", None, None)]
    row = named(events, spec=STATIC)
    assert isnan(row["age_years"])
    assert row["static/GENDER//F"] == 0
    assert isnan(row["static/PGS//1/value"])


def test_a_code_can_be_dated_and_static():
    spec = FeatureSpec(("X",), static_codes=("X",), windows=("full",), aggregates=("count",))
    row = named([(None, "X", None, None), (day(-1), "X", None, None)], spec=spec)
    assert row["static/X"] == 1
    assert row["X/full/count"] == 1


# Cohorts.


def test_one_patient_equals_batch_bit_for_bit(shard):
    source = random.Random(11)
    records = {subject: record(source, 30) for subject in range(40)}
    rows = [(source.randrange(40), moment(source)) for _ in range(100)]
    dense = features.build([shard(records)], cohort(rows), SPEC).dense()
    for batch, (subject, at) in zip(dense, rows, strict=True):
        events = features.encode(table({subject: records[subject]}), SPEC)
        assert features.row(events, at, SPEC).tobytes() == batch.tobytes()


@pytest.fixture
def two_shards(shard):
    source = random.Random(5)
    records = {subject: record(source, 20) for subject in range(60)}
    rows = [(source.randrange(60), moment(source)) for _ in range(150)]
    halves = [{s: records[s] for s in records if s % 2 == part} for part in (0, 1)]
    paths = [shard(half, f"{part}.parquet") for part, half in enumerate(halves)]
    return shard(records, "all.parquet"), paths, cohort(rows)


def test_shards_do_not_change_the_matrix(two_shards):
    one, paths, rows = two_shards
    left, right = (features.build(p, rows, SPEC).dense() for p in ([one], paths))
    assert left.tobytes() == right.tobytes()


def test_processes_do_not_change_the_matrix(two_shards):
    one, paths, rows = two_shards
    left = features.build([one], rows, SPEC)
    right = features.build(paths, rows, SPEC, engine=LocalEngine(2))
    assert left.dense().tobytes() == right.dense().tobytes()


def test_dask_does_not_change_the_matrix(two_shards):
    distributed = pytest.importorskip("distributed")
    one, paths, rows = two_shards
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        engine = engine_from(f"dask:{cluster.scheduler_address}")
        right = features.build(paths, rows, SPEC, engine=engine)
    assert features.build([one], rows, SPEC).dense().tobytes() == right.dense().tobytes()


def test_a_matrix_on_disk_is_the_same_matrix(two_shards, tmp_path):
    _, paths, rows = two_shards
    left = features.build(paths, rows, SPEC)
    right = features.build(paths, rows, SPEC, folder=tmp_path / "matrix")
    assert left.dense().tobytes() == right.dense().tobytes()
    assert list((tmp_path / "matrix").rglob("*.npy"))


def test_rows_keep_the_order_of_the_cohort(two_shards):
    one, _, rows = two_shards
    matrix = features.build([one], rows, SPEC)
    assert matrix.subject_id.tolist() == rows["subject_id"].to_list()
    assert matrix.prediction_time.tolist() == rows["prediction_time"].to_list()


def test_subjects_in_no_shard_are_counted_and_absent(shard):
    path = shard({1: [lab(day(-1), 2.0)]})
    matrix = features.build([path], cohort([(7, AT), (1, AT), (-2, AT)]), LAB)
    assert matrix.without_events == 2
    assert matrix.column("LAB//a/full/count").tolist() == [0, 1, 0]
    assert np.isnan(matrix.column("LAB//a/full/value_last")).tolist() == [True, False, True]


def test_an_empty_cohort_and_no_shard(shard):
    path = shard({1: [lab(day(-1), 2.0)]})
    assert features.build([path], cohort([]), LAB).dense().shape == (0, len(LAB.columns))
    nobody = features.build([], cohort([(1, AT)]), LAB)
    assert nobody.without_events == 1
    assert nobody.dense().shape == (1, len(LAB.columns))


def test_the_same_row_twice(shard):
    path = shard({1: [lab(day(-1), 2.0)]})
    twice = features.build([path], cohort([(1, AT), (1, AT)]), LAB).dense()
    assert twice[0].tobytes() == twice[1].tobytes()


def test_a_subject_in_two_shards_is_refused(shard):
    paths = [shard({1: [lab(day(-1), 2.0)]}, f"{i}.parquet") for i in range(2)]
    with pytest.raises(InputError, match="more than one shard"):
        features.build(paths, cohort([(1, AT)]), LAB)


def test_a_cohort_without_a_time_is_refused(shard):
    path = shard({1: []})
    with pytest.raises(InputError, match="1 rows of the cohort"):
        features.build([path], cohort([(1, None)]), LAB)
    with pytest.raises(InputError, match="no column prediction_time"):
        features.build([path], pl.DataFrame({"subject_id": [1]}), LAB)


def test_a_shard_that_is_no_event_table_is_named(tmp_path):
    pl.DataFrame({"subject_id": [1]}).write_parquet(tmp_path / "7.parquet")
    with pytest.raises(InputError) as caught:
        features.build([tmp_path / "7.parquet"], cohort([(1, AT)]), LAB)
    assert "7.parquet" in caught.value.where


def test_two_patients_are_not_one_row():
    events = features.encode(table({1: [lab(AT, 1.0)], 2: [lab(AT, 1.0)]}), LAB)
    with pytest.raises(InputError, match="more than one patient"):
        features.row(events, AT, LAB)


def test_events_encoded_for_other_features_are_refused():
    events = features.encode(table({1: [lab(AT, 1.0)]}), SPEC)
    with pytest.raises(InputError, match="other features"):
        features.row(events, AT, LAB)
