"""Whether a medicine works for the disease: for people like these, or for this person if known.

A personal figure comes only from a model of the workspace (``nof1.medicines.ranking.expected``); it
is never made up from population evidence alone. What cell lines say stands in a column of its own,
outside the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nof1.core.finding import EventRef, Finding, Status
from nof1.knowledge import effects as trials
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.indications import GRADES, KINDS, Candidate
from nof1.medicines.ranking import expected
from nof1.medicines.ranking.columns import Cited, Column, Level, Open, Reason, cited, column
from nof1.medicines.ranking.expected import Benefit, PatientEffect, Situation

WEIGHTIEST = 3
LABORATORY = "Laboratory hypothesis, not from patients: "


def grade(candidate: Candidate) -> int:
    """Place among all kinds and grades of evidence: 0 is the best."""
    return KINDS.index(candidate.kind) * len(GRADES) + list(GRADES).index(candidate.grade)


def grade_text(candidate: Candidate) -> str:
    """Kind and grade in words: ``disease-modifying: a guideline advises it``."""
    return f"{candidate.kind}: {candidate.evidence}"


def efficacy(
    candidate: Candidate, here: Situation, effects: Sequence[PatientEffect], base: Base = SHIPPED
) -> tuple[Column, tuple[Benefit, ...]]:
    """What is expected for this person where that can be said; beside it the evidence in people.

    The second part: what can be compared with other medicines, the preferred outcome first.
    """
    source = cited(candidate.source, candidate.citation, base)
    purpose = f" ({candidate.purpose})" if candidate.purpose else ""
    text = f"In people with {candidate.disease}{purpose}: {grade_text(candidate)}."
    short = f"{'' if candidate.kind == KINDS[0] else candidate.kind + ', '}{candidate.grade}"
    answers = [*_of_models(candidate, effects), *_of_risks(candidate, here, base)]
    reasons = [one for one in answers if isinstance(one, Reason)]
    opens = [one for one in answers if isinstance(one, Open)]
    benefits = tuple(one for one in answers if isinstance(one, Benefit))
    if not answers:
        opens = [_no_model(candidate, base)]
    reasons.append(Reason(Level.NONE, short, text, (), source))
    return column("efficacy", reasons, opens, "", informative=True), benefits


Answer = Reason | Open | Benefit


def _of_models(candidate: Candidate, effects: Sequence[PatientEffect]) -> Iterator[Answer]:
    """What treatment-effect models say about this medicine."""
    for one in (each for each in effects if each.medicine == candidate.medicine):
        finding, found = one.finding, expected.of_effect(one)
        about = f"{OWN}, {' or '.join(sorted(one.outcome))} against {one.against}"
        if found is None:
            yield Open(
                f"{about}: not known because {_why(finding)}", finding.resolve or "", "effect"
            )
            continue
        text = f"{about}: {' '.join(expected.told(found, candidate.medicine))}"
        yield Reason(Level.NONE, found.counts.split(";")[0], text, *_basis(finding))
        yield found


def _of_risks(candidate: Candidate, here: Situation, base: Base) -> Iterator[Answer]:
    """The patient's own risk of each outcome, and what the medicine may change of it."""
    for risk in here.risks:
        finding, outcome = risk.finding, " or ".join(sorted(risk.outcome))
        if finding.value is None or finding.frequency is None:
            text = f"{OWN}, {outcome}: not known because {_why(finding)}"
            yield Open(text, finding.resolve or "", "own risk")
            continue
        events, model = _basis(finding)
        lead = f"{OWN}, {outcome}{_span(finding)}: {finding.frequency.text}."
        found = expected.benefit(candidate.medicine, candidate.disease, risk, here, base)
        if isinstance(found, str):
            yield Reason(Level.NONE, f"risk {_percent(finding)}", lead, events, model)
            text = f"What {candidate.medicine} changes of it is not known because {found}."
            yield Open(text, "A trial of it, or a treatment-effect model.", "effect")
            continue
        yield Reason(Level.NONE, _short(found), lead, events, model)
        text = " ".join(expected.told(found, candidate.medicine))
        yield Reason(Level.NONE, "expected", text, (), _trial(found, base))
        yield found


OWN = "For this person"


def _no_model(candidate: Candidate, base: Base) -> Open:
    every = frozenset[str]().union(*trials.outcomes(candidate.disease, base))
    text = (
        f"{OWN}: not known because no model of this workspace predicts an outcome that matters "
        f"here ({', '.join(sorted(every))}) or the effect of this medicine."
    )
    return Open(text, "Train one: nof1 train TASK.yaml.", "own risk")


def _why(finding: Finding) -> str:
    reason = finding.reason or "the model gives no number"
    reason = reason[:1].lower() + reason[1:]
    return reason if reason.endswith(".") else f"{reason}."


def _basis(finding: Finding) -> tuple[tuple[EventRef, ...], Cited]:
    """The events behind the weightiest reasons of a finding, and its model.

    All of them stand with the finding itself (``Ranking.risks``).
    """
    events = tuple(event for one in finding.evidence for event in one.events)[:WEIGHTIEST]
    basis = finding.basis
    return events, Cited(
        f"{basis.id}/{basis.version}", None, None, f"validated in {basis.validated_in}"
    )


def _span(finding: Finding) -> str:
    days = "" if finding.horizon_days is None else f" within {finding.horizon_days:g} days"
    start = finding.counted_from
    return days if start is None else f"{days} from {start:%Y-%m-%d}"


def _percent(finding: Finding) -> str:
    assert finding.frequency is not None
    return f"{finding.frequency.events:g} of {finding.frequency.of:,}"


def _short(found: Benefit) -> str:
    """What stands in a cell: ``9 to 7 of 100``; for a medicine that is taken, the risk with it."""
    assert found.before is not None
    assert found.after is not None
    size = expected.size_for(found.fewer, found.before)
    before, after = round(found.before * size), round(found.after * size)
    return f"{before} of {size:,}" if found.effect is None else f"{before} to {after} of {size:,}"


def _trial(found: Benefit, base: Base) -> Cited | None:
    return None if found.effect is None else cited(found.effect.source, found.effect.citation, base)


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
