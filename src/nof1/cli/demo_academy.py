"""The academy's part of ``nof1 demo``: cases to learn from, about invented people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nof1.core.errors import Nof1Error
from nof1.core.workspace import Workspace

CASES, SEED = 96, 1


def teach(workspace: Workspace, say: Callable[[str], None]) -> dict[str, Any]:
    """Make the bank of cases, or say why there is none; the step of the first page."""
    from nof1.academy import bank

    say("Make cases for the academy: the real card, sometimes with a fault put in on purpose")
    try:
        made = bank.build(workspace, CASES, SEED)
    except Nof1Error as refused:
        say(f"No cases: {refused.message}")
        return {
            "title": "The academy",
            "text": f"There are no cases to learn from: {refused.message}",
        }
    bank.write(workspace.root / bank.PLACE, made)
    faulty = sum(one.faulty for one in made)
    return {
        "title": "The academy",
        "text": "Cases of invented people whose true risk is known, with the card that nof1 really "
        "gives, sometimes with a fault. nof1 serve opens them; benefit in humans is unproven.",
        "figures": [
            {"label": "cases", "value": str(len(made))},
            {"label": "with a fault", "value": str(faulty)},
        ],
    }
