"""From event tables to kernel arrays."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.predict import shards
from nof1.predict.spec import FeatureSpec
from predict.random_records import table

SPEC = FeatureSpec(("A", "B"), windows=("full",))
T1, T2 = datetime(2020, 1, 1), datetime(2020, 1, 2)
EVENTS = {1: [(T1, "A", 1.0, None), (T2, "B", None, None)], 4: [(T1, "B", 2.0, None)]}


def test_arrays_of_two_subjects():
    events = shards.encode(table(EVENTS), SPEC)
    assert events.subject_id.tolist() == [1, 4]
    assert events.offsets.tolist() == [0, 2, 3]
    assert events.code.tolist() == [0, 1, 1]
    assert events.time[0] == 1_577_836_800_000_000  # 2020-01-01
    assert np.isnan(events.value).tolist() == [False, True, False]
    assert len(events.recorded) == 0


def test_an_unsorted_table_is_sorted_and_ties_keep_their_order():
    mixed = table({1: [(T2, "A", 1.0, None), (T2, "A", 2.0, None), (None, "B", 0.0, None)]})
    events = shards.encode(mixed, SPEC)
    assert events.value.tolist() == [0, 1, 2]
    assert events.time[0] == shards.NEVER


def test_codes_of_no_feature_are_left_out():
    events = shards.encode(table({1: [(T1, "C", 1.0, None)]}), SPEC)
    assert len(events.time) == len(events.subject_id) == 0
    assert events.offsets.tolist() == [0]


def test_plain_meds_files_without_recorded(tmp_path):
    table(EVENTS).drop("recorded").write_parquet(tmp_path / "a.parquet")
    events = shards.read(tmp_path / "a.parquet", SPEC, np.array([1, 4]))
    assert events.offsets.tolist() == [0, 2, 3]


def test_categorical_codes_other_time_units_and_integers():
    other = table(EVENTS).with_columns(
        pl.col("code").cast(pl.Categorical),
        pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
        pl.col("recorded").cast(pl.Datetime("ms")),
        pl.col("subject_id").cast(pl.Int32),
        pl.col("numeric_value").cast(pl.Float64),
    )
    left, right = shards.encode(other, SPEC), shards.encode(table(EVENTS), SPEC)
    for name in ("subject_id", "offsets", "time", "code", "value"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def test_arrays_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        shards.encode(table(EVENTS), SPEC).value[0] = 1


def test_an_event_without_subject_is_refused():
    damaged = table(EVENTS).with_columns(subject_id=pl.lit(None, pl.Int64))
    with pytest.raises(InputError, match="no subject_id"):
        shards.encode(damaged, SPEC)


def test_a_column_of_another_type_is_refused_without_its_values():
    damaged = table(EVENTS).with_columns(subject_id=pl.lit("canary-7f3a"))
    with pytest.raises(InputError) as caught:
        shards.encode(damaged, SPEC)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"patient,value\n1,2\n"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "3.parquet").write_bytes(content)
    with pytest.raises(InputError) as caught:
        shards.read(tmp_path / "3.parquet", SPEC, np.array([1]))
    assert caught.value.where == "3.parquet"


@pytest.mark.parametrize(
    "damage",
    [
        {"offsets": np.array([0, 2])},
        {"offsets": np.array([0, 4, 3])},
        {"offsets": np.array([0, 2, 9])},
        {"code": np.array([0, 1, 99], np.int32)},
        {"code": np.array([0, -1, 1], np.int32)},
        {"value": np.zeros(2, np.float32)},
        {"recorded": np.zeros(1, np.int64)},
    ],
)
def test_arrays_that_do_not_fit_never_reach_the_machine_code(damage):
    with pytest.raises(InputError, match="do not fit"):
        replace(shards.encode(table(EVENTS), SPEC), **damage)
