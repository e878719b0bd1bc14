"""Members that were taught once are kept and found again by what they were taught."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from nof1.surveillance.forecast import learned
from nof1.surveillance.forecast.learned import Learned
from nof1.surveillance.series import Panel

SHOWN = 16  # characters of the digest that name a folder


def found_or_learned(
    panel: Panel,
    related: tuple[Panel, ...],
    before: date,
    steps: int,
    folder: Path | None,
    say: Callable[[str], None] = lambda text: None,
) -> Learned:
    """The members for the season of ``before``: kept ones, or newly taught and then kept.

    Kept members are taken when they were taught exactly this: the same values, steps and
    settings. A revised value of an earlier season therefore teaches them again.

    Parameters
    ----------
    folder : where members are kept; None keeps nothing.
    """
    if folder is None:
        say("teaching the members")
        return learned.learn(panel, related, before, steps)
    signals, _ = learned.taught(panel, related, before)
    place = folder / learned.digest(signals, steps)[:SHOWN]
    if (place / learned.CARD).is_file():
        return learned.load(place)
    say("teaching the members (kept for the next time)")
    made = learned.learn(panel, related, before, steps)
    learned.save(made, place)
    return made
