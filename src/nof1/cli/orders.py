"""Draft orders of ``nof1 advise --order`` and the medicines taken now: as text, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH
from nof1.core import audit
from nof1.core.finding import Finding, Subject
from nof1.core.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from nof1.advice.advise import Adviser
    from nof1.advice.orders.shapes import Advice, Alert

TIERS = {1: "INTERRUPT", 2: "IN LINE", 3: "ON DEMAND"}
INDENT = " " * 11
MOST_TOLD = 5  # reasons on the screen


def check_orders(
    found: Workspace, subject: Subject, events: pl.DataFrame, moment: datetime, texts: Any
) -> Advice:
    """The draft orders of a command line, checked for a patient; logged without their names."""
    from nof1.advice.hospital import Hospital
    from nof1.advice.orders import drafts
    from nof1.advice.orders.check import check

    hospital = Hospital(found)
    base = hospital.adviser.base
    asked = drafts.ordered(texts, base)
    names, synthetic = hospital.names, found.synthetic
    made = _governed(
        hospital.adviser,
        check(events, asked, moment, base=base, names=names, subject=subject, synthetic=synthetic),
    )
    tiers = [one.tier for one in made.alerts]
    audit.append(found.audit, "check orders", orders=len(texts), tiers=tiers, gaps=len(made.gaps))
    return made


def taken_now(found: Workspace, subject: Subject, events: pl.DataFrame, moment: datetime) -> Advice:
    """The medicines that the patient takes, held against each other and the patient."""
    from nof1.advice.hospital import Hospital
    from nof1.advice.orders.standing import capped, for_view, standing

    hospital = Hospital(found)
    made = standing(
        events, moment, base=hospital.adviser.base, names=hospital.names, subject=subject,
        synthetic=found.synthetic,
    )  # fmt: skip
    return _governed(hospital.adviser, replace(made, alerts=capped(for_view(made.alerts))))


def _governed(adviser: Adviser, made: Advice) -> Advice:
    """What may be heard by the decisions in force; what is not shown is said in the coverage."""
    from nof1.advice.governance import split
    from nof1.advice.orders.shapes import Checked

    state = adviser.governance.state()
    shown, _ = split.split_alerts(state, made.alerts)
    loud = [Checked("governance", "rules", "not_checked", text) for text in split.loud(state)]
    silent = split.statement(state, models=False)
    return replace(made, alerts=shown, coverage=(*loud, *silent, *made.coverage))


def as_data(advice: Advice) -> dict[str, Any]:
    """The JSON form: ``alerts`` (tier, family, order, alternatives, finding) and ``coverage``."""
    return {
        "alerts": [_alert(one) for one in advice.alerts],
        "coverage": [
            {key: value for key, value in asdict(one).items() if value is not None}
            for one in advice.coverage
        ],
    }


def _alert(one: Alert) -> dict[str, Any]:
    return {
        "tier": one.tier,
        "family": one.family,
        "order": None if one.draft is None else one.draft.display,
        "alternatives": list(one.alternatives),
        "finding": one.finding.to_dict(),
    }


def as_findings(
    found: Workspace, advice: Advice, subject: Subject, moment: datetime
) -> list[Finding]:
    """Alerts, and everything that was not checked, as findings: the FHIR form says both."""
    from nof1.advice.orders.wording import Words
    from nof1.knowledge.base import Base

    words = Words(subject, moment, Base(found.knowledge), found.synthetic)
    gaps = [words.gap(one, one.subject) for one in advice.gaps]
    return [*(one.finding for one in advice.alerts), *gaps]


def taken(advice: Advice) -> str:
    """What speaks against the medicines taken now; what was not checked is counted."""
    checked = sum(one.state == "checked" for one in advice.coverage)
    lines = ["Medicines taken now"]
    for one in advice.alerts:
        lines += _told(one)
    if not advice.alerts and checked:
        lines.append("No alert: what was checked, in our tables, says nothing against them.")
    if not checked:
        told = dict.fromkeys(gap.reason for gap in advice.gaps[:MOST_TOLD])
        lines += [line for why in told for line in _wrapped(f"Not checked: {why}", "")]
    tail = f"Checked: {checked} questions. Not checked: {len(advice.gaps)} (--json lists them)."
    return "\n".join([*lines, tail])


def ordered(advice: Advice) -> str:
    """Alerts by tier, then what was not checked; no alert is said as such."""
    lines = ["Draft orders"]
    for one in advice.alerts:
        lines += _told(one)
    if not advice.alerts:
        lines.append("No alert: what was checked, in our tables, says nothing against them.")
    checked = sum(one.state == "checked" for one in advice.coverage)
    lines += ["", f"Checked: {checked} questions. Not checked: {len(advice.gaps)}:"]
    for gap in advice.gaps:
        lines += _wrapped(f"{gap.subject}, {gap.family}: {gap.reason}", "  ")
    return "\n".join(lines)


def _told(one: Alert) -> Iterator[str]:
    first, *rest = textwrap.wrap(one.finding.what.display, WIDTH - len(INDENT))
    yield f"{TIERS[one.tier]:<{len(INDENT)}}{first}"
    yield from (f"{INDENT}{line}" for line in rest)
    yield from _wrapped(one.finding.reason or "", INDENT)
    if one.alternatives:
        yield from _wrapped(f"Instead: {', '.join(one.alternatives)}", INDENT)
    for each in one.finding.evidence[:1]:
        yield from _wrapped(f"Source: {each.citation}", INDENT) if each.citation else ()


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
