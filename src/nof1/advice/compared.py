"""What stored effects say about two medicines of a ranking, in this patient.

It stands beside the ranking, in a line of its own: it is not merged with what trials or risks say,
and has no part in the order. An effect is shown on a row where it compares that medicine with
another of the ranking and speaks for this patient; why it does not speak is in the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nof1.core.finding import Finding, Status
from nof1.knowledge import drugs

if TYPE_CHECKING:
    import polars as pl

    from nof1.advice.governance.state import State
    from nof1.core.finding import Subject
    from nof1.knowledge.base import Base
    from nof1.predict.effect.score import EffectScorer

ALONE = "Not merged with the other columns, and no part of the order."


def with_effects(
    data: Mapping[str, Any],
    scorers: Iterable[EffectScorer],
    state: State,
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    names: Mapping[str, str],
    base: Base,
) -> dict[str, Any]:
    """The ranking (``nof1/medicines-rank/1``) with ``effects``, and on each row ``effect_models``.

    Parameters
    ----------
    scorers : the stored effects of the workspace. state : which of them may be heard.
    events, at, names : as for the ranking.
    """
    from nof1.advice.governance.split import split_findings

    ranked = {row["medicine"]["name"] for row in data["rows"]}
    found = []
    for scorer in scorers:
        other, own = (_medicines(codes, ranked, base) for codes in _codes(scorer))
        if not other or not own or other & own:
            continue
        told = split_findings(state, [scorer.finding(subject, events, at, names)], at)
        found += [_entry(scorer, other, own, finding) for finding in told.findings]
    rows = [{**row, "effect_models": _lines(row["medicine"]["name"], found)}
            for row in data["rows"]]  # fmt: skip
    return {**data, "effects": found, "rows": rows}


def _codes(scorer: EffectScorer) -> list[tuple[str, ...]]:
    """Codes of comparator and strategy: those of the record, and those that the file names."""
    treatment = scorer.question.treatment
    asked = (treatment.comparator.codes, treatment.strategy.codes)
    return [
        (*found, *each.codes, *each.descendants_of)
        for found, each in zip(scorer.stored.arms, asked, strict=True)
    ]


def _medicines(codes: Iterable[str], ranked: Collection[str], base: Base) -> set[str]:
    """Medicines of the ranking that an option's codes mean."""
    known = (drugs.find(code, base) for code in codes if "//" in code)
    return {one.name for one in known if one is not None} & set(ranked)


def _entry(
    scorer: EffectScorer, other: Collection[str], own: Collection[str], finding: Finding
) -> dict[str, Any]:
    return {
        "treatment": sorted(own),
        "comparator": sorted(other),
        "speaks": finding.status is Status.FOUND and finding.value is not None,
        "finding": finding.to_dict(),
        "text": _text(scorer, finding),
    }


def _lines(medicine: str, found: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The comparisons in which the medicine has a part and that speak."""
    lines = []
    for one in found:
        for mine, theirs in (("treatment", "comparator"), ("comparator", "treatment")):
            if medicine in one[mine] and one["speaks"]:
                basis, against = one["finding"]["basis"], " or ".join(one[theirs])
                lines.append({"against": against, "model": f"{basis['id']}/{basis['version']}",
                              "text": f"Against {against}: {one['text']} {ALONE}"})  # fmt: skip
    return lines


def _text(scorer: EffectScorer, finding: Finding) -> str:
    """The interval, the two outcomes and what they mean; or why nothing is said."""
    if finding.value is None:
        return f"{finding.what.display}: not known: {finding.reason}"
    span, risk = finding.value.interval, finding.value.unit == "1"
    factor, unit = (100.0, "points") if risk else (1.0, "days")
    low, high, middle = (factor * one for one in (span.low, span.high, finding.value.amount))
    other, own = scorer.question.treatment.labels
    model = f"{finding.basis.id}/{finding.basis.version}"
    head = (
        f"{finding.what.display}: {own} minus {other} {low:+.1f} to {high:+.1f} {unit} "
        f"({span.level:.0%} interval; middle {middle:+.1f}), effect model {model}."
    )
    return " ".join([head, *finding.notes])
