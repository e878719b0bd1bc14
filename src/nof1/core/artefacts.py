"""Model files: content-hashed, named formats only, never pickle.

An artefact is a folder ``<name>/<version>/`` with its files, notes about it (a model card) and
``manifest.json`` with the SHA-256 of each. The content hash is over the files alone, so that notes
can name it. An artefact is written to the side and renamed, so it is there whole or not at all, and
it is checked against its hashes each time it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nof1.core.errors import ModelError

# Suffix -> format. Each can be read without running code from the file.
FORMATS = {
    ".json": "JSON",
    ".lgb.txt": "LightGBM text",
    ".onnx": "ONNX",
    ".safetensors": "safetensors",
    ".skops": "skops",
    ".md": "Markdown",
    ".html": "HTML",
}
MANIFEST = "manifest.json"
PICKLE_STARTS = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))


@dataclass(frozen=True)
class Artefact:
    """A stored model: its name, version, content hash (hex SHA-256), and files with notes."""

    name: str
    version: int
    content_hash: str
    files: Mapping[str, bytes]

    def json(self, name: str) -> Any:
        """The content of one JSON file."""
        return json.loads(self.files[name])


def content_hash(files: Mapping[str, bytes]) -> str:
    """One hash (hex SHA-256) over the names and contents of files, whatever their order."""
    return _sha256(json.dumps(_hashes(files), sort_keys=True).encode())


def save(
    root: Path, name: str, files: Mapping[str, bytes], notes: Mapping[str, bytes] | None = None
) -> Artefact:
    """Store ``files``, and ``notes`` about them, as the next version of the artefact ``name``.

    Raises
    ------
    ModelError : when a file is of a format that is not allowed, or holds a pickle.
    """
    _check_name(name)
    notes = notes or {}
    everything = {**files, **notes}
    for file, content in everything.items():
        _check_format(file, content)
    version = max(versions(root, name), default=0) + 1
    manifest = {"name": name, "version": version, "files": _hashes(files), "notes": _hashes(notes)}
    staged = root / f".{name}-{version}-{os.getpid()}"
    _write(staged, everything, manifest)
    try:
        os.rename(staged, _folder(root, name, version))
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Artefact(name, version, content_hash(files), everything)


def load(root: Path, name: str, version: int | None = None) -> Artefact:
    """Read an artefact (the newest version by default) and check all its hashes.

    Raises
    ------
    ModelError : when it does not exist, or a file was changed, added or removed since.
    """
    found = versions(root, name)
    version = version if version is not None else max(found, default=0)
    if version not in found:
        raise _missing(root, name, version, found)
    folder = _folder(root, name, version)
    own_hashes, note_hashes = _manifest(folder / MANIFEST)
    found_files = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST
    }
    if _hashes(found_files) != {**own_hashes, **note_hashes}:
        raise ModelError(
            "The model's files are not those that were stored: a content hash differs.",
            where=str(folder),
            next_step="Train the model again, or restore the folder from a backup.",
        )
    own = {file: found_files[file] for file in own_hashes}
    return Artefact(name, version, content_hash(own), found_files)


def _missing(root: Path, name: str, version: int, found: list[int]) -> ModelError:
    if found:
        return ModelError(
            f"There is no version {version} of the model {name!r}.",
            where=str(root),
            allowed=f"version {', '.join(map(str, found))}",
            next_step="Leave the version out for the newest.",
        )
    return ModelError(
        f"There is no model {name!r}.",
        where=str(root),
        allowed=names(root) or "no model yet",
        next_step="Train one: nof1 train, compounds train or medicines response train",
    )


def names(root: Path) -> list[str]:
    """Names of all artefacts, sorted."""
    if not root.is_dir():
        return []
    return sorted(
        path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def versions(root: Path, name: str) -> list[int]:
    """Versions of one artefact, ascending; empty when there is none."""
    _check_name(name)
    folder = root / name
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def _folder(root: Path, name: str, version: int) -> Path:
    folder = root / name / str(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _write(folder: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,79}", name):
        raise ModelError(
            "The model's name is not acceptable.",
            allowed="1 to 80 lower-case letters, digits, '_' or '-'",
        )


def _check_format(file: str, content: bytes) -> None:
    if file == MANIFEST or "/" in file or not file.endswith(tuple(FORMATS)):
        raise ModelError(
            "A model file has a format that is not allowed.", where=file, allowed=list(FORMATS)
        )
    if content.startswith(PICKLE_STARTS):
        raise ModelError(
            "A model file holds a pickle, which could run code when it is read.",
            where=file,
            allowed=sorted(FORMATS.values()),
        )


def _manifest(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Hashes of the files and of the notes."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return dict(data["files"]), dict(data["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(
            "The model's manifest is missing or damaged.",
            where=str(path),
            next_step="Train the model again, or restore the folder from a backup.",
        ) from None


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {file: _sha256(content) for file, content in sorted(files.items())}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
