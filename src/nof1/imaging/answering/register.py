"""Which pictures there are of whom: the workspace's index of pictures that lie elsewhere.

    images/register/<two letters>.jsonl

Pixels stay in their DICOM files; a line here says whose picture it is, when it was taken, and where
its files lie with their hashes. A page finds a film by its patient and reads it from its own place;
a file that was changed or moved since is told as such and never shown as the one that was meant.
Lines are only added; of several about one picture of one patient the last one counts. The two
letters are of a hash of the patient's identifier, so that one patient's lines lie in one file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from nof1.core.errors import InputError

SCHEMA = "nof1/imaging-register/1"
FOLDER = "register"
ID = 16  # hex digits of a picture's hash that name it in addresses and file names


class Lying(msgspec.Struct, frozen=True):
    """One file: where it lies (from the workspace's folder, or from the root), and its hash."""

    path: str
    sha256: str


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of one patient.

    Attributes
    ----------
    picture : SHA-256 as ``Image.sha256`` gives it. taken : UTC. synthetic : the file says so.
    shape : (rows, columns), or (slices, rows, columns). unit : "HU" or "raw".
    window : (low, high) that the file asks for; range : lowest and highest value that it can hold.
    files : in the order of the slices.
    """

    patient: str
    picture: str
    taken: datetime
    files: tuple[Lying, ...]
    shape: tuple[int, ...]
    unit: str = "raw"
    modality: str | None = None
    view: str | None = None
    body_part: str | None = None
    window: tuple[float, float] | None = None
    range: tuple[float, float] | None = None
    site: str | None = None
    schema: str = SCHEMA

    @property
    def id(self) -> str:
        """Its name in addresses."""
        return self.picture[:ID]

    @property
    def slices(self) -> int:
        """How many pictures it consists of."""
        return self.shape[0] if len(self.shape) == 3 else 1


def of(images: Path, patient: str, site: str | None = None) -> list[Filed]:
    """A patient's pictures, oldest first; of an identifier that several sites have, the site's."""
    path = _shard(images, patient)
    if not path.is_file():
        return []
    found: dict[str, Filed] = {}
    for line in path.read_bytes().splitlines():
        try:
            one = msgspec.json.decode(line, type=Filed)
        except msgspec.DecodeError:  # a torn last line of a machine that lost power
            continue
        if one.patient == patient and (site is None or one.site in (None, site)):
            found[one.picture] = one
    return sorted(found.values(), key=lambda one: (one.taken, one.picture))


def place(images: Path, one: Lying) -> Path:
    """Where a file lies on this machine."""
    return (images.parent / one.path).resolve()


def unchanged(images: Path, one: Lying) -> bytes:
    """The bytes of a file.

    Raises
    ------
    InputError : it is not there any more, or not the same.
    """
    path = place(images, one)
    try:
        content = path.read_bytes()
    except OSError:
        raise InputError(
            "The picture's file is not at its place any more.", where=path.name,
            next_step="Put it back, or file it again.",
        ) from None  # fmt: skip
    if hashlib.sha256(content).hexdigest() != one.sha256:
        raise InputError(
            "The picture's file was changed since it was filed.", where=path.name,
            next_step="Put the original back, or file it again.",
        )  # fmt: skip
    return content


def relative(images: Path, path: Path) -> str:
    """A file's place as the register writes it.

    Beside the workspace: the way from it, so that both can move together; else the whole.
    """
    root = images.parent.resolve()
    whole = path.resolve()
    if whole.is_relative_to(root.parent):
        return Path(os.path.relpath(whole, root)).as_posix()
    return whole.as_posix()


def _shard(images: Path, patient: str) -> Path:
    name = hashlib.sha256(patient.encode()).hexdigest()[:2]
    return images / FOLDER / f"{name}.jsonl"


def write(images: Path, filed: Iterable[Filed]) -> None:
    """Add lines; those that stand there already are left out."""
    for path, lines in _by_shard(images, filed):
        old = set(path.read_bytes().splitlines()) if path.is_file() else set()
        new = [line for line in lines if line not in old]
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in new))


def _by_shard(images: Path, filed: Iterable[Filed]) -> Iterator[tuple[Path, list[bytes]]]:
    found: dict[Path, list[bytes]] = {}
    for one in filed:
        found.setdefault(_shard(images, one.patient), []).append(msgspec.json.encode(one))
    yield from sorted(found.items())
