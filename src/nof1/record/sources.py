"""What an import is asked to read: files, folders and addresses, and settings that hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nof1.core.errors import UsageError
from nof1.record.importers import detect
from nof1.record.reading import passed_over
from nof1.record.scalars import known_timezone
from nof1.record.tables import ENCODINGS

_ADDRESS = re.compile(r"postgres\w*:|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_POSTGRES = ("postgresql://", "postgres://")


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that no importer could follow, before anything is read.

    Raises
    ------
    UsageError : an unknown time zone or encoding.
    """
    if "timezone" in settings:
        known_timezone(str(settings["timezone"]))
    if settings.get("encoding", "utf-8") not in ENCODINGS:
        raise UsageError(
            f"The encoding {settings['encoding']!r} is not known.",
            where="setting encoding",
            allowed=ENCODINGS,
        )


def sources_at(path: Path | str, settings: Mapping[str, Any]) -> list[tuple[str, Path | str]]:
    """Pairs of importer and what to hand to it, for a path or a postgresql:// address.

    Raises
    ------
    InputError : nothing there is recognised.
    UsageError : an address of another kind; it is not repeated, since it may hold a password.
    """
    if not _ADDRESS.match(str(path)):
        return list(detect(Path(path), settings))
    if not str(path).startswith(_POSTGRES):
        raise UsageError(
            "This kind of address is not known.",
            where="address of the database",
            allowed="postgresql://user@host:port/database",
        )
    return [("omop", str(path))]


def unread(paths: Sequence[Path | str]) -> Counter[str]:
    """What lies in the folders, but is never looked at: reason -> count."""
    folders = [Path(p) for p in paths if not _ADDRESS.match(str(p)) and Path(p).is_dir()]
    return sum((passed_over(folder) for folder in folders), Counter[str]())
