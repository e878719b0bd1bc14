"""The rows about one medicine in a table of cautions: its own, and those of its classes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Protocol, TypeVar

from nof1.knowledge import classes
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import step


class Caution(Protocol):
    """A row: a medicine of ``drugs.tsv`` or a class, and what it asks for (``facts.ACTIONS``)."""

    @property
    def subject(self) -> str:
        """The medicine or the class."""

    @property
    def action(self) -> str:
        """What is asked for."""


Row = TypeVar("Row", bound=Caution)


def about(rows: Iterable[Row], drug: str, base: Base = SHIPPED) -> tuple[Row, ...]:
    """The rows about a medicine, the most cautious first, equal ones as in the table.

    None: the medicine is not in the table, which is no all-clear.
    """
    subjects = _subjects(drug, base)
    return tuple(sorted((one for one in rows if one.subject in subjects), key=_cautious))


@functools.lru_cache(maxsize=4096)
def _subjects(drug: str, base: Base) -> frozenset[str]:
    """The medicine and its classes, once for all tables."""
    return frozenset(classes.subjects(drug, base))


def _cautious(row: Caution) -> int:
    return step(row.action)
