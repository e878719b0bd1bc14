"""The kernel's machine code: kept on disk, loaded without numba, checked before it is called."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nof1.predict import native

SCRIPT = """
import sys
from datetime import datetime
import polars as pl
from nof1.predict import features
spec = features.FeatureSpec(("A",), windows=("full",), aggregates=("count",), age=False)
at = datetime(2020, 1, 1)
table = pl.DataFrame({"subject_id": [1], "time": [at], "code": ["A"], "numeric_value": [None]})
print(features.row(features.encode(table, spec), at, spec)[0], "numba" in sys.modules)
"""


def fresh_process(cache: Path) -> list[str]:
    """Words printed by one row of features in a new process."""
    source = Path(native.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(source), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache folder after the first run."""
    folder = tmp_path_factory.mktemp("cache")
    assert fresh_process(folder) == ["1.0", "True"]
    return folder


def test_compiled_once_then_loaded_without_numba(cache):
    [file] = cache.iterdir()
    assert file.suffix == ".o"
    assert fresh_process(cache) == ["1.0", "False"]


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A kernel of one function that is compiled at once; returns LLVM and the cache folder."""
    llvm = pytest.importorskip("llvmlite.binding")
    native.native()
    source = "define i64 @one() { ret i64 1 }"
    monkeypatch.setattr(native, "_linked", lambda given: given.parse_assembly(source))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    return llvm, tmp_path / "cache"


def test_code_is_kept_and_found_again(tiny, monkeypatch):
    llvm, folder = tiny
    code = native._object_code(llvm)
    monkeypatch.delattr(native, "_linked")
    assert native._object_code(llvm) == code
    assert [file.suffix for file in folder.iterdir()] == [".o"]


def test_without_a_folder_to_write_to_the_code_stays_in_memory(tiny):
    llvm, folder = tiny
    folder.write_text("a file where the folder should be")
    assert native._object_code(llvm)
    assert folder.is_file()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX rights")
def test_code_that_others_can_change_is_not_run(tiny):
    llvm, folder = tiny
    code = native._object_code(llvm)
    [planted] = folder.iterdir()
    planted.write_bytes(b"not our machine code")
    planted.chmod(0o666)
    assert native._object_code(llvm) == code
    assert planted.read_bytes() == code
    assert not planted.stat().st_mode & 0o022


def test_another_python_gets_other_code(tiny, monkeypatch):
    llvm, folder = tiny
    native._object_code(llvm)
    monkeypatch.setattr(native.sys, "version", "another Python")
    native._object_code(llvm)
    assert len(list(folder.iterdir())) == 2


def test_machine_code_needs_nothing_from_outside():
    """No undefined symbol but the table of offsets: it can run in a process without numba."""
    llvm = pytest.importorskip("llvmlite.binding")
    native.native()
    module = native._linked(llvm)
    outside = {f.name for f in module.functions if f.is_declaration}
    assert all(name.startswith("llvm.") or name in {"memset", "memcpy"} for name in outside), (
        outside
    )


@pytest.mark.parametrize(
    "wrong",
    [np.zeros(3, np.int32), np.zeros((2, 6), np.int64)[:, ::2], [1, 2], 5, None],
    ids=["type", "layout", "list", "number", "none"],
)
def test_wrong_arrays_are_refused_before_the_call(wrong):
    with pytest.raises(TypeError):
        native._plain(native.I64, wrong)


def test_a_wrong_number_of_arguments_is_refused():
    with pytest.raises(TypeError, match="takes 13 arguments, not 1"):
        native.native().call("count_entries", 1)
