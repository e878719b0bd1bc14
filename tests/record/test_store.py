"""The record as others read it."""

from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import UsageError, WorkspaceError
from nof1.record.generation import current
from nof1.record.store import Record, shard_name
from record_samples import imported, labs_folder, table


def test_each_subject_lies_whole_in_its_shard(tmp_path: Path) -> None:
    people = "".join(f"{n},p{n % 40},x,2020-01-01,{n},\n" for n in range(200))
    imported(tmp_path / "r", labs_folder(tmp_path / "in", "id,pid,name,when,value,unit\n" + people))
    record = Record(tmp_path / "r")
    assert len(record.shards()) == 4
    for number, path in enumerate(record.shards()):
        assert path.name == shard_name(number)
        assert set(pl.read_parquet(path)["subject_id"] % 4) <= {number}
    subject = record.subject("p7")
    whole = table(tmp_path / "r").filter(pl.col("subject_id") == subject)
    assert record.patient_events(subject).equals(whole)
    assert whole.height == 5
    assert record.patient_events(12345).is_empty()


def test_a_missing_patient_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    imported(tmp_path / "r", labs_folder(tmp_path / "in"))
    with pytest.raises(UsageError) as caught:
        Record(tmp_path / "r").subject("CANARY")
    assert "CANARY" not in str(caught.value)


def test_an_empty_or_damaged_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="empty"):
        Record(tmp_path / "r")
    imported(tmp_path / "r", labs_folder(tmp_path / "in"))
    for text in ("7", "../in", "\xff"):
        (tmp_path / "r" / "CURRENT").write_bytes(text.encode("latin-1"))
        with pytest.raises(WorkspaceError, match="damaged"):
            Record(tmp_path / "r")


def test_a_record_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "CURRENT").write_text("1")

    def refused(*_words, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(WorkspaceError, match=r"cannot be read: Permission denied(?s:.*)right"):
        current(tmp_path)


def test_the_history_of_imports_is_kept(tmp_path: Path) -> None:
    for site in ("one", "two"):
        imported(tmp_path / "r", labs_folder(tmp_path / "in"), site=site)
    history = Record(tmp_path / "r").imports()
    assert [entry["site"] for entry in history] == ["one", "two"]
    assert history[0]["imported_at"] == "2026-01-01T00:00:00"
    assert history[0]["files"] == ["labs.csv"]
