"""Seal a folder in place, and unseal it: killed at any moment, nothing is lost and all is known.

Sealing     encrypt all -> read all back -> head (from here on it is sealed) -> delete the plain
            files, ``nof1.toml`` first, so that what is left of them is no workspace
Unsealing   decrypt all into ``.unsealing/`` -> move into place, ``nof1.toml`` last -> delete the
            head (from here on it is plain) -> delete the encrypted files

While the head is there the encrypted files count, and plain files beside them are left-overs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nof1.core import audit
from nof1.core.errors import WorkspaceError
from nof1.core.sealing import anchor, disk, processes, stream, vault
from nof1.core.sealing import head as heads
from nof1.core.sealing.disk import Found, Tree
from nof1.core.sealing.head import Head
from nof1.core.sealing.keys import Opener
from nof1.core.sealing.manifest import Entry, Manifest
from nof1.core.sealing.recipients import Recipient
from nof1.core.sealing.vault import Vault
from nof1.core.workspace import SEALED_FILE, SETTINGS_FILE, open_workspace

Tell = Callable[[str], None]


def quiet(text: str) -> None:
    """Tell nobody."""


def seal(
    root: Path,
    opener: Opener,
    who: Sequence[Recipient],
    *,
    anchored: Path | None = None,
    tell: Tell = quiet,
) -> Vault:
    """Turn a plain workspace into a sealed one.

    Parameters
    ----------
    opener : opens one of ``who``; used to check that the result can be opened.

    Raises
    ------
    WorkspaceError : it is in use, holds links, changes meanwhile, or the disk has too little space.
    """
    root = open_workspace(root).root
    heads.check_together(list(who))
    with disk.held(root):
        _refuse_busy(root)
        names = [one.name for one in who]
        audit.append(root / "audit", "privacy.seal", recipients=names)
        found = disk.tree(root)
        sizes = {one.inode: stream.sealed_size(one.size) for one in found.files}
        disk.room(root, sum(sizes.values()))
        try:
            sealed = _sealed(root, opener, who, found, anchored, tell)
            tell("Delete the plain files")
            remove_plain(root, found)
        except OSError as error:
            raise disk.unusable(error, root) from None
    return sealed


def _sealed(
    root: Path,
    opener: Opener,
    who: Sequence[Recipient],
    found: Tree,
    anchored: Path | None,
    tell: Tell,
) -> Vault:
    for left in (disk.OBJECTS, disk.STAGE):  # of a run that was killed before its head was written
        disk.remove_tree(root / left)
    (root / disk.OBJECTS).mkdir(mode=0o700)
    workspace, key, identity = os.urandom(stream.NAME), os.urandom(32), os.urandom(32)
    empty = Manifest(workspace, 0, identity)
    draft = Vault(root, key, Head(workspace, 0, b"", ()), b"", empty, "")
    tell("Encrypt")
    files, new = collected(draft, root, found)
    tell("Read back")
    draft.verify(new)
    if disk.tree(root) != found:
        raise WorkspaceError(
            "The workspace changed while it was sealed; it is as it was, and not sealed.",
            where=str(root),
            next_step="End what uses it, and seal it again.",
        )
    first = empty.next("seal", who[0].name, folders=found.folders, files=files)
    vault.in_force(root, first, key, list(who))
    return vault.open_vault(root, opener, anchored)


def unseal(sealed: Vault, *, tell: Tell = quiet) -> int:
    """Turn a sealed workspace into a plain one again; the caller holds it. Returns its files.

    Raises
    ------
    WorkspaceError : something in it does not hold, or other files are in the way.
    """
    root, stage = sealed.root, sealed.root / disk.STAGE
    clear(sealed)
    disk.room(root, sealed.manifest.size)
    try:
        disk.remove_tree(stage)
        stage.mkdir(mode=0o700)
        tell("Decrypt")
        extract(sealed, stage)
        _refuse_in_the_way(root, stage)
        for name in sorted(os.listdir(stage), key=lambda name: name == SETTINGS_FILE):
            os.rename(stage / name, root / name)
        os.rmdir(stage)
        disk.flush(root)
        os.unlink(root / SEALED_FILE)
        disk.flush(root)
        anchor.note(sealed.anchor, sealed.sight, "unsealed")
        disk.remove_tree(sealed.objects)
        audit.append(root / "audit", "privacy.unseal", by=sealed.by)
        os.unlink(root / disk.LOCK)
    except OSError as error:
        raise disk.unusable(error, root) from None
    return len(sealed.manifest.files)


def clear(sealed: Vault) -> int:
    """Delete plain files that a killed run left, each only when it is what is sealed; how many.

    Raises
    ------
    WorkspaceError : a plain file differs from the sealed one of its name. Nothing is deleted then.
    """
    found, known = disk.tree(sealed.root), {one.path: one for one in sealed.manifest.files}
    left = [one for one in found.files if one.path in known]
    for one in left:
        path, entry = sealed.root / one.path, known[one.path]
        if one.size != entry.size or digest(path) != entry.sha256:
            raise WorkspaceError(
                "A plain file beside the sealed ones differs from them: which one counts?",
                where=one.path,
                next_step="Move it out of the folder, and do it again.",
            )
    folders = {path for path, _ in sealed.manifest.folders}
    mine = Tree(tuple(one for one in found.folders if one[0] in folders), tuple(left))
    try:
        disk.remove_tree(sealed.root / disk.STAGE)
        remove_plain(sealed.root, mine)
    except OSError as error:
        raise disk.unusable(error, sealed.root) from None
    return len(left)


def refuse_plain(sealed: Vault) -> None:
    """Refuse to go on while plain files lie beside the sealed ones.

    Raises
    ------
    WorkspaceError : a sealing or unsealing was killed and not finished yet.
    """
    if plain_left(sealed.root, [one.path for one in sealed.manifest.files]):
        raise WorkspaceError(
            "Plain files lie beside the sealed ones: a sealing or unsealing was not finished.",
            where=str(sealed.root),
            next_step="Finish it: nof1 privacy seal (or unseal) with the same key.",
        )


def plain_left(root: Path, paths: Sequence[str]) -> bool:
    """Whether one of these files, or a folder of files being unsealed, lies in a sealed folder."""
    stage = root / disk.STAGE
    return stage.exists() or any(os.path.lexists(root / path) for path in paths)


def remove_plain(root: Path, found: Tree) -> None:
    """Delete the plain files of a sealed folder, ``nof1.toml`` first, then the empty folders.

    Raises
    ------
    WorkspaceError : one was changed after it was looked at; it and what follows stay.
    """
    for one in sorted(found.files, key=lambda one: one.path != SETTINGS_FILE):
        path = root / one.path
        now = os.lstat(path)
        if (now.st_size, now.st_mtime_ns) != (one.size, one.mtime_ns):
            raise WorkspaceError(
                "A plain file was changed while the workspace was sealed; it stays where it is.",
                where=one.path,
                next_step="End what uses the workspace; move the file away; seal again to finish.",
            )
        os.unlink(path)
    for inside, _ in reversed(found.folders):
        try:
            os.rmdir(root / inside)
        except OSError:
            continue  # something that was never sealed lies in it; ``nof1 doctor`` names it
    disk.flush(root)


def collected(
    sealed: Vault, root: Path, found: Tree, before: Manifest | None = None
) -> tuple[tuple[Entry, ...], list[Entry]]:
    """Entries for all files below ``root``; what is not in ``before`` is encrypted now.

    Whether a file changed is told by its content alone: its times can lie. Returns all entries, and
    those whose objects are new.
    """
    old = _Before(before, {one.path for one in found.files})
    done: dict[tuple[int, int], Entry] = {}
    entries, new = [], []
    for one in found.files:
        entry = done.get(one.inode) or old.take(one, root / one.path)
        if entry is None:
            with open(root / one.path, "rb") as source:
                name, key, content = sealed.put(source)
            entry = _entry(one, name, key, content)
            new.append(entry)
        done[one.inode] = entry
        content = stream.Content(entry.size, entry.sha256)
        entries.append(_entry(one, entry.object, entry.key, content))
    return tuple(entries), new


def extract(sealed: Vault, target: Path, *, durable: bool = True) -> None:
    """Write all files below the empty folder ``target``; ``durable``: flush them to the disk.

    Raises
    ------
    WorkspaceError : at the first file that does not hold.
    """
    for inside, _ in sealed.manifest.folders:
        os.mkdir(target / inside, 0o700)
    done: dict[bytes, Path] = {}
    for entry in sealed.manifest.files:
        path = target / entry.path
        if entry.object in done:
            os.link(done[entry.object], path)
            continue
        done[entry.object] = path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            sealed.get(entry, file)
            file.flush()
            os.fchmod(file.fileno(), entry.mode)
            os.utime(file.fileno(), ns=(entry.mtime_ns, entry.mtime_ns))
            if durable:
                os.fsync(file.fileno())
    for inside, mode in reversed(sealed.manifest.folders):
        os.chmod(target / inside, mode | 0o700)
        if durable:
            disk.flush(target / inside)
    if durable:
        disk.flush(target)


def digest(path: Path) -> bytes:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class _Before:
    """Finds the object that holds a file already: under its own path, or under one that is gone."""

    def __init__(self, before: Manifest | None, present: set[str]) -> None:
        files = before.files if before else ()
        self.by_path: Mapping[str, Entry] = {one.path: one for one in files}
        kept = {one.object for one in files if one.path in present}
        gone = [one for one in files if one.object not in kept]
        self.moved = {(one.size, one.sha256): one for one in gone}
        self.used: set[bytes] = set()

    def take(self, one: Found, path: Path) -> Entry | None:
        """The entry; None when the content is new. An object is given to one file only."""
        known = self.by_path.get(one.path)
        if known is None and not self.moved:
            return None
        content = (one.size, digest(path))
        if known is None or (known.size, known.sha256) != content or known.object in self.used:
            known = self.moved.pop(content, None)
        if known is not None:
            self.used.add(known.object)
        return known


def _entry(one: Found, name: bytes, key: bytes, content: stream.Content) -> Entry:
    return Entry(one.path, name, key, content.size, one.mode, one.mtime_ns, content.sha256)


def _refuse_in_the_way(root: Path, stage: Path) -> None:
    both = sorted(set(os.listdir(stage)) & set(os.listdir(root)))
    if both:
        raise WorkspaceError(
            "Something else stands where the workspace's files would go; it stays sealed.",
            where=", ".join(both[:5]),
            next_step="Move it out of the folder, and unseal again.",
        )


def _refuse_busy(root: Path) -> None:
    busy = processes.using(root)
    if busy:
        raise WorkspaceError(
            f"{len(busy)} running program(s) use the workspace.",
            where="process " + ", ".join(map(str, busy[:5])),
            next_step="End them (a service, an import, a notebook), and seal again.",
        )
