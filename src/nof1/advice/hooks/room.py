"""What answers: the models, facts and record of one workspace, loaded once and kept fresh."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

import polars as pl

from nof1.advice.advise import Adviser
from nof1.advice.governance.state import Governance
from nof1.advice.hooks import prefetch, versions
from nof1.advice.hooks.prefetch import Chart, Gap, unmet
from nof1.advice.hooks.request import Request
from nof1.advice.orders import check, drafts
from nof1.core.errors import Nof1Error, UsageError, WorkspaceError
from nof1.core.finding import Subject
from nof1.core.workspace import Workspace
from nof1.knowledge.base import mark, sources
from nof1.record.events import BIRTH
from nof1.record.generation import current
from nof1.record.rows import Row, picked, place
from nof1.record.store import Record
from nof1.record.units import analytes, rule

NO_DATA = (
    "No prefetched data came along, and the workspace's record cannot tell of this patient: "
    "nothing was checked. The client's FHIR server was not read: no token came along, or the "
    "operator does not allow it."
)

SEX = "GENDER//"
REMEMBERED = 512  # patients
TRIED = ("simvastatin", "clarithromycin")
OURS = ("GENE//", "PGS//", "IMAGE//")  # events that hold an answer of nof1
ANOTHER = Gap(
    "record",
    ("genes", "phenoconversion", "imaging"),
    "the record's patient of this identifier has another birth date or sex, or none",
    "check the identifier: its genes and pictures were not used",
)


class Own(NamedTuple):
    """What the record holds of a patient: who it is, and answers of nof1."""

    person: tuple[date | None, tuple[str, ...]]
    derived: tuple[Row, ...]


@dataclass(frozen=True)
class Opened:
    """One generation of the record with its words for codes, and its version."""

    record: Record
    names: Mapping[str, str]
    version: str

    @cached_property
    def own(self) -> Callable[[str], Own | None]:
        """What the record holds of a patient by the source's identifier; None: nothing of ours.

        The last ones are remembered: one patient's orders come one after another.
        """
        return lru_cache(maxsize=REMEMBERED)(self._own)

    def _own(self, patient: str) -> Own | None:
        try:
            subject = self.record.subject(patient)
        except UsageError:  # nobody, or several sites' patients
            return None
        rows = picked(self.record.patient_events(subject), *OURS, BIRTH, SEX)
        derived = tuple(row for row in rows if row.code.startswith(OURS))
        return Own(_person(rows), derived) if derived else None


@dataclass
class Room:
    """A workspace that answers. It follows imports: a new generation of the record is opened.

    Models, effects and facts stay as they were loaded, so that one answer rests on one set of them;
    ``fresh`` gives the room that holds the newest. ``mark`` names what their folders looked like.
    """

    workspace: Workspace
    _opened: Opened | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _latest: Latest | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.mark = versions.stores(self.workspace)  # before anything is loaded
        self._latest = self._latest or Latest(self)

    def fresh(self) -> Room:
        """The room of now: this one, or one with the models, effects and facts stored since.

        Raises
        ------
        Nof1Error : what was stored is damaged. Nothing answers then, as at a start: the models of
            before are not those of the workspace any more.
        """
        latest = self._latest or Latest(self)
        if versions.stores(self.workspace) == latest.room.mark:
            return latest.room
        with latest.lock:  # one loads, the others wait for it
            if latest.room.mark != versions.stores(self.workspace):
                latest.load(self.workspace)
            return latest.room

    def at_hand(self) -> Room:
        """As ``fresh``; of what is damaged a room all the same, whose models raise when asked."""
        latest = self._latest or Latest(self)
        try:
            return self.fresh()
        except Nof1Error:
            if latest.fault is None:
                raise
            return latest.fault[0]

    @cached_property
    def adviser(self) -> Adviser:
        """All models and facts, loaded once."""
        return Adviser(self.workspace)

    @property
    def governance(self) -> Governance:
        """Which rules and models are on, by the decisions so far."""
        return self.adviser.governance

    def warm(self) -> None:
        """Load models and facts now, so that damage is told at the start and not to a clinician."""
        self.load()
        self.opened()
        for one in analytes().values():  # units take seconds to load, and in each thread anew
            rule(one.code, one.unit)

    def load(self) -> None:
        """Read all models, effects and facts.

        Raises
        ------
        Nof1Error : one of them is damaged.
        """
        base = self.adviser.base
        _ = self.adviser.scorers, self.adviser.effects, self.fixed
        tried = drafts.ordered(TRIED, base)  # reads all tables, so that the first patient need not
        check.check((), tried, now(), base=base, subject=Subject(id="nobody"))

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
                self._opened = Opened(record, names, versions.record(record.path))
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
        return Chart(patient, site, events, "record", opened.names, record=opened.version)

    def _joined(self, chart: Chart) -> Chart:
        """The prefetch with what nof1 itself worked out about this patient: genes, pictures.

        Only when the record's patient of this identifier was born on the same day and has the same
        sex; another person's genes would be worse than none.
        """
        opened = self.opened()
        own = None if opened is None else opened.own(chart.patient)
        if opened is None or own is None:
            return chart
        if own.person != _person(chart.rows) or own.person[0] is None:
            return replace(chart, gaps=(*chart.gaps, ANOTHER), record=opened.version)
        subject = chart.rows[0].subject_id
        rows = [*chart.rows, *(row._replace(subject_id=subject) for row in own.derived)]
        rows.sort(key=place)
        names = {**opened.names, **chart.names}
        origin = f"{chart.origin} and record"
        return replace(chart, data=rows, names=names, origin=origin, record=opened.version)

    @cached_property
    def fixed(self) -> Mapping[str, str]:
        """Versions of all that shapes an answer but the record (``hooks.versions``)."""
        return versions.fixed(self.workspace, self.adviser.base)

    def of_answer(self, record: str, governance: str) -> dict[str, str]:
        """The versions of one answer; facts are read as they are needed, and not twice."""
        found = versions.of(self.fixed, record, governance)
        if mark(self.workspace.knowledge) != self.mark[-1]:
            found["knowledge"] = versions.unsure(found["knowledge"])
        return found

    def versions(self) -> dict[str, str]:
        """All that shapes an answer besides the request and the moment, with the record of now."""
        opened = self.opened()
        used = versions.UNUSED if opened is None else opened.version
        return versions.of(self.fixed, used, self.governance.state().version)

    def expired(self, at: datetime) -> tuple[str, ...]:
        """Sources of facts that are past their date at a moment."""
        found = sources(self.adviser.base).items()
        return tuple(sorted(name for name, one in found if one.expired(at.date())))


@dataclass
class Latest:
    """The newest room of a workspace, shared by all that came before it."""

    room: Room
    fault: tuple[Room, Nof1Error] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def load(self, workspace: Workspace) -> None:
        """Load what is stored now; what was found damaged is not looked at again.

        Raises
        ------
        Nof1Error : it is damaged.
        """
        made = Room(workspace, self.room._opened, _latest=self)
        if self.fault is not None and self.fault[0].mark == made.mark:
            raise self.fault[1]
        try:
            made.load()
        except Nof1Error as error:
            self.fault = (made, error)
            raise
        self.room, self.fault = made, None


def _person(rows: Sequence[Row]) -> tuple[date | None, tuple[str, ...]]:
    """Day of birth and sex, as far as they are told."""
    born = next((row.time for row in rows if row.code == BIRTH and row.time), None)
    sexes = sorted({row.code for row in rows if row.code.startswith(SEX)})
    return (born.date() if born else None), tuple(sexes)


def now() -> datetime:
    """The moment of asking: UTC without zone, whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def last_day(room: Room) -> datetime:
    """The day after the record's last event: "today" for a demonstration on an old record."""
    opened = room.opened()
    last = None if opened is None else opened.record.scan().select(pl.col("time").max()).collect()
    moment = None if last is None else last.item()
    return now() if moment is None else (moment + timedelta(days=1)).replace(microsecond=0)
