"""What the models of a workspace say about the outcomes that matter for a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nof1.advice.compared import with_effects
from nof1.advice.ranked import outcome_of, started
from nof1.core import artefacts
from nof1.knowledge import effects, indications

if TYPE_CHECKING:
    import polars as pl

    from nof1.core.artefacts import Artefact
    from nof1.core.finding import Subject
    from nof1.core.workspace import Workspace
    from nof1.knowledge.base import Base
    from nof1.medicines.ranking.expected import PatientRisk


@dataclass(frozen=True)
class Speaker:
    """A model whose outcome matters for the condition, and what its task says about it."""

    artefact: Artefact
    outcome: frozenset[str]
    among: frozenset[str]


def risks(
    workspace: Workspace,
    condition: str,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    names: dict[str, str],
    base: Base,
) -> list[PatientRisk]:
    """The answers of all models about outcomes of the condition; as ``nof1 advise`` gives them.

    Raises
    ------
    UsageError : the condition is not known.
    ModelError : a model's files were changed after training.
    """
    wanted = effects.outcomes(indications.find(condition, base).name, base)
    found = [one for one in speakers(workspace, base) if one.outcome in wanted]
    if not found:
        return []
    from nof1.advice.governance.split import split_findings
    from nof1.advice.governance.state import Governance
    from nof1.medicines.ranking.expected import PatientRisk
    from nof1.predict.score import Scorer  # slow to load, and needed only here

    state = Governance(workspace).state()
    return [
        PatientRisk(one.outcome, finding, one.among)
        for one in found
        for finding in split_findings(
            state, Scorer.load(one.artefact).findings(subject, events, at, names), at
        ).findings
    ]


def speakers(workspace: Workspace, base: Base) -> Iterator[Speaker]:
    """The newest version of every model of a task whose outcome is a disease that we know."""
    from nof1.predict.task import Task

    for name in artefacts.names(workspace.models):
        artefact = artefacts.load(workspace.models, name)
        if "model.json" not in artefact.files:
            continue
        text = artefact.json("model.json").get("task_yaml")
        if not isinstance(text, str):
            continue
        task = Task.parse(text, f"{name} (stored)")
        outcome = outcome_of(task, base)
        if outcome:
            yield Speaker(artefact, outcome, started(task, base))


def compared(
    data: dict[str, Any],
    workspace: Workspace,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    names: dict[str, str],
    base: Base,
) -> dict[str, Any]:
    """The ranking with what the stored effects say about two of its medicines.

    Raises
    ------
    ModelError : an effect's files were changed after the estimation.
    """
    if not artefacts.names(workspace.effects):
        return {**data, "effects": [], "rows": [{**r, "effect_models": []} for r in data["rows"]]}
    from nof1.advice.advise import Adviser  # slow to load, and needed only here

    adviser = Adviser(workspace)
    state = adviser.governance.state()
    return with_effects(data, adviser.effects, state, subject, events, at, names, base)
