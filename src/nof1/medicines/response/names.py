"""Names of lines and drugs that should be the same but are written differently.

First names are joined exactly. Only what is left is tried in a plain form (upper case, no blanks,
dots, hyphens or underscores, no prefix such as ``GDSC:``), and only where the plain form belongs to
one name on each side: joining ``T-T`` with ``TT``, two different lines, is worse than no join.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """Where each wanted name stands among the others; None where it has no partner.

    Attributes
    ----------
    exact, plain : how many were joined as written, and by their plain form.
    ambiguous : how many were left apart because a plain form belongs to several names.
    """

    at: tuple[int | None, ...]
    exact: int
    plain: int
    ambiguous: int

    @property
    def missing(self) -> int:
        """How many have no partner."""
        return sum(place is None for place in self.at)


def plain(name: str) -> str:
    """The plain form of a name.

    >>> plain("GDSC:1001"), plain("NCI-H 1694"), plain("ach-000698")
    ('1001', 'NCIH1694', 'ACH000698')
    """
    return re.sub(r"[\s._\-/]", "", re.sub(r"^[A-Za-z]+:", "", name.strip())).upper()


def match(wanted: Sequence[str], known: Sequence[str]) -> Match:
    """Join each of ``wanted`` with a name of ``known`` (unique)."""
    place = {name: number for number, name in enumerate(known)}
    forms = Counter(plain(name) for name in known)
    asked = Counter(plain(name) for name in dict.fromkeys(wanted))
    by_form = {plain(name): number for number, name in enumerate(known)}
    found: list[int | None] = []
    exact = loose = ambiguous = 0
    for name in wanted:
        form = plain(name)
        if name in place:
            found.append(place[name])
            exact += 1
        elif form in by_form and forms[form] == 1 and asked[form] == 1:
            found.append(by_form[form])
            loose += 1
        else:
            ambiguous += form in by_form
            found.append(None)
    return Match(tuple(found), exact, loose, ambiguous)
