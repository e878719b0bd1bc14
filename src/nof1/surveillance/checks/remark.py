"""The shape of a check's answer, and what each check means for nowcast, alarms and forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

State = Literal["warning", "note", "clear", "not_checked"]


@dataclass(frozen=True)
class Spot:
    """One place with how often something was seen, a date as example, and a few words."""

    place: str
    count: int
    example: date | None = None
    words: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        example = self.example.isoformat() if self.example else None
        return {"place": self.place, "count": self.count, "example": example, "words": self.words}


@dataclass(frozen=True)
class Remark:
    """What one check found.

    Attributes
    ----------
    check : its name, a key of ``MEANINGS``.
    state : "warning" (look at it before you trust an answer), "note" (know it), "clear" (looked,
        found nothing), "not_checked" (could not look, with the reason in ``words``).
    spots : the places, those with most first.
    words : the whole in one sentence.
    """

    check: str
    state: State
    words: str
    spots: tuple[Spot, ...] = ()

    @property
    def count(self) -> int:
        """How often, over all places."""
        return sum(spot.count for spot in self.spots)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with what it means; "what" is empty where nothing was found."""
        found = self.state in ("warning", "note")
        return {
            "check": self.check,
            "state": self.state,
            "words": self.words,
            "count": self.count,
            "rows": [spot.to_dict() for spot in self.spots],
            "means": MEANINGS[self.check] if found else {},
        }


def found(
    check: str, spots: list[Spot], words: str, nothing: str, state: State = "warning"
) -> Remark:
    """A remark with the places that have most first; "clear" when there is none."""
    if not spots:
        return Remark(check, "clear", nothing)
    ordered = sorted(spots, key=lambda spot: (-spot.count, spot.place))
    return Remark(check, state, words, tuple(ordered))


def _means(nowcast: str, alarms: str, forecast: str) -> dict[str, str]:
    return {"nowcast": nowcast, "alarms": alarms, "forecast": forecast}


NO_EFFECT = "no effect"
MEANINGS: dict[str, dict[str, str]] = {
    "missing steps": _means(
        "a missing day is not a day without cases; it is left out",
        "a missing week cannot raise an alarm and is left out of the expected value",
        "lags over the gap are unknown; intervals are wider there",
    ),
    "reporting stop": _means(
        "the place has no estimate after it stopped",
        "no alarm can come from the place: silence is not calm",
        "the place's forecast starts from an old value; do not rely on it",
    ),
    "reporting gaps": _means(
        "delays look longer than they are; the newest days are estimated too high",
        "cases of the gap come in a heap: a false alarm by report day",
        NO_EFFECT + " when the reports came in later",
    ),
    "reporting drops": _means(
        "a drop in the newest steps is probably missing reports",
        "a drop lowers the expected value later on; it can hide an outbreak",
        "a drop at the end pulls the whole forecast down",
    ),
    "weekday pattern": _means(
        "the day of the week must be in the model of the delay",
        "use whole weeks, or a method with weekdays",
        "use whole weeks",
    ),
    "rows set aside": _means(
        "the rows are not counted; if many lack a day, recent days are too low",
        "counts are lower by these rows",
        "counts are lower by these rows",
    ),
    "revisions": _means(
        "the newest values will change by about this much: use the nowcast, not the raw number",
        "test the nowcast, not the raw number: a late report is not a false calm",
        "the last value is not yet final; a forecast must know how it is revised",
    ),
    "negative corrections": _means(
        "cases were taken back; a delay distribution from raw rows would be wrong",
        "an alarm can disappear later",
        "a past peak can become smaller",
    ),
    "negative values": _means(
        "no count can be below 0: the source subtracts corrections on the day it makes them",
        "the step is not tested",
        "transforms such as roots and logarithms are not possible there",
    ),
    "week 53": _means(
        NO_EFFECT,
        "the same week number a year before is not the same date: windows go by date",
        "seasonal features shift by a week after such a year",
    ),
    "level change": _means(
        "delays before and after may differ",
        "the expected value comes from the old level: false alarms, or missed ones",
        "history before the change misleads; train on what came after, or adjust it",
    ),
    "unit": _means(
        "a rate or a cumulative number has no reporting triangle",
        "count models need counts: every limit would be wrong",
        "forecasts would be in the wrong unit",
    ),
    "new places": _means(
        NO_EFFECT,
        "too little history for an expected value",
        "the place borrows its shape from others; its level is uncertain",
    ),
    "all zeros": _means(
        "nothing to estimate",
        "any case is above the expected value; is the place reporting at all?",
        "the forecast is 0; is the place reporting at all?",
    ),
    "short history": _means(
        NO_EFFECT + " once some months of reports are there",
        "methods that need the same weeks of past years (Farrington) are not possible",
        "few seasons were seen, or none; related signals can tell their shape",
    ),
    "population": _means(
        NO_EFFECT,
        NO_EFFECT + "; rates and maps are not possible",
        "places cannot be compared by rate; the plan cannot share by population",
    ),
}
