"""UCUM units as people write them. Data keep the code; sentences and pictures show the words.

What stands in braces is an annotation: it counts nothing ("{score}"), or says what is counted
("{cases/100k/wk}").

Reference: The Unified Code for Units of Measure, version 2.2, sections 6 and 12.
"""

from __future__ import annotations

import re
from functools import lru_cache

WORDS = {
    "": "", "1": "", "{score}": "", "{index}": "", "{ratio}": "", "{INR}": "",
    "{cases/100k/wk}": "cases per 100,000 people a week", "min/wk": "min a week",
    "Cel": "°C", "a": "years", "mo": "months", "wk": "weeks", "meq/L": "mEq/L",
}  # fmt: skip
PARTS = (
    ("mm[Hg]", "mmHg"), ("cm[H2O]", "cmH₂O"), ("[iU]", "IU"), ("{1.73_m2}", "1.73 m²"),
    ("[degF]", "°F"), ("[lb_av]", "lb"), ("[oz_av]", "oz"), ("[in_i]", "in"), ("[ft_i]", "ft"),
    ("10*3/", "10³/"), ("10*6/", "10⁶/"), ("10*9/", "10⁹/"), ("10*12/", "10¹²/"),
)  # fmt: skip
MICRO = re.compile(r"(?<![A-Za-z])u(?=[A-Z]|g|m(?:ol|$)|kat)")
POWER = re.compile(r"(?<=[A-Za-z])([23])(?![0-9A-Za-z])")
POWERS = {"2": "²", "3": "³"}


@lru_cache(maxsize=10_000)
def unit_words(unit: str | None) -> str:
    """A unit as people write it, "" where there is none to say; what is unknown stays as it is.

    >>> [unit_words(one) for one in ("mL/min/{1.73_m2}", "{score}", "mm[Hg]", "10*3/uL", "ug/m3")]
    ['mL/min/1.73 m²', '', 'mmHg', '10³/µL', 'µg/m³']
    """
    text = unit or ""
    if text in WORDS:
        return WORDS[text]
    for code, words in PARTS:
        text = text.replace(code, words)
    text = POWER.sub(lambda found: POWERS[found[1]], MICRO.sub("µ", text))
    return text.translate({ord("{"): None, ord("}"): None, ord("_"): " "})
