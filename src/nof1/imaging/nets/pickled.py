"""A torch file that is a full pickle -> named arrays. Runs only in the locked-down process.

``python -I -m nof1.imaging.nets.pickled SOURCE TARGET``: the process limits its own memory, time,
files and children first, reads SOURCE without running anything in it (see ``opcodes``) and writes
TARGET in safetensors layout. It prints one line of JSON: the tensors' number and lists of texts
found (names of classes), or why it refused.

Both layouts of torch are read: the zip archive (1.6 and later) and the older chain of pickles.
"""

from __future__ import annotations

import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import ModelError, Nof1Error
from nof1.imaging.nets.opcodes import Shell, Storage, TensorNote, damaged, follow, refused
from nof1.learn.arrays import pack

MEMORY_BYTES = 6 * 2**30
CPU_SECONDS = 300
FILE_BYTES = 2 * 2**30
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch's mark of the older layout
TYPES = {
    "Float": "<f4",
    "Double": "<f8",
    "Half": "<f2",
    "BFloat16": "<u2",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "<i1",
    "Byte": "<u1",
    "Bool": "<u1",
}
_CONTAINERS = ("state_dict", "model", "model_state_dict", "net", "network")
# what zipfile raises about broken archives: bad marks, names, ends, passwords
ARCHIVE_ERRORS = (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError, RuntimeError)
Arrays = dict[str, NDArray[Any]]
Blocks = Callable[[Storage], bytes]


def limit() -> None:
    """Take from this process what it does not need: memory, time, large files, children."""
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def read(content: bytes) -> tuple[Arrays, list[list[str]]]:
    """Arrays by name, and the lists of texts that stand beside them.

    Raises
    ------
    ModelError : something in the file is more than numbers, or it is damaged.
    """
    if content[:2] == b"PK":
        root, block = _archive(content)
    else:
        root, block = _chain(content)
    try:
        notes = dict(_tensors(root))
    except RecursionError:  # an object that holds itself
        raise damaged() from None
    arrays = {name: _array(note, block) for name, note in notes.items()}
    if not arrays:
        raise ModelError("The file holds no tensors.")
    return arrays, list(_texts(root))


def _archive(content: bytes) -> tuple[Any, Blocks]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        if any(info.compress_type != zipfile.ZIP_STORED for info in names.values()):
            raise refused("a compressed part")
        if "byteorder" in names and archive.read(names["byteorder"]).strip() != b"little":
            raise refused("numbers with the large end first")
        root = follow(io.BytesIO(archive.read(names["data.pkl"])))
    except ARCHIVE_ERRORS:
        raise damaged() from None
    return root, lambda storage: archive.read(names[f"data/{storage.key}"])


def _chain(content: bytes) -> tuple[Any, Blocks]:
    """The older layout: mark, version, machine, object, list of keys; then the numbers."""
    stream = io.BytesIO(content)
    if follow(stream) != LEGACY_MAGIC:
        raise damaged()
    follow(stream)
    machine = follow(stream)
    if not isinstance(machine, dict) or not machine.get("little_endian", True):
        raise refused("numbers with the large end first")
    root = follow(stream)
    keys = follow(stream)
    widths = {note.storage.key: note.storage for _, note in _tensors(root)}
    blocks: dict[str, bytes] = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little")
        if key not in widths:
            raise damaged()  # its width is not known, so what follows cannot be found
        blocks[key] = stream.read(count * np.dtype(TYPES[widths[key].kind]).itemsize)
    return root, lambda storage: blocks[storage.key]


def _tensors(value: Any, name: str = "") -> Iterator[tuple[str, TensorNote]]:
    """Tensors under the names a network gives them."""
    if isinstance(value, TensorNote):
        yield name, value
    elif isinstance(value, Shell):
        for part in ("_parameters", "_buffers", "_modules"):
            yield from _tensors(value.state.get(part) or {}, name)
    elif isinstance(value, dict):
        inner = next(
            (value[k] for k in _CONTAINERS if isinstance(value.get(k), dict | Shell)), None
        )
        if inner is not None and not name:
            yield from _tensors(inner)
            return
        for key, one in value.items():
            if isinstance(key, str):
                yield from _tensors(one, f"{name}.{key}" if name else key)


def _texts(value: Any) -> Iterator[list[str]]:
    state = value.state if isinstance(value, Shell) else value
    for one in state.values() if isinstance(state, dict) else ():
        if isinstance(one, list | tuple) and one and all(isinstance(t, str) for t in one):
            yield [str(text) for text in one]


def _array(note: TensorNote, block: Blocks) -> NDArray[Any]:
    if note.storage.kind not in TYPES:
        raise refused(f"numbers of the kind {note.storage.kind}")
    try:
        numbers = np.frombuffer(block(note.storage), dtype=TYPES[note.storage.kind])
    except ARCHIVE_ERRORS:
        raise damaged() from None
    reach = sum((side - 1) * step for side, step in zip(note.size, note.stride, strict=True))
    positive = all(step >= 0 for step in note.stride) and all(side >= 0 for side in note.size)
    if not positive or math.prod(note.size) > len(numbers):
        raise damaged()
    if 0 in note.size:
        return np.zeros(note.size, dtype=np.float32)
    if note.offset < 0 or note.offset + reach >= len(numbers):
        raise damaged()
    strides = [step * numbers.itemsize for step in note.stride]
    view = np.lib.stride_tricks.as_strided(numbers[note.offset :], note.size, strides)
    return _writable(np.ascontiguousarray(view).reshape(note.size), note.storage.kind)


def _writable(array: NDArray[Any], kind: str) -> NDArray[Any]:
    """In a type that our files of arrays know."""
    if kind == "BFloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype({"Half": np.float32, "Char": np.int16}.get(kind, array.dtype))


def main(arguments: list[str]) -> int:
    """Convert one file; 0 when it worked."""
    limit()
    source, target = (Path(one) for one in arguments)
    try:
        arrays, texts = read(source.read_bytes())
        target.write_bytes(pack(arrays))
    except Nof1Error as error:
        print(json.dumps(error.to_dict()))
        return 1
    except MemoryError:
        print(json.dumps({"error": "The file needs more memory than is allowed."}))
        return 1
    print(json.dumps({"tensors": len(arrays), "texts": texts}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
