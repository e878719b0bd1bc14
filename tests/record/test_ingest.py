"""Imports: idempotent, corrected, withdrawn, atomic, one at a time."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.record import ingest as ingest_module
from nof1.record.events import RAW_SCHEMA, SCHEMA
from nof1.record.importers import Batch
from nof1.record.store import Record
from record_samples import LABS, NOW, imported, labs_folder, reasons, table


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


class Scripted:
    """An importer that hands over given batches."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = batches

    def read(self, path, settings):
        yield from self.batches


def scripted(monkeypatch: pytest.MonkeyPatch, name: str, *batches: Batch) -> None:
    monkeypatch.setattr(ingest_module, "sources_at", lambda path, settings: [(name, path)])
    monkeypatch.setattr(ingest_module, "importer", lambda name: Scripted(*batches))


def rows(*records: dict) -> pl.DataFrame:
    base = {"patient": "p", "time": NOW, "code": "X//1", "source_file": "f", "source_row": 1}
    whole = [{**dict.fromkeys(RAW_SCHEMA), **base, **record} for record in records]
    return pl.DataFrame(whole, schema=RAW_SCHEMA)


def test_rows_arrive_with_their_source(root: Path, tmp_path: Path) -> None:
    done = imported(root, labs_folder(tmp_path / "in"))
    assert (done.events, done.patients, done.added) == (3, 2, 3)
    assert done.files == ("labs.csv",)
    got = table(root)
    assert dict(got.schema) == dict(SCHEMA)
    sodium = got.filter(pl.col("code") == "lab//sodium").row(0, named=True)
    assert (sodium["numeric_value"], sodium["unit"], sodium["source_row"]) == (140.0, "mmol/L", 3)


def test_twice_the_same_import_gives_the_identical_table(root: Path, tmp_path: Path) -> None:
    source = labs_folder(tmp_path / "in")
    imported(root, source)
    first, shards = table(root), Record(root).shards()
    again = imported(root, source)
    assert table(root).equals(first)
    assert (again.added, again.replaced, again.removed) == (0, 3, 0)
    # unchanged shards are the same file under a second name
    assert [p.stat().st_ino for p in shards] == [p.stat().st_ino for p in Record(root).shards()]


def test_a_row_gone_at_the_source_is_gone_here(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"))
    shorter = "\n".join(LABS.splitlines()[:3]) + "\n"
    done = imported(root, labs_folder(tmp_path / "in", shorter))
    assert (done.replaced, done.removed, done.events) == (2, 1, 2)
    assert Record(root).subjects()["patient"].to_list() == ["a"]


def test_a_table_without_rows_empties_the_record(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"))
    done = imported(root, labs_folder(tmp_path / "in", LABS.splitlines()[0] + "\n"))
    assert (done.removed, done.events, done.patients) == (3, 0, 0)


def test_other_sites_and_files_stay(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"), site="one")
    done = imported(root, labs_folder(tmp_path / "in"), site="two")
    assert (done.events, done.patients, done.removed) == (6, 4, 0)
    with pytest.raises(UsageError, match="Several sites"):
        Record(root).subject("a")
    assert Record(root).subject("a", "one") != Record(root).subject("a", "two")


def test_a_record_with_a_new_value_replaces_the_old_one(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"))
    imported(root, labs_folder(tmp_path / "in", LABS.replace(",90,", ",91,")))
    values = table(root).filter(pl.col("code") == "lab//glucose")["numeric_value"]
    assert sorted(values) == [91.0, 95.0]


def test_of_a_record_that_occurs_twice_the_last_one_counts(root: Path, tmp_path: Path) -> None:
    text = LABS + "1,a,glucose,2020-01-01,70,mg/dL\n"
    done = imported(root, labs_folder(tmp_path / "in", text))
    assert (done.superseded, done.events) == (1, 3)
    assert sorted(table(root)["numeric_value"]) == [70.0, 95.0, 140.0]


def test_by_record_formats_add_to_the_file_and_honour_withdrawals(root, monkeypatch) -> None:
    first = rows({"record": "r1"}, {"record": "r2", "source_row": 2, "patient": "q"})
    scripted(monkeypatch, "fhir", Batch(first))
    imported(root, "x")
    # r1 moves to another patient; r2 is withdrawn, although an older version is in the same input
    second = Batch(
        rows({"record": "r1", "patient": "z"}, {"record": "r2", "source_row": 2}), retracted=["r2"]
    )
    scripted(monkeypatch, "fhir", second)
    done = imported(root, "x")
    assert Record(root).subjects()["patient"].to_list() == ["z"]
    assert (done.added, done.removed, done.superseded, done.events) == (1, 2, 1, 1)
    scripted(monkeypatch, "fhir", Batch(rows({"record": "r3"})))
    assert imported(root, "x").events == 2  # the same file name, but r1 stays


def test_a_corrected_row_that_is_bad_removes_the_old_one(root, monkeypatch) -> None:
    scripted(monkeypatch, "fhir", Batch(rows({"record": "r1", "numeric_value": 1.0})))
    imported(root, "x")
    scripted(monkeypatch, "fhir", Batch(rows({"record": "r1", "numeric_value": float("nan")})))
    done = imported(root, "x")
    assert (done.events, done.quarantined_rows) == (0, 1)


def test_a_record_in_many_rows_is_kept_whole(root, monkeypatch) -> None:
    parts = [{"record": "r1", "code": f"C//{n}"} for n in range(5)]
    scripted(monkeypatch, "fhir", Batch(rows(*parts)), Batch(rows(*parts[:2])))
    done = imported(root, "x")  # the second occurrence has two rows: it counts as a whole
    assert (done.events, done.superseded) == (2, 5)


def test_units_meet(root: Path, tmp_path: Path) -> None:
    text = LABS.replace("2,a,glucose,2020-01-02,95,mg/dL", "2,a,glucose,2020-01-02,0.95,g/L")
    imported(root, labs_folder(tmp_path / "in", text))
    glucose = table(root).filter(pl.col("code") == "lab//glucose")
    assert glucose["unit"].n_unique() == 1
    assert max(glucose["numeric_value"]) / min(glucose["numeric_value"]) == pytest.approx(95 / 90)


def test_the_quarantine_of_a_mended_file_is_cleared(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in", LABS.replace("2020-01-02", "0001-01-02")))
    assert reasons(root) == [("labs.csv", 2, "the time is before 1850")]
    imported(root, labs_folder(tmp_path / "in"))
    assert reasons(root) == []


def test_two_inputs_with_one_file_name_are_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="same name"):
        imported(root, labs_folder(tmp_path / "one"), labs_folder(tmp_path / "two"))
    with pytest.raises(WorkspaceError, match="empty"):
        Record(root)


def test_a_failing_import_changes_nothing(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"))
    before, names = table(root), sorted(os.listdir(root))
    with pytest.raises(InputError, match="lacks columns"):
        imported(root, labs_folder(tmp_path / "in", "id,pid\n1,a\n"))
    assert table(root).equals(before)
    assert sorted(os.listdir(root)) == names


def test_a_second_import_at_the_same_time_is_refused(root: Path, tmp_path: Path) -> None:
    source = labs_folder(tmp_path / "in")
    imported(root, source)
    with open(root / "LOCK", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(WorkspaceError, match="Another import"):
            imported(root, source)


def test_the_number_of_shards_cannot_change(root: Path, tmp_path: Path) -> None:
    source = labs_folder(tmp_path / "in")
    imported(root, source)
    with pytest.raises(UsageError, match="4 shards"):
        imported(root, source, shards=5)


def test_readers_keep_their_generation(root: Path, tmp_path: Path) -> None:
    imported(root, labs_folder(tmp_path / "in"))
    reader = Record(root)
    imported(root, labs_folder(tmp_path / "in", LABS.replace(",90,", ",91,")))
    assert 90.0 in reader.scan().collect()["numeric_value"].to_list()
    imported(root, labs_folder(tmp_path / "in"))
    assert sorted(p.name for p in root.iterdir() if p.name.isdigit()) == ["2", "3"]


STEPS = [
    "nof1.record.spill:Spill.add",
    "nof1.record.spill:Keys.finish",
    "nof1.record.ingest:write_meds",
    "nof1.record.generation:sync_below",
    "os:rename",
    "os:replace",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_import_leaves_the_record_as_it_was(step: str, root: Path, tmp_path: Path) -> None:
    """The importing process kills itself (SIGKILL) at the given step."""
    imported(root, labs_folder(tmp_path / "in"))
    before = table(root)
    source = labs_folder(tmp_path / "in", LABS.replace(",90,", ",91,"))
    script = f"""
        import importlib, os, signal
        module, name = {step!r}.split(":")
        owner = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
        from pathlib import Path
        from record_samples import imported
        imported(Path({str(root)!r}), Path({str(source)!r}))
    """
    here = Path(__file__).parents[1]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent / "src")])}
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=env, check=False)
    assert run.returncode == -signal.SIGKILL
    assert table(root).equals(before)
    done = imported(root, source)  # the next import cleans up and works
    assert 91.0 in table(root)["numeric_value"].to_list()
    assert not (root / ".staging").exists()
    assert sorted(p.name for p in root.iterdir() if p.name.isdigit()) == ["1", "2"]
    assert done.generation == root / "2"
