"""Whether a stored effect compares exactly what a what-if swaps: one medicine for another.

Then the effect is what may be said about the swap, or its refusal; the model's association is not
put beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from nof1.advice.governance.split import split_findings
from nof1.core.finding import Finding, Status
from nof1.predict.effect.score import EffectScorer, Options
from nof1.predict.levers import ADDED, STOPPED, UNDONE
from nof1.predict.score import Scorer
from nof1.predict.what_if import WhatIf
from nof1.web.site.house import House
from nof1.web.site.options import drawn
from nof1.web.site.subject import Subject


@dataclass(frozen=True)
class Effect:
    """What a stored effect says about the swap.

    Attributes
    ----------
    finding : its answer or its refusal, as of before either medicine began.
    drawn : both options as people of 100, when it answers about a risk.
    same_outcome : whether it speaks of the outcome of the model that was asked.
    """

    finding: Finding
    drawn: dict[str, Any] | None
    same_outcome: bool = True


def supported(house: House, made: WhatIf, asked: Subject, scorer: Scorer) -> Effect | None:
    """The stored effect that compares exactly the swapped medicines; None when there is none."""
    swapped = _swapped(made)
    if swapped is None or made.moment is None:
        return None
    names, state = house.opened().names, house.room.governance.state()
    for one in effects_of(house):
        arms = [set(codes) for codes in one.stored.arms]
        if _matches(swapped, arms):
            before = _before(asked, arms[0] | arms[1], made.moment)
            raw = one.finding(asked.person, asked.events, before, names)
            told = split_findings(state, [raw], asked.at).findings[0]
            return Effect(told, _options(one, asked, before, names, told), _same(one, scorer))
    return None


def effects_of(house: House) -> tuple[EffectScorer, ...]:
    """The stored effects."""
    return house.room.adviser.effects


def _swapped(made: WhatIf) -> tuple[str, str] | None:
    """(code that is left, code that is taken) when the change is exactly this swap."""
    if len(made.changes) != 2 or any(one.lever.kind != "medicine" for one in made.changes):
        return None
    left = [one.lever.codes[0] for one in made.changes if one.value in (STOPPED, UNDONE)]
    taken = [one.lever.codes[0] for one in made.changes if one.value == ADDED]
    return (left[0], taken[0]) if len(left) == len(taken) == 1 else None


def _matches(swapped: tuple[str, str], arms: Sequence[set[str]]) -> bool:
    left, taken = swapped
    return (left in arms[0] and taken in arms[1]) or (left in arms[1] and taken in arms[0])


def _before(asked: Subject, codes: set[str], moment: datetime) -> datetime:
    """Just before either medicine began, when it began at the prediction time or earlier."""
    used = asked.events.filter(pl.col("code").is_in(list(codes)), pl.col("time") <= moment)
    first = used["time"].max()
    latest = first if isinstance(first, datetime) else moment
    return latest - timedelta(seconds=1)


def _options(
    one: EffectScorer, asked: Subject, before: datetime, names: Mapping[str, str], found: Finding
) -> dict[str, Any] | None:
    if found.status is not Status.FOUND or not one.question.estimand.harm:
        return None
    visible = asked.events.filter(pl.max_horizontal("time", "recorded").fill_null(before) <= before)
    made = one.options(visible, before, {**names, **one.stored.codes})
    return drawn(made, *one.question.treatment.labels) if isinstance(made, Options) else None


def _same(one: EffectScorer, scorer: Scorer) -> bool:
    mine, other = one.question.task.outcome.codes, scorer.task.outcome.codes
    return {*mine.codes, *mine.prefixes} == {*other.codes, *other.prefixes}
