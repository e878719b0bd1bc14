"""Arrays of numbers in one file of the safetensors format: no pickle, nothing that can run.

The format: eight bytes with the length of a JSON header (little-endian), the header with type,
shape and byte range of each array, then the bytes. Only the few types below are written or read.
Source: the description of the format at github.com/huggingface/safetensors (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "U8": "|u1",
}
NAMES = {np.dtype(code): name for name, code in TYPES.items()}

NOTES = "__metadata__"  # words of other writers


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The file for named arrays."""
    header: dict[str, Any] = {}
    blocks: list[bytes] = []
    start = 0
    for name, array in arrays.items():
        block = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, start + len(block)],
        }
        start += len(block)
        blocks.append(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(blocks)


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of a file that ``pack`` wrote.

    Raises
    ------
    ModelError : when the file is not of this format, or its sizes do not agree.
    """
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        data = memoryview(content)[8 + size :]
        return {name: _array(data, **about) for name, about in header.items() if name != NOTES}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelError(
            "A file of arrays is damaged.", next_step="Train the model again, or restore it."
        ) from None


def _array(data: memoryview, dtype: str, shape: list[int], data_offsets: list[int]) -> NDArray[Any]:
    block = data[data_offsets[0] : data_offsets[1]]
    return np.frombuffer(block, dtype=np.dtype(TYPES[dtype])).reshape(shape)
