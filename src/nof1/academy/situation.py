"""What stands behind one card: a person, the record as it stands, the model in use, a house rule.

A sound situation is the workspace as it is. A fault replaces one part of it by a damaged copy; the
card is then made by the same scorer, in the same way. Nothing here knows whether a fault is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import polars as pl
from msgspec.structs import replace
from scipy.special import expit, logit

from nof1.academy.rules import Rule
from nof1.academy.ward import Person, Ward
from nof1.core.finding import (
    Basis,
    EventRef,
    Evidence,
    Finding,
    Frequency,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
)
from nof1.learn.frequency import natural_frequency
from nof1.learn.sums import FloatArray
from nof1.predict.score import Scorer

DEFAULTS = "defaults.csv"  # source of values that nobody measured
MOST_REASONS = 5


class Result(NamedTuple):
    """One number of the record: its row among the events, when, how much, and its source line."""

    row: int
    time: datetime
    value: float
    file: str
    line: int


def _unchanged(X: FloatArray) -> FloatArray:
    return X


@dataclass(frozen=True, eq=False)
class Situation:
    """One question, as it reaches the engine.

    Attributes
    ----------
    scorer : the model in use, or a copy with a fault in it.
    events : the person's record as it stands (``nof1.record.events.SCHEMA``), sorted by time.
    rule : a house rule that multiplies the odds of the model's answer, or None.
    arriving : how the features of the people of the last months arrive now: (n, p) to (n, p).
    peeked : codes that the model in use counted over the whole record when it was trained, and not
        only up to the start of the time span.
    done : what was done to this case, in a sentence; empty when nothing was.
    """

    person: Person
    scorer: Scorer
    events: pl.DataFrame
    rule: Rule | None = None
    arriving: Callable[[FloatArray], FloatArray] = _unchanged
    peeked: frozenset[str] = field(default_factory=frozenset)
    done: str = ""

    @cached_property
    def seen(self) -> pl.DataFrame:
        """The events that are known at the moment of the card."""
        return self.events.filter(_known(self.person.at))

    @cached_property
    def results(self) -> dict[str, list[Result]]:
        """Code -> dated numbers that somebody measured and that are known by then, oldest first."""
        rows = self.events.with_row_index("row").filter(
            _known(self.person.at),
            pl.col("time").is_not_null(),
            pl.col("numeric_value").is_not_null(),
            pl.col("source_file").ne_missing(DEFAULTS),
        )
        found: dict[str, list[Result]] = {}
        columns = ("code", "row", "time", "numeric_value", "source_file", "source_row")
        for code, *values in rows.select(columns).iter_rows():
            found.setdefault(code, []).append(Result(*values))
        return found


def _known(at: datetime) -> pl.Expr:
    known = pl.max_horizontal("time", "recorded")
    return known.is_null() | (known <= at)


def sound(ward: Ward, person: Person) -> Situation:
    """The workspace as it is."""
    return Situation(person, ward.scorer, ward.events(person))


def card(ward: Ward, behind: Situation, name: str) -> Finding | None:
    """The card that the real engine makes; None when the engine refuses to answer.

    Parameters
    ----------
    name : the subject on the card. The content hash is made of it and of the model's, so that no
        hash tells one model from another before a check is opened.
    """
    subject = Subject(id=name, site=behind.person.site)
    found = behind.scorer.findings(subject, behind.events, behind.person.at, ward.names)
    risk = next((one for one in reversed(found) if one.kind is Kind.RISK), None)
    if risk is None or risk.status is not Status.FOUND or risk.value is None:
        return None
    basis = replace(risk.basis, content_hash=_hash(ward.scorer.basis, name))
    evidence = tuple(_short(one) for one in risk.evidence)
    made = replace(risk, basis=basis, evidence=evidence)
    return made if behind.rule is None else _with_rule(made, behind.rule, behind.seen)


def _hash(basis: Basis, name: str) -> str:
    return hashlib.sha256(f"{basis.content_hash}\x1f{name}".encode()).hexdigest()


def _short(reason: Evidence) -> Evidence:
    """Without the long JSON that a genome's events carry."""
    return replace(reason, events=tuple(_brief(event) for event in reason.events))


def _brief(event: EventRef) -> EventRef:
    return replace(event, text=None) if (event.text or "").startswith("{") else event


def _with_rule(found: Finding, rule: Rule, events: pl.DataFrame) -> Finding:
    """The finding after a house rule: odds of risk and limits multiplied, the rule as a reason."""
    assert found.value is not None
    old = found.value.interval
    level = old.level
    low, amount, high = (
        float(expit(logit(one) + rule.log_odds)) for one in (old.low, found.value.amount, old.high)
    )
    words = natural_frequency(amount, low, high)
    reasons = sorted(
        (*found.evidence, rule.reason(events)), key=lambda one: -abs(one.contribution or 0)
    )
    return replace(
        found,
        value=Value(amount=amount, unit="1", interval=Interval(low=low, high=high, level=level)),
        frequency=Frequency(
            events=words.count,
            of=words.denominator,
            low=words.low,
            high=words.high,
            text=words.text,
        ),
        evidence=tuple(reasons[:MOST_REASONS]),
    )
