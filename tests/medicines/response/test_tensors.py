import json

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.medicines.response.tensors import packed, unpacked


def test_arrays_come_back_as_they_were():
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "none": np.zeros((0, 4)),
        "one": np.array([np.nan]),
    }
    again = unpacked(packed(arrays))
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)


def test_a_file_of_the_format_by_hand_is_read():
    head = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    content = len(head).to_bytes(8, "little") + head + np.array([1.5, 2], "<f4").tobytes()
    np.testing.assert_array_equal(unpacked(content)["x"], [1.5, 2.0])


@pytest.mark.parametrize("content", [b"", b"\x00" * 20, b"\x05\x00\x00\x00\x00\x00\x00\x00hello"])
def test_a_damaged_file_is_refused(content):
    with pytest.raises(ModelError, match="damaged"):
        unpacked(content)
