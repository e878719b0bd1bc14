"""nof1: machine learning for personalised medicine.

    >>> import nof1
    >>> ws = nof1.open("ws")                       # doctest: +SKIP
    >>> ws.patient("p1").advise()                  # doctest: +SKIP

Research and education use; not a medical device.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof1.advice.hospital import Hospital

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(workspace: str | Path | None = None) -> Hospital:
    """Open a workspace folder (default: the nearest one upward from here).

    Raises
    ------
    nof1.core.errors.WorkspaceError : when there is none, or its settings are damaged.
    """
    from nof1.advice.hospital import Hospital  # loads numpy and polars, so only when asked for

    return Hospital.open(workspace)
