"""How people sign in to a server, as its operator said at the start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class People:
    """With accounts of this server, with the hospital's sign-in, or both.

    Attributes
    ----------
    url : public address of the server. loopback : it is reached from this machine alone.
    oidc : the file of the hospital's sign-in.
    """

    url: str
    loopback: bool
    accounts: bool = False
    oidc: Path | None = None
