"""What all pages share: the workspace, its models, facts and record, the ledger, the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar, cast

import polars as pl

from nof1.advice.hooks.room import Opened, Room
from nof1.advice.hooks.service import Service
from nof1.core.errors import Nof1Error, WorkspaceError
from nof1.core.workspace import Workspace
from nof1.predict.score import Scorer
from nof1.record.store import Record

MOST = 512  # answers that are remembered
Made = TypeVar("Made")


@dataclass
class House:
    """A workspace with pages.

    Attributes
    ----------
    service : the CDS Hooks services; its room holds models, facts and record.
    clock : the present moment, UTC without zone; in a demo the day after the record's last event.
    demo : a demo of invented patients: the first page leads through it.
    """

    workspace: Workspace
    service: Service
    clock: Callable[[], datetime]
    demo: bool = False
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def room(self) -> Room:
        """Models, facts and record of now: it follows whatever is imported, trained or stored.

        Of models that are damaged the pages that ask them say so, and no others.
        """
        return self.service.room.at_hand()

    def scorers(self) -> tuple[Scorer, ...]:
        """The models of patients' risks; none while one is damaged (the page Models says which)."""
        try:
            return self.room.adviser.scorers
        except Nof1Error:
            return ()

    @property
    def synthetic(self) -> bool:
        """Whether every patient is invented."""
        return self.workspace.synthetic

    def now(self) -> datetime:
        """The present moment, UTC without zone."""
        return self.clock()

    def opened(self) -> Opened:
        """The record in use.

        Raises
        ------
        WorkspaceError : nothing was imported yet.
        """
        found = self.room.opened()
        if found is None:
            raise WorkspaceError(
                "Nothing was imported yet.",
                next_step="Import records on the page Data, or with: nof1 ingest PATH",
            )
        return found

    @property
    def record(self) -> Record:
        """The record in use; raises as ``opened``."""
        return self.opened().record

    def data_date(self) -> str:
        """The day of the record's last event, or "no data yet"."""
        found = self.room.opened()
        if found is None:
            return "no data yet"
        return self.kept("data date", lambda: _last(found.record))

    def kept(self, key: Hashable, make: Callable[[], Made], version: Hashable = "") -> Made:
        """What ``make`` gave last time, for the same record, models, facts and ``version``.

        Pages of one generation of the record are worked out once. ``version`` stands for whatever
        else the answer depends on: an import of films, the head of the ledger. ``make`` takes
        ``room`` itself, so that nothing older than the key is kept under it.
        """
        room = self.room
        found = room.opened()
        full = (key, version, room.mark, "" if found is None else found.version)
        with self._lock:
            if full in self._kept:
                return cast(Made, self._kept[full])
        made = make()
        with self._lock:
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[full] = made
        return made


def _last(record: Record) -> str:
    moment = record.scan().select(pl.col("time").max()).collect().item()
    return "no data yet" if moment is None else day(moment)


def day(moment: datetime | date) -> str:
    """A day as people and programs read it.

    >>> day(date(2026, 1, 2))
    '2026-01-02'
    """
    return f"{moment:%Y-%m-%d}"
