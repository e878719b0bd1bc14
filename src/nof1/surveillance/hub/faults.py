"""What is wrong with a hub file: faults of one kind grouped, counted and told to a newcomer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 3  # lines and values that a message names
LONGEST = 40


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one file.

    Attributes
    ----------
    code : a short name for programs, for example ``"horizon_text"``.
    what : what was found, in a sentence.
    where : column and lines; the header is line 1.
    count : how many rows, forecasts or columns have it.
    allowed : what would have been right.
    next_step : what to change.
    """

    code: str
    what: str
    where: str
    count: int
    allowed: str
    next_step: str


@dataclass
class Report:
    """What a check of one file found; ``notes`` do not make a file fail.

    ``rows`` counts the rows of quantiles, ``forecasts`` the places times horizons.
    """

    file: str
    rows: int = 0
    forecasts: int = 0
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the file may be handed in."""
        return not self.faults

    def add(
        self, code: str, what: str, *, where: str, allowed: str, next_step: str, count: int = 1
    ) -> None:
        """Note a fault."""
        self.faults.append(Fault(code, what, where, count, allowed, next_step))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "file": self.file,
            "ok": self.ok,
            "rows": self.rows,
            "forecasts": self.forecasts,
            "faults": [asdict(one) for one in self.faults],
            "notes": self.notes,
        }


def lines(numbers: Sequence[int]) -> str:
    """Lines of a file in words.

    >>> lines([2, 3, 9, 11, 12])
    'lines 2, 3, 9 and 2 more'
    """
    shown = ", ".join(str(one) for one in numbers[:SHOWN])
    more = len(numbers) - SHOWN
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {shown}" + (f" and {more} more" if more > 0 else "")


def quoted(values: Sequence[Any]) -> str:
    """A few different values as they stand in the file, cut to a readable length.

    >>> quoted(["1 wk", "1 wk", "2"])
    "'1 wk', '2'"
    """
    different = list(dict.fromkeys(str(one) for one in values))
    shown = [repr(one if len(one) <= LONGEST else one[:LONGEST] + "...") for one in different]
    more = len(shown) - SHOWN
    return ", ".join(shown[:SHOWN]) + (f" and {more} other values" if more > 0 else "")
