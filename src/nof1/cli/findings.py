"""Findings as text for a terminal of 80 columns: the answer, its range, the reasons, the basis."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from nof1.cli.options import WIDTH
from nof1.core.finding import NOTICE, EventRef, Evidence, Finding, Interval, Kind, Status
from nof1.core.unit_words import unit_words

INDENT = "  "
LABEL = 10
EVENTS_SHOWN = 3


def told(findings: Sequence[Finding], patient: str, as_of: str) -> str:
    """All findings about one patient, most urgent first as given."""
    synthetic = any(finding.synthetic for finding in findings)
    head = f"Patient {patient}, as of {as_of}"
    lines = [f"{head:<{WIDTH - 16}}{'SYNTHETIC DATA':>16}" if synthetic else head]
    times = Counter(note for finding in findings for note in finding.notes)
    for finding in findings:
        if finding.kind is not Kind.GENOTYPE:
            own = tuple(note for note in finding.notes if times[note] == 1)
            lines += ["", *_finding(replace(finding, notes=own))]
    lines += _genes(findings)
    common = [note for note, count in times.items() if count > 1]
    for number, note in enumerate(common):  # what several answers share is said once
        lines += [*([""] * (number == 0)), *_field("Note", note)]
    return "\n".join([*lines, "", NOTICE])


def _genes(findings: Sequence[Finding]) -> Iterator[str]:
    """Genes and inherited scores as one list: what each is, then what else must be known."""
    genes = [finding for finding in findings if finding.kind is Kind.GENOTYPE]
    if not genes:
        return
    yield from ("", "Genes and inherited scores (--json and --page tell more)")
    for finding in genes:
        name, _, what = finding.what.display.partition(": ")
        yield from _field(name, what)
        if finding.value is not None:
            yield from _field("", _answer(finding, finding.value.interval))


def _finding(finding: Finding) -> Iterator[str]:
    yield from textwrap.wrap(finding.what.display, WIDTH)
    if finding.value is None and finding.status in (Status.FOUND, Status.EXCLUDED):
        yield from _field("Answer", finding.reason or "")
    elif finding.value is None:
        yield from _field(finding.status.replace("_", " ").upper(), finding.reason or "")
        yield from _field("Resolve", finding.resolve or "")
    else:
        yield from _field("Answer", _answer(finding, finding.value.interval))
    for number, reason in enumerate(finding.evidence):
        yield from _reason(reason, first=number == 0)
    for note in finding.notes:
        yield from _field("Note", note)
    yield from _field("Basis", _basis(finding))


def _answer(finding: Finding, interval: Interval) -> str:
    if finding.frequency is not None:
        return f"{finding.frequency.text} ({interval.level:.0%} interval){_span(finding)}"
    assert finding.value is not None
    share = finding.value.unit == "1"
    numbers = [finding.value.amount, interval.low, interval.high]
    if finding.kind is Kind.EFFECT:
        amount, low, high = (f"{100 * one if share else one:+.1f}" for one in numbers)
        unit = "points" if share else "days"
        return f"{amount} {unit} ({low} to {high}, {interval.level:.0%} interval){_span(finding)}"
    amount, low, high = (f"{100 * one if share else one:.3g}" for one in numbers)
    unit = "%" if share else unit_words(finding.value.unit)
    return f"{amount} {unit} ({low} to {high}, {interval.level:.0%} interval)"


def _span(finding: Finding) -> str:
    if finding.horizon_days is None:
        return ""
    start = finding.counted_from or finding.as_of
    return f", within {finding.horizon_days:g} days from {start:%Y-%m-%d}"


def _reason(reason: Evidence, *, first: bool) -> Iterator[str]:
    sign = "" if reason.contribution is None else "▲ " if reason.contribution > 0 else "▼ "
    cited = f" [{reason.citation}]" if reason.citation else ""
    yield from _field("Why" if first else "", f"{sign}{reason.text}{cited}")
    for event in reason.events[:EVENTS_SHOWN]:
        yield from _field("", f"    {_source(event)}")
    more = len(reason.events) - EVENTS_SHOWN
    if more > 0:
        yield from _field("", f"    and {more} more")


def _source(event: EventRef) -> str:
    day = f"{event.time:%Y-%m-%d}" if event.time else "undated"
    place = event.source_file or "unknown file"
    row = f", row {event.source_row}" if event.source_row is not None else ""
    value = "" if event.value is None else f" {event.value:.4g} {unit_words(event.unit)}".rstrip()
    return f"{day}{value}  {place}{row}"


def _basis(finding: Finding) -> str:
    basis = finding.basis
    return (
        f"{basis.kind} {basis.id} version {basis.version} ({basis.content_hash[:12]}), "
        f"knowledge of {basis.knowledge_date}; validated in {basis.validated_in}"
    )


def _field(label: str, text: str) -> Iterator[str]:
    depth = len(text) - len(text.lstrip())
    indent = INDENT + " " * (LABEL + depth)
    width = max(LABEL, len(label) + 2)
    start = f"{INDENT}{label:<{width}}{' ' * depth}"
    yield from textwrap.wrap(
        text.strip(),
        WIDTH,
        initial_indent=start,
        subsequent_indent=indent,
        break_on_hyphens=False,
    ) or [start.rstrip()]
