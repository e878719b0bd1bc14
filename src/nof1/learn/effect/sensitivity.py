"""How strong an unmeasured cause would have to be to explain an association away.

Reference: VanderWeele & Ding, Ann. Intern. Med. 167 (2017) 268.
"""

from __future__ import annotations

import math

from nof1.learn.figures import Figure


def e_value(risk_ratio: float) -> float:
    """The least risk ratio of an unmeasured cause with both treatment and outcome; 1: none needed.

    >>> round(e_value(2.0), 2), e_value(1.0)
    (3.41, 1.0)
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_values(ratio: Figure) -> tuple[float, float] | None:
    """For the estimate, and for the limit of its interval that is nearer to 1 (1 when 1 lies
    inside); None without an estimate."""
    if ratio.value is None or ratio.low is None or ratio.high is None or ratio.low <= 0:
        return None
    if ratio.low <= 1 <= ratio.high:
        return e_value(ratio.value), 1.0
    return e_value(ratio.value), e_value(ratio.low if ratio.low > 1 else ratio.high)
