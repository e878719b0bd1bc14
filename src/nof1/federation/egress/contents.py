"""What stands in the files of a model: all words and all numbers, also inside encoded blocks.

Read are JSON, text, NumPy and other binary arrays; hexadecimal and base64 blocks inside text; and
zlib, gzip, bzip2, xz and zip around any of these, to ``DEEPEST`` layers. What is none of them is
named as opaque, never passed over.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import io
import json
import lzma
import re
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nof1.learn.sums import FloatArray

DEEPEST = 4
LARGEST = 64 * 2**20  # bytes of one unpacked block
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])|\bnan\b|\bnull\b",
                    re.IGNORECASE)  # fmt: skip
SHORTEST_BLOCK = 44  # characters: 32 bytes
NAMES = 200  # characters below which a block with slashes may be the name of a feature
BLOCK = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST_BLOCK},}}={{0,2}}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
HASHES = (40, 64, 128)  # lengths of hexadecimal SHA-1, SHA-256, SHA-512
LINE = 30  # characters of a line of a block that was broken into lines
FEWEST_SIGNS = 10  # different characters of a block; a ruled line has fewer
LIST = 5  # numbers in one string from which on it is read as a list
BINARY = {"float64": "<f8", "float32": "<f4", "big-endian float64": ">f8",
          "big-endian float32": ">f4", "int32": "<i4", "int16": "<i2", "bytes": "u1"}  # fmt: skip


@dataclass
class Numbers:
    """Numbers in the order of the file, NaN where a value is missing.

    Attributes
    ----------
    place : file, and how it was opened. starts, paths : where in it each list begins.
    """

    place: str
    values: FloatArray
    starts: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def where(self, index: int) -> str:
        """File and place of one number."""
        at = bisect_right(self.starts, index) - 1
        path = self.paths[at] if at >= 0 else ""
        return f"{self.place}{', ' if path else ''}{path}"


@dataclass
class Contents:
    """All words and numbers of a model's files.

    Attributes
    ----------
    words : place -> each string that stands there (JSON keys and values; lines of a text).
    numbers : runs of numbers. opaque : places of blocks that could not be read.
    """

    words: dict[str, list[str]] = field(default_factory=dict)
    numbers: list[Numbers] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)

    def add(self, place: str, words: list[str]) -> None:
        """Note the words of a place."""
        self.words.setdefault(place, []).extend(words)


def contents(files: Mapping[str, bytes]) -> Contents:
    """Read all files of a model."""
    found = Contents()
    for name, raw in sorted(files.items()):
        _read(found, name, raw, 0)
    return found


def _read(found: Contents, place: str, raw: bytes, depth: int) -> None:
    if depth > DEEPEST:
        found.opaque.append(place)
        return
    opened = list(_unpacked(raw))
    for how, inside in opened:
        if len(inside) >= LARGEST:
            found.opaque.append(f"{place}, {how}, beyond {LARGEST // 2**20} MiB")
        _read(found, f"{place}, {how}", inside, depth + 1)
    if opened:
        return
    text = _text(raw)
    if text is None:
        _binary(found, place, raw)
    else:
        _of_text(found, place, text, depth)


def _unpacked(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """What is inside a compressed block; nothing when it is none."""
    try:
        if raw[:2] == b"\x1f\x8b":
            yield "gzip", zlib.decompressobj(31).decompress(raw, LARGEST)
        elif raw[:1] == b"\x78" and len(raw) > 8 and (raw[0] * 256 + raw[1]) % 31 == 0:
            yield "zlib", zlib.decompressobj().decompress(raw, LARGEST)
        elif raw[:3] == b"BZh":
            yield "bzip2", bz2.BZ2Decompressor().decompress(raw, LARGEST)
        elif raw[:6] == b"\xfd7zXZ\x00":
            yield "xz", lzma.LZMADecompressor().decompress(raw, LARGEST)
        elif raw[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(raw)) as file:
                for one in file.infolist():
                    with file.open(one) as member:
                        yield f"zip {one.filename}", member.read(LARGEST)
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, zipfile.BadZipFile,
            RuntimeError):  # fmt: skip
        return


def _text(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _of_text(found: Contents, place: str, text: str, depth: int) -> None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        found.add(place, text.splitlines())
        _list(found, place, text, "", least=1)
        _blocks(found, place, "", text, depth)
        return
    walk = _Walk(found, place, depth)
    walk.over(data, "")
    found.numbers.append(
        Numbers(place, np.array(walk.values, dtype=np.float64), walk.starts, walk.paths)
    )


class _Walk:
    """Goes through JSON in the order of the file."""

    def __init__(self, found: Contents, place: str, depth: int) -> None:
        self.found, self.place, self.depth = found, place, depth
        self.values: list[float] = []
        self.starts: list[int] = []
        self.paths: list[str] = []

    def over(self, node: Any, path: str) -> None:
        if isinstance(node, dict):
            self._begin(path)
            self.found.add(self.place, list(node))
            for key, value in node.items():
                if len(key) >= SHORTEST_BLOCK:
                    _blocks(self.found, self.place, path, key, self.depth)
                self.over(value, f"{path}/{key}" if len(path) < 200 else path)
        elif isinstance(node, list):
            self._begin(path)
            for number, value in enumerate(node):
                nested = isinstance(value, list | dict)
                self.over(value, f"{path}/{number}" if nested and len(path) < 200 else path)
        elif isinstance(node, str):
            self._word(node, path)
        elif node is None:
            self.values.append(np.nan)
        elif not isinstance(node, bool):
            self.values.append(_float(node))

    def _begin(self, path: str) -> None:
        self.starts.append(len(self.values))
        self.paths.append(path)

    def _word(self, text: str, path: str) -> None:
        self.found.add(self.place, [text])
        _list(self.found, self.place, text, path, least=LIST)
        _blocks(self.found, self.place, path, text, self.depth)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf


def _list(found: Contents, place: str, text: str, path: str, least: int) -> None:
    got = NUMBER.findall(text)
    if len(got) >= least:
        values = [np.nan if one[:1].lower() == "n" else float(one) for one in got]
        found.numbers.append(Numbers(place, np.array(values), [0], [path]))


def _blocks(found: Contents, place: str, path: str, text: str, depth: int) -> None:
    """Encoded blocks inside a text, also when they were broken into lines."""
    pieces = text.split()
    joined = "".join(pieces)
    whole = len(pieces) > 1 and min(map(len, pieces[:-1])) >= LINE and BLOCK.fullmatch(joined)
    for block in dict.fromkeys([*BLOCK.findall(text), *([joined] if whole else [])]):
        if HEX.fullmatch(block) and len(block) in HASHES:
            continue
        raw = _decoded(block)
        if raw is not None:
            _read(found, f"{place}{', ' if path else ''}{path}, encoded block", raw, depth + 1)


def _decoded(block: str) -> bytes | None:
    """Bytes of a hexadecimal or base64 block; None for plain words that only look like one."""
    if len(set(block)) < FEWEST_SIGNS:
        return None
    if HEX.fullmatch(block):
        return bytes.fromhex(block)
    if block.isalpha() or (len(block) < NAMES and ("//" in block or {"/", "_"} <= set(block))):
        return None
    plain = block.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _binary(found: Contents, place: str, raw: bytes) -> None:
    """A binary block as arrays of each usual type; words in it are read too."""
    found.add(place, [one.decode() for one in re.findall(rb"[\x20-\x7e]{6,}", raw)])
    seen = False
    for kind, code in BINARY.items():
        size = np.dtype(code).itemsize
        for offset in range(size if size > 1 else 1):
            usable = raw[offset : offset + (len(raw) - offset) // size * size]
            with np.errstate(all="ignore"):
                values = np.frombuffer(usable, code).astype(np.float64)
            if len(values) >= LIST and _sensible(values) >= 0.5:
                seen = seen or kind.endswith(("float64", "float32"))
                found.numbers.append(Numbers(f"{place} as {kind}", values))
    if not seen:
        found.opaque.append(place)


def _sensible(values: FloatArray) -> float:
    """Share of numbers of an everyday size."""
    size = np.abs(values[np.isfinite(values)])
    return float(((size == 0) | ((size > 1e-6) & (size < 1e9))).sum() / len(values))
