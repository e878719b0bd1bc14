"""What every method returns: one answer for each tested week of each series, none silent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nof1.surveillance.series import Dates

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Reason(IntEnum):
    """Why a week could not be judged; 0: it was."""

    CHECKED = 0
    SHORT = 1
    TOO_FEW = 2
    ALL_ZERO = 3
    FIRST_CASES = 4
    NOT_FITTED = 5
    NO_REPORT = 6
    STOPPED = 7
    TOO_EARLY = 8
    NEGATIVE = 9


WORDS = {
    Reason.SHORT: (
        "The history is too short for this method.",
        "Import earlier years, or take a method with a short memory (ears-c2).",
    ),
    Reason.TOO_FEW: (
        "Too few usable weeks at this time of the year in earlier years.",
        "Exclude fewer weeks, or import the missing ones.",
    ),
    Reason.ALL_ZERO: (
        "No case in the whole baseline and none now: there is nothing to compare with.",
        "Check that the place reports at all; zero is not the same as no report.",
    ),
    Reason.FIRST_CASES: (
        "Cases after a baseline without any: no expectation can be computed.",
        "Look at these cases by hand; they are the first ones in the baseline's years.",
    ),
    Reason.NOT_FITTED: (
        "The model of the past weeks could not be fitted.",
        "Look at the series; perhaps its case definition changed.",
    ),
    Reason.NO_REPORT: (
        "Nothing was reported for this week, which is not zero cases.",
        "Ask the place for its report.",
    ),
    Reason.STOPPED: (
        "Zero cases where zero is next to impossible: reporting seems to have stopped.",
        "Ask the place whether it still reports.",
    ),
    Reason.TOO_EARLY: (
        "Too small a part of the reports is expected to be in yet.",
        "Check again when more reports are in.",
    ),
    Reason.NEGATIVE: (
        "The count of this week is negative: corrections outweigh reports.",
        "Ask the place for the corrected count.",
    ),
}


@dataclass
class Tested:
    """Arrays of shape (tests, series) unless said otherwise; NaN where there is no number.

    Attributes
    ----------
    dates : (tests,) last day of each tested week.
    observed : the count as reported.
    expected : mean under "nothing special", of the count as reported by now.
    upper : an alarm needs more cases than this.
    p : chance of at least so many cases when nothing special happens; NaN where a method has none.
    dispersion : variance / mean of the count.
    alarm : the method's own rule at its own level.
    few : fewer cases in the last weeks than the rule asks for; such a week never alarms.
    reason : a ``Reason``; 0 where the week was judged.
    parts : further arrays of a method by name, for example ``trend`` and ``score``.
    attainable : (levels, series) of the newest week, see ``attainable``; None without one.
    """

    dates: Dates
    observed: Floats
    expected: Floats
    upper: Floats
    p: Floats
    dispersion: Floats
    alarm: Bools
    few: Bools
    reason: NDArray[np.int8]
    parts: dict[str, Floats]
    attainable: Floats | None = None

    def refuse(self, where: Bools, reason: Reason) -> None:
        """Set a reason where there is none yet; such a week has no alarm and no p."""
        new = where & (self.reason == Reason.CHECKED)
        self.reason[new] = reason
        self.alarm[new] = False
        self.p[new] = np.nan
        if "p_recent" in self.parts:
            self.parts["p_recent"][new] = np.nan

    def newest(self, number: int) -> Tested:
        """The newest tests only."""
        parts = {name: value[-number:] for name, value in self.parts.items()}
        cut = {name: getattr(self, name)[-number:] for name in ARRAYS}
        return Tested(dates=self.dates[-number:], parts=parts, attainable=self.attainable, **cut)


ARRAYS = ("observed", "expected", "upper", "p", "dispersion", "alarm", "few", "reason")


def beside(blocks: list[Tested]) -> Tested:
    """Blocks of series put together again."""
    whole = {name: np.hstack([getattr(block, name) for block in blocks]) for name in ARRAYS}
    parts = {name: np.hstack([block.parts[name] for block in blocks]) for name in blocks[0].parts}
    levels = [block.attainable for block in blocks if block.attainable is not None]
    attainable = np.hstack(levels) if levels else None
    return Tested(dates=blocks[0].dates, parts=parts, attainable=attainable, **whole)
