"""New keys for a sealed workspace: wrapped anew in seconds, or every byte encrypted anew.

Both put one new generation in force in one step. A quick rotation changes the workspace's key and
encrypts the manifest anew; the data keys in it stay. Whoever had access before and kept a copy of
them, or of the old head and manifest, can still read files that have not changed since. Only
``everything`` ends that, for what is on this disk from then on; nothing ends it for old copies.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

from nof1.core.errors import UsageError
from nof1.core.sealing import disk, folder, stream
from nof1.core.sealing import head as heads
from nof1.core.sealing.manifest import Entry
from nof1.core.sealing.recipients import Recipient
from nof1.core.sealing.vault import Vault


def rotate(
    sealed: Vault,
    *,
    add: Sequence[Recipient] = (),
    remove: Collection[str] = (),
    everything: bool = False,
    tell: folder.Tell = folder.quiet,
) -> None:
    """Put a new workspace key in force; the caller holds the workspace.

    Parameters
    ----------
    add, remove : recipients that are new, and names of those that lose access.
    everything : encrypt every file anew under a new data key; needs as much free space again.

    Raises
    ------
    UsageError : nobody of that name, a name or key twice, or nobody would be left.
    WorkspaceError : a file does not hold, or the disk has too little space. Nothing changed then.
    """
    old = [one for one, _ in sealed.head.recipients]
    unknown = sorted(set(remove) - {one.name for one in old})
    if unknown:
        raise UsageError(
            "There is no recipient of this name.",
            where=", ".join(unknown),
            allowed=sealed.head.names,
        )
    who = [*(one for one in old if one.name not in remove), *add]
    heads.check_together(who)
    folder.refuse_plain(sealed)
    now = sealed.manifest
    try:
        files = _again(sealed, tell) if everything else now.files
        action = "rotate --all" if everything else "rotate"
        other = everything or bool(remove)
        identity = os.urandom(32) if other else now.identity
        new = now.next(action, sealed.by, files=files, identity=identity)
        sealed.commit(new, key=os.urandom(32), who=who)
    except OSError as error:
        raise disk.unusable(error, sealed.root) from None


def _again(sealed: Vault, tell: folder.Tell) -> tuple[Entry, ...]:
    objects = sealed.manifest.objects
    disk.room(sealed.root, sum(stream.sealed_size(one.size) for one in objects.values()))
    tell("Encrypt every file anew")
    new = {}
    for old, entry in objects.items():
        name, key = sealed.again(entry)
        new[old] = replace(entry, object=name, key=key)
    tell("Read back")
    sealed.verify(new.values())
    return tuple(
        replace(one, object=new[one.object].object, key=new[one.object].key)
        for one in sealed.manifest.files
    )
