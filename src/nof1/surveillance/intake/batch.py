"""What the files of one import say, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from nof1.surveillance.store import Kind

CELL = ["place", "stratum", "date"]
CASE = [*CELL, "outbreak"]
Full = Literal["no", "window", "all"]


@dataclass(frozen=True)
class Batch:
    """What the files of one import say, in one of the two shapes of the store.

    Attributes
    ----------
    kind : ``"reports"`` or ``"versions"``.
    rows : the columns of the kind; reports may have ``key`` (UInt64), one row a case.
    known_on : the day of the files; reports corrected by them are known from this day on.
    step_days : 1 or 7.
    own_total : the files gave totals (stratum ``""``) beside the strata.
    full : what a row missing in the files means: ``"no"`` nothing; ``"window"`` it was taken back,
        when its dates lie between the files' first and last; ``"all"`` it was taken back.
    """

    kind: Kind
    rows: pl.DataFrame
    known_on: date
    step_days: int = 1
    own_total: bool = False
    full: Full = "no"


@dataclass(frozen=True)
class Merged:
    """What an import changed: rows of the store that are new, changed, taken back, or late.

    ``late`` counts reports that carry a day of report before that on which their place was last
    known: they are stored as known from the file's day on.
    """

    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    late: int = 0
    places: int = 0

    @property
    def nothing(self) -> bool:
        """True when the store is as it was before."""
        return not (self.new or self.changed or self.withdrawn)

    def __add__(self, other: Merged) -> Merged:
        """Both together; the places are those of the first."""
        return Merged(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            withdrawn=self.withdrawn + other.withdrawn,
            unchanged=self.unchanged + other.unchanged,
            late=self.late + other.late,
            places=self.places,
        )
