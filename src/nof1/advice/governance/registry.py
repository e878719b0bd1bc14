"""All that governance can be about: the rules of the tiers, and the models of the workspace."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from nof1.advice.governance import decisions
from nof1.advice.governance.decisions import Decision
from nof1.advice.governance.split import MODELS
from nof1.advice.governance.state import OFF, ON, SHADOW, STATES, State
from nof1.advice.orders.shapes import INTERRUPTIVE
from nof1.advice.orders.tiers import Rule, rules
from nof1.core import artefacts
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace

FAIL_LOUD = "medicine"  # the family of rules that say what was not checked


@dataclass(frozen=True)
class Ruled:
    """A rule (with its ``row`` of the tiers), or a model (without)."""

    id: str
    row: Rule | None = None

    @property
    def tier(self) -> int | None:
        """By the table; None for a model."""
        return None if self.row is None else self.row.tier

    @property
    def fail_loud(self) -> bool:
        """Whether it says that something was not checked: that cannot be silenced."""
        return self.row is not None and self.row.family == FAIL_LOUD

    def tier_now(self, state: State) -> int | None:
        """With what was decided since; a rule that interrupts keeps doing so."""
        other = state.tiers.get(self.id)
        return self.tier if other is None or self.tier == INTERRUPTIVE else int(other.value)


def all_rules() -> tuple[Ruled, ...]:
    """The rules of the tiers, in the order of the table."""
    return tuple(Ruled(row.id, row) for row in rules().values())


def all_models(workspace: Workspace) -> tuple[Ruled, ...]:
    """The models that speak about patients, of risks and of effects, by name."""
    names = {*artefacts.names(workspace.models), *artefacts.names(workspace.effects)}
    return tuple(Ruled(f"{MODELS}/{name}") for name in sorted(names))


def folder(workspace: Workspace, name: str) -> Path:
    """Where the model of a name lies: with the risks, or else with the effects."""
    effect = name in artefacts.names(workspace.effects)
    return workspace.effects if effect and not risk(workspace, name) else workspace.models


def risk(workspace: Workspace, name: str) -> bool:
    """Whether a model of this name gives a risk."""
    return name in artefacts.names(workspace.models)


def find(workspace: Workspace, name: str) -> Ruled:
    """The rule or model of a name: ``interactions/tier 2``, ``genes/open avoid/abacavir``.

    Raises
    ------
    UsageError : there is none; names like it are told.
    """
    known = {one.id.lower(): one for one in (*all_rules(), *all_models(workspace))}
    asked = name.strip().replace(" ", "-").lower()
    found = known.get(asked) or known.get(f"{MODELS}/{asked}")
    if found is None:
        near = [known[one].id for one in difflib.get_close_matches(asked, known, 5, 0.4)]
        raise UsageError(
            f"There is no rule and no model {name!r}.",
            allowed=near or "family/rule of the tiers, or models/NAME",
            next_step="nof1 governance --all lists them.",
        )
    return found


def switch(
    workspace: Workspace, rule: Ruled, value: str, *, by: str, why: str, confirmed: bool = False
) -> Decision:
    """Set a rule or model on, in shadow or off; kept and audited.

    Parameters
    ----------
    confirmed : must be True to take an interrupting rule (tier 1) away from clinicians.

    Raises
    ------
    UsageError : an unknown state, a rule that says what was not checked, or tier 1 unconfirmed.
    """
    if value not in STATES:
        raise UsageError("A rule has one of three states.", where="STATE", allowed=STATES)
    if value != ON and rule.fail_loud:
        raise UsageError(
            "This rule says what was not checked: it cannot be silenced.", where=rule.id
        )
    if value in (SHADOW, OFF) and rule.tier == INTERRUPTIVE and not confirmed:
        raise UsageError(
            "This rule interrupts because its alerts can save lives; without it, orders that a "
            "label or an expert panel forbids pass unseen.",
            where=rule.id,
            next_step="If that is meant, say it again with --confirm. Every answer will say so.",
        )
    return decisions.decide(workspace, "switch", rule.id, value, by=by, why=why)
