"""What is known about a patient at a moment, read once for all medicines and all columns.

Nothing known later than the moment is seen. What is absent stays absent: no value is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from nof1.core.finding import EventRef, utc
from nof1.genome.findings import Gene, known_genes
from nof1.genome.medicines import Taken, ingredients, taken
from nof1.genome.reported import reported_genes, together
from nof1.genome.results import GeneResult
from nof1.knowledge.base import SHIPPED, Base
from nof1.record.current import CurrentMedicine, current_medicines
from nof1.record.rows import Events, Row, age_years, rows_of, seen

SEXES = {"GENDER//F": True, "GENDER//M": False}
ALLERGY, END = "ALLERGY//", "END//"
OLDEST_YEARS = 125.0  # nobody has been older (Jeanne Calment, 122)
DIAGNOSES = ("SNOMED//", "ICD10CM//", "ICD9CM//", "ICD10//")
T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """The last number of one code, its unit, and the event."""

    value: float
    unit: str | None
    time: datetime
    event: EventRef


@dataclass(frozen=True)
class Known:
    """One patient at one moment.

    Attributes
    ----------
    age_years : None without a date of birth that can be right.
    female : None when the record does not say, or says both.
    genes : gene results with their events: stored ones, and phenotypes that laboratories reported.
    medicines : ingredients taken now. strangers : current medicines whose code nobody here knows.
    last : code -> its last event. ended : codes of diagnoses that have ended since.
    numbers : code -> its last finite number.
    reactions : code of a substance -> what its last entry of an allergy says beside the code: the
        criticality, and where an importer kept them severity and reactions, in words.
    """

    at: datetime
    age_years: float | None
    female: bool | None
    genes: Mapping[str, Gene]
    medicines: tuple[Taken, ...]
    strangers: tuple[CurrentMedicine, ...]
    last: Mapping[str, EventRef]
    ended: frozenset[str]
    numbers: Mapping[str, Measured]
    started: Mapping[str, datetime] = field(default_factory=dict)
    reactions: Mapping[str, str] = field(default_factory=dict)
    _found: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def results(self) -> dict[str, GeneResult]:
        """Gene -> result."""
        return {name: gene.result for name, gene in self.genes.items()}

    @cached_property
    def diagnoses(self) -> dict[str, EventRef]:
        """Codes of diagnoses and procedures that hold, or once held and have no end."""
        return {
            code: event
            for code, event in self.last.items()
            if code.startswith(DIAGNOSES) and code not in self.ended
        }

    @cached_property
    def allergies(self) -> dict[str, EventRef]:
        """Code of the substance (``RxNorm//7984``) -> the event that says so."""
        return {
            code.removeprefix(ALLERGY): event
            for code, event in self.last.items()
            if code.startswith(ALLERGY)
        }

    def taking(self, medicines: tuple[Taken, ...]) -> Known:
        """The same patient with other medicines; what was worked out of the rest is kept."""
        made = replace(self, medicines=medicines)
        made.__dict__.update(
            results=self.results, diagnoses=self.diagnoses, allergies=self.allergies
        )
        return made

    def once(self, work: Callable[[Known, *tuple[Any, ...]], T], *more: object) -> T:
        """``work(self, *more)``, done once for the patient: it must not look at the medicines."""
        key = (work, *more)
        if key not in self._found:
            self._found[key] = work(self, *more)
        found: T = self._found[key]
        return found

    def takes(self, name: str) -> Taken | None:
        """The current medicine of this name; None when it is not taken."""
        return next((one for one in self.medicines if one.name == name), None)

    def number(self, *codes: str) -> Measured | None:
        """The latest number of any of these codes."""
        found = [self.numbers[code] for code in codes if code in self.numbers]
        return max(found, key=lambda one: one.time, default=None)


def known(events: Events, at: datetime, names: Mapping[str, str], base: Base = SHIPPED) -> Known:
    """Read a patient's events, as rows or as a frame, as known at ``at`` (UTC, no zone).

    Parameters
    ----------
    names : words for codes, to recognise medicines that have a code of their own strength.
    """
    view = seen(rows_of(events), at)
    dated = [row for row in view if row.time is not None]
    last = {row.code: row for row in view}
    finite = {
        row.code: row
        for row in dated
        if row.numeric_value is not None and math.isfinite(row.numeric_value)
    }
    times = {row.code: row.time for row in dated if row.time is not None}  # sorted: the latest
    events_of = {code: _event(row, names) for code, row in last.items()}
    medicines, strangers = _medicines(current_medicines(view, at), names)
    sexes = {sex for code, sex in SEXES.items() if code in last}
    return Known(
        at=at,
        age_years=_plausible(age_years(view, at)),
        female=next(iter(sexes)) if len(sexes) == 1 else None,
        genes=together(known_genes(view, at, base), reported_genes(view, names, base)),
        medicines=medicines,
        strangers=strangers,
        last=events_of,
        ended=_ended(times),
        numbers={
            code: _measured(row, events_of[code] if row is last[code] else _event(row, names))
            for code, row in finite.items()
        },
        started=times,
        reactions={
            code.removeprefix(ALLERGY): row.text_value
            for code, row in last.items()
            if row.text_value and code.startswith(ALLERGY)
        },
    )


def _plausible(age_years: float | None) -> float | None:
    """An age that somebody can have; a date of birth that lies later is none."""
    return age_years if age_years is not None and 0 <= age_years <= OLDEST_YEARS else None


def _measured(row: Row, event: EventRef) -> Measured:
    assert row.numeric_value is not None
    assert row.time is not None
    return Measured(row.numeric_value, row.unit, row.time, event)


def _ended(times: Mapping[str, datetime]) -> frozenset[str]:
    """Codes whose last ``END//`` event is not before their last start."""
    return frozenset(
        code.removeprefix(END)
        for code, end in times.items()
        if code.startswith(END) and end >= times.get(code.removeprefix(END), end)
    )


def _medicines(
    current: list[CurrentMedicine], names: Mapping[str, str]
) -> tuple[tuple[Taken, ...], tuple[CurrentMedicine, ...]]:
    strangers = tuple(one for one in current if not ingredients(one.code, names))
    return tuple(taken(current, names)), strangers


def _event(row: Row, names: Mapping[str, str]) -> EventRef:
    number = row.numeric_value
    return EventRef(
        code=row.code,
        display=names.get(row.code),
        time=row.time and utc(row.time),
        value=None if number is None or not math.isfinite(number) else number,
        unit=row.unit,
        source_file=row.source_file,
        source_row=row.source_row,
        site=row.site,
    )
