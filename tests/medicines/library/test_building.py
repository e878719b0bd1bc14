"""Building an index: the same bytes everywhere, going on after a stop, and what strangers send."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medicines.library.samples import ASPIRIN, HOSTILE, MOLECULES, write_smiles
from nof1.core.engine import DaskEngine, LocalEngine
from nof1.core.errors import InputError, UsageError
from nof1.medicines.library import building, parts
from nof1.medicines.library.building import Order, build
from nof1.medicines.library.index import open_library
from nof1.medicines.library.merging import SAME, SHARED_ID
from nof1.medicines.library.reading import Columns


@pytest.fixture
def source(tmp_path):
    return write_smiles(tmp_path / "some.smi", MOLECULES)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["local:2", "dask"])
def test_every_engine_writes_the_same_bytes(source, tmp_path, kind):
    build(Order((source,), tmp_path / "alone", chunk=40))
    if kind == "dask":
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            build(
                Order((source,), tmp_path / "shared", chunk=40),
                DaskEngine(cluster.scheduler_address),
            )
    else:
        build(Order((source,), tmp_path / "shared", chunk=40), LocalEngine(2))
    assert contents(tmp_path / "alone") == contents(tmp_path / "shared")


def test_the_chunk_changes_nothing_but_the_work(source, tmp_path):
    one = build(Order((source,), tmp_path / "one", chunk=1000))
    many = build(Order((source,), tmp_path / "many", chunk=7))
    assert one["content"] == many["content"]


def test_a_stopped_build_goes_on_where_it_was(source, tmp_path, monkeypatch):
    order = Order((source,), tmp_path / "index", chunk=40)
    keep, made = parts.keep, []

    def stop_after_two(folder, part):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(part.number)
        keep(folder, part)

    monkeypatch.setattr(parts, "keep", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        build(order)
    with pytest.raises(InputError, match="not finished"):
        open_library(order.target)

    def go_on(folder, part):
        made.append(part.number)
        keep(folder, part)

    monkeypatch.setattr(parts, "keep", go_on)
    told = []
    about = build(order, progress=lambda *step: told.append(step))
    assert made == [0, 1, 2, 3]  # nothing twice
    assert [step[1] for step in told if step[0] == "read"] == [40, 80, 120, 150]
    fresh = build(Order((source,), tmp_path / "fresh", chunk=40))
    assert about == fresh
    assert contents(order.target) == contents(tmp_path / "fresh")


def test_a_killed_build_goes_on(source, tmp_path):
    """A real kill, in the middle of writing a part."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from nof1.medicines.library import parts\n"
        "from nof1.medicines.library.building import Order, build\n"
        "import numpy as np\nsave, calls = np.savez, []\n"
        "def die(stream, **arrays):\n"
        "    calls.append(1)\n"
        "    stream.write(b'half')\n    stream.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL) if len(calls) == 3 else None\n"
        "    stream.seek(0); stream.truncate(); save(stream, **arrays)\n"
        "parts.np.savez = die\n"
        "build(Order((Path(sys.argv[1]),), Path(sys.argv[2]), chunk=40))\n"
    )
    target = tmp_path / "index"
    done = subprocess.run([sys.executable, "-c", code, str(source), str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert parts.numbers(target / building.BUILDING) == [0, 1]
    about = build(Order((source,), target, chunk=40))
    assert about["content"] == build(Order((source,), tmp_path / "fresh"))["content"]
    assert not (target / building.BUILDING).exists()


def test_an_unfinished_build_of_something_else_is_not_mixed_in(source, tmp_path, monkeypatch):
    order = Order((source,), tmp_path / "index", chunk=40)
    monkeypatch.setattr(building, "merge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        build(order)
    monkeypatch.undo()
    write_smiles(source, MOLECULES[:50])
    with pytest.raises(UsageError, match="of other files or settings") as caught:
        build(order)
    assert "--restart" in caught.value.next_step
    about = build(Order((source,), order.target, chunk=40, restart=True))
    assert about["counts"]["molecules"] == 50


def test_an_index_is_replaced_only_when_asked(source, tmp_path):
    target = tmp_path / "index"
    build(Order((source,), target))
    write_smiles(source, MOLECULES[:9])
    with pytest.raises(UsageError, match="index in this folder already"):
        build(Order((source,), target))
    build(Order((source,), target, replace=True, substructures=False))
    library = open_library(target)
    assert len(library) == 9
    assert not (target / "patterns.npy").exists()


def test_a_folder_with_other_things_is_left_alone(source, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(UsageError, match="holds other things"):
        build(Order((source,), tmp_path / "mine"))
    with pytest.raises(UsageError, match="needs a folder"):
        build(Order((source,), source))


def test_two_builds_do_not_share_a_folder(source, tmp_path):
    target = tmp_path / "index"
    target.mkdir()
    with building._locked(target / building.BUILDING), pytest.raises(UsageError, match="Another"):
        build(Order((source,), target))


def test_what_strangers_send_is_set_aside_by_name(tmp_path):
    path = tmp_path / "hostile.csv"
    with open(path, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerows([["id", "smiles"], ["good", ASPIRIN]])
        rows.writerows([[f"bad{n}", smiles] for n, smiles in enumerate(HOSTILE)])
        rows.writerows([["again", "OC(=O)c1ccccc1OC(C)=O"], ["good", "CCO"], ["short"]])
        rows.writerow(["salt", "[Na+].O=C([O-])c1ccccc1"])
    about = build(Order((path,), tmp_path / "index"))
    counts = about["counts"]
    expected = dict.fromkeys(HOSTILE.values(), 1) | {"cannot be parsed": 2}
    expected |= {SAME: 1, "the row has too few columns": 1}
    assert counts["set_aside"] == expected
    assert counts["rows"] == counts["molecules"] + sum(expected.values()) == 12
    salt = {"salt: the counter-ion was removed": 1, "charge: neutralised": 1}
    assert counts["noted"] == salt | {SHARED_ID: 2}
    assert about["first"][SHARED_ID] == [
        {"file": "hostile.csv", "row": 2},
        {"file": "hostile.csv", "row": 11},
    ]
    library = open_library(tmp_path / "index")
    assert [one.id for one in library.entries(range(3))] == ["good", "good", "salt"]
    assert library.also([0]) == {0: [{"id": "again", "file": "hostile.csv", "row": 10}]}
    with open(tmp_path / "index" / "set_aside.tsv", encoding="utf-8", newline="") as lines:
        named = list(csv.DictReader(lines, delimiter="\t"))
    assert len(named) == sum(expected.values())
    assert {(row["row"], row["reason"]) for row in named} >= {("3", "cannot be parsed")}


def test_a_truncated_file_is_refused_and_nothing_is_published(tmp_path):
    packed = gzip.compress("\n".join(MOLECULES * 50).encode())
    path = tmp_path / "cut.smi.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="damaged or ends too early") as caught:
        build(Order((path,), tmp_path / "index", chunk=50))
    assert caught.value.where == "cut.smi.gz"
    with pytest.raises(InputError, match="not finished"):
        open_library(tmp_path / "index")


def test_a_wrong_column_is_corrected_without_more_ado(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,mol,note\nx,CCO,C1CC\n", encoding="utf-8")
    for columns in (Columns(), Columns(smiles="note")):
        with pytest.raises(InputError):
            build(Order((path,), tmp_path / "index", columns))
    about = build(Order((path,), tmp_path / "index", Columns(smiles="mol")))
    assert about["counts"]["molecules"] == 1


@pytest.mark.parametrize("text", ["", "smiles\n", "C1CC bad\n"])
def test_a_file_without_a_molecule_is_refused(tmp_path, text):
    path = tmp_path / "empty.smi"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="No row of the files gave a molecule"):
        build(Order((path,), tmp_path / "index"))


def test_a_full_disk_is_said_before_anything_is_written(source, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("nof1.medicines.library.merging.shutil.disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="are free"):
        build(Order((source,), tmp_path / "index"))


def test_files_are_checked_before_anything_is_read(source, tmp_path):
    with pytest.raises(UsageError, match="named twice"):
        build(Order((source, source), tmp_path / "index"))
    with pytest.raises(InputError, match="cannot be read"):
        build(Order((tmp_path / "none.smi",), tmp_path / "index"))
    os.mkfifo(tmp_path / "pipe.smi")
    with pytest.raises(InputError, match="no regular file"):
        build(Order((tmp_path / "pipe.smi",), tmp_path / "index"))


def test_files_of_one_name_are_told_apart(tmp_path):
    for folder, smiles in (("a", "CCO"), ("b", "CCN")):
        (tmp_path / folder).mkdir()
        write_smiles(tmp_path / folder / "x.smi", [smiles])
    about = build(Order((tmp_path / "a" / "x.smi", tmp_path / "b" / "x.smi"), tmp_path / "index"))
    names = [one["name"] for one in about["files"]]
    assert [name[-7:] for name in names] == ["a/x.smi", "b/x.smi"]


def test_index_json_says_what_was_made_of_what(source, tmp_path):
    about = build(Order((source,), tmp_path / "index"))
    assert json.loads((tmp_path / "index" / "index.json").read_text("utf-8")) == about
    assert about["files"] == [{"name": "some.smi", "bytes": source.stat().st_size}]
    assert about["counts"]["molecules"] == len(MOLECULES)
    assert set(about["chemistry"]) == {"rdkit", "fingerprint", "probe"}
