"""The files of a path that may be pictures, found by their first bytes; links are refused.

A link inside a folder is never followed: one that leads out could hand over any file of the
machine, and one that stays inside leads to a file that is read anyway.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nof1.imaging.reading.refusal import Refusal
from nof1.imaging.reading.sniff import SNIFFED, form, words

NAMED_AS_PICTURE = (".dcm", ".dicom", ".ima", ".nii", ".png", ".jpg", ".jpeg", ".gz")
NEXT = "Name a DICOM, NIfTI, PNG or JPEG file."


@dataclass(frozen=True)
class Found:
    """Files to read, in the order of their names, and those that are left out."""

    paths: tuple[Path, ...]
    refused: tuple[Refusal, ...]


def find(path: Path, most: int) -> Found:
    """All files under ``path`` that look like pictures; at most ``most`` files are looked at.

    Files of other kinds are counted by kind in one refusal each; those that carry a picture's
    name or cannot be opened are refused by name.
    """
    if not path.is_dir():
        return Found((path,), ())
    paths: list[Path] = []
    refused: list[Refusal] = []
    others = Counter[str]()
    for number, file in enumerate(_walk(path, refused)):
        if number >= most:
            reason = f"The folder holds more than {most:,} files; the rest was not looked at."
            refused.append(Refusal(path.name, reason, "Read parts of the folder one by one."))
            break
        start = _start(file)
        if isinstance(start, Refusal):
            refused.append(start)
        elif form(start) != "other":
            paths.append(file)
        elif file.suffix.lower() in NAMED_AS_PICTURE:
            refused.append(Refusal(file.name, f"It is {words(start)}.", NEXT))
        else:
            others[words(start)] += 1
    refused += [Refusal(*_others(count, kind), NEXT, count) for kind, count in others.items()]
    return Found(tuple(paths), tuple(refused))


def _others(count: int, kind: str) -> tuple[str, str]:
    return ("1 other file", f"It is {kind}.") if count == 1 else (
        f"{count:,} other files", f"Each is {kind}."
    )  # fmt: skip


def _walk(path: Path, refused: list[Refusal]) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        name = Path(error.filename or path).name
        refused.append(Refusal(name, f"The folder cannot be opened: {error.strerror}.", ""))

    for folder, folders, files in os.walk(path, onerror=failed):
        folders.sort()
        for name in sorted((*files, *folders)):
            entry = Path(folder, name)
            if entry.is_symlink():
                refused.append(Refusal(name, _link(entry, path), "Copy the file itself."))
            elif name in files:
                yield entry


def _link(entry: Path, root: Path) -> str:
    try:
        inside = entry.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return "It is a link that leads nowhere."
    if inside:
        return "It is a link to something in the same folder, which is read there."
    return "It is a link that leads out of the folder."


def _start(file: Path) -> bytes | Refusal:
    try:
        if not file.is_file():
            return Refusal(file.name, "It is no regular file.", NEXT)
        with file.open("rb") as stream:
            return stream.read(SNIFFED)
    except OSError as error:
        return Refusal(file.name, f"It cannot be opened: {error.strerror}.", "Ask for the right.")
