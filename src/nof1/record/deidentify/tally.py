"""What was done, as counts, and what was refused, by number: never a value, never a file's name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """One file that is not let through; the reason holds no value of it."""

    def __init__(self, reason: str, next_step: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.next_step = next_step


@dataclass(frozen=True)
class Refusal:
    """A file that is not in the output, and why.

    ``file`` is its place in the sorted list of input files, from 1: names can hold identifiers.
    """

    file: int
    kind: str
    reason: str
    next_step: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file,
            "kind": self.kind,
            "reason": self.reason,
            "next_step": self.next_step,
        }


@dataclass
class Tally:
    """Counts by action, and by place for what was dropped (paths of a standard, not of a file)."""

    actions: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def did(self, action: str, count: int = 1) -> None:
        """Count an action, such as "date moved"."""
        self.actions[action] += count

    def drop(self, place: str, count: int = 1) -> None:
        """Count something dropped, by its place in the standard."""
        self.actions["dropped"] += count
        self.dropped[place] += count
