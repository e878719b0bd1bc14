"""Two treatments beside each other, where a stored effect compares them for this patient.

Only here is a difference called an effect. What the comparison cannot say, it says openly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nof1.core.finding import Finding, Kind, Status
from nof1.pictures.patient_charts import count_array, icon_array
from nof1.pictures.views.patient import finding as shown
from nof1.predict.effect.score import EffectScorer, Options
from nof1.web.site.house import House
from nof1.web.site.subject import Subject

SIZES = (100, 1000)


def compared(house: House, asked: Subject, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """The comparisons among the findings that have a number, drawn."""
    effects = {one.basis.id: one for one in house.room.adviser.effects}
    made = []
    for one in found:
        if one.kind is Kind.EFFECT and one.status is Status.FOUND and one.basis.id in effects:
            made.append(pair(house, effects[one.basis.id], asked, one))
    return [one for one in made if one is not None]


def pair(
    house: House, scorer: EffectScorer, asked: Subject, told: Finding
) -> dict[str, Any] | None:
    """Either option as people of 100; None for what is measured in days."""
    names = {**house.opened().names, **scorer.stored.codes}
    options = scorer.options(asked.events, asked.at, names)
    if not isinstance(options, Options) or not scorer.question.estimand.harm:
        return None
    other, name = scorer.question.treatment.labels
    return {**drawn(options, other, name), "what": told.what.display, "told": shown(told.to_dict())}


def drawn(options: Options, other: str, name: str) -> dict[str, Any]:
    """Two icon arrays of one size; the range of the difference is laid on the second."""
    of = next((one for one in SIZES if options.comparator * one >= 1), SIZES[-1])
    base, best = round(options.comparator * of), round(options.strategy * of)
    ends = sorted(
        min(max(round((options.comparator + end) * of), 0), of)
        for end in (options.low, options.high)
    )
    low, high = min(ends[0], best), max(ends[1], best)
    first = count_array(base, of, f"With {other}: {base} of {of} people.")
    return {
        "of": of,
        "sides": [
            {"name": other, "count": base, "range": "", "picture": first},
            {
                "name": name, "count": best,
                "range": f"{low} to {high}, by the range of the difference",
                "picture": icon_array(best, low, high, of),
            },
        ],
    }  # fmt: skip
