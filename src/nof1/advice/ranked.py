"""The medicines for a condition of one patient, ranked with what the workspace's models say.

Beside the rules of ``medicines.ranking`` stand the risks of the outcomes that matter for the
condition: those of every model whose task is about such an outcome, as far as the decisions in
force let it speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from nof1.advice.compared import with_effects
from nof1.core.errors import UsageError
from nof1.knowledge import drugs, effects, indications
from nof1.record.events import DEATH

if TYPE_CHECKING:
    import polars as pl

    from nof1.advice.advise import Adviser
    from nof1.core.finding import Subject
    from nof1.knowledge.base import Base
    from nof1.medicines.ranking.expected import PatientRisk
    from nof1.predict.task import Task


def ranked(
    adviser: Adviser,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    condition: str,
    names: Mapping[str, str],
    today: date | None = None,
) -> dict[str, Any]:
    """The ranking as data, schema ``nof1/medicines-rank/1``.

    Parameters
    ----------
    adviser : the workspace's models and facts, loaded once.
    events : the patient's events (``nof1.record.events.SCHEMA``); nothing known after ``at`` is
        used. names : words for codes.
    condition : ``ICD10CM//I48.91``, ``SNOMED//49436004``, or a name.
    today : the day on which sources are judged to be old (default: today or the as-of day).

    Raises
    ------
    UsageError : no such condition, or the patient has died before the moment.
    """
    from nof1.medicines.ranking.document import document
    from nof1.medicines.ranking.rank import rank

    base = adviser.base
    risks = list(risks_of(adviser, condition, subject, events, at, names))
    made = rank(events, at, condition, names, risks=risks, base=base)
    if DEATH in made.known.last:
        raise UsageError(
            "At the as-of time the record shows that this patient has died.",
            where="at",
            next_step="Ask as of an earlier moment.",
        )
    synthetic = adviser.workspace.synthetic
    data = document(made, subject, condition, synthetic=synthetic, today=today)
    state = adviser.governance.state()
    return with_effects(data, adviser.effects, state, subject, events, at, names, base)


def risks_of(
    adviser: Adviser,
    condition: str,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    names: Mapping[str, str],
) -> Iterator[PatientRisk]:
    """What the models that may speak say about outcomes of the condition.

    Raises
    ------
    UsageError : the condition is not known.
    """
    from nof1.advice.governance.split import split_findings
    from nof1.medicines.ranking.expected import PatientRisk

    wanted = effects.outcomes(indications.find(condition, adviser.base).name, adviser.base)
    state = adviser.governance.state()
    for scorer in adviser.scorers:
        outcome = outcome_of(scorer.task, adviser.base)
        if not outcome or outcome not in wanted:
            continue
        among = started(scorer.task, adviser.base)
        told = split_findings(state, scorer.findings(subject, events, at, names), at)
        yield from (PatientRisk(outcome, finding, among) for finding in told.findings)


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
