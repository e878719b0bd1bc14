"""Whether a medicine works for the disease: for people like these, or for this person if known.

A personal figure comes only from a stored finding of a model of the workspace; it is never made
up from population evidence. What cell lines say stands in a column of its own, outside the order.
"""

from __future__ import annotations

from collections.abc import Mapping

from nof1.core.finding import Finding, Status
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import GRADES, KINDS, Candidate
from nof1.medicines.ranking.columns import Cited, Column, Level, Open, Reason, cited, column

LABORATORY = "Laboratory hypothesis, not from patients: "


def grade(candidate: Candidate) -> int:
    """Place among all kinds and grades of evidence: 0 is the best."""
    return KINDS.index(candidate.kind) * len(GRADES) + list(GRADES).index(candidate.grade)


def grade_text(candidate: Candidate) -> str:
    """Kind and grade in words: ``disease-modifying: a guideline advises it``."""
    return f"{candidate.kind}: {candidate.evidence}"


def efficacy(candidate: Candidate, effects: Mapping[str, Finding], base: Base = SHIPPED) -> Column:
    """A stored finding about this person where there is one; else the evidence about people."""
    source = cited(candidate.source, candidate.citation, base)
    purpose = f" ({candidate.purpose})" if candidate.purpose else ""
    text = f"In people with {candidate.disease}{purpose}: {grade_text(candidate)}."
    short = f"{'' if candidate.kind == KINDS[0] else candidate.kind + ', '}{candidate.grade}"
    evidence = Reason(Level.NONE, short, text, (), source)
    finding = effects.get(candidate.medicine)
    if finding is None:
        return column("efficacy", [evidence], [], "", informative=True)
    if finding.status in (Status.WITHHELD, Status.NOT_CHECKED):
        ask = Open(f"For this person: {finding.reason}", finding.resolve or "", "effect")
        return column("efficacy", [evidence], [ask], "", informative=True)
    events = tuple(event for one in finding.evidence for event in one.events)
    basis = finding.basis
    model = Cited(f"{basis.id}/{basis.version}", None, None, f"validated in {basis.validated_in}")
    own = Reason(Level.NONE, "for this person", f"For this person: {said(finding)}", events, model)
    return column("efficacy", [own, evidence], [], "", informative=True)


def said(finding: Finding) -> str:
    """A finding's number with its interval, or its reason."""
    if finding.frequency is not None:
        return f"{finding.what.display}: {finding.frequency.text}"
    if finding.value is None:
        return f"{finding.what.display}: {finding.reason}"
    value, span = finding.value, finding.value.interval
    return (
        f"{finding.what.display}: {value.amount:.3g} {value.unit} "
        f"({span.low:.3g} to {span.high:.3g}, {span.level:.0%} interval)"
    )


def laboratory(finding: Finding | None) -> Column | None:
    """What a model of cell lines says, marked as such; None when nothing was passed in."""
    if finding is None:
        return None
    if finding.status in (Status.WITHHELD, Status.NOT_CHECKED):
        ask = Open(f"{LABORATORY}{finding.reason}", finding.resolve or "", "cell lines")
        return column("laboratory", [], [ask], "")
    reason = Reason(Level.NONE, "cell lines", f"{LABORATORY}{said(finding)}.")
    return column("laboratory", [reason], [], "", informative=True)
