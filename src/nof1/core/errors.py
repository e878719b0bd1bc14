"""Errors that say what was got, where, what is allowed and what to do next.

Nof1Error
├── UsageError          the request itself is wrong (a typo, an unknown name)
├── InputError          a file or a row is not what its format promises
├── WorkspaceError      the workspace is missing, damaged or busy
├── PointInTimeError    something later than the as-of time was asked for
├── ModelError          a model cannot be trained, loaded or allowed to speak
└── MissingExtra        an optional package is not installed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Nof1Error(Exception):
    """A refusal that a person can act on.

    Parameters
    ----------
    message : what was got, in one sentence, without any patient's values.
    where : file, row, column or setting, for example ``"labs.csv, row 17, column unit"``.
    allowed : what would have been accepted.
    next_step : the action that resolves it.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        allowed: str | Sequence[str] | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.allowed = allowed if allowed is None or isinstance(allowed, str) else list(allowed)
        self.next_step = next_step

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as printed on standard error with ``--json``."""
        return {
            "error": self.message,
            "where": self.where,
            "allowed": self.allowed,
            "next_step": self.next_step,
        }

    def __str__(self) -> str:
        allowed = self.allowed if isinstance(self.allowed, str) else ", ".join(self.allowed or ())
        parts = (("Where", self.where), ("Allowed", allowed), ("Next step", self.next_step))
        return "\n".join([self.message, *(f"{name}: {text}" for name, text in parts if text)])


class UsageError(Nof1Error):
    """The request itself is wrong: a typo, an unknown name, a missing option."""


class InputError(Nof1Error):
    """A file, a row or a value is not what its format promises."""


class WorkspaceError(Nof1Error):
    """The workspace is missing, damaged or in use by another import."""


class PointInTimeError(Nof1Error):
    """Something later than the as-of time was asked for."""


class ModelError(Nof1Error):
    """A model cannot be trained, loaded or allowed to speak."""


class MissingExtra(Nof1Error):
    """An optional package is not installed."""
