"""What every answer of the room says first: about what, as of when, and what it could not check."""

from __future__ import annotations

from datetime import date
from typing import Any

from nof1.core.finding import NOTICE

VERSION = 1


def head(
    command: str,
    signal: str,
    as_of: date,
    *,
    synthetic: bool,
    places: list[dict[str, Any]],
    notes: list[str] | None = None,
    not_checked: list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """The first keys of an answer; the command's own keys are added to it.

    Parameters
    ----------
    command : for example ``"nowcast"``; gives the schema ``nof1/surveillance-nowcast/1``.
    as_of : nothing reported after this day was used.
    places : ``{"id", "name", "population"}`` for each place; name and population may be None.
    notes : what a reader must know beside the numbers.
    not_checked : ``{"what", "reason", "resolve"}`` for each thing that could not be answered.
    """
    return {
        "schema": f"nof1/surveillance-{command}/{VERSION}",
        "signal": signal,
        "as_of": as_of.isoformat(),
        "synthetic": synthetic,
        "notice": NOTICE,
        "places": places,
        "notes": notes or [],
        "not_checked": not_checked or [],
    }
