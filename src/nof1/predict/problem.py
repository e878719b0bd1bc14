"""One finding of the leakage audit, and what the audit asks of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nof1.predict.spec import AGGREGATES


class Matrix(Protocol):
    """What is asked of features; ``nof1.predict.matrix.FeatureMatrix`` is one."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns."""
        ...

    def dense(self, columns: Sequence[str] | None = None) -> npt.NDArray[np.float64]:
        """Some columns as float64 (n_rows, n_columns), in the order of the cohort."""
        ...


@dataclass(frozen=True)
class Problem:
    """What was found, how strong it is, and what to do.

    Attributes
    ----------
    rule : see the table in ``nof1.predict.leakage``.
    column, code : the feature, and the code it is made from.
    figure, threshold : what was measured, and from which value on it counts.
    message : the figure in words, without any patient's values.
    advice : what to do next.
    fails : whether the run fails; a warning does not.
    """

    rule: str
    column: str
    code: str
    figure: float
    threshold: float
    message: str
    advice: str
    fails: bool = True

    def text(self) -> str:
        """For a terminal."""
        kind = "FAIL" if self.fails else "warn"
        return f"  {kind}  {self.column} ({self.rule}): {self.message} {self.advice}"

    def accept(self, reason: str) -> Problem:
        """The same problem, looked at and accepted by a person."""
        return replace(self, fails=False, advice=f"Accepted: {reason}")


def code_of(column: str) -> str:
    """The code of a feature's column.

    >>> code_of("LOINC//2345-7/30d/value_last"), code_of("static/GENDER//F"), code_of("age_years")
    ('LOINC//2345-7', 'GENDER//F', 'age_years')
    """
    if column.startswith("static/"):
        return column.removeprefix("static/").removesuffix("/value")
    parts = column.rsplit("/", 2)
    return parts[0] if len(parts) == 3 and parts[2] in AGGREGATES else column
