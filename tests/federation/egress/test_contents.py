"""What stands in files, however it is packed."""

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib

import numpy as np
import pytest

from nof1.federation.egress.contents import contents

ROW = [63.2, 134.27, 0.0, 5.19, 88.4, 1.013]


def zipped(raw):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("inside.json", raw)
    return file.getvalue()


PACKED = {
    "plain": lambda raw: raw,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "twice": lambda raw: zlib.compress(gzip.compress(raw)),
}


def holds(found, row):
    """Whether the numbers of a row stand next to each other."""
    for one in found.numbers:
        windows = np.lib.stride_tricks.sliding_window_view(
            np.r_[one.values, np.full(len(row), np.nan)], len(row)
        )
        if np.isclose(windows, row, rtol=1e-6).all(axis=1).any():
            return True
    return False


@pytest.mark.parametrize("how", PACKED)
def test_numbers_are_found_in_a_packed_block_inside_a_text(how):
    block = base64.b64encode(PACKED[how](json.dumps({"row": ROW, "more": [1] * 20}).encode()))
    found = contents({"model.json": json.dumps({"a": 1, "note": block.decode()}).encode()})
    assert holds(found, ROW)
    assert not found.opaque


@pytest.mark.parametrize("kind", ["<f8", "<f4", ">f8"])
def test_numbers_are_found_in_a_binary_array(kind):
    raw = b"12345678" + np.array(ROW * 3, dtype=kind).tobytes()
    assert holds(contents({"arrays.safetensors": raw}), ROW)


def test_a_block_of_hexadecimal_is_opened():
    raw = np.array(ROW, dtype="<f8").tobytes().hex()
    assert holds(contents({"card.md": f"see {raw}".encode()}), ROW)


def test_a_block_that_was_broken_into_lines_is_opened():
    block = base64.encodebytes(np.array(ROW * 3, dtype="<f8").tobytes()).decode()
    assert "\n" in block[:-1]
    assert holds(contents({"model.json": json.dumps({"x": block}).encode()}), ROW)


def test_a_list_inside_a_string_and_a_text_with_commas_are_read():
    text = ";".join(map(str, ROW))
    assert holds(contents({"model.json": json.dumps({"x": text}).encode()}), ROW)
    assert holds(contents({"trees.lgb.txt": f"threshold={' '.join(map(str, ROW))}".encode()}), ROW)


def test_words_are_unescaped_and_keys_count():
    found = contents({"card.json": json.dumps({"M\u00fcller": ["a\nb"]}).encode()})
    assert found.words["card.json"] == ["M\u00fcller", "a\nb"]


def test_noise_is_named_as_opaque_and_a_hash_is_not():
    noise = np.random.default_rng(1).bytes(4000)
    assert contents({"x.onnx": noise}).opaque == ["x.onnx"]
    assert not contents({"card.json": json.dumps({"hash": "ab" * 32}).encode()}).opaque


def test_the_place_of_a_number_is_told():
    found = contents({"model.json": json.dumps({"a": [1, 2], "b": {"c": [3.5]}}).encode()})
    (numbers,) = found.numbers
    assert numbers.where(2) == "model.json, /b/c"


def test_layers_without_end_stop():
    raw = b"x" * 100
    for _ in range(8):
        raw = gzip.compress(raw)
    assert contents({"x.onnx": raw}).opaque
