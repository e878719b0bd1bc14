"""Opening an index: whole, of this version, or refused by name."""

import json
import shutil

import pytest

from nof1.core.errors import InputError
from nof1.medicines.library import index
from nof1.medicines.library.index import open_library
from nof1.medicines.library.preparing import probe


@pytest.fixture
def copy(library, tmp_path):
    shutil.copytree(library.path, tmp_path / "copy")
    return tmp_path / "copy"


def changed(copy, **values):
    path = copy / "index.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(about | values), encoding="utf-8")


def test_entries_say_where_they_came_from(library):
    one = library.entry(0)
    assert (one.id, one.file, one.row) == ("m1", "some.smi", 1)
    assert library.entry(len(library) - 1).id == "m150"


def test_another_version_of_the_chemistry_is_refused(copy):
    changed(copy, chemistry={"rdkit": "2019.03.1", "probe": "0" * 32})
    with pytest.raises(InputError, match="another version of the chemistry") as caught:
        open_library(copy)
    assert "2019.03.1" in str(caught.value.allowed)
    assert "--replace" in str(caught.value.next_step)


def test_another_format_is_refused(copy):
    changed(copy, format="nof1/library/0")
    with pytest.raises(InputError, match="has the format 'nof1/library/0'"):
        open_library(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "nof1/library/1"}', "\x00"])
def test_a_damaged_description_is_refused(copy, text):
    (copy / "index.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"damaged: index\.json"):
        open_library(copy)


@pytest.mark.parametrize("name", ["fingerprints.npy", "texts.bin", "patterns.npy", "set_aside.tsv"])
def test_a_file_cut_short_or_missing_is_refused_by_name(copy, name):
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[:-1])
    with pytest.raises(InputError, match=f"damaged: {name}"):
        open_library(copy)
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"damaged: {name}"):
        open_library(copy)


@pytest.mark.parametrize("name", ["fingerprints.npy", "texts.bin", "order.npy", "set_aside.tsv"])
def test_bytes_that_turned_over_are_noticed(copy, name, monkeypatch):
    whole = bytearray((copy / name).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    (copy / name).write_bytes(bytes(whole))
    with pytest.raises(InputError, match="damaged: its content"):
        open_library(copy)
    monkeypatch.setattr(index, "READ_WHOLE", 0)
    open_library(copy)  # a large index is not read whole


def test_a_large_index_with_damage_is_refused_where_the_damage_is(copy, monkeypatch):
    monkeypatch.setattr(index, "READ_WHOLE", 0)
    (copy / "texts.bin").write_bytes(b"\xff" * (copy / "texts.bin").stat().st_size)
    with pytest.raises(InputError, match=r"damaged: texts\.bin"):
        open_library(copy).entry(0)
    about = json.loads((copy / "index.json").read_text(encoding="utf-8"))
    counts = about["counts"] | {"set_aside": {index.SAME: 1}}
    (copy / "set_aside.tsv").write_bytes(b"\xff\xfe")
    changed(copy, counts=counts, sizes=about["sizes"] | {"set_aside.tsv": 2})
    with pytest.raises(InputError, match=r"damaged: set_aside\.tsv"):
        open_library(copy).also([0])


def test_an_array_of_another_shape_is_refused(copy):
    about = json.loads((copy / "index.json").read_text(encoding="utf-8"))
    shutil.copy(copy / "folds.npy", copy / "order.npy")
    sizes = about["sizes"] | {"order.npy": (copy / "order.npy").stat().st_size}
    changed(copy, sizes=sizes)
    with pytest.raises(InputError, match=r"damaged: order\.npy"):
        open_library(copy)


def test_what_is_no_index_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="no index of a library here"):
            open_library(path)


def test_a_change_after_opening_is_noticed(copy):
    library = open_library(copy)
    library.unchanged()
    (copy / "folds.npy").touch()
    with pytest.raises(InputError, match="changed during the search"):
        library.unchanged()


def test_the_probe_depends_on_the_chemistry(monkeypatch):
    before = probe()
    assert before == probe()
    monkeypatch.setattr("nof1.medicines.library.preparing.PROBES", ("CCO",))
    assert probe() != before


def test_the_date_is_that_of_the_index(library):
    assert len(library.date) == 10
    assert library.date >= "2024"


def test_hidden_files_are_no_part_of_an_index(copy):
    library = open_library(copy)
    (copy / ".nfs0001").write_text("x", encoding="utf-8")
    library.unchanged()
    assert index.stamp_of(copy) == library.stamp
