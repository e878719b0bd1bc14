"""What a training run leaves on disk after every pass, so that it can go on: arrays and JSON.

``run.json`` says what the run is about (a hash of pictures, labels, split, network and course) and
its number format; ``seed-1.safetensors`` and ``seed-1.json`` are the last pass of a member. A pass
is written beside the old one and then put in its place, so a power cut loses one pass at most.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import InputError
from nof1.core.whole import write_whole
from nof1.learn.arrays import pack, unpack

Arrays = dict[str, NDArray[Any]]


def signature(arrays: Iterable[NDArray[Any]], *plain: Any) -> str:
    """SHA-256 of arrays and plain values."""
    hashed = hashlib.sha256()
    for array in arrays:
        hashed.update(f"{array.dtype.str}{array.shape}".encode())
        hashed.update(np.ascontiguousarray(array).tobytes())
    hashed.update(json.dumps(plain, sort_keys=True).encode())
    return hashed.hexdigest()


@dataclass(eq=False)
class Store:
    """The checkpoints of one run."""

    folder: Path
    about: dict[str, Any]

    @classmethod
    def open(cls, folder: str | Path, signature: str) -> Store:
        """Open or begin.

        Raises
        ------
        InputError : the folder holds checkpoints of another run, or damaged ones.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        file = place / "run.json"
        if not file.exists():
            store = cls(place, {"signature": signature})
            write_whole(file, json.dumps(store.about).encode())
            return store
        about = _read(file)
        if about.get("signature") != signature:
            raise InputError(
                "The folder holds checkpoints of another run: other pictures, labels or settings.",
                where=place.name,
                next_step="Choose another folder, or remove this one.",
            )
        return cls(place, about)

    @property
    def precision(self) -> str | None:
        """The number format the run began with; None at its very start."""
        return self.about.get("precision")

    def keep_precision(self, precision: str) -> None:
        """Write the number format down."""
        self.about["precision"] = precision
        write_whole(self.folder / "run.json", json.dumps(self.about).encode())

    def keep(self, seed: int, arrays: Mapping[str, NDArray[Any]], passes: list[Any]) -> None:
        """Write the last pass of a member."""
        content = pack(arrays)
        about = {"passes": passes, "sha256": hashlib.sha256(content).hexdigest()}
        name = f"seed-{seed}-{len(passes) % 2}"  # two files in turn: one of them is always whole
        write_whole(self.folder / f"{name}.safetensors", content)
        write_whole(self.folder / f"seed-{seed}.json", json.dumps({**about, "file": name}).encode())

    def last(self, seed: int) -> tuple[Arrays, list[Any]] | None:
        """Arrays and passes of a member; None when it has not begun.

        Raises
        ------
        InputError : the arrays are not those that were written.
        """
        file = self.folder / f"seed-{seed}.json"
        if not file.exists():
            return None
        about = _read(file)
        try:
            content = (self.folder / f"{Path(about['file']).name}.safetensors").read_bytes()
            whole = hashlib.sha256(content).hexdigest() == about["sha256"]
        except (OSError, KeyError, TypeError):
            raise _damaged(file.name) from None
        if not whole:
            raise _damaged(file.name)
        return unpack(content), about["passes"]


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise _damaged(file.name) from None


def _damaged(where: str) -> InputError:
    return InputError(
        "A checkpoint is damaged.",
        where=where,
        next_step="Remove the folder of checkpoints and start the training again.",
    )
