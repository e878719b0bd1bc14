"""The attrition table: how many patients and index events each rule of a task kept.

Steps are counted shard by shard and added: a patient lies in one shard, so sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Step:
    """What was left after a rule.

    Attributes
    ----------
    rule : what was asked, in words.
    patients, index_events : what is left.
    patients_removed, index_events_removed : what this rule took away.
    """

    rule: str
    patients: int
    index_events: int
    patients_removed: int = 0
    index_events_removed: int = 0


@dataclass(frozen=True)
class Attrition:
    """All steps, in the order in which they were applied."""

    steps: tuple[Step, ...]

    @classmethod
    def total(cls, parts: Iterable[Attrition]) -> Attrition:
        """Add the tables of several shards, which all have the same steps."""
        columns = zip(*(part.steps for part in parts), strict=True)
        return cls(tuple(_add(steps) for steps in columns))

    def frame(self) -> pl.DataFrame:
        """One row per step."""
        return pl.DataFrame(self.to_dict())

    def to_dict(self) -> list[dict[str, Any]]:
        """The JSON form: one object per step."""
        return [dict(vars(step)) for step in self.steps]

    def text(self) -> str:
        """A table for a terminal.

        >>> print(Attrition((Step("in the record", 3, 0), Step("an index event", 2, 5, 1))).text())
        patients  removed   index events  removed   rule
               3        0              0        0   in the record
               2        1              5        0   an index event
        """
        lines = ["patients  removed   index events  removed   rule"]
        for step in self.steps:
            counts = f"{step.patients:>8,} {step.patients_removed:>8,} {step.index_events:>14,}"
            lines.append(f"{counts} {step.index_events_removed:>8,}   {step.rule}")
        return "\n".join(lines)

    def largest_loss(self) -> Step | None:
        """The step after which nothing was left, or else the one that removed most index events."""
        for step in self.steps:
            if step.patients == 0:
                return step
        return max(self.steps[1:], key=lambda step: step.index_events_removed, default=None)


class Sieve:
    """Rows that pass one rule after another, every loss counted."""

    def __init__(self, frame: pl.DataFrame, steps: Iterable[Step] = ()) -> None:
        self.frame = frame
        self.steps = list(steps)

    def keep(self, rule: str, condition: pl.Expr | pl.Series) -> None:
        """Keep the rows where the condition is true; null counts as not true."""
        before = self._counts()
        self.frame = self.frame.filter(condition)
        after = self._counts()
        self.steps.append(Step(rule, *after, before[0] - after[0], before[1] - after[1]))

    def _counts(self) -> tuple[int, int]:
        return self.frame["subject_id"].n_unique(), self.frame.height


def _add(steps: tuple[Step, ...]) -> Step:
    counts = [name for name in Step.__dataclass_fields__ if name != "rule"]
    sums = {name: sum(getattr(step, name) for step in steps) for name in counts}
    return Step(steps[0].rule, **sums)
