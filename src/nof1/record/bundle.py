"""One patient's events straight from a FHIR Bundle: the same rows that an import would keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import polars as pl

from nof1.core.errors import InputError
from nof1.record.checks import refuse_contradictions, row_problem, split
from nof1.record.events import SCHEMA, stable_key
from nof1.record.importers import Quarantined
from nof1.record.importers.fhir import events_of_bundle
from nof1.record.merge import in_order
from nof1.record.units import harmonised


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
        refused = len({(one.file, one.row) for one in self.quarantined})
        if not refused:
            return ()
        entries = "entry" if refused == 1 else "entries"
        return (f"{refused} {entries} of the Bundle could not be used: nothing in them counts.",)


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
    found = events_of_bundle(data, name=name)
    moment = at or datetime.now(UTC).replace(tzinfo=None)
    problem = _row_problem(moment.replace(minute=0, second=0, microsecond=0))
    keys = [stable_key(site, record or "?") for record in found.columns["record"]]
    rows = found.frame().with_columns(
        site=pl.lit(site),
        subject_id=pl.lit(stable_key(site, found.patient)),
        record_key=pl.Series(keys, dtype=pl.Int64),
    )
    rows, refused = split(rows, problem)
    rows, late = split(harmonised(rows), problem)
    events, torn = refuse_contradictions(rows.select(_STORED))
    if events.is_empty():
        raise InputError(
            "The Bundle holds nothing that could be used about its patient.",
            where=name,
            next_step="Look at what was refused: nof1 ingest FILE in an empty workspace.",
        )
    everything = (*found.quarantined, *refused, *late, *torn)
    return BundlePatient(found.patient, in_order(events), everything)


_STORED = [pl.col(name).cast(kind) for name, kind in SCHEMA.items()]


@lru_cache(maxsize=2)
def _row_problem(hour: datetime) -> pl.Expr:
    """The row checks of an import; building the expression costs more than using it."""
    return row_problem(hour)
