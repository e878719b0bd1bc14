"""What the models of a workspace say about the outcomes that matter for a condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nof1.core import artefacts
from nof1.knowledge import drugs, effects, indications

if TYPE_CHECKING:
    import polars as pl

    from nof1.core.artefacts import Artefact
    from nof1.core.finding import Subject
    from nof1.core.workspace import Workspace
    from nof1.knowledge.base import Base
    from nof1.medicines.ranking.expected import PatientRisk
    from nof1.predict.task import Task


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


def outcome_of(task: Task, base: Base) -> frozenset[str]:
    """The diseases that the outcome means, or ``death``; empty when a part is none that we know."""
    rule = task.outcome
    if rule.codes.name == effects.DEATH:
        return frozenset({effects.DEATH})
    codes = (*rule.codes.codes, *rule.codes.prefixes, *rule.codes.descendants_of)
    found = {_disease(code, base) for code in codes}
    return frozenset() if rule.bounded or None in found else frozenset(filter(None, found))


def _disease(code: str, base: Base) -> str | None:
    """The disease of a code; a name alone, without vocabulary, is no code."""
    from nof1.core.errors import UsageError

    try:
        return indications.find(code, base).name if "//" in code else None
    except UsageError:
        return None


def started(task: Task, base: Base) -> frozenset[str]:
    """Medicines of which everybody that the task is about starts one, when the risk begins."""
    if task.index.event is None:
        return frozenset()
    named = task.index.event.codes
    return frozenset(_medicines((*named.codes, *named.descendants_of), base))


def _medicines(codes: Iterable[str], base: Base) -> Iterator[str]:
    for code in codes:
        found = drugs.find(code, base)
        if found is not None:
            yield found.name
