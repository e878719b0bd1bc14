"""MEDS folders: our own come back unchanged, others come in."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError
from nof1.record.store import Record
from record_samples import imported, labs_folder, reasons, table


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


def test_a_generation_is_a_valid_meds_dataset_and_comes_back_equal(root, tmp_path) -> None:
    import json

    import meds
    from pyarrow import parquet

    imported(root, labs_folder(tmp_path / "in"), site="clinic")
    record = Record(root)
    for shard in record.shards():
        meds.DataSchema.validate(parquet.read_table(shard))
    meds.CodeMetadataSchema.validate(parquet.read_table(record.path / meds.code_metadata_filepath))
    text = (record.path / meds.dataset_metadata_filepath).read_text()
    meds.DatasetMetadataSchema.validate(json.loads(text))
    other = tmp_path / "other"
    imported(other, record.path, site="elsewhere")
    assert table(other).equals(table(root))
    assert Record(other).subjects().equals(record.subjects())
    assert Record(other).codes().equals(record.codes())


def foreign(folder: Path) -> Path:
    (folder / "data" / "train").mkdir(parents=True)
    (folder / "metadata").mkdir()
    rows = {
        "subject_id": [1, 1, 2],
        "time": [None, datetime(2020, 1, 1), datetime(2020, 1, 2)],
        "code": ["GENDER//F", "LAB//x", "LAB//x"],
        "numeric_value": [None, 1.5, float("inf")],
        "hadm_id": [7, 7, 8],
    }
    schema = {"numeric_value": pl.Float32, "time": pl.Datetime("us")}
    pl.DataFrame(rows, schema_overrides=schema).write_parquet(folder / "data/train/0.parquet")
    codes = {"code": ["LAB//x"], "description": ["a laboratory value"], "parent_codes": [["LAB"]]}
    pl.DataFrame(codes).write_parquet(folder / "metadata/codes.parquet")
    return folder


def test_a_folder_of_others(root: Path, tmp_path: Path) -> None:
    imported(root, foreign(tmp_path / "meds"))
    got = table(root).join(Record(root).subjects(), on="subject_id")
    names = ["patient", "code", "time", "numeric_value", "source_file", "source_row"]
    assert got.select(names).rows() == [
        ("1", "GENDER//F", None, None, "data/train/0.parquet", 1),
        ("1", "LAB//x", datetime(2020, 1, 1), 1.5, "data/train/0.parquet", 2),
    ]
    assert reasons(root) == [("data/train/0.parquet", 3, "the number is NaN or infinite")]
    described = dict(Record(root).codes().select("code", "description").rows())
    assert described["LAB//x"] == "a laboratory value"


def test_a_damaged_file_is_an_error_and_nothing_is_imported(root: Path, tmp_path: Path) -> None:
    folder = foreign(tmp_path / "meds")
    whole = (folder / "data/train/0.parquet").read_bytes()
    (folder / "data/train/1.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        imported(root, folder)
    assert not (root / "CURRENT").exists()


def test_ids_as_floats_are_the_same_patient_and_unreadable_cells_are_refused(root, tmp_path):
    (tmp_path / "meds/data").mkdir(parents=True)
    whole = {"subject_id": [1], "time": [datetime(2020, 1, 1)], "code": ["A"]}
    pl.DataFrame(whole).write_parquet(tmp_path / "meds/data/0.parquet")
    rows = {
        "subject_id": [1.0, 1.5, 1.0, 1.0],
        "time": ["2020-01-02", "2020-01-02", "soon", "2020-01-03"],
        "code": ["A", "A", "A", "A"],
        "numeric_value": ["5", "5", "5", "five"],
    }
    pl.DataFrame(rows).write_parquet(tmp_path / "meds/data/1.parquet")
    done = imported(root, tmp_path / "meds")
    assert (done.patients, done.events) == (1, 2)
    assert reasons(root) == [
        ("data/1.parquet", 2, "column subject_id cannot be read"),
        ("data/1.parquet", 3, "column time cannot be read"),
        ("data/1.parquet", 4, "column numeric_value cannot be read"),
    ]
