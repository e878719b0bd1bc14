"""Proposals: rules that are mostly overridden, with the evidence; a person decides.

A rule of tier 2 may be proposed for tier 3. A rule that interrupts is never proposed for silence:
its wording and its reach are to be looked at. A proposal changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nof1.advice.governance import decisions
from nof1.advice.governance.acceptance import Acceptance
from nof1.advice.governance.decisions import Decision
from nof1.advice.governance.figures import below
from nof1.advice.governance.registry import Ruled
from nof1.advice.governance.state import State
from nof1.advice.orders.shapes import INLINE, INTERRUPTIVE, PASSIVE
from nof1.core.errors import UsageError
from nof1.core.workspace import Workspace

DEMOTE, REVIEW = "demote", "review"
NOTED, REJECTED = "noted", "rejected"


@dataclass(frozen=True)
class Bounds:
    """When a rule is proposed.

    Attributes
    ----------
    threshold : acceptance below which a rule is in question. Overrides of 55 to 98 % are usual for
        interaction alerts (doi 10.3233/SHTI220101), so the usual alone makes no proposal.
    credible : how credible it must be that the true acceptance lies below (Jeffreys' prior).
    answers, people : fewer answered cards, or fewer people, decide nothing.
    """

    threshold: float = 0.10
    credible: float = 0.95
    answers: int = 50
    people: int = 3


USUAL = Bounds()


@dataclass(frozen=True)
class Proposal:
    """One proposal: ``demote/RULE`` (tier 2 to 3) or ``review/RULE`` (tier 1: wording, reach)."""

    kind: str
    rule: str
    tier: int
    credible: float
    evidence: Acceptance
    bounds: Bounds

    @property
    def id(self) -> str:
        """Its name on the command line."""
        return f"{self.kind}/{self.rule}"

    def text(self) -> str:
        """What is proposed, and why."""
        head = f"demote {self.rule} from tier 2 to 3"
        if self.kind == REVIEW:
            head = f"review wording and reach of {self.rule}; it goes on interrupting"
        found = self.evidence
        return (
            f"{head}: accepted {found.share.text()}, by {found.people} people; below "
            f"{self.bounds.threshold:.0%} with probability {self.credible:.3f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "id": self.id,
            "kind": self.kind,
            "rule": self.rule,
            "tier": self.tier,
            "credible": self.credible,
            "bounds": asdict(self.bounds),
            "evidence": self.evidence.to_dict(),
            "text": self.text(),
        }


def propose(
    found: Iterable[Acceptance],
    rules: Sequence[Ruled],
    state: State,
    made: Sequence[Decision],
    bounds: Bounds = USUAL,
) -> tuple[Proposal, ...]:
    """Proposals from what became of the cards, the most certain first.

    Only cards of a rule's tier of today count. A proposal that was decided comes again when twice
    as many answers have come in.
    """
    known = {rule.id: rule for rule in rules}
    offered = []
    for one in found:
        rule = known.get(one.rule)
        if rule is None or not rule.row or one.tier != rule.tier_now(state):
            continue
        kind = {INTERRUPTIVE: REVIEW, INLINE: DEMOTE}.get(one.tier)
        if kind is None or (kind == DEMOTE and rule.tier == INTERRUPTIVE) or rule.fail_loud:
            continue
        credible = below(one.accepted, one.answered, bounds.threshold)
        enough = one.answered >= bounds.answers and one.people >= bounds.people
        if enough and credible >= bounds.credible:
            offered.append(Proposal(kind, one.rule, one.tier, credible, one, bounds))
    fresh = [one for one in offered if one.evidence.answered >= 2 * _decided(one, made)]
    return tuple(sorted(fresh, key=lambda one: (-one.credible, one.rule)))


def decide(
    workspace: Workspace,
    offered: Sequence[Proposal],
    name: str,
    *,
    accept: bool,
    by: str,
    why: str,
) -> Decision:
    """Keep what was decided about a proposal; an accepted demotion takes force with it.

    Raises
    ------
    UsageError : there is no such proposal, or role or reason are not in their form.
    """
    proposal = next((one for one in offered if one.id == name), None)
    if proposal is None:
        raise UsageError(
            "There is no such proposal.",
            where=name,
            allowed=[one.id for one in offered] or "no proposal is open",
            next_step="nof1 governance proposals",
        )
    kind, value = "review", NOTED if accept else REJECTED
    if accept and proposal.kind == DEMOTE:
        kind, value = "tier", str(PASSIVE)
    details = {"proposal": proposal.id, "evidence": proposal.to_dict()}
    return decisions.decide(workspace, kind, proposal.rule, value, by=by, why=why, details=details)


def _decided(proposal: Proposal, made: Sequence[Decision]) -> int:
    """Answers that a decision about the same proposal had before it; 0 without one."""
    found = [one for one in made if one.details.get("proposal") == proposal.id]
    if not found:
        return 0
    evidence: dict[str, Any] = found[-1].details["evidence"]["evidence"]
    return int(evidence["accepted"] + evidence["overridden"])
