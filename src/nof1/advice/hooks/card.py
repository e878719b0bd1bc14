"""Findings as cards: what, how sure, why, what was not seen, action, source and date.

A card's summary is one line below 140 characters; its detail is Markdown in which nothing that a
hospital sent can become markup. Identifiers come from the request and the content, so the same
request at the same moment gives the same bytes.

Reference: HL7 CDS Hooks (3.0 ballot), "Card Attributes"; override reasons are codes of its
Non-Adherence Reason code system (AHRQ 25-0073, 2025). The order of the text follows
Hoffrage & Gigerenzer 1998 (natural frequencies) and Jabbour 2023 (at most three reasons).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

import msgspec

from nof1.advice.hooks.coverage import Coverage
from nof1.advice.hooks.words import address, escaped, plain, shortened
from nof1.advice.orders.shapes import INLINE, INTERRUPTIVE, PASSIVE, Alert, Checked
from nof1.advice.orders.wording import REVIEWED
from nof1.core.finding import NOTICE, Evidence, Finding, Kind
from nof1.core.unit_words import unit_words

SUMMARY, LABEL, REASONS, LISTED = 139, 80, 3, 12  # characters, characters, rows, rows
SPACE = UUID("6f1f2c1e-4f0b-5a53-9b0e-6d1d5f6f0a01")  # of our identifiers (RFC 9562, version 5)
INDICATORS = {INTERRUPTIVE: "critical", INLINE: "warning", PASSIVE: "info"}
REASON_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
TOPIC_SYSTEM = "urn:nof1:card-topic"
PENDING = "Not clinically validated: a pharmacist's sign-off is pending."
COVERAGE_LABEL = "nof1: what was and was not checked"
# Code of the system above -> its words there.
OVERRIDES = {
    "indication-order-exists": "Patient has indication/order for intended action",
    "action-performed-no-adverse-effect": (
        "Intended action was performed previously without adverse effect"
    ),
    "patient-ineligible": "Patient does not meet eligibility for recommended action",
    "need-more-info": (
        "Could not address recommended action due to need for more "
        "information/pending results/pending consult"
    ),
    "risk-benefit-ratio": "Recipient assessment of risk/benefit ratio",
    "mitigate-risk-negative-outcome": "Action taken to mitigate risk of negative outcome",
    "expert-contradicts": "Advice from expert contradicts the recommended action",
    "recipient-does-not-trust": "Recipient does not agree with or trust the recommended action",
}


class Code(msgspec.Struct, frozen=True):
    """A FHIR Coding with the words that a person reads."""

    system: str
    code: str
    display: str


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the advice comes from."""

    label: str
    url: str | None = None
    topic: Code | None = None


class Action(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One change of the drafts: ``create`` has a resource, ``delete`` a relative reference."""

    type: str
    description: str
    resource: dict[str, Any] | None = None
    resource_id: str | None = None


class Suggestion(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A set of changes that one click accepts."""

    label: str
    uuid: str
    actions: tuple[Action, ...]
    is_recommended: bool | None = None


class Link(msgspec.Struct, frozen=True):
    """Where a person can read on; always an absolute address, never an app to launch."""

    label: str
    url: str
    type: str = "absolute"


class Card(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One card. Fields without content are left out, as the specification asks."""

    uuid: str
    summary: str
    indicator: str
    source: Source
    detail: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: str | None = None
    override_reasons: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    extension: dict[str, Any] | None = None


SIGNS = {Kind.ALERT: ("speaks against it", "speaks for it")}  # of a risk: raises, lowers
REASONS_OFFERED = tuple(Code(REASON_SYSTEM, code, text) for code, text in OVERRIDES.items())


def identity(*parts: str) -> str:
    """A UUID that depends on nothing but its parts."""
    return str(uuid5(SPACE, "\x1f".join(parts)))


def of_alert(
    alert: Alert, key: str, suggestions: tuple[Suggestion, ...] = (), synthetic: bool = False
) -> Card:
    """The card of something that speaks against an order.

    Parameters
    ----------
    key : the request's ``hookInstance`` and the service: the card's identifier depends on them.
    """
    finding = alert.finding
    action = ["Do not sign this order before you have decided about this."]
    if alert.tier > INTERRUPTIVE:
        action = ["Weigh this before you sign."] if alert.tier == INLINE else []
    if alert.draft is None:  # about what is taken: there is nothing to sign
        action = ["Weigh whether this is still right."] if alert.tier <= INLINE else []
    if alert.alternatives:
        names = ", ".join(map(escaped, alert.alternatives))
        action.append(f"Of the same class, without a louder alert for this patient: {names}.")
    return Card(
        uuid=identity(key, alert.family, finding.what.code, finding.basis.id, finding.what.display),
        summary=_summary(finding, synthetic),
        indicator=INDICATORS[alert.tier],
        source=_source(finding, alert.family),
        detail=detail(finding, action),
        suggestions=suggestions,
        selection_behavior="at-most-one" if suggestions else None,
        override_reasons=REASONS_OFFERED if alert.tier < PASSIVE else (),
        links=_links(finding),
        extension=_extension(finding, alert.family, alert.tier, alert.rule),
    )


def of_finding(finding: Finding, key: str, synthetic: bool = False) -> Card:
    """The card of an answer about the patient: a warning where a medicine taken is concerned."""
    tier = INLINE if finding.kind in (Kind.MEDICATION, Kind.ALERT) else PASSIVE
    return Card(
        uuid=identity(key, finding.kind, finding.what.code, finding.basis.id),
        summary=_summary(finding, synthetic),
        indicator=INDICATORS[tier],
        source=_source(finding, str(finding.kind)),
        detail=detail(finding, []),
        override_reasons=REASONS_OFFERED if tier == INLINE else (),
        links=_links(finding),
        extension=_extension(finding, str(finding.kind), tier),
    )


def of_coverage(coverage: Coverage, key: str, synthetic: bool = False) -> Card | None:
    """The quiet card that says what was not checked, and which facts are old; None without any.

    It is a warning when an interrupting rule is switched off or runs unseen.
    """
    gaps, loud = coverage.gaps, coverage.loud
    if not gaps and not coverage.expired and not loud:
        return None
    families = list(dict.fromkeys(one.family for one in gaps))
    text = "All checks ran, on facts that are past their date."
    if gaps:
        text = f"Not checked: {', '.join(families)}. Silence about these proves nothing."
    text = ". ".join((*loud, text))
    lines = [f"- **{escaped(one)}.**" for one in loud]
    lines += [_gap_line(one) for one in gaps[:LISTED]]
    if len(gaps) > LISTED:
        lines.append(f"- and {len(gaps) - LISTED} more, in the response's extension.")
    if coverage.expired:
        lines.append(f"- Facts past their date: {', '.join(map(escaped, coverage.expired))}.")
    done = ", ".join(dict.fromkeys(escaped(one.family) for one in coverage.done)) or "nothing"
    return Card(
        uuid=identity(key, "coverage"),
        summary=shortened(_marked(text, synthetic), SUMMARY),
        indicator="warning" if loud else "info",
        source=Source(COVERAGE_LABEL, topic=Code(TOPIC_SYSTEM, "coverage", "What was checked")),
        detail="\n".join([*lines, "", f"Checked: {done}.", "", f"*{NOTICE}*"]),
        extension={"org.nof1.card": {"family": "coverage", "tier": PASSIVE}},
    )


def _gap_line(gap: Checked) -> str:
    why = escaped(gap.reason or "the reason is not known").rstrip(".")
    settle = f". To settle it: {escaped(gap.resolve).rstrip('.')}" if gap.resolve else ""
    return f"- **{escaped(gap.family)}**, {escaped(gap.subject)}: {why}{settle}."


def detail(finding: Finding, action: list[str]) -> str:
    """The Markdown below the summary."""
    return "\n\n".join([text for text in _sections(finding, action) if text])


def _sections(finding: Finding, action: list[str]) -> Iterator[str]:
    yield f"**What.** {escaped(finding.what.display)}"
    reason = finding.reason
    if reason and not any(reason in one.text for one in finding.evidence):
        yield f"**Why it matters.** {escaped(reason)}"
    yield f"**How sure.** {escaped(_sure(finding))}"
    if finding.evidence:
        reasons = [f"- {_reason(one, finding.kind)}" for one in finding.evidence[:REASONS]]
        yield "**Why.**\n" + "\n".join(reasons)
    if finding.notes:
        yield "**Mind.**\n" + "\n".join(f"- {escaped(note)}" for note in finding.notes)
    settle = [f"To settle it: {escaped(finding.resolve)}"] if finding.resolve else []
    if action or settle:
        yield "**Action.** " + " ".join([*action, *settle])
    yield f"**Source.** {_sources(finding)}"
    reviewed = finding.basis.kind == "rule" and finding.basis.validated_in.startswith(REVIEWED)
    yield f"*{'' if reviewed else f'{PENDING} '}{NOTICE}*"


def _sure(finding: Finding) -> str:
    if finding.frequency is not None:
        return finding.frequency.text
    if finding.value is not None:
        value, span = finding.value, finding.value.interval
        unit = unit_words(value.unit)
        return (
            f"{value.amount:g} (range {span.low:g} to {span.high:g}, level {span.level:.0%})"
            f"{f', unit {unit}' if unit else ''}."
        )
    validation = finding.basis.validated_in.rstrip(".")
    return f"A {finding.basis.kind}, not a probability. Validation: {validation}."


def _reason(item: Evidence, kind: Kind) -> str:
    if item.contribution is None:
        return escaped(item.text)
    more, less = SIGNS.get(kind, ("raises it", "lowers it"))
    return f"{escaped(item.text)} ({more if item.contribution > 0 else less})"


def _sources(finding: Finding) -> str:
    basis = finding.basis
    cited = dict.fromkeys(one.citation for one in finding.evidence if one.citation)
    text = "; ".join(map(escaped, cited)) or "no publication is named"
    version = f"{basis.kind} {basis.id}, version {basis.version}, knowledge of"
    return f"{text}. By {escaped(version)} {escaped(basis.knowledge_date)}."


def _source(finding: Finding, family: str) -> Source:
    given = (plain(one.citation) for one in finding.evidence if one.citation)
    cited = next(filter(None, given), None)
    label = cited or f"nof1 {finding.basis.kind} {finding.basis.id}"
    topic = Code(TOPIC_SYSTEM, family, family)
    return Source(shortened(label, LABEL), address(cited) if cited else None, topic)


def _links(finding: Finding) -> tuple[Link, ...]:
    """The publications that were cited and have an address, each once."""
    cited = (one.citation for one in finding.evidence if one.citation)
    found = {url: text for text in cited if (url := address(text)) is not None}
    return tuple(Link(shortened(f"Read: {text}", LABEL), url)
                 for url, text in list(found.items())[:REASONS])  # fmt: skip


def _summary(finding: Finding, synthetic: bool) -> str:
    text = finding.what.display
    if finding.frequency is not None:
        text = f"{text}: {finding.frequency.text}"
    return shortened(_marked(text, synthetic or finding.synthetic), SUMMARY)


def _marked(text: str, synthetic: bool) -> str:
    return f"SYNTHETIC: {text}" if synthetic else text


def _extension(finding: Finding, family: str, tier: int, rule: str = "") -> dict[str, Any]:
    basis = finding.basis
    if basis.kind == "model":
        rule = f"models/{basis.id}"
    return {
        "org.nof1.card": {
            "family": family,
            "tier": tier,
            **({"rule": rule} if rule else {}),
            "basis": {"id": basis.id, "version": basis.version, "hash": basis.content_hash},
        }
    }


def ordered(cards: Iterable[Card]) -> tuple[Card, ...]:
    """Critical first, then warnings, then information; within one as they came.

    Two cards of one identity say the same about the same order: the more urgent one is shown.
    """
    rank = {"critical": 0, "warning": 1, "info": 2}
    found = sorted(cards, key=lambda card: rank[card.indicator])
    return tuple({card.uuid: card for card in reversed(found)}.values())[::-1]
