"""The newest answer of each command about a signal, kept for the report and the patient's page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.core.whole import write_whole

ANSWERS = "answers"
_COMMAND = re.compile(r"nof1/surveillance-([a-z][a-z-]{0,31})/\d+")
_SIGNAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def keep(folder: Path, document: dict[str, Any]) -> Path:
    """Write an answer to ``answers/<signal>/<command>.json``, over the one before; its path.

    Parameters
    ----------
    folder : the room's folder in the workspace (``Store.folder``).
    document : made with ``documents.head``; its keys ``schema`` and ``signal`` say where it goes.

    Raises
    ------
    InputError : no schema of this room, a signal that cannot name a folder, or a number that is
        not finite (null says "not known").
    """
    command = _COMMAND.fullmatch(str(document.get("schema", "")))
    signal = str(document.get("signal", ""))
    if command is None or not _SIGNAL.fullmatch(signal):
        raise InputError(
            "This answer names no command and signal of the surveillance room.",
            where="schema, signal",
            allowed='schema "nof1/surveillance-COMMAND/1"; a signal of letters, digits, . _ -',
        )
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise InputError(
            "An answer holds a number that is not finite.", where=signal, allowed="number or null"
        ) from None
    return write_whole(folder / ANSWERS / signal / f"{command[1]}.json", text + "\n")


def read(folder: Path, signal: str) -> dict[str, dict[str, Any]]:
    """The kept answers about a signal by command; empty when there are none.

    Raises
    ------
    InputError : a kept file is damaged.
    """
    if not _SIGNAL.fullmatch(signal):
        return {}
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / ANSWERS / signal).glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError):
            document = None
        if not isinstance(document, dict):
            raise InputError(
                "A kept answer is damaged.",
                where=f"{ANSWERS}/{signal}/{path.name}",
                next_step="Delete the file and run the command again.",
            )
        found[path.stem] = document
    return found
