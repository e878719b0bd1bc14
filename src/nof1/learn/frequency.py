"""A risk as people read it best: "12 of 100 people like this; range 8 to 17".

One fixed denominator for the risk and its range; the range is rounded outward, so that it is never
shown narrower than it is; a risk above zero is never shown as 0, one below one never as all.

References
----------
Hoffrage & Gigerenzer, Academic Medicine 73 (1998) 538.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from nof1.core.errors import InputError

TOLERANCE = 1e-9  # 0.29 * 100 must count as 29


@dataclass(frozen=True, slots=True)
class NaturalFrequency:
    """``count`` of ``denominator`` people, range ``low`` to ``high``, and the sentence ``text``.

    A count of 0 stands for "fewer than 1" and a count equal to the denominator for "more than
    denominator - 1", unless the risk is exactly 0 or 1.
    """

    count: int
    low: int
    high: int
    denominator: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        return self.text


def natural_frequency(risk: float, low: float, high: float) -> NaturalFrequency:
    """Put a risk and its interval (0 to 1) into words.

    The denominator is 100, or 1,000 or 10,000 when the risk is below 1 of the one before.

    Raises
    ------
    InputError : unless ``0 <= low <= risk <= high <= 1``.

    >>> str(natural_frequency(0.12, 0.08, 0.17))
    '12 of 100 people like this; range 8 to 17'
    >>> str(natural_frequency(0.004, 0.0004, 0.012))
    '4 of 1,000 people like this; range fewer than 1 to 12'
    """
    if not 0 <= low <= risk <= high <= 1:
        raise InputError(
            "The risk does not lie within its interval.",
            where="natural_frequency",
            allowed="0 <= low <= risk <= high <= 1",
        )
    whole = next((size for size in (100, 1_000, 10_000) if risk == 0 or risk * size >= 1), 10_000)
    count = math.floor(risk * whole + 0.5)
    least = min(count, math.floor(low * whole + TOLERANCE))
    most = max(count, math.ceil(high * whole - TOLERANCE))
    words = [_words(n, value, whole) for n, value in ((count, risk), (least, low), (most, high))]
    span = f"range {words[1]} to {words[2]}" if words[1] != words[2] else f"range {words[1]}"
    text = f"{words[0]} of {whole:,} people like this; {span}"
    return NaturalFrequency(count, least, most, whole, text)


def _words(count: int, value: float, whole: int) -> str:
    if count == 0 and value > 0:
        return "fewer than 1"
    if count == whole and value < 1:
        return f"more than {whole - 1:,}"
    return f"{count:,}"
