"""What answers: the models, facts and record of one workspace, loaded once and kept fresh."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from nof1 import __version__
from nof1.advice.advise import Adviser
from nof1.advice.hooks import prefetch
from nof1.advice.hooks.prefetch import Chart, Gap, unmet
from nof1.advice.hooks.request import Request
from nof1.core import artefacts
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import Workspace
from nof1.knowledge.base import sources, tables
from nof1.record.events import BIRTH
from nof1.record.generation import current
from nof1.record.merge import in_order
from nof1.record.store import Record

NO_DATA = (
    "No prefetched data came along, and the workspace's record cannot tell of this patient: "
    "nothing was checked. This service does not read the client's FHIR server."
)

OURS = ("GENE//", "PGS//", "IMAGE//")  # events that hold an answer of nof1
ANOTHER = Gap(
    "record",
    ("genes", "phenoconversion", "imaging"),
    "the record's patient of this identifier has another birth date or sex, or none",
    "check the identifier: its genes and pictures were not used",
)


@dataclass(frozen=True)
class Opened:
    """One generation of the record with its words for codes."""

    record: Record
    names: Mapping[str, str]


@dataclass
class Room:
    """A workspace that answers. It follows imports: a new generation of the record is opened."""

    workspace: Workspace
    _opened: Opened | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def adviser(self) -> Adviser:
        """All models and facts, loaded once."""
        return Adviser(self.workspace)

    def warm(self) -> None:
        """Load models and facts now, so that damage is told at the start and not to a clinician."""
        _ = self.adviser.scorers, self.fixed
        self.opened()

    def opened(self) -> Opened | None:
        """The record in use; None when nothing was imported."""
        folder = current(self.workspace.record)
        if folder is None:
            return None
        with self._lock:
            if self._opened is None or self._opened.record.path != folder:
                record = Record(self.workspace.record)
                known = record.codes().drop_nulls("description")
                names = dict(known.select("code", "description").iter_rows())
                self._opened = Opened(record, names)
            return self._opened

    def chart(self, request: Request, keys: Sequence[str], at: datetime) -> Chart:
        """The patient of a request, from its prefetch or from the record.

        Raises
        ------
        Refusal : 412 when neither tells of the patient; 400 for a prefetch about somebody else.
        """
        if prefetch.sent(request):
            return self._joined(prefetch.chart(request, keys, self.workspace.site, at))
        try:
            opened = self.opened()
            if opened is None:
                raise unmet(NO_DATA, "prefetch")
            patient = request.context.patient_id
            events = opened.record.patient_events(opened.record.subject(patient))
        except (UsageError, WorkspaceError):
            raise unmet(NO_DATA, "prefetch") from None
        site = events["site"][-1] if events.height else None
        return Chart(patient, site, events, "record", opened.names)

    def _joined(self, chart: Chart) -> Chart:
        """The prefetch with what nof1 itself worked out about this patient: genes, pictures.

        Only when the record's patient of this identifier was born on the same day and has the same
        sex; another person's genes would be worse than none.
        """
        opened = self.opened()
        try:
            own = None if opened is None else opened.record.subject(chart.patient)
        except UsageError:  # nobody, or several sites' patients
            own = None
        if opened is None or own is None:
            return chart
        kept = opened.record.patient_events(own)
        derived = kept.filter(pl.any_horizontal(pl.col("code").str.starts_with(p) for p in OURS))
        if derived.is_empty():
            return chart
        if _person(kept) != _person(chart.events) or _person(kept)[0] is None:
            return replace(chart, gaps=(*chart.gaps, ANOTHER))
        rows = derived.with_columns(subject_id=pl.lit(chart.events["subject_id"][0], pl.Int64()))
        events = in_order(pl.concat([chart.events, rows]))
        names = {**opened.names, **chart.names}
        return replace(chart, events=events, names=names, origin="prefetch and record")

    @cached_property
    def fixed(self) -> Mapping[str, str]:
        """Versions of the program, the facts and the models."""
        base = self.adviser.base
        models = self.workspace.models
        loaded = {
            name: artefacts.load(models, name).content_hash for name in artefacts.names(models)
        }
        return {
            "nof1": __version__,
            "knowledge": base.hash(*tables(base)),
            **{f"model/{name}": digest for name, digest in loaded.items()},
        }

    def versions(self) -> dict[str, str]:
        """All that shapes an answer besides the request and the moment."""
        opened = self.opened()
        record = "none" if opened is None else opened.record.path.name
        return {**self.fixed, "record": record}

    def expired(self, at: datetime) -> tuple[str, ...]:
        """Sources of facts that are past their date at a moment."""
        found = sources(self.adviser.base).items()
        return tuple(sorted(name for name, one in found if one.expired(at.date())))


def _person(events: pl.DataFrame) -> tuple[date | None, tuple[str, ...]]:
    """Day of birth and sex, as far as they are told."""
    born = events.filter(pl.col("code") == BIRTH)["time"].drop_nulls()
    sexes = events.filter(pl.col("code").str.starts_with("GENDER//"))["code"].unique().sort()
    return (born[0].date() if born.len() else None), tuple(sexes)


def now() -> datetime:
    """The moment of asking: UTC without zone, whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def last_day(room: Room) -> datetime:
    """The day after the record's last event: "today" for a demonstration on an old record."""
    opened = room.opened()
    last = None if opened is None else opened.record.scan().select(pl.col("time").max()).collect()
    moment = None if last is None else last.item()
    return now() if moment is None else (moment + timedelta(days=1)).replace(microsecond=0)
