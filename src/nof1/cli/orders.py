"""Draft orders of ``nof1 advise --order``: checked, as text, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH
from nof1.core import audit
from nof1.core.finding import Subject
from nof1.core.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from nof1.advice.orders.shapes import Advice, Alert

TIERS = {1: "INTERRUPT", 2: "IN LINE", 3: "ON DEMAND"}
INDENT = " " * 11


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
    made = check(
        events, asked, moment, base=base, names=names, subject=subject, synthetic=synthetic
    )
    tiers = [one.tier for one in made.alerts]
    audit.append(found.audit, "check orders", orders=len(texts), tiers=tiers, gaps=len(made.gaps))
    return made


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
