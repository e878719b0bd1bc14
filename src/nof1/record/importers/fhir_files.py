"""FHIR files as documents: which files are FHIR JSON, and their lines or whole content.

What is wrong with one file (damaged compression, a bomb, another encoding, XML) becomes a problem
of that file; the others are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from nof1.core.errors import InputError
from nof1.record.reading import (
    DEFAULT_LIMIT,
    UTF8_MARK,
    UTF16_MARKS,
    files_below,
    first_bytes,
    relative_name,
    safe_open,
)

LARGEST_DOCUMENT = 256 * 2**20  # bytes of one resource or Bundle
SNIFFED = 65_536
_FHIR = re.compile(rb'"resourceType"\s*:')
_XML = re.compile(rb"""xmlns\s*=\s*["']http://hl7\.org/fhir["']""")
_LINES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")
_NAMES = (*_LINES, ".json", ".json.gz")


class Document(NamedTuple):
    """One line of NDJSON, or a whole file (row 0), or what is wrong with a file."""

    file: str
    row: int
    raw: bytes = b""
    problem: str | None = None
    nothing: str | None = None


def kind(path: Path) -> str:
    """What a file is, from its content.

    ``fhir``, ``xml`` (FHIR in XML), ``utf-16``, ``empty``, ``damaged`` (compression), ``other``.
    """
    try:
        with safe_open(path) as stream:
            start = stream.read(SNIFFED)
    except (InputError, OSError):
        return "damaged"
    if not start.strip():
        return "empty"
    if start.startswith(UTF16_MARKS):
        return "utf-16"
    start = start.removeprefix(UTF8_MARK).lstrip()
    if start.startswith(b"<"):
        return "xml" if _XML.search(start) else "other"
    if _FHIR.search(start) and (_is_ndjson(path) or start.startswith(b"{")):
        return "fhir"
    return "other"


def recognises(path: Path) -> bool:
    """Is there FHIR (JSON, or XML that we can at least name) in this file or folder?"""
    files = (
        file
        for file in files_below(path)
        if path.is_file() or file.name.lower().endswith((*_NAMES, ".xml"))
    )
    found = ((kind(file), _is_ndjson(file)) for file in files)
    return any(what in ("fhir", "xml") or (what == "damaged" and nd) for what, nd in found)


def documents(
    root: Path,
    largest: int = LARGEST_DOCUMENT,
    limit: int = DEFAULT_LIMIT,
    elsewhere: Sequence[Path] = (),
) -> Iterator[Document]:
    """All documents below a folder (or of one file) in a stable order.

    Parameters
    ----------
    root : folder or file.
    largest : most bytes of one line or one file that is a single document.
    limit : most bytes of one file after decompression.
    elsewhere : folders that another importer reads; what is no FHIR there is not our business.
    """
    for path in files_below(root):
        name = relative_name(path, root)
        what = kind(path)
        if what in ("fhir", "damaged") or (what == "other" and _is_ndjson(path)):
            yield from _guarded(path, name, root, largest, limit)
        elif not any(path.is_relative_to(folder) for folder in elsewhere):
            yield _explained(path, name, what)


def _is_ndjson(path: Path) -> bool:
    """By its name: the first lines of a damaged file may say nothing."""
    return path.name.lower().endswith(_LINES)


def _explained(path: Path, name: str, what: str) -> Document:
    """A document that says why a file gives nothing: a problem, or just not our business."""
    if what == "xml":
        return Document(name, 0, problem="FHIR in XML is not read: export as JSON or NDJSON")
    if not path.name.lower().endswith(_NAMES):
        return Document(name, 0, nothing="files that are not FHIR JSON")
    if what == "utf-16":
        return Document(name, 0, problem="the text is UTF-16: FHIR JSON is UTF-8")
    if what == "empty":
        return Document(name, 0, nothing="empty file")
    return Document(name, 0, nothing="JSON file without FHIR resources")


def _guarded(path: Path, name: str, root: Path, largest: int, limit: int) -> Iterator[Document]:
    lines = _is_ndjson(path) or _has_lines(path)
    row = 0
    try:
        with safe_open(path, root=root, limit=limit) as stream:
            for document in (_lines if lines else _whole)(stream, name, largest):
                row = document.row
                yield document
    except InputError as error:
        yield Document(name, row + 1, problem=error.message)
    except OSError as error:
        yield Document(name, row + 1, problem=f"the file cannot be read: {error.strerror}")


def _has_lines(path: Path) -> bool:
    """Does the first line of the file hold a complete JSON object, and is there a second?"""
    start = first_bytes(path, SNIFFED).removeprefix(UTF8_MARK).lstrip()
    first, newline, rest = start.partition(b"\n")
    if not newline or not rest.strip():
        return False
    try:
        msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _whole(stream: BinaryIO, name: str, largest: int) -> Iterator[Document]:
    raw = stream.read(largest + 1)
    if len(raw) > largest:
        yield Document(name, 0, problem=_too_large(largest))
        return
    yield Document(name, 0, raw.removeprefix(UTF8_MARK))


def _lines(stream: BinaryIO, name: str, largest: int) -> Iterator[Document]:
    row = 0
    while line := stream.readline(largest + 1):
        row += 1
        if len(line) > largest and not line.endswith(b"\n"):
            while (rest := stream.readline(largest)) and not rest.endswith(b"\n"):
                pass
            yield Document(name, row, problem=_too_large(largest))
            continue
        if row == 1:
            line = line.removeprefix(UTF8_MARK)
        if line.strip():
            yield Document(name, row, line.rstrip())


def _too_large(largest: int) -> str:
    return f"one resource or Bundle is larger than {largest:,} bytes"
