"""ZIP codes: the first three digits, and 000 where few people live.

Safe Harbor allows the first three digits where the area has more than 20,000 people. HHS named 17
areas below that by the census of 2000 (guidance on 45 CFR 164.514, 2012) and asks for current data;
areas that the census of 2010 added to such lists are withheld too. Whoever has newer counts should
compare: an area can fall below 20,000 later.
"""

from __future__ import annotations

import re

CENSUS_2000 = frozenset((
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831",
    "878", "879", "884", "890", "893",
))  # fmt: skip
CENSUS_2010 = frozenset((
    "036", "059", "102", "203", "205", "369", "556", "692", "821", "823", "878", "879",
    "884", "893",
))  # fmt: skip
FEW_PEOPLE = CENSUS_2000 | CENSUS_2010
ZIP = re.compile(r"\s*(\d{3})\d{2}(?:[- ]?\d{4})?\s*")


def zip3(text: str) -> str | None:
    """Three digits of a US ZIP code, 000 where few people live; None for anything else.

    >>> zip3("02139-4307"), zip3("03601"), zip3("SW1A 1AA")
    ('021', '000', None)
    """
    found = ZIP.fullmatch(text)
    if found:
        return "000" if found[1] in FEW_PEOPLE else found[1]
    short = re.fullmatch(r"\d{3}", text.strip())
    return ("000" if short[0] in FEW_PEOPLE else short[0]) if short else None
