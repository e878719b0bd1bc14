"""What order checking answered, whoever answered: alerts by tier, and what was not checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

UNKNOWN = "medicine"  # family of the alert "this medicine is not known here"


class Said(NamedTuple):
    """One alert: tier 1 (critical), 2 (warning) or 3 (information), its words, and its family.

    ``family`` is "" when the service does not say.
    """

    tier: int
    summary: str
    family: str = ""


@dataclass(frozen=True)
class Answer:
    """The whole answer to one case.

    Attributes
    ----------
    alerts : what was said.
    not_checked : what was openly not checked, as "family: reason"; "card: words" from a card.
    error : why there is no answer, when there is none.
    """

    alerts: tuple[Said, ...] = ()
    not_checked: tuple[str, ...] = ()
    error: str | None = None
