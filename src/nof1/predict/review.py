"""A new version of a model after a reviewed edit of one curve; the old version stays as it is.

The new version's figures are measured again (``rejudge``); where that is not possible it is stored
and withheld, with the reason. What, why, who and when stand on its card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from nof1.core import artefacts
from nof1.core.artefacts import Artefact
from nof1.core.errors import ModelError, Nof1Error
from nof1.core.workspace import Workspace
from nof1.learn.card_text import card_markdown
from nof1.learn.tripod import answered
from nof1.predict.card import MOST_FEATURES, shown, silent_groups, terms_of, withheld
from nof1.predict.edit import Edit, curve_of, curves, edited_learner, steps
from nof1.predict.fitting import Pair
from nof1.predict.guards import fit_drift
from nof1.predict.model import Model
from nof1.predict.reasons import column_words
from nof1.predict.rejudge import Rejudged, Say, rejudge

NOT_EVALUATED = "not evaluated after an edit"
INTERCEPT = "left alone: everybody outside the range keeps the score"
VOICE = "The recalibration and the prediction sets are those of before the edit."


@dataclass(frozen=True)
class Reviewed:
    """The new version; ``evaluated`` False: it is withheld, for ``reason``."""

    artefact: Artefact
    evaluated: bool
    speaks: bool
    reason: str


def store_edited(
    workspace: Workspace,
    name: str,
    version: int,
    edit: Edit,
    note: Mapping[str, Any],
    say: Say = lambda text: None,
) -> Reviewed:
    """Write the edited model as the next version.

    Parameters
    ----------
    note : who proposed and who approved, when and why; it is kept on the card.

    Raises
    ------
    ModelError : there is no such version, or a newer one.
    UsageError : the edit does not fit the model, or the model has no curves.
    """
    newest = max(artefacts.versions(workspace.models, name), default=0)
    if newest > version:
        raise ModelError(
            f"There is a newer version ({newest}) of this model.",
            where=f"{name}/{version}",
            next_step="Propose the edit again for the newest version.",
        )
    base = artefacts.load(workspace.models, name, version)
    model, card = Model.read(base), base.json("card.json")
    told = {**note, **described(model, edit), "base": {"version": version,
            "content_hash": base.content_hash}}  # fmt: skip
    learner = edited_learner(model.pair.trained, edit)
    after = replace(model, pair=Pair(learner, learner))
    reason, found = "", None
    try:
        found = rejudge(workspace, model, after, edit, card, say)
    except Nof1Error as error:
        reason = f"{error.message} {error.next_step or ''}".strip()
    say("Storing the new version")
    after = _silenced(after, reason) if found is None else _measured(after, found)
    changed = _card(card, after, version + 1, told, found, reason)
    notes = {
        "card.json": json.dumps(changed).encode(),
        "card.md": (card_markdown(changed) + _text(changed["reviews"])).encode(),
    }
    made = artefacts.save(workspace.models, name, after.files(), notes)
    return Reviewed(made, found is not None, not after.withheld, reason)


def described(model: Model, edit: Edit) -> dict[str, Any]:
    """The edit for people and programs: the feature, what was asked, each bin that changes."""
    shapes = curves(model.pair.trained)
    place = curve_of(shapes, edit.feature)
    return {
        "edit": edit.to_dict(),
        "feature": feature_words(model, edit.feature),
        "what": edit.words(),
        "intercept": INTERCEPT,
        "bins": [] if place is None else steps(shapes.terms[place], edit),
    }


def feature_words(model: Model, column: str) -> str:
    """A column in words; its own name when it is none of the model's."""
    known = column in model.spec.column_numbers
    return column_words(model.spec.field(column), model.codes) if known else column


def _silenced(model: Model, reason: str) -> Model:
    return replace(model, withheld=(f"{NOT_EVALUATED}: {reason}",), drift=None)


def _measured(model: Model, found: Rejudged) -> Model:
    days = max(model.voices)
    decision = model.pair.decisions(found.data.X[found.rows], days).model
    risk = model.voices[days].interval.risk(decision)
    return replace(
        model,
        withheld=withheld(found.verdicts),
        silent_groups=silent_groups(found.verdicts),
        drift=fit_drift(found.data, found.rows, risk),
    )


def _card(
    old: Mapping[str, Any],
    model: Model,
    version: int,
    told: Mapping[str, Any],
    found: Rejudged | None,
    reason: str,
) -> dict[str, Any]:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    edited = {
        **told,
        "evaluated": found is not None,
        "reason": reason,
        "gained": None if found is None else found.gained.to_dict(),
    }
    card: dict[str, Any] = {
        **old,
        "version": str(version),
        "created": day,
        "content_hash": artefacts.content_hash(model.files()),
        "status": "withheld" if model.withheld else "speaks",
        "ablation": None,  # its models were not edited
        "recalibration": f"{old.get('recalibration', '')} {VOICE}".strip(),
        "reviews": [*old.get("reviews", ()), edited],
        "limits": [*old["limits"], _limit(told, found)],
        **(_open(old, reason) if found is None else _judged(old, model, found)),
    }
    items = answered(card, {})
    blank = [item["item"] for item in items if item["answer"] is None]
    card["tripod"] = {"items": items, "filled": len(items) - len(blank), "blank": blank}
    return card


def _limit(told: Mapping[str, Any], found: Rejudged | None) -> str:
    base = told["base"]["version"]
    what = f"One curve was edited by people ({told['feature']}; {told['what']})."
    if found is None:
        return f"{what} All figures are those of version {base}, before the edit."
    return f"{what} The comparison of learners was made before the edit (version {base})."


def _judged(old: Mapping[str, Any], model: Model, found: Rejudged) -> dict[str, Any]:
    verdict = shown(found.verdicts)
    terms = terms_of(model.pair.trained, found.data, found.rows, model.codes)
    learners = {**old["learners"], f"{old['choice']['kept']}, edited": {
        name: one.to_dict() for name, one in verdict.evaluation.figures.items()}}  # fmt: skip
    return {
        "evaluation": verdict.evaluation.to_dict(),
        "gate": verdict.gate.to_dict(),
        "features": terms[:MOST_FEATURES],
        "learners": learners,
    }


def _open(old: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The gate of a model whose figures are not known: it does not pass."""
    check = {
        "name": "evaluation after the edit", "passed": False, "value": None, "low": None,
        "high": None, "allowed": "figures on unseen people, of the edited model",
        "reason": NOT_EVALUATED, "next_step": reason,
    }  # fmt: skip
    gate = old["gate"]
    failed = [*gate["failed"], check["name"]]
    return {"gate": {**gate, "passed": False, "failed": failed, "checks": [check, *gate["checks"]]}}


def _text(reviews: list[Mapping[str, Any]]) -> str:
    lines = ["", "## Reviewed edits", ""]
    for one in reviews:
        lines.append(f"- {one['feature']}: {one['what']}")
        lines.append(f"  Why: {one['why']}")
        for role in ("proposed", "approved"):
            by = one[f"{role}_by"]
            signed = "" if by["signed_in"] else " (not signed in)"
            lines.append(f"  {role.capitalize()} by {by['name']}{signed}, {one[f'{role}_at']}")
        lines.append(f"  Intercept: {one['intercept']}")
        lines.append(f"  {_figures(one)}")
    return "\n".join([*lines, ""])


def _figures(one: Mapping[str, Any]) -> str:
    if not one["evaluated"]:
        return f"NOT EVALUATED after the edit: {one['reason']}"
    found = one["gained"]
    if found["value"] is None:
        return "Evaluated again on the same rows."
    return (
        "Evaluated again on the same rows: discrimination after minus before "
        f"{found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"
    )
