"""What is shown, what runs in shadow, and what is said about both: nothing is left out silently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from nof1.advice.governance.state import (
    DRIFTED,
    NOT_CHECKED,
    OFF,
    SHADOW,
    State,
    Switch,
)
from nof1.advice.orders.shapes import INTERRUPTIVE, Alert, Checked
from nof1.advice.orders.tiers import rules
from nof1.core.finding import Finding, Kind, Status

MODELS = "models"
DRIFT_KINDS = (Kind.RISK, Kind.EFFECT)
AGAIN = "nof1 governance drift"
NEVER = "Whether its inputs have drifted was not checked: nobody asked."
OLD = (
    "Whether its inputs have drifted was not checked: the last look was on {day}, {days} days ago."
)
OPEN = "Whether its inputs have drifted was not checked ({day}): {reason}"
OTHER = "Whether its inputs have drifted was not checked: the last look was at another version."
SEEN = "Its inputs had not drifted when they were last compared ({day})."


@dataclass(frozen=True)
class Told:
    """Findings as they may be heard, and those of models in shadow (as they would have been)."""

    findings: tuple[Finding, ...]
    shadow: tuple[Finding, ...] = ()


def split_alerts(
    state: State, found: Sequence[Alert]
) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """Alerts that are shown, and those of rules in shadow; those of rules that are off are gone.

    A rule whose tier was changed speaks with that tier, and says so. An alert that no row of the
    tiers stands behind is always shown.
    """
    if state.plain:
        return tuple(found), ()
    told = [_tiered(state, one) for one in found]
    shown = tuple(one for one in told if state.of(one.rule) not in (SHADOW, OFF))
    return shown, tuple(one for one in told if state.of(one.rule) == SHADOW)


def split_findings(state: State, found: Sequence[Finding], at: datetime) -> Told:
    """Findings with those of silenced models withheld, and what models in shadow would have said.

    A model is silent when it is off, in shadow, or paused because its inputs or outputs drifted. A
    model whose drift was not looked at in time speaks, with a note that says so.
    """
    told = [_judged(state, one, at) for one in found]
    shadow = tuple(
        one for one in found if one.basis.kind == "model" and state.of(model_id(one)) == SHADOW
    )
    return Told(tuple(told), shadow)


def model_id(finding: Finding) -> str:
    """How governance names the model behind a finding."""
    return f"{MODELS}/{finding.basis.id}"


def statement(state: State, *, models: bool, told: Iterable[str] = ()) -> tuple[Checked, ...]:
    """One line for each rule (or, with ``models``, model) that is not shown.

    ``told`` names those of which the answer speaks anyway.
    """
    if not state.switches:
        return ()
    known = frozenset(told)
    return tuple(
        _line(subject, one)
        for subject, one in sorted(state.switches.items())
        if subject.startswith(f"{MODELS}/") is models and subject not in known
    )


def loud(state: State) -> tuple[str, ...]:
    """Sentences that must be read before all others: interrupting rules that are not shown."""
    if state.plain:
        return ()
    found = [f"{state.fault[:1].upper()}{state.fault[1:]}"] if state.fault else []
    loudest = {row.id for row in rules().values() if row.tier == INTERRUPTIVE}
    found += [
        f"{subject} {'is SWITCHED OFF' if one.value == OFF else 'runs UNSEEN'} by {one.by}"
        for subject, one in sorted(state.switches.items())
        if subject in loudest
    ]
    return tuple(found)


def _line(subject: str, one: Switch) -> Checked:
    family, _, _ = subject.partition("/")
    why = f"switched off by {one.by} on {one.day}: not checked"
    if one.value == SHADOW:
        why = f"running in shadow: not shown (set by {one.by} on {one.day})"
    what = "model" if family == MODELS else "rule"
    return Checked(
        family, f"{what} {subject}", "not_checked", why, f"nof1 governance set {subject} on"
    )


def _tiered(state: State, alert: Alert) -> Alert:
    other = state.tiers.get(alert.rule)
    if other is None or alert.tier == INTERRUPTIVE or int(other.value) == alert.tier:
        return alert  # what interrupts is never made quieter
    note = f"Tier {alert.tier} by the table; {other.value} by decision of {other.by}, {other.day}."
    finding = msgspec.structs.replace(alert.finding, notes=(*alert.finding.notes, note))
    return replace(alert, tier=int(other.value), finding=finding)


def _judged(state: State, finding: Finding, at: datetime) -> Finding:
    if finding.basis.kind != "model":
        return finding
    if state.fault:
        return _withheld(finding, f"model paused: {state.fault}", "nof1 governance")
    switch = state.switches.get(model_id(finding))
    if switch is not None:
        line = _line(model_id(finding), switch)
        return _withheld(finding, line.reason or "", line.resolve or "")
    if finding.kind not in DRIFT_KINDS:
        return finding
    name, digest = finding.basis.id, finding.basis.content_hash
    if drifted(state, name, digest):
        return _withheld(finding, f"model paused: {state.drift[name].reason}", AGAIN)
    if finding.status is not Status.FOUND:
        return finding
    note = drift_words(state, name, digest, at)
    return msgspec.structs.replace(finding, notes=(*finding.notes, note))


def drifted(state: State, name: str, content_hash: str) -> bool:
    """Whether the last verdict on this version of a model is that it drifted, however old."""
    verdict = state.drift.get(name)
    return verdict is not None and verdict.state == DRIFTED and verdict.content_hash == content_hash


def drift_words(state: State, name: str, content_hash: str, at: datetime) -> str:
    """What is known of a model's drift at a moment, in one sentence."""
    verdict = state.drift.get(name)
    if verdict is None:
        return NEVER
    if verdict.content_hash != content_hash:
        return OTHER
    if verdict.state == DRIFTED:
        return f"Paused on {verdict.day}: {verdict.reason}."
    if not verdict.fresh(at):
        return OLD.format(day=verdict.day, days=verdict.age(at))
    if verdict.state == NOT_CHECKED:
        return OPEN.format(day=verdict.day, reason=verdict.reason)
    return SEEN.format(day=verdict.day)


def _withheld(finding: Finding, reason: str, resolve: str) -> Finding:
    return msgspec.structs.replace(
        finding, status=Status.WITHHELD, reason=reason, resolve=resolve, value=None,
        frequency=None, evidence=(),
    )  # fmt: skip
