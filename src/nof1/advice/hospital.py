"""The Python face of a workspace: ``nof1.open("ws").patient("p1").advise()``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import polars as pl

from nof1.advice.advise import Adviser
from nof1.core import audit
from nof1.core.finding import Finding, Subject
from nof1.core.workspace import Workspace, open_workspace
from nof1.record.patient import Patient
from nof1.record.store import Record


@dataclass(frozen=True)
class Hospital:
    """An opened workspace: its record, its models, its patients."""

    workspace: Workspace

    @classmethod
    def open(cls, path: str | Path | None = None) -> Hospital:
        """Open the workspace at ``path``, or the nearest one upward."""
        return cls(open_workspace(path))

    @cached_property
    def record(self) -> Record:
        """The event table as it was when first asked for."""
        return Record(self.workspace.record)

    @cached_property
    def adviser(self) -> Adviser:
        """All models, loaded once."""
        return Adviser(self.workspace)

    @cached_property
    def names(self) -> dict[str, str]:
        """Code -> words, as far as the sources said."""
        known = self.record.codes().drop_nulls("description")
        return dict(known.select("code", "description").iter_rows())

    def patient(self, patient: str, site: str | None = None) -> Bedside:
        """One patient by the source's identifier.

        Raises
        ------
        UsageError : no such patient, or one at several sites and no site was named.
        """
        return Bedside(self, patient, self.record.subject(patient, site))


@dataclass(frozen=True)
class Bedside:
    """One patient of a hospital."""

    hospital: Hospital
    patient: str
    subject_id: int

    @cached_property
    def events(self) -> pl.DataFrame:
        """All events of the patient, sorted by time."""
        return self.hospital.record.patient_events(self.subject_id)

    def view(self, at: datetime | None = None) -> Patient:
        """The patient as known at a moment (default: now)."""
        return Patient(self.events, at or _now())

    def advise(self, at: datetime | None = None) -> list[Finding]:
        """Every finding about the patient at a moment (default: now); logged in the audit chain."""
        moment = at or _now()
        site = self.events["site"][-1] if self.events.height else None
        subject = Subject(id=self.patient, site=site)
        hospital = self.hospital
        found = hospital.adviser.advise(subject, self.events, moment, hospital.names)
        folder = hospital.workspace.audit
        audit.append(
            folder,
            "advise",
            patient=audit.pseudonym(folder, self.subject_id),
            models=[f"{one.basis.id}/{one.basis.version}" for one in found],
            statuses=[str(one.status) for one in found],
        )
        return found


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
