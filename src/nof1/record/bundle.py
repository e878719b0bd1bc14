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


def read_bundle(data: bytes, *, site: str, name: str = "bundle") -> BundlePatient:
    """Read a Bundle of one patient, with the checks and units of an import.

    Raises
    ------
    InputError : no FHIR JSON, no patient in it, more than one, or nothing usable.
    """
    found = events_of_bundle(data, name=name)
    problem = _row_problem(
        datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    )
    rows = found.frame().with_columns(site=pl.lit(site))
    rows, refused = split(rows, problem)
    rows, late = split(harmonised(rows), problem)
    keys = [stable_key(site, record or "?") for record in rows["record"].to_list()]
    events = rows.with_columns(
        subject_id=pl.lit(stable_key(site, found.patient)),
        record_key=pl.Series(keys, dtype=pl.Int64),
    )
    events, torn = refuse_contradictions(events.select(list(SCHEMA)).cast(SCHEMA))
    if events.is_empty():
        raise InputError(
            "The Bundle holds nothing that could be used about its patient.",
            where=name,
            next_step="Look at what was refused: nof1 ingest FILE in an empty workspace.",
        )
    everything = (*found.quarantined, *refused, *late, *torn)
    return BundlePatient(found.patient, in_order(events), everything)


@lru_cache(maxsize=2)
def _row_problem(hour: datetime) -> pl.Expr:
    """The row checks of an import; building the expression costs more than using it."""
    return row_problem(hour)
