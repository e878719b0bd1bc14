"""The answers about a signal, side by side: places, steps, forecasts and the newest numbers.

Any answer may be missing. Nothing is computed here that an answer does not hold, but sums of what
is reported and numbers per 100,000 people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

from nof1.core.errors import InputError

TOTAL, TOTALS = "TOTAL", ("TOTAL", "US")  # names of the sum over all places
WEEK = 7
COMMANDS = ("nowcast", "transmission", "alarms", "forecast", "allocation")
RUN = {
    "nowcast": "nowcast {}",
    "transmission": "transmission {} --serial-interval-mean DAYS --serial-interval-sd DAYS",
    "alarms": "alarms {}",
    "forecast": "forecast {}",
    "allocation": "allocate {} --supply UNITS",
    "activity": "activity {}",
}  # command -> what is typed after "nof1 surveillance" to make its answer
FIELDS = {
    "nowcast": ("place", "date", "reported", "estimate", "low50", "high50", "low95", "high95"),
    "transmission": ("place", "date", "r", "low", "high"),
    "alarms": ("place", "date", "status", "observed", "expected", "upper"),
    "forecast": ("place", "target_end_date", "quantiles"),
    "allocation": ("place", "need_median", "need_low", "need_high", "allocated", "expected_unmet"),
}
ENDS = ("low50", "high50", "low95", "high95")
HISTORY = {1: 120, 7: 40}  # steps that are drawn
QUANTILES = {"q025": "0.025", "q05": "0.05", "q25": "0.25", "q50": "0.5", "q75": "0.75"}
QUANTILES |= {"q95": "0.95", "q975": "0.975"}


@dataclass(frozen=True)
class Report:
    """Everything the page is made from.

    Attributes
    ----------
    documents : command -> its answer; any may be missing.
    only : the places asked for; empty for all.
    extra : the answer of ``activity``, or nothing.
    """

    documents: Mapping[str, Mapping[str, Any]]
    only: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    population: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Report:
        """From ``nof1/surveillance-report/1``.

        Raises
        ------
        InputError : an answer lacks what the page needs.
        """
        documents = {
            name: data["documents"][name] for name in COMMANDS if data["documents"].get(name)
        }
        for name, document in documents.items():
            checked(name, document)
        names: dict[str, str] = {}
        population: dict[str, float] = {}
        for document in documents.values():
            for one in document.get("places") or []:
                place = place_of(one, "id")
                if one.get("name") and place != TOTAL:
                    names.setdefault(place, str(one["name"]))
                if one.get("population"):
                    population.setdefault(place, float(one["population"]))
        extra = data["documents"].get("activity") or {}
        return cls(documents, tuple(data.get("only") or ()), extra, names, population)

    def name(self, place: str) -> str:
        """The words for a place."""
        return self.names.get(place, "All places" if place == TOTAL else place)

    @cached_property
    def places(self) -> list[str]:
        """Identifiers of all places but the total, by name."""
        listed = [
            place_of(row, key)
            for one in self.documents.values()
            for name, key in (("rows", "place"), ("places", "id"))
            for row in one.get(name) or []
        ]
        kept = set(listed) - {TOTAL}
        return sorted(kept, key=lambda place: (self.name(place), place))

    @property
    def shown(self) -> list[str]:
        """The places that tables and small charts show."""
        return [place for place in self.places if not self.only or place in self.only]

    @cached_property
    def total(self) -> str | None:
        """The sum of all places where an answer has it, or the only place there is."""
        for name in ("nowcast", "forecast", "transmission"):
            if any(place_of(row) == TOTAL for row in self.rows(name)):
                return TOTAL
        return self.places[0] if len(self.places) == 1 else None

    def rows(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Rows of an answer without those of single strata (age groups)."""
        document = self.documents.get(name) or {}
        return [row for row in document.get("rows") or [] if not row.get("stratum")]

    @cached_property
    def step_days(self) -> int:
        """Days in a step of the observed numbers: 1 or 7."""
        if "nowcast" in self.documents:
            return int(self.documents["nowcast"]["step_days"])
        dates = sorted({row["date"] for row in self._observed_rows})
        near = [(day_of(b) - day_of(a)).days for a, b in pairwise(dates)]
        return 1 if near and min(near) == 1 else 7

    @property
    def _observed_rows(self) -> Sequence[Mapping[str, Any]]:
        return (self.documents.get("forecast") or {}).get("observed") or []

    @cached_property
    def _estimated(self) -> dict[str, dict[date, dict[str, Any]]]:
        made: dict[str, dict[date, dict[str, Any]]] = {}
        for row in self.rows("nowcast"):
            moment = day_of(row["date"])
            keep = {name: row[name] for name in ("reported", "estimate", *ENDS)}
            made.setdefault(place_of(row), {})[moment] = {
                "date": moment,
                **keep,
                "complete": row.get("complete"),
            }
        return made

    @cached_property
    def _observed(self) -> dict[str, dict[date, dict[str, Any]]]:
        made: dict[str, dict[date, dict[str, Any]]] = {}
        empty = dict.fromkeys((*ENDS, "complete"))
        for row in self._observed_rows:
            moment = day_of(row["date"])
            made.setdefault(place_of(row), {})[moment] = {
                "date": moment,
                "reported": row.get("reported", row.get("value")),
                "estimate": row.get("value") if "reported" in row else None,  # a nowcast
                **empty,
            }
        return made

    @cached_property
    def same_step(self) -> bool:
        """Whether nowcast and forecast count in the same steps, so that one chart holds both."""
        dates = sorted({row["date"] for row in self._observed_rows})
        if "nowcast" not in self.documents or len(dates) < 2:
            return True
        return (day_of(dates[1]) - day_of(dates[0])).days == self.step_days

    def steps(self, place: str) -> list[dict[str, Any]]:
        """What was reported and is estimated of a place, oldest first."""
        estimated = self._estimated.get(place, {})
        observed = self._observed.get(place, {}) if self.same_step else {}
        both = observed | estimated if estimated else self._observed.get(place, {})
        return [both[moment] for moment in sorted(both)][-HISTORY[self.step_days] :]

    def observed(self, place: str) -> list[dict[str, Any]]:
        """What the forecast was made from, where that has other steps than the nowcast."""
        known = self._observed.get(place, {})
        return [known[moment] for moment in sorted(known)][-HISTORY[7] :]

    @cached_property
    def _ahead(self) -> dict[str, list[dict[str, Any]]]:
        made: dict[str, dict[date, dict[str, Any]]] = {}
        for row in self.rows("forecast"):
            quantiles = {float(level): value for level, value in row["quantiles"].items()}
            moment = day_of(row["target_end_date"])
            made.setdefault(place_of(row), {})[moment] = {"date": moment} | {
                name: quantiles.get(float(level)) for name, level in QUANTILES.items()
            }
        return {place: [rows[day] for day in sorted(rows)] for place, rows in made.items()}

    def ahead(self, place: str, after: date | None = None) -> list[dict[str, Any]]:
        """The forecast of a place, only the steps after a day."""
        rows = [row for row in self._ahead.get(place, []) if None not in row.values()]
        return [row for row in rows if after is None or row["date"] > after]

    def curve(self, place: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Past and future of a place for one chart; no future where steps differ."""
        past = self.steps(place)
        if not self.same_step:
            return past, []
        return past, self.ahead(place, past[-1]["date"] if past else None)

    def latest(self, place: str) -> dict[str, Any] | None:
        """The newest step with an estimate; without any estimate, the newest reported one."""
        steps = self.steps(place)
        for name in ("estimate", "reported"):
            known = [row for row in steps if row[name] is not None]
            if known:
                return known[-1]
        return None

    @cached_property
    def _last_week(self) -> dict[str, dict[str, Any]]:
        """Seven days with the interval of their sum, where a nowcast of days has them."""
        rows = (self.documents.get("nowcast") or {}).get("last_week") or []
        made = {}
        for row in rows if self.step_days == 1 else []:
            if not row.get("stratum") and row.get("estimate") is not None:
                kept = {name: row.get(name) for name in ("low95", "high95", "reported")}
                week = {"date": day_of(row["last"]), "value": row["estimate"], **kept}
                made[place_of(row)] = {**week, "estimated": True, "summed": False}
        return made

    def level(self, place: str) -> dict[str, Any] | None:
        """The newest week of a place: date, value, low95, high95, reported, estimated, summed.

        ``summed``: days were added up here to the 7 days that end on the newest one, and their
        intervals too, which is wider than the interval of the sum. A nowcast that has the week
        itself is taken at its word.
        """
        if self._last_week:
            return self._last_week.get(place)
        last = self.latest(place)
        if last is None:
            return None
        near = [row for row in self.steps(place) if 0 <= (last["date"] - row["date"]).days < 7]
        values = [row["reported"] if row["estimate"] is None else row["estimate"] for row in near]
        if None in values or len(near) != WEEK // self.step_days:
            return None
        sums: dict[str, Any] = {"date": last["date"], "value": sum(values)}
        for name in ("low95", "high95", "reported"):
            known = [row[name] for row in near]
            sums[name] = None if None in known else sum(known)
        return {**sums, "estimated": last["estimate"] is not None, "summed": self.step_days == 1}

    @cached_property
    def newest(self) -> date | None:
        """The last day of the newest week of any place."""
        found = [row["date"] for place in self.places if (row := self.level(place))]
        return max(found, default=None)

    def per_100k(self, place: str, value: float | None) -> float | None:
        """A count per 100,000 people; None where the population is not known."""
        people = self.population.get(place)
        return None if value is None or not people else 1e5 * value / people

    @cached_property
    def windows(self) -> dict[str, list[Mapping[str, Any]]]:
        """Windows of transmission of each place, oldest first; r may be None."""
        made: dict[str, list[Mapping[str, Any]]] = {}
        for row in sorted(self.rows("transmission"), key=lambda row: row["date"]):
            made.setdefault(place_of(row), []).append({**row, "date": day_of(row["date"])})
        return made

    def window(self, place: str) -> Mapping[str, Any] | None:
        """The newest window of a place; None where it has none as new as the others."""
        newest = max((rows[-1]["date"] for rows in self.windows.values()), default=None)
        rows = self.windows.get(place)
        return rows[-1] if rows and rows[-1]["date"] == newest else None

    @cached_property
    def alarms(self) -> list[Mapping[str, Any]]:
        """All rows of the alarms, strata included."""
        return list((self.documents.get("alarms") or {}).get("rows") or [])

    @property
    def activity(self) -> list[Mapping[str, Any]]:
        """Rows of the activity of places, where it was asked."""
        return [row for row in self.extra.get("rows") or [] if "level" in row]

    @cached_property
    def letters(self) -> dict[str, str]:
        """Which place lies in which cluster ("A" for the first)."""
        made: dict[str, str] = {}
        for letter, cluster in zip("ABCDEFGHIJ", self.clusters, strict=False):
            for place in cluster["places"]:
                made.setdefault(str(place), letter)
        return made

    @property
    def clusters(self) -> Sequence[Mapping[str, Any]]:
        """Clusters of the scan, as the answer orders them."""
        return (self.documents.get("alarms") or {}).get("clusters") or []


def checked(name: str, document: Any) -> None:
    """Refuse an answer that lacks what the page needs.

    Raises
    ------
    InputError : with the command that makes it anew.
    """
    rows = document.get("rows") if isinstance(document, Mapping) else None
    lacks = [] if isinstance(rows, list) else ["rows"]
    lacks += [f for f in FIELDS[name] if any(f not in row for row in rows or [])]
    lacks += [
        key for key in ("signal", "as_of") if isinstance(document, Mapping) and key not in document
    ]
    if (
        name == "nowcast"
        and isinstance(document, Mapping)
        and document.get("step_days") not in (1, 7)
    ):
        lacks.append("step_days of 1 or 7")
    if lacks:
        raise InputError(
            f"The answer of {RUN[name].split()[0]} is not complete: it lacks {', '.join(lacks)}.",
            where=f"{name}.json",
            allowed=f"an answer with {', '.join(('rows', *FIELDS[name]))}",
            next_step=f"Make it again: nof1 surveillance {RUN[name].format('SIGNAL')}",
        )


def place_of(row: Mapping[str, Any], key: str = "place") -> str:
    """The place of a row; every name of the sum over all places as ``TOTAL``."""
    place = str(row[key])
    return TOTAL if place in TOTALS else place


def day_of(text: str) -> date:
    """A day from its ISO text.

    Raises
    ------
    InputError : the text is no day.
    """
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise InputError("An answer holds a date that is none.", allowed="2024-01-13") from None


def weekly_growth(row: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Growth a week (0.1 = 10 % more each week) with its interval, or None."""
    given = [row.get(name) for name in ("growth_per_day", "growth_low", "growth_high")]
    if any(one is None or not math.isfinite(one) for one in given):
        return None
    middle, low, high = (math.expm1(7 * min(float(one), 1.0)) for one in given if one is not None)
    return middle, low, high
