"""One patient's events straight from FHIR resources: the same rows that an import would keep.

``read_rows`` gives plain rows, for answers that must be quick; ``read_bundle`` a frame of them.
Rows that nothing speaks against are checked, harmonised and sorted in a loop; as soon as one could
have to be refused, the checks of an import decide, so there is one place where rows are refused.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import polars as pl

from nof1.core.errors import InputError
from nof1.record.checks import (
    BEFORE_BIRTH,
    EARLIEST,
    LONGEST,
    refuse_contradictions,
    row_problem,
    split,
)
from nof1.record.events import BIRTH, DEATH, SCHEMA, stable_key
from nof1.record.importers import Quarantined
from nof1.record.importers.fhir import BundleEvents, Sent, events_of_bundle, events_of_resources
from nof1.record.importers.fhir_dates import microseconds
from nof1.record.merge import in_order
from nof1.record.rows import Row, frame_of, place, rows_of
from nof1.record.units import harmonised, rule

_EPOCH = datetime(1970, 1, 1)
_DAY_US = 86_400_000_000
_LARGE = 3.4e38  # a little less than a 32-bit float can hold


@dataclass(frozen=True)
class BundlePatient:
    """A patient who is in no workspace.

    Attributes
    ----------
    patient : the source's own identifier.
    events : rows of ``nof1.record.events.SCHEMA``, sorted by time, static facts first.
    quarantined : entries that were refused, with the reason.
    """

    patient: str
    events: pl.DataFrame
    quarantined: tuple[Quarantined, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the findings must know about the Bundle; empty when all was read."""
        return _notes(self.quarantined)


@dataclass(frozen=True)
class BundleRows:
    """The same as plain rows (``nof1.record.rows``)."""

    patient: str
    rows: tuple[Row, ...]
    quarantined: tuple[Quarantined, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """As of ``BundlePatient``."""
        return _notes(self.quarantined)


def read_bundle(
    data: bytes, *, site: str, name: str = "bundle", at: datetime | None = None
) -> BundlePatient:
    """Read a Bundle of one patient, with the checks and units of an import.

    Parameters
    ----------
    at : the moment as of which a date lies in the future, UTC without zone; default: now. An
        answer that must be the same later gives the moment of asking.

    Raises
    ------
    InputError : no FHIR JSON, no patient in it, more than one, or nothing usable.
    """
    found = _kept(events_of_bundle(data, name=name), site, name, at)
    return BundlePatient(found.patient, frame_of(found.rows), found.quarantined)


def read_rows(
    resources: Sequence[Sent], *, site: str, name: str = "bundle", at: datetime | None = None
) -> BundleRows:
    """The same from single resources and Bundles, as if one Bundle held them as its entries.

    Raises
    ------
    InputError : as ``read_bundle``.
    """
    return _kept(events_of_resources(resources, name=name), site, name, at)


def _kept(found: BundleEvents, site: str, name: str, at: datetime | None) -> BundleRows:
    moment = at or datetime.now(UTC).replace(tzinfo=None)
    hour = moment.replace(minute=0, second=0, microsecond=0)
    rows: Sequence[Row] | None = _plainly(found, site, hour)
    refused: Iterable[Quarantined] = ()
    if rows is None:
        rows, refused = _checked(found, site, hour)
    if not rows:
        raise InputError(
            "The Bundle holds nothing that could be used about its patient.",
            where=name,
            next_step="Look at what was refused: nof1 ingest FILE in an empty workspace.",
        )
    return BundleRows(found.patient, tuple(rows), (*found.quarantined, *refused))


def _notes(quarantined: Sequence[Quarantined]) -> tuple[str, ...]:
    refused = len({(one.file, one.row) for one in quarantined})
    if not refused:
        return ()
    entries = "entry" if refused == 1 else "entries"
    return (f"{refused} {entries} of the Bundle could not be used: nothing in them counts.",)


# the way of an import -----------------------------------------------------------------------------


def _checked(
    found: BundleEvents, site: str, hour: datetime
) -> tuple[Sequence[Row], tuple[Quarantined, ...]]:
    """Rows and refusals by the checks of an import, in the order of the record."""
    problem = _row_problem(hour)
    keys = [stable_key(site, event.record or "?") for event in found.events]
    rows = found.frame().with_columns(
        site=pl.lit(site),
        subject_id=pl.lit(stable_key(site, found.patient)),
        record_key=pl.Series(keys, dtype=pl.Int64),
    )
    rows, refused = split(rows, problem)
    rows, late = split(harmonised(rows), problem)
    events, torn = refuse_contradictions(rows.select(_STORED))
    return rows_of(in_order(events)), (*refused, *late, *torn)


_STORED = [pl.col(name).cast(kind) for name, kind in SCHEMA.items()]


@lru_cache(maxsize=2)
def _row_problem(hour: datetime) -> pl.Expr:
    """The row checks of an import; building the expression costs more than using it."""
    return row_problem(hour)


# the quick way ------------------------------------------------------------------------------------


def _plainly(found: BundleEvents, site: str, hour: datetime) -> list[Row] | None:
    """The same rows when certainly none is refused; None when one could be."""
    span = _span(found, hour)
    if span is None:
        return None
    first, last = span
    values = array("f")  # the event table holds 32-bit floats
    made = []
    for whose, time, code, value, text, unit, recorded, record, file, row in found.events:
        if (
            whose != found.patient
            or not 0 < len(code) <= LONGEST
            or code.isspace()
            or not (time is None or first <= time <= last)
            or not (recorded is None or _EARLIEST_US <= recorded <= last)
        ):
            return None
        if value is not None:
            to = rule(code, unit)
            code, unit, stored = to.code, to.unit, value * to.factor + to.offset
            if not (abs(value) < _LARGE and abs(stored) < _LARGE and len(code) <= LONGEST):
                return None
            values.append(stored)
        made.append((time, code, value is None, text, unit, recorded, record, file, row))
    subject, keys, numbers = stable_key(site, found.patient), _Keys(site), iter(values)
    return _in_order([
        Row(subject, _moment(time), code, None if empty else next(numbers), text, unit,
            _moment(recorded), keys[record or "?"], file, row, site)
        for time, code, empty, text, unit, recorded, record, file, row in made
    ])  # fmt: skip


def _in_order(rows: list[Row]) -> list[Row]:
    """The rows in the order of the record; most differ in the first parts of its key already."""
    first = [
        (row.time or datetime.min, row.source_row, row.code, row.record_key, number)
        for number, row in enumerate(rows)
    ]
    first.sort()
    if any(one[:-1] == after[:-1] for one, after in pairwise(first)):
        return sorted(rows, key=place)
    return [rows[key[-1]] for key in first]


class _Keys(dict[str, int]):
    """Stable keys of records, each worked out once."""

    def __init__(self, site: str) -> None:
        self._site = site

    def __missing__(self, record: str) -> int:
        key = self[record] = stable_key(self._site, record)
        return key


def _span(found: BundleEvents, hour: datetime) -> tuple[int, int] | None:
    """Between which moments no check of ``nof1.record.checks`` refuses a row; None: ask them."""
    first, last = microseconds(EARLIEST), microseconds(hour) + _DAY_US
    births = [event.time for event in found.events if event.code == BIRTH]
    deaths = [event.time for event in found.events if event.code == DEATH]
    if not found.patient.strip() or len(found.patient) > LONGEST:
        return None
    if None in births or None in deaths:
        return None
    if births:
        born = min(births)  # type: ignore[type-var]
        if deaths and max(deaths) < born:  # type: ignore[operator, type-var]
            return None
        first = max(first, born - BEFORE_BIRTH // timedelta(microseconds=1))  # type: ignore[operator]
    return first, last


_EARLIEST_US = microseconds(EARLIEST)


@lru_cache(maxsize=4096)
def _moment(time: int | None) -> datetime | None:
    return None if time is None else _EPOCH + timedelta(microseconds=time)
