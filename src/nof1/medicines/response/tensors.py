"""Arrays of numbers in the safetensors format: a JSON head, then the bytes. Nothing can run.

Format: 8 bytes little-endian length of the head, the head (name -> dtype, shape, data_offsets),
the data. Source: the format's description at github.com/huggingface/safetensors (Apache-2.0).
Only float64 and float32 are written and read here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nof1.core.errors import ModelError
from nof1.learn.sums import FloatArray

KINDS = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4")}
MOST_HEAD = 1_000_000


def packed(arrays: Mapping[str, FloatArray]) -> bytes:
    """The file of named arrays; float64."""
    head: dict[str, object] = {}
    parts, at = [], 0
    for name, array in sorted(arrays.items()):
        data = np.ascontiguousarray(array, dtype="<f8").tobytes()
        head[name] = {
            "dtype": "F64",
            "shape": list(array.shape),
            "data_offsets": [at, at + len(data)],
        }
        parts.append(data)
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def unpacked(content: bytes) -> dict[str, FloatArray]:
    """The arrays of a file.

    Raises
    ------
    ModelError : when the file is not of this format.
    """
    try:
        size = int.from_bytes(content[:8], "little")
        if not 0 < size <= MOST_HEAD:
            raise ValueError("head")
        head = json.loads(content[8 : 8 + size])
        data = content[8 + size :]
        return {name: _array(one, data) for name, one in head.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(
            "A file of numbers in the model is damaged.",
            allowed="safetensors with float64 or float32",
            next_step="Train the model again, or restore it from a backup.",
        ) from None


def _array(one: Mapping[str, Any], data: bytes) -> FloatArray:
    low, high = (int(place) for place in one["data_offsets"])
    kind: Any = KINDS[one["dtype"]]
    flat = np.frombuffer(data[low:high], dtype=kind).astype(np.float64)
    made: FloatArray = flat.reshape([int(count) for count in one["shape"]])
    return made
