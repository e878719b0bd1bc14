"""What other programs say about genes: one call; all calls of a file and what was refused of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype


class Refused(ValueError):
    """One row cannot be used; the text is the reason and holds no patient's values."""


class OutsideCall(NamedTuple):
    """What another program says about one gene of one person, in our names.

    Attributes
    ----------
    diplotypes : its solutions; empty when it made no call or gave a phenotype only.
    phenotype, score : as given (a score as the tables write it: ``2.0``, ``≥3.0``), or empty.
    status : for HLA, ``*57:01 positive``; or empty.
    row : line of the file; for JSON the number of the entry, from 1.
    warnings : what the program itself says about this call.
    """

    sample: str
    gene: str
    diplotypes: tuple[str, ...] = ()
    phenotype: str = ""
    score: str = ""
    status: str = ""
    program: str = ""
    file: str = ""
    row: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where it comes from: ``Aldy, calls.aldy, row 3``."""
        return f"{self.program}, {self.file}, row {self.row}"

    @property
    def empty(self) -> bool:
        """Whether the program made no call."""
        return not (self.diplotypes or self.phenotype or self.score or self.status)


class Quarantined(NamedTuple):
    """One row that was set aside; ``reason`` holds no patient's values."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True)
class OutsideCalls:
    """The calls of one file in its order, and the rows that were set aside."""

    program: str
    calls: tuple[OutsideCall, ...]
    quarantined: tuple[Quarantined, ...]

    def of(self, sample: str) -> tuple[OutsideCall, ...]:
        """The calls of one person."""
        return tuple(call for call in self.calls if call.sample == sample)


def answer(
    calls: tuple[OutsideCall, ...],
    diplotypes: tuple[Diplotype, ...],
    phenotypes: tuple[Phenotype, ...],
    warnings: tuple[str, ...],
) -> GeneResult:
    """The answer for a gene that follows from calls, with their provenance."""
    return GeneResult(
        calls[0].gene,
        Outcome.CALLED,
        diplotypes,
        phenotypes=phenotypes,
        warnings=warnings,
        source="; ".join(dict.fromkeys(call.source for call in calls)),
    )
