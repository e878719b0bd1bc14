"""Every finding about one patient, from all rooms that have something to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import polars as pl
from msgspec.structs import replace

from nof1.advice.governance.split import Told, split_findings
from nof1.advice.governance.state import Governance, State
from nof1.core import artefacts
from nof1.core.finding import Finding, Kind, Status, Subject
from nof1.core.workspace import Workspace
from nof1.genome import findings as genome
from nof1.imaging import findings as imaging
from nof1.knowledge.base import Base, current
from nof1.predict.effect.score import EffectScorer
from nof1.predict.score import Scorer
from nof1.surveillance import findings as surveillance

# What a reader must act on comes first: answers, then refusals.
ORDER = {Status.FOUND: 0, Status.EXCLUDED: 1, Status.WITHHELD: 2, Status.NOT_CHECKED: 3}


@dataclass(frozen=True)
class Adviser:
    """All models of a workspace, loaded once and ready to be asked."""

    workspace: Workspace

    @cached_property
    def base(self) -> Base:
        """The facts in use: those of nof1, and newer ones of the workspace."""
        return current(self.workspace.knowledge)

    @cached_property
    def scorers(self) -> tuple[Scorer, ...]:
        """The newest version of every model, by name.

        Raises
        ------
        ModelError : when a model's files were changed after training.
        """
        root = self.workspace.models
        return tuple(Scorer.load(artefacts.load(root, name)) for name in artefacts.names(root))

    @cached_property
    def effects(self) -> tuple[EffectScorer, ...]:
        """The newest version of every stored treatment effect, by name.

        Raises
        ------
        ModelError : when a file was changed after the estimation.
        """
        root = self.workspace.effects
        return tuple(EffectScorer.load(artefacts.load(root, one)) for one in artefacts.names(root))

    @cached_property
    def governance(self) -> Governance:
        """Which models may be heard, by the decisions so far."""
        return Governance(self.workspace)

    def advise(
        self,
        subject: Subject,
        events: pl.DataFrame,
        at: datetime,
        names: Mapping[str, str] | None = None,
        notes: tuple[str, ...] = (),
        today: date | None = None,
        state: State | None = None,
    ) -> list[Finding]:
        """Findings about one patient at one moment: answers first, then refusals, genes last.

        Models that are off, in shadow or paused give a withheld finding with the reason.

        Parameters
        ----------
        events : the patient's events (``nof1.record.events.SCHEMA``), sorted by time.
        at : the moment of asking, UTC without zone; nothing known later is used.
        names : words for codes.
        notes : what must stand with every finding, for example that parts were not readable.
        today : the day on which sources of facts are judged to be old (default: today or the day of
            ``at``). An answer that must be the same later gives the day of asking.
        state : which models are on (default: as decided now).
        """
        told = self.weigh(subject, events, at, names, notes, today, state)
        return list(told.findings)

    def weigh(
        self,
        subject: Subject,
        events: pl.DataFrame,
        at: datetime,
        names: Mapping[str, str] | None = None,
        notes: tuple[str, ...] = (),
        today: date | None = None,
        state: State | None = None,
    ) -> Told:
        """As ``advise``, with what models in shadow would have said beside it."""
        found = [
            *(
                finding
                for scorer in self.scorers
                for finding in scorer.findings(subject, events, at, names)
            ),
            *(scorer.finding(subject, events, at, names) for scorer in self.effects),
            *imaging.findings(subject, events, at, synthetic=self.workspace.synthetic),
            *surveillance.findings(subject, events, at, names, synthetic=self.workspace.synthetic),
            *genome.findings(
                subject,
                events,
                at,
                names,
                base=self.base,
                synthetic=self.workspace.synthetic,
                today=today,
            ),
        ]
        if notes:
            found = [replace(finding, notes=(*finding.notes, *notes)) for finding in found]
        told = split_findings(self.governance.state() if state is None else state, found, at)
        return Told(tuple(sorted(told.findings, key=_urgency)), told.shadow)


def _urgency(finding: Finding) -> tuple[int, int, float]:
    amount = finding.value.amount if finding.value is not None else 0.0
    background = finding.kind is Kind.GENOTYPE  # what genes are comes after what they ask for
    return int(background), ORDER[finding.status], -amount
