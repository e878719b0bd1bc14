import json

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.learn.arrays import pack, unpack


def test_arrays_come_back_as_they_were():
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "none": np.zeros((0, 4)),
        "one": np.array([np.nan]),
    }
    again = unpack(pack(arrays))
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)


def test_a_file_of_the_format_by_hand_is_read():
    about = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    head = json.dumps({"__metadata__": {"by": "hand"}, "x": about}).encode()
    content = len(head).to_bytes(8, "little") + head + np.array([1.5, 2], "<f4").tobytes()
    np.testing.assert_array_equal(unpack(content)["x"], [1.5, 2.0])


def test_arrays_keep_type_and_shape():
    given = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.zeros((0, 4), np.uint8)}
    found = unpack(pack(given))
    for name, array in given.items():
        assert found[name].dtype == array.dtype
        assert (found[name] == array).all()
        assert found[name].shape == array.shape


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 20,
        b"\x05\x00\x00\x00\x00\x00\x00\x00hello",
        pack({"a": np.zeros(9)})[:-8],
        b"\xff" * 40,
    ],
)
def test_a_damaged_file_is_refused(content):
    with pytest.raises(ModelError, match="damaged"):
        unpack(content)
