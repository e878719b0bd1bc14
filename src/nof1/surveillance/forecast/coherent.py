"""One total: the nation's forecast and the sum of its states' are brought together.

The nation is forecast from its own curve and the states from theirs; both are uncertain, so
neither is believed alone. The gap between the nation's median and the states' sum is shared out
in proportion to how uncertain each side is (minimum trace with a fixed correlation; Wickramasuriya
et al. 2019), and whole distributions are shifted, so their widths stay.
"""

from __future__ import annotations

import numpy as np

from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import TOTAL, Floats

TOTALS = (TOTAL, "US")  # identifiers that mean "all places together"
SHOWN_WEEKS, TOLERANCE = 16, 0.05  # how far the sum of the places may lie from the total
CORRELATION = 0.5  # of the errors of two states in the same week
MIDDLE = len(LEVELS) // 2
LOW, HIGH = 6, 16  # the quartiles among the levels


def total_of(places: tuple[str, ...]) -> int | None:
    """The position of the total among the places, or None."""
    return next((places.index(name) for name in TOTALS if name in places), None)


def adds_up(values: Floats, total: int) -> bool:
    """Whether the total of a panel (times, places) is the sum of its other places.

    A file with the nation and three of its states is right, and its parts are no whole. Judged by
    the newest weeks in which all are known; False when there is none.
    """
    recent = values[-SHOWN_WEEKS:]
    recent = recent[np.isfinite(recent).all(axis=1)]
    if not len(recent):
        return False
    parts = np.delete(recent, total, axis=1).sum(axis=1)
    off = np.abs(parts - recent[:, total]) / np.maximum(np.abs(recent[:, total]), 1.0)
    return bool(np.median(off) <= TOLERANCE)


def reconciled(quantiles: Floats, total: int) -> Floats:
    """(places, steps, 23) counts with the total's medians equal to the sum of the others'.

    Left as it is where a place has no forecast, because the sum is then not known.
    """
    out = quantiles.copy()
    parts = np.arange(len(quantiles)) != total
    medians, spread = quantiles[..., MIDDLE], quantiles[..., HIGH] - quantiles[..., LOW]
    for step in range(quantiles.shape[1]):
        gap = medians[total, step] - medians[parts, step].sum()
        each = spread[parts, step]
        together = CORRELATION * each.sum() ** 2 + (1 - CORRELATION) * (each**2).sum()
        own = spread[total, step] ** 2
        if not np.isfinite(gap) or own + together <= 0 or each.sum() <= 0:
            continue
        out[total, step] -= gap * own / (own + together)
        out[parts, step] += (gap * together / (own + together) * each / each.sum())[:, None]
    return np.maximum(out, 0.0)
