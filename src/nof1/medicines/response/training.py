"""Train a response model: a race on the splits, verdicts, then one fit on all lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nof1.core.errors import UsageError
from nof1.medicines.response.card import NOTICE, card_text
from nof1.medicines.response.components import fit_components, setting_for
from nof1.medicines.response.crossing import TREE_BASE, Held, Plan, Tell, cross, fit_blend
from nof1.medicines.response.domain import fit_domain
from nof1.medicines.response.intervals import fit_intervals
from nof1.medicines.response.joining import Joined
from nof1.medicines.response.judging import SILENT, Verdict, judge
from nof1.medicines.response.model import ResponseModel
from nof1.medicines.response.screen import Screen
from nof1.medicines.response.splits import SPLITS

DECIDES = "cell-line"
CARD_SCHEMA = "nof1/response-card/1"


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model with its verdicts."""

    model: ResponseModel
    verdicts: tuple[Verdict, ...]
    card: dict[str, Any]

    def files(self) -> dict[str, bytes]:
        """The files to store."""
        return self.model.files()

    def notes(self) -> dict[str, bytes]:
        """The card, as JSON and text."""
        text = card_text(self.card)
        return {"card.json": json.dumps(self.card).encode(), "card.md": text.encode()}


def train(joined: Joined, name: str, splits: Sequence[str], plan: Plan, tell: Tell) -> Trained:
    """Judge and fit.

    Raises
    ------
    UsageError : for an unknown split, or when the split that decides is left out.
    InputError : when a split cannot be made from these data.
    """
    _check(splits)
    screen = joined.screen
    held = {kind: cross(screen, kind, plan, tell) for kind in SPLITS if kind in splits}
    tell("verdicts")
    verdicts = tuple(judge(screen, one, plan.seed) for one in held.values())
    tell("the model of all lines")
    model = _whole(joined, name, held[DECIDES], verdicts, plan)
    return Trained(model, verdicts, _card(joined, model, verdicts, plan))


def _check(splits: Sequence[str]) -> None:
    unknown = [one for one in splits if one not in SPLITS]
    if unknown or DECIDES not in splits:
        raise UsageError(
            f"The split {unknown[0]!r} is not known."
            if unknown
            else f"The split '{DECIDES}' decides whether the model may speak; it is needed.",
            where="--splits",
            allowed=SPLITS,
        )


def _whole(
    joined: Joined, name: str, held: Held, verdicts: Sequence[Verdict], plan: Plan
) -> ResponseModel:
    """Fit on every line; weights and intervals come from the held-out lines."""
    screen = joined.screen
    blend = fit_blend(held.guesses, screen.response)
    errors = screen.response - blend.of(held.guesses)
    parts = fit_components(
        screen,
        setting_for(screen, plan.seed),
        trees=plan.trees and blend.weights.get("trees", 0.0) > 0,
        base=TREE_BASE[DECIDES],
        seed=plan.seed,
    )
    own = next(one for one in verdicts if one.kind == DECIDES)
    return ResponseModel(
        name=name,
        parts=parts,
        blend=blend,
        intervals=fit_intervals(errors, screen.drugs, plan.level),
        domain=fit_domain(screen, parts.space),
        lines=screen.lines,
        tissues=screen.tissues,
        screen=screen,
        spread=np.nanstd(screen.response, axis=0),
        speaks=frozenset(one.drug for one in own.drugs if one.speaks),
        withheld="" if own.speaks else f"{SILENT}: {own.reason}",
        data=_data(screen, own),
    )


def _data(screen: Screen, verdict: Verdict) -> dict[str, Any]:
    return {
        "lines": len(screen.lines),
        "drugs": len(screen.drugs),
        "pairs": int(screen.measured.sum()),
        "trained": datetime.now(UTC).date().isoformat(),
        "gains": {one.drug: one.gain.to_dict() for one in verdict.drugs},
        "coverage": verdict.coverage.to_dict(),
        "rmse": verdict.figures["average"]["rmse"].to_dict(),
        "naive": verdict.naive,
    }


def _card(
    joined: Joined, model: ResponseModel, verdicts: Sequence[Verdict], plan: Plan
) -> dict[str, Any]:
    return {
        "schema": CARD_SCHEMA,
        "name": model.name,
        "measure": model.screen.measure,
        "status": "withheld" if model.withheld else "speaks",
        "reason": model.withheld,
        "trained": model.data["trained"],
        "tables": joined.to_dict(),
        "plan": {
            "folds": plan.folds,
            "seed": plan.seed,
            "trees": plan.trees,
            "level": plan.level,
        },
        "splits": [one.to_dict() for one in verdicts],
        "notice": NOTICE,
    }
