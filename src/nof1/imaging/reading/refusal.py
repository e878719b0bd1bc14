"""A file that was not read, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A file, or a group of files, that was left out.

    ``source`` is a file's name (never a folder); ``reason`` and ``next_step`` are whole sentences
    without any value of a patient; ``files`` says how many files it stands for.
    """

    source: str
    reason: str
    next_step: str = ""
    files: int = 1


class Unreadable(Exception):
    """Raised inside the reader where a file cannot be used; becomes a ``Refusal``."""

    def __init__(self, reason: str, next_step: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step
