"""What ``nof1 doctor`` says about sealing: state, left-overs, swap, keys that others may read.

It needs no key and no extra package, so it believes the head without checking it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import disk, ram
from nof1.core.workspace import OPENED, SEALED_FILE, SETTINGS_FILE

SECRETS = (".key", ".seal", ".pem")
Line = tuple[str, str, str]  # name, verdict, detail


def examine(root: Path) -> list[Line]:
    """All lines for the folder of a workspace, plain or sealed, or of none."""
    lines = [_swap(), _memory()]
    if (root / SEALED_FILE).is_file():
        return [_sealed(root), _beside(root), *lines]
    if (root / SETTINGS_FILE).is_file():
        return [_plain(root), _secrets(root), *lines]
    return lines


def _sealed(root: Path) -> Line:
    try:
        head = json.loads((root / SEALED_FILE).read_bytes())
        text = (
            f"sealed: generation {int(head['generation'])}, {len(head['recipients'])} recipient(s)"
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "sealing", "FAIL", f"{SEALED_FILE} is damaged: put the folder back from a backup"
    return "sealing", "ok", f"{text}; open it with nof1 privacy with"


def _beside(root: Path) -> Line:
    """Plain files of a killed run, or files that somebody put there."""
    try:
        found = sorted(set(os.listdir(root)) - (disk.RESERVED - {disk.STAGE}))
    except OSError as error:
        return "plain files", "FAIL", f"cannot be looked for: {error.strerror}"
    if found:
        names = ", ".join(found[:3])
        return "plain files", "FAIL", f"{len(found)} not encrypted ({names}): nof1 privacy seal"
    return "plain files", "ok", "none beside the sealed ones"


def _plain(root: Path) -> Line:
    left = [name for name in (disk.OBJECTS, disk.STAGE) if (root / name).exists()]
    if left:
        text = f"not sealed; left over of a killed run: {', '.join(left)} (delete, or seal again)"
        return "sealing", "note", text
    if OPENED in os.environ:
        return "sealing", "ok", "open in memory; sealed again when the command ends"
    return "sealing", "note", "not sealed: its files are not encrypted by nof1"


def _secrets(root: Path) -> Line:
    """Private keys of the workspace (ledger, pseudonyms, federation) are for their owner only."""
    try:
        files = disk.tree(root).files
    except WorkspaceError as error:
        return "private keys", "note", f"not looked at: {error.message}"
    secrets = [one for one in files if one.path.endswith(SECRETS)]
    open_ones = [one.path for one in secrets if one.mode & 0o077]
    if open_ones:
        return "private keys", "FAIL", f"others may read {', '.join(open_ones[:3])}: chmod 600"
    return "private keys", "ok", f"{len(secrets)}, for their owner only"


def _swap() -> Line:
    areas = ram.swap()
    if areas is None:
        return "swap", "note", "unknown: this system does not say"
    if areas:
        return "swap", "note", f"on ({', '.join(areas)}): memory can get onto the disk"
    return "swap", "ok", "off, or in memory only"


def _memory() -> Line:
    left = ram.left_over(ram.DEFAULT) if ram.DEFAULT.is_dir() else []
    if left:
        text = f"{len(left)} of killed sessions in {ram.DEFAULT}: nof1 privacy recover"
        return "open copies", "FAIL", text
    return "open copies", "ok", "none left over in memory"
