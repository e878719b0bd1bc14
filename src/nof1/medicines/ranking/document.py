"""A ranking as plain data: ``nof1/medicines-rank/1``, the same for text, page and programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from nof1.core.finding import NOTICE, EventRef, Subject
from nof1.knowledge.indications import Candidate
from nof1.medicines.ranking.columns import Cited, Column, Level, Open, Reason
from nof1.medicines.ranking.expected import Benefit, PatientRisk
from nof1.medicines.ranking.order import RULE, WORDS, before, common, why
from nof1.medicines.ranking.rank import Ranking
from nof1.medicines.ranking.rows import Row

SCHEMA = "nof1/medicines-rank/1"
Data = dict[str, Any]


def document(
    ranking: Ranking,
    subject: Subject,
    condition: str,
    *,
    synthetic: bool = False,
    today: date | None = None,
) -> Data:
    """The whole answer.

    Parameters
    ----------
    condition : the code as it was asked.
    today : the day on which sources are judged to be old (default: today or the as-of day).
    """
    at = ranking.known.at
    day = today or max(at.date(), datetime.now(UTC).date())
    rows = ranking.rows
    return {
        "schema": SCHEMA,
        "subject": {"id": subject.id, "site": subject.site},
        "condition": {"code": condition, "name": ranking.disease.name},
        "as_of": f"{at:%Y-%m-%dT%H:%M:%S}Z",
        "synthetic": synthetic,
        "current": [one.name for one in ranking.known.medicines],
        "not_recognised": sorted(one.code for one in ranking.known.strangers),
        "genes": len(ranking.known.genes),
        "dated_codes": len(ranking.known.started),
        "risks": [_risk(one) for one in ranking.risks],
        "rows": _rows(rows),
        "deciding": _deciding(ranking),
        "not_indicated": [_refused(one, ranking) for one in ranking.not_indicated],
        "order": RULE,
        "knowledge": _knowledge(rows, day),
        "notice": NOTICE,
    }


def _rows(rows: Sequence[Row]) -> list[Data]:
    """Each row with its place within its purpose, and why it stands before the next one there."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.purpose, []).append(row)
    return [
        _row(row, group, place)
        for group in groups.values()
        for place, row in enumerate(group, start=1)
    ]


def _deciding(ranking: Ranking) -> list[Data]:
    """Current medicines whose interaction alone makes others avoided: stop it, or choose others."""
    found: dict[str, list[str]] = {}
    for row in ranking.rows:
        stops = [
            (name, one)
            for name, column in row.columns.items()
            for one in column.reasons
            if one.level <= Level.AVOID
        ]
        codes = {one.events[0].code for name, one in stops if name == "interactions"}
        if len(codes) == 1 and all(name == "interactions" for name, _ in stops):
            found.setdefault(codes.pop(), []).append(row.medicine.name)
    taken = {one.code: one.name for one in ranking.known.medicines}
    return [{"name": taken[code], "medicines": names} for code, names in sorted(found.items())]


def _refused(one: Candidate, ranking: Ranking) -> Data:
    taken = ranking.known.takes(one.medicine) is not None
    return {"name": one.medicine, "why": one.purpose or None, "current": taken}


def _row(row: Row, group: Sequence[Row], place: int) -> Data:
    short, text = why(row)
    about = common([one for one in group if one.verdict is row.verdict])
    return {
        "purpose": row.purpose or None,
        "place": place,
        "medicine": {
            "name": row.medicine.name,
            "rxnorm": row.medicine.rxnorm,
            "atc": list(row.medicine.atc),
        },
        "current": None if row.current is None else _event(row.current),
        "verdict": str(row.verdict),
        "verdict_word": WORDS[row.verdict],
        "because": {"short": short, "text": text},
        "next": before(row, group[place], about) if place < len(group) else None,
        **{name: _column(one) for name, one in row.columns.items()},
        "laboratory": None if row.laboratory is None else _column(row.laboratory),
        "expected": [_benefit(one) for one in row.benefits],
        "evidence": {"grade": row.grade, "text": row.grade_text},
        "not_known": [_open(one) for one in row.opens],
    }


def _risk(one: PatientRisk) -> Data:
    """A model's answer about the patient, as ``nof1 advise`` gives it."""
    return {
        "outcome": sorted(one.outcome),
        "among": sorted(one.among),
        "finding": one.finding.to_dict(),
    }


def _benefit(one: Benefit) -> Data:
    effect = one.effect
    return {
        "outcome": one.about[0],
        "model": one.about[1],
        "days": one.about[2],
        "now": one.before,
        "with": one.after,
        "fewer": one.fewer,
        "interval": {"low": one.low, "high": one.high, "level": one.level},
        "text": one.counts,
        "against": None if effect is None else effect.against,
        "measure": None if effect is None else effect.measure,
        "ratio": None if effect is None else effect.ratio,
        "ratio_interval": None
        if effect is None
        else {"low": effect.low, "high": effect.high, "level": effect.level},
        "citation": None if effect is None else effect.citation,
    }


def _column(one: Column) -> Data:
    return {
        "status": str(one.status),
        "text": one.text,
        "reasons": [_reason(each) for each in one.reasons],
        "not_known": [_open(each) for each in one.opens],
    }


def _reason(one: Reason) -> Data:
    return {
        "level": one.level.name.lower(),
        "short": one.short,
        "text": one.text,
        "evidence": [_event(event) for event in one.events],
        "source": None if one.source is None else _cited(one.source),
    }


def _open(one: Open) -> Data:
    worst = one.worst.name.lower() if one.worst < 4 else None
    return {"text": one.text, "resolve": one.resolve, "short": one.short, "could_ask_for": worst}


def _cited(one: Cited) -> Data:
    return {
        "id": one.id,
        "published": None if one.published is None else str(one.published),
        "citation": one.citation,
    }


def _event(event: EventRef) -> Data:
    made: Data = msgspec.to_builtins(event)
    return {name: value for name, value in made.items() if value is not None}


def _knowledge(rows: Iterable[Row], day: date) -> list[Data]:
    """Every source that a row rests on, once, with whether it is past its date."""
    used = {
        one.source.id: one.source
        for row in rows
        for column in row.columns.values()
        for one in column.reasons
        if one.source is not None
    }
    return [
        {
            "id": one.id,
            "published": None if one.published is None else str(one.published),
            "valid_until": None if one.valid_until is None else str(one.valid_until),
            "expired": one.valid_until is not None and day > one.valid_until,
        }
        for _, one in sorted(used.items())
    ]
