"""All of governance at a glance: rules, models, what became of their cards, what is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nof1.advice.governance.acceptance import NOTHING, Acceptance, Ledgered
from nof1.advice.governance.proposals import USUAL, Bounds, Proposal, propose
from nof1.advice.governance.registry import Ruled, all_models, all_rules, folder
from nof1.advice.governance.split import MODELS, drift_words, drifted
from nof1.advice.governance.state import ON, Governance, State
from nof1.core import artefacts
from nof1.core.workspace import Workspace


@dataclass(frozen=True)
class Row:
    """One rule or model: its state, who set it, its tier, and what became of its cards.

    ``acceptance`` is of cards of its tier of today; None when none was shown.
    """

    rule: Ruled
    value: str
    by: str
    day: str
    tier: int | None
    unseen: int
    acceptance: Acceptance | None
    drift: str = ""
    paused: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "id": self.rule.id,
            "state": self.value,
            "by": self.by or None,
            "since": self.day or None,
            "tier": self.tier,
            "tier_of_the_table": self.rule.tier,
            "shown": 0 if self.acceptance is None else self.acceptance.shown,
            "unseen": self.unseen,
            "acceptance": None if self.acceptance is None else self.acceptance.to_dict(),
            **({"drift": self.drift, "paused": self.paused} if self.rule.row is None else {}),
        }


@dataclass(frozen=True)
class Overview:
    """Rules and models with their figures, open proposals, and what is wrong."""

    as_of: datetime
    rules: tuple[Row, ...]
    models: tuple[Row, ...]
    proposals: tuple[Proposal, ...]
    decisions: int
    fault: str
    has_ledger: bool
    strays: int
    synthetic: bool

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (schema ``nof1/governance/1``)."""
        return {
            "schema": "nof1/governance/1",
            "as_of": f"{self.as_of:%Y-%m-%dT%H:%M:%SZ}",
            "synthetic": self.synthetic,
            "fault": self.fault or None,
            "ledger": self.has_ledger,
            "decisions": self.decisions,
            "rules": [one.to_dict() for one in self.rules],
            "models": [one.to_dict() for one in self.models],
            "proposals": [one.to_dict() for one in self.proposals],
            "feedback_on_unknown_cards": self.strays,
        }


def overview(
    workspace: Workspace,
    at: datetime,
    ledgered: Ledgered | None = None,
    bounds: Bounds = USUAL,
) -> Overview:
    """Everything as of a moment (UTC, without zone).

    Parameters
    ----------
    ledgered : what the ledger says about cards; None where there is no ledger.
    """
    kept = Governance(workspace)
    state, made = kept.state(), kept.decisions()
    told = NOTHING if ledgered is None else ledgered
    found = told.rules()
    rules = all_rules()
    return Overview(
        as_of=at,
        rules=tuple(_row(one, state, told, found) for one in rules),
        models=tuple(
            _model(workspace, one, state, told, found, at) for one in all_models(workspace)
        ),
        proposals=propose(found, rules, state, made, bounds),
        decisions=len(made),
        fault=state.fault,
        has_ledger=ledgered is not None,
        strays=told.strays,
        synthetic=workspace.synthetic,
    )


def _row(rule: Ruled, state: State, told: Ledgered, found: Sequence[Acceptance]) -> Row:
    switch = state.switches.get(rule.id) or state.tiers.get(rule.id)
    tier = rule.tier_now(state)
    own = [one for one in found if one.rule == rule.id and (tier is None or one.tier == tier)]
    return Row(
        rule=rule,
        value=ON if state.fault else state.of(rule.id),
        by="" if switch is None else switch.by,
        day="" if switch is None else switch.day,
        tier=tier,
        unseen=sum(one.rule == rule.id for one in told.unseen),
        acceptance=own[0] if own else None,
    )


def _model(
    workspace: Workspace,
    rule: Ruled,
    state: State,
    told: Ledgered,
    found: Sequence[Acceptance],
    at: datetime,
) -> Row:
    name = rule.id.removeprefix(f"{MODELS}/")
    digest = artefacts.load(folder(workspace, name), name).content_hash
    return replace(
        _row(rule, state, told, found),
        drift=drift_words(state, name, digest, at),
        paused=drifted(state, name, digest) or bool(state.fault),
    )
