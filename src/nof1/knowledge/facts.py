"""What the tables of medicine safety share: their words for actions, and how a row is read.

No pharmacist has signed off these tables: research and education use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from nof1.core.errors import InputError
from nof1.knowledge.base import Base

Row = TypeVar("Row", bound=tuple[object, ...])

# What a fact asks for, the most cautious first. ``reduce`` and ``interval`` say how to adjust.
ACTIONS = ("contraindicated", "avoid", "adjust", "reduce", "interval", "monitor", "none")
# The four steps of a ranking: 0 do not give, 1 avoid, 2 give with a change, 3 give and watch.
STEPS: Mapping[str, int] = {
    "contraindicated": 0,
    "avoid": 1,
    "adjust": 2,
    "reduce": 2,
    "interval": 2,
    "monitor": 3,
    "none": 4,
}
LONGEST = 200  # characters of a text that a person reads


def step(action: str) -> int:
    """How cautious an action is: 0 (contraindicated) to 4 (nothing to do)."""
    return STEPS[action]


def read(base: Base, table: str, fields: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a table, each cell a string, with the words of ``action`` checked.

    Raises
    ------
    InputError : a column is missing, a cell is missing or too many, a text is longer than
        ``LONGEST``, or the action is not one of ``ACTIONS``.
    """
    wanted, made = tuple(fields), []
    for number, row in enumerate(base.rows(table), start=2):
        if set(row) != set(wanted) or None in row.values():
            raise wrong(table, number, "This row has not the cells of its table.", wanted)
        if row.get("action", "none") not in ACTIONS:
            raise wrong(table, number, "This row has an action that we do not know.", ACTIONS)
        if len(row.get("text", "")) > LONGEST:
            raise wrong(table, number, "This text is too long.", (f"{LONGEST} characters",))
        made.append(row)
    return made


def number(table: str, line: int, text: str, default: float) -> float:
    """A number of a cell; an empty cell is ``default``.

    Raises
    ------
    InputError : the cell is neither empty nor a number.
    """
    try:
        return float(text) if text else default
    except ValueError:
        raise wrong(table, line, "A cell should hold a number.", ("such as 30", "empty")) from None


def wrong(table: str, line: int, message: str, allowed: Iterable[str]) -> InputError:
    """The error for one line of a table of facts."""
    return InputError(message, where=f"knowledge/{table}, line {line}", allowed=tuple(allowed))
