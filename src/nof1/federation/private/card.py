"""The card of a private model: what it cost, what carries noise, and what is therefore not told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from nof1.core.artefacts import content_hash
from nof1.federation.manifest import Privacy
from nof1.federation.private.noise import NoisySum
from nof1.federation.private.plan import Plan
from nof1.federation.private.training import Fitted
from nof1.federation.private.verdict import LEAKAGE
from nof1.learn.card import Card
from nof1.learn.comparison import Choice
from nof1.learn.gate import GateResult
from nof1.predict.card import INTENDED_USE, LIMITS, NOTES, SYNTHETIC, outcome_words
from nof1.predict.fitting import GLASSBOX
from nof1.predict.model import Model
from nof1.predict.reasons import column_words
from nof1.predict.task import Task

ONLY = "Only the private glass box is trained with noise; no other learner was compared."
JUDGED = (
    "It was judged by one in five of the patients of the hospitals that trained it, from counts "
    "with noise; performance elsewhere is unknown."
)
PAIRS = "It has curves and no pairs of features: pairs would cost too much noise."
RECALIBRATION = (
    "Training leaves the risks nearly calibrated; the noised table of the judging patients moves "
    "them as far as its people outweigh its noise. Figures come from the half that took no part."
)
LOOK = "The site's audit log says what: nof1 audit"
UNIT = "for adding or removing one patient at one site"
PER_SITE = (
    "The guarantee is for one patient at one site. Somebody who is a patient at two of the sites "
    "is protected less, as a group of two people would be."
)


def card_of(
    task: Task,
    model: Model,
    version: str,
    fitted: Fitted,
    privacy: Privacy,
    plan: Plan,
    total: NoisySum,
    leak: str = "",
) -> Card:
    """The card; nothing on it was made from a number without noise.

    Parameters
    ----------
    leak : what this site's own audit of leakage found; it stands on this site's card alone.
    """
    verdict = fitted.verdict
    return Card(
        name=model.name,
        version=version,
        content_hash=content_hash(model.files()),
        created=f"{datetime.now(UTC):%Y-%m-%d}",
        purpose=task.description or f"Risk of {task.outcome.codes.name}.",
        intended_use=INTENDED_USE,
        outcome=outcome_words(task, verdict.horizon_days),
        synthetic=model.synthetic,
        data={
            "period": "not told in a private model",
            "data_date": model.data_date,
            "sites": total.sites,
            "patients": fitted.patients,
            "rows": fitted.patients,
            "events": fitted.events,
            "features": len(model.columns),
            "split": model.validated_in,
            "privacy": f"epsilon {privacy.epsilon:g} at delta {privacy.delta:g}, {UNIT}",
        },
        population=f"Validated in {model.validated_in}.",
        attrition=[("the task's patients at all sites, with noise", fitted.patients)],
        features=_terms(model, fitted),
        learners={GLASSBOX: verdict.evaluation.figures},
        choice=Choice(GLASSBOX, GLASSBOX, {}, ONLY),
        evaluation=verdict.evaluation,
        gate=silenced(verdict.gate) if leak else verdict.gate,
        notes={**NOTES, "recalibration": RECALIBRATION, "privacy": words(privacy, plan, total)},
        drift={
            "inputs": f"baseline of {len(model.columns)} features and of the risk is stored",
            "compare": "Drift.compare tells which features have moved, and how far",
        },
        limits=[
            words(privacy, plan, total),
            *LIMITS,
            JUDGED,
            PAIRS,
            PER_SITE,
            *([SYNTHETIC] * model.synthetic),
        ],
    )


def silenced(found: GateResult) -> GateResult:
    """The gate's answer at a site whose own audit has found leakage."""
    checks = tuple(
        replace(one, passed=False, reason="this site's audit found some", next_step=LOOK)
        if one.name == LEAKAGE.name
        else one
        for one in found.checks
    )
    return GateResult(False, checks, found.withheld_groups)


def words(privacy: Privacy, plan: Plan, total: NoisySum) -> str:
    """What the model cost each patient, and what was noised."""
    return (
        f"Differentially private: epsilon {privacy.epsilon:g} at delta {privacy.delta:g} {UNIT}, "
        f"without a trusted centre. "
        f"{total.releases} masked "
        f"sums carry discrete Gaussian noise of the sites (together {plan.total:.3g} times the "
        f"sensitivity): the bins, the first guess, the gradients of each cycle, the table behind "
        f"recalibration and all figures, and that of unusual people. It holds while at most "
        f"{total.dishonest} of {total.sites} sites tell their noise to others or leave it out. The "
        f"list of features is public. docs/private-training.md tells what is not covered."
    )


def _terms(model: Model, fitted: Fitted) -> list[dict[str, Any]]:
    """Each curve in words, weightiest first, from the model's own noised shares."""
    found: list[tuple[float, dict[str, Any]]] = []
    for term in fitted.private.shapes.terms:
        column = model.columns[term.features[0]]
        name = column_words(model.spec.field(column), model.codes)
        weight = round(float(term.importance), 4)
        found.append((-weight, {"name": name, "columns": [column], "importance": weight}))
    return [one for _, one in sorted(found, key=lambda entry: entry[0])][:40]
