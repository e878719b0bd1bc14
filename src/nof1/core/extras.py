"""One gate for optional packages: a missing one names the exact command that installs it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from nof1.core.errors import MissingExtra


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package, or raise with the command that installs it.

    Raises
    ------
    MissingExtra : when ``module`` is not installed.

    >>> require("json", "none").__name__
    'json'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"This needs the package {error.name!r}, which is not installed.",
            next_step=f'Run: pip install "nof1[{extra}]"',
        ) from None
