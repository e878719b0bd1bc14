"""How loudly a reason is said: a table of rules, each with its reason and source.

Tier 1 interrupts and asks for a reason, tier 2 stands beside the order, tier 3 is there on demand.
Interruptions are few on purpose: clinicians override 55 to 98 % of interaction alerts (review,
doi 10.3233/SHTI220101). No pharmacist has signed off these tiers.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from nof1.core.errors import InputError

FILE = Path(__file__).with_name("tiers.tsv")


class Rule(NamedTuple):
    """One row: what a family's rule (for one medicine, or for all: "") is worth."""

    family: str
    rule: str
    medicine: str
    tier: int
    reason: str
    source: str

    @property
    def id(self) -> str:
        """Its name without spaces, as ledger and governance know it: ``interactions/tier-2``."""
        parts = (self.family, self.rule, self.medicine)
        return "/".join(part.replace(" ", "-") for part in parts if part)


@functools.cache
def rules(path: Path = FILE) -> Mapping[tuple[str, str, str], Rule]:
    """All rows by family, rule and medicine.

    Raises
    ------
    InputError : a row has not six filled cells, a tier is not 1 to 3, or a row stands twice.
    """
    made: dict[tuple[str, str, str], Rule] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
        cells = text.split("\t")
        filled = len(cells) == 6 and all(cells[:2] + cells[3:]) and cells[3] in ("1", "2", "3")
        if not filled or tuple(cells[:3]) in made:
            raise InputError(
                "This row of tiers is not in its form, or stands twice.",
                where=f"{path.name}, line {line}",
                allowed="family, rule, medicine (or nothing), 1 to 3, reason, source",
            )
        family, rule, medicine, tier, reason, source = cells
        made[family, rule, medicine] = Rule(family, rule, medicine, int(tier), reason, source)
    return made


def find(family: str, rule: str, medicine: str = "") -> Rule | None:
    """The row for this medicine, else the row for all; None: it is only a line of the coverage."""
    table = rules()
    return table.get((family, rule, medicine)) or table.get((family, rule, ""))


def rule(family: str, name: str, medicine: str = "") -> Rule:
    """Like :func:`find`, for what must have a row.

    Raises
    ------
    InputError : nobody gave it a tier.
    """
    found = find(family, name, medicine)
    if found is None:
        raise InputError(f"The rule {family}/{name} has no tier.", where=FILE.name)
    return found
