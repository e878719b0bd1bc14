"""The folder of a trained model: ``model.json``, ``net-0.onnx`` ..., ``arrays.safetensors``.

``model.json`` holds all that is not an array, and the SHA-256 of every other file: a file that was
changed or swapped is refused when the model is opened. Nothing in the folder is a pickle.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nof1.core.errors import ModelError, UsageError
from nof1.core.whole import write_whole
from nof1.learn.arrays import pack, unpack

SCHEMA = "nof1/imaging-model/1"
ABOUT, ARRAYS = "model.json", "arrays.safetensors"
_FILE = re.compile(r"net-\d{1,3}\.onnx|arrays\.safetensors")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ModelFolder:
    """An opened and checked folder.

    Attributes
    ----------
    about : what ``model.json`` says; arrays : by name.
    sha256 : of ``model.json``, and through it of the whole model; for the audit record.
    """

    path: Path
    about: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    sha256: str

    @property
    def networks(self) -> list[bytes]:
        """The ONNX files of the members, in order."""
        names = sorted(
            (name for name in self.about["files"] if name.endswith(".onnx")),
            key=lambda name: int(name.removeprefix("net-").removesuffix(".onnx")),
        )
        return [_checked(self.path / name, self.about["files"][name]) for name in names]


def read_folder(path: str | Path) -> ModelFolder:
    """Open a model's folder.

    Raises
    ------
    ModelError : no model, of another kind, damaged, or changed since it was written.
    """
    place = Path(path)
    try:
        content = (place / ABOUT).read_bytes()
        about = json.loads(content)
        files = about["files"]
        if about["schema"] != SCHEMA or not all(_FILE.fullmatch(name) for name in files):
            raise ValueError
        digest = files[ARRAYS]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(
            "There is no imaging model here.",
            where=place.name,
            allowed=f"a folder with {ABOUT} of the schema {SCHEMA}",
            next_step="Train one: nof1 imaging train TASK.yaml",
        ) from None
    arrays = unpack(_checked(place / ARRAYS, digest))
    return ModelFolder(place, about, arrays, hashlib.sha256(content).hexdigest())


def write_folder(
    path: str | Path,
    about: Mapping[str, Any],
    arrays: Arrays,
    networks: Sequence[bytes],
) -> ModelFolder:
    """Write a model into a new folder.

    Raises
    ------
    UsageError : the folder already holds a model.
    """
    place = Path(path)
    if (place / ABOUT).exists():
        raise UsageError(
            "There is already a model here.", where=place.name, next_step="Choose another folder."
        )
    place.mkdir(parents=True, exist_ok=True)
    contents = {f"net-{number}.onnx": content for number, content in enumerate(networks)}
    contents[ARRAYS] = pack(dict(arrays))
    for name, content in contents.items():
        write_whole(place / name, content)
    _write_about(place, {**about, "schema": SCHEMA}, contents)
    return read_folder(place)


def extend_folder(
    path: str | Path, sections: Mapping[str, Any], arrays: Arrays | None = None
) -> ModelFolder:
    """Add sections to ``model.json`` and arrays beside them, for example gates or a recalibration.

    What has the same name is replaced.

    Raises
    ------
    ModelError : as ``read_folder``.
    """
    found = read_folder(path)
    content = pack({**found.arrays, **(arrays or {})})
    write_whole(found.path / ARRAYS, content)
    about = {**found.about, **sections, "schema": SCHEMA}
    _write_about(found.path, about, {ARRAYS: content})
    return read_folder(path)


def _write_about(place: Path, about: dict[str, Any], contents: Mapping[str, bytes]) -> None:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    about["files"] = {**about.get("files", {}), **hashes}
    text = json.dumps(about, indent=1, sort_keys=True, allow_nan=False)
    write_whole(place / ABOUT, text + "\n")


def _checked(file: Path, sha256: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            "A file of the model is missing, or is not the one that was trained.",
            where=f"{file.parent.name}/{file.name}",
            next_step="Restore the folder, or train the model again.",
        )
    return content
