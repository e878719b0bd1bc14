"""A sealed folder, opened with a key: reads its files and puts new generations in force.

    nof1.sealed        the head (``head``): who can open it, and the manifest in force
    sealed/<name>      encrypted files (``stream``) under random names; one of them is the manifest

A generation is put in force by replacing the head. Objects are written before and removed after it,
so at every moment the head names objects that are all there.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import anchor as anchors
from nof1.core.sealing import disk, manifest, stream
from nof1.core.sealing import head as heads
from nof1.core.sealing.head import Head
from nof1.core.sealing.keys import Opener
from nof1.core.sealing.manifest import Entry, Manifest
from nof1.core.sealing.recipients import Recipient
from nof1.core.workspace import SEALED_FILE

OBJECT = re.compile(r"[0-9a-f]{32}(\.part)?")
FILES, MANIFEST = "file", "manifest"


@dataclass
class Vault:
    """An opened sealed folder. ``by`` is the recipient that opened it."""

    root: Path
    key: bytes = field(repr=False)
    head: Head
    raw: bytes = field(repr=False)  # of the head, as it lies on disk
    manifest: Manifest
    by: str
    anchor: Path | None = None

    @property
    def objects(self) -> Path:
        """Folder of the encrypted files."""
        return self.root / disk.OBJECTS

    @property
    def sight(self) -> anchors.Sight:
        """What an anchor remembers of it."""
        one = self.manifest
        return anchors.Sight(one.workspace, one.generation, one.identity, self.raw)

    def put(self, source: stream.Readable) -> tuple[bytes, bytes, stream.Content]:
        """Encrypt a content as a new object: its name, its data key, its length and hash."""
        key = os.urandom(stream.KEY)
        name, content = write_object(self.objects, self.head.workspace, FILES, source, key)
        return name, key, content

    def get(self, entry: Entry, target: IO[bytes]) -> None:
        """Decrypt one file; what was written counts only when this returns.

        Raises
        ------
        WorkspaceError : the object is missing, was changed, or is another one.
        """
        place = stream.Place(self.head.workspace, FILES, entry.object)
        with _reading(self.objects, place) as source:
            content = stream.decrypt(source, target, entry.key, place, size=entry.size)
        self.same(entry, content)

    def again(self, entry: Entry) -> tuple[bytes, bytes]:
        """Encrypt one file under a new data key, through memory: the new object and its key.

        Raises
        ------
        WorkspaceError : as ``get``.
        """
        place = stream.Place(self.head.workspace, FILES, entry.object)
        with _reading(self.objects, place) as source:
            pieces = stream.chunks(source, entry.key, place, size=entry.size)
            name, key, content = self.put(stream.Pieces(pieces))
        self.same(entry, content)
        return name, key

    def same(self, entry: Entry, content: stream.Content) -> None:
        """Refuse a content that is not the entry's."""
        place = stream.Place(self.head.workspace, FILES, entry.object)
        if content != stream.Content(entry.size, entry.sha256):
            raise stream.damaged(place, "its content has another hash than the manifest says")

    def verify(self, entries: Iterable[Entry] | None = None) -> int:
        """Read these files (all by default) back from the disk; bytes that were checked.

        Raises
        ------
        WorkspaceError : at the first one that does not hold.
        """
        total = 0
        with open(os.devnull, "wb") as nowhere:
            for entry in self.manifest.objects.values() if entries is None else entries:
                self.get(entry, nowhere)
                total += entry.size
        return total

    def commit(
        self, new: Manifest, *, key: bytes | None = None, who: list[Recipient] | None = None
    ) -> None:
        """Put the next generation in force, then remove what it no longer needs.

        Parameters
        ----------
        key, who : a new key for the workspace and its recipients; both or none.

        Raises
        ------
        WorkspaceError : somebody else has put another generation in force.
        """
        if heads.read(self.root)[1] != self.raw:
            raise WorkspaceError(
                "The sealed workspace was changed by somebody else in the meantime.",
                where=str(self.root),
                next_step="Keep both, and find out who: two machines must not open one copy.",
            )
        key = self.key if key is None else key
        disk.flush(self.objects)
        who = [one for one, _ in self.head.recipients] if who is None else who
        head = in_force(self.root, new, key, who)
        self.key, self.head, self.manifest = key, head, new
        self.raw = heads.read(self.root)[1]
        self.tidy()
        anchors.note(self.anchor, self.sight)

    def tidy(self) -> int:
        """Remove objects that the manifest does not name (a killed process left them)."""
        kept = {name.hex() for name in self.manifest.objects} | {self.head.manifest.hex()}
        gone = [path for path in self.objects.iterdir() if path.name not in kept]
        mine = [path for path in gone if OBJECT.fullmatch(path.name)]
        for path in mine:
            path.unlink()
        if mine:
            disk.flush(self.objects)
        return len(mine)


def open_vault(root: Path, opener: Opener, anchored: Path | None = None) -> Vault:
    """Open a sealed folder and check that it is what was seen last.

    Raises
    ------
    WorkspaceError : it is not sealed, damaged, older than the anchor, or the key opens nothing.
    """
    head, raw = heads.read(root)
    key, by = heads.opened(head, raw, opener, root)
    vault = Vault(root, key, head, raw, _manifest(root, head, key), by, anchored)
    anchors.check(anchored, vault.sight)
    anchors.note(anchored, vault.sight)
    return vault


def reopened(vault: Vault) -> Vault:
    """The same folder as it is now, with the key that is known."""
    head, raw = heads.read(vault.root)
    heads.check(raw, vault.key, vault.root)
    inside = _manifest(vault.root, head, vault.key)
    return Vault(vault.root, vault.key, head, raw, inside, vault.by, vault.anchor)


def in_force(root: Path, new: Manifest, key: bytes, who: list[Recipient]) -> Head:
    """Write the manifest and then the head that names it: the step that counts."""
    objects = root / disk.OBJECTS
    source = io.BytesIO(manifest.to_bytes(new))
    name, _ = write_object(objects, new.workspace, MANIFEST, source, key)
    disk.flush(objects)
    head = heads.made(new.workspace, new.generation, name, who, key)
    disk.write(root / SEALED_FILE, heads.to_bytes(head, key), 0o644)
    return head


def write_object(
    folder: Path, workspace: bytes, purpose: str, source: stream.Readable, key: bytes
) -> tuple[bytes, stream.Content]:
    """Encrypt a content into a new file that is on disk when this returns; name and content."""
    name = os.urandom(stream.NAME)
    place = stream.Place(workspace, purpose, name)
    path = folder / name.hex()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        content = stream.encrypt(source, target, key, place)
        target.flush()
        os.fsync(target.fileno())
        if hasattr(os, "posix_fadvise"):  # so that it is read back from the disk itself
            os.posix_fadvise(target.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return name, content


def _manifest(root: Path, head: Head, key: bytes) -> Manifest:
    place = stream.Place(head.workspace, MANIFEST, head.manifest)
    out = io.BytesIO()
    with _reading(root / disk.OBJECTS, place) as source:
        stream.decrypt(source, out, key, place)
    found = manifest.from_bytes(out.getvalue())
    if (found.workspace, found.generation) != (head.workspace, head.generation):
        raise stream.damaged(place, "it belongs to another generation than the head says")
    return found


def _reading(folder: Path, place: stream.Place) -> IO[bytes]:
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        return os.fdopen(os.open(folder / place.name.hex(), flags), "rb", buffering=0)
    except OSError:
        raise stream.damaged(place, "it is missing or cannot be read") from None
