"""What is odd about the numbers: another unit than counts, sums since the start, only zeros.

Nothing is refused here, since each can be right; a reader is told, because a forecast of the wrong
thing looks like any other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.forecast.scaled import bridged
from nof1.surveillance.series import Panel

NOT_WHOLE = 0.1  # share of values with decimals from which a file is no file of counts
OF_PEOPLE = 0.02  # share of the people in one week, above any admissions or cases known
LEAST_WEEKS = 20  # weeks without any fall that no epidemic has
SHOWN = 8


def doubts(panel: Panel) -> list[str]:
    """Sentences about a weekly panel of counts, for the notes of an answer; none is the rule."""
    found = [_unit(panel), _people(panel), _sums(panel), _zeros(panel), _negative(panel)]
    return [one for one in (*found, _digits(panel), _gaps(panel)) if one]


def _unit(panel: Panel) -> str:
    known = panel.values[np.isfinite(panel.values)]
    broken = int((known != np.round(known)).sum())
    if panel.unit != "1" or not len(known) or broken < NOT_WHOLE * len(known):
        return ""
    return (
        f"{broken} of {len(known)} values are no whole numbers: are they rates or shares? "
        "Counts are expected; the forecast is in the file's unit."
    )


def _people(panel: Panel) -> str:
    if panel.population is None or panel.unit != "1":
        return ""
    with np.errstate(invalid="ignore"):
        many = (panel.values > OF_PEOPLE * panel.population).any(axis=0)
    if not many.any():
        return ""
    names = _names(panel, np.asarray(many))
    return f"More than {OF_PEOPLE:.0%} of the people in one week: {names}. Wrong unit?"


def _sums(panel: Panel) -> str:
    """Cumulative counts never fall, and so a forecast of them says nothing about weeks."""
    steps = np.diff(panel.values, axis=0)
    rising = np.nan_to_num(steps, nan=0.0).min(axis=0, initial=0.0) >= 0
    often = (np.nan_to_num(steps, nan=0.0) > 0).sum(axis=0) >= LEAST_WEEKS
    sums = rising & often
    return f"The counts never fall: {_names(panel, sums)}. Sums since the start?" * bool(sums.any())


def _zeros(panel: Panel) -> str:
    known = np.isfinite(panel.values)
    zero = known.any(axis=0) & (np.where(known, panel.values, 0.0) == 0).all(axis=0)
    return f"Only zeros were reported: {_names(panel, zero)}." * bool(zero.any())


def _negative(panel: Panel) -> str:
    below = int((np.nan_to_num(panel.values, nan=0.0) < 0).sum())
    return f"{below} values below 0 (corrections) were read as 0." * bool(below)


def _digits(panel: Panel) -> str:
    digits = [place for place in panel.places if place.isdigit()]
    single = [place for place in digits if len(place) == 1]
    if not single or len(single) == len(digits):
        return ""
    return f"Places with one digit ({', '.join(single[:SHOWN])}) beside two: a lost zero, as in 06?"


def _gaps(panel: Panel) -> str:
    filled = int((np.isfinite(bridged(panel.values)) & ~np.isfinite(panel.values)).sum())
    return f"{filled} missing weeks between known ones were filled by a line." * bool(filled)


def _names(panel: Panel, which: NDArray[np.bool_]) -> str:
    names = [panel.places[i] for i in np.flatnonzero(which)]
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")
