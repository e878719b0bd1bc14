"""What goes round in a patient's region, from the record: pre-test context, never a diagnosis.

Reads the events that ``nof1 surveillance activity`` and ``nof1 ingest`` put there; no signal and
no model is opened. Information older than ``OLD_DAYS`` is not told as if it were of today.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from nof1.core.finding import (
    Basis,
    Coding,
    EventRef,
    Evidence,
    Finding,
    Kind,
    Status,
    Subject,
    utc,
)
from nof1.record.patient import Patient
from nof1.surveillance import activity
from nof1.surveillance.activity import FALLING, LEVELS, NOT_KNOWN, RISING
from nof1.surveillance.activity_files import AGE, INCIDENCE, LEVEL, TREND, slug

PREFIX, HOME = "EXPOSURE//", "REGION//"
OLD_DAYS = 14
VERSION = "1"
CODE = re.compile(rf"{PREFIX}(\w+?)_{LEVEL}//(\w+)")
SOURCE = (
    "Level against this region's own past seasons, after the moving epidemic method "
    "(Vega et al. 2013, Influenza Other Respir Viruses 7:546)"
)
AIRWAYS = ("influenza", "flu", "covid", "rsv", "ili", "pertussis", "respiratory")
NO_DIAGNOSIS = "It says nothing about who has it: that is for history, examination and test."
AGAIN = "Run nof1 surveillance activity for a newer day, and nof1 ingest its folder."


@dataclass(frozen=True)
class _Told:
    """One row of an activity file, as it reached the patient."""

    disease: str
    level: str
    row: dict[str, Any]
    trend: str
    incidence: dict[str, Any] | None
    age_days: float | None

    @property
    def words(self) -> str:
        return self.disease.replace("_", " ")


def findings(
    subject: Subject,
    events: pl.DataFrame,
    at: datetime,
    names: Mapping[str, str] | None = None,
    *,
    synthetic: bool = False,
) -> list[Finding]:
    """The newest activity of each disease in the patient's region, as known at a moment.

    Parameters
    ----------
    events : the patient's events (``nof1.record.events.SCHEMA``).
    at : the moment of asking, UTC without zone; nothing known later is used.
    names : words for codes.

    Returns
    -------
    One finding of the kind ``outbreak`` for each disease: ``found`` with level and trend;
    ``not_checked`` when the newest information is older than 14 days, was of another region than
    the patient's present one, or does not tell the level. Empty when there is none at all.
    """
    if not events["code"].str.contains(f"_{LEVEL}//", literal=True).any():
        return []
    seen = Patient(events, at).events
    moved = seen.filter(pl.col("code").str.starts_with(HOME))["time"].max()
    return [
        _finding(told, subject, at, moved, dict(names or {}), synthetic) for told in _newest(seen)
    ]


def _newest(seen: pl.DataFrame) -> Iterator[_Told]:
    """The newest row of each disease; of several regions at once the one with most of it."""
    exposures = seen.filter(
        pl.col("code").str.starts_with(PREFIX), pl.col("time").is_not_null()
    ).to_dicts()
    best: dict[str, tuple[Any, int, dict[str, Any], str]] = {}
    for row in exposures:
        match = CODE.fullmatch(row["code"])
        levels = [slug(level) for level in (NOT_KNOWN, *LEVELS)]
        if match is None or match[2] not in levels:
            continue  # another program's code
        found = (row["time"], levels.index(match[2]), row, match[2])
        if match[1] not in best or found[:2] > best[match[1]][:2]:
            best[match[1]] = found
    for disease, (_, _, row, level) in sorted(best.items()):
        place = (row["source_file"], row["source_row"], row["time"])
        beside = {
            one["code"]: one
            for one in exposures
            if (one["source_file"], one["source_row"], one["time"]) == place
        }
        start = f"{PREFIX}{disease}_{TREND}//"
        trends = [code.removeprefix(start) for code in beside if code.startswith(start)]
        age = beside.get(f"{PREFIX}{disease}_{AGE}")
        yield _Told(
            disease=disease,
            level=level.replace("_", " "),
            row=row,
            trend=trends[0].replace("_", " ") if trends else NOT_KNOWN,
            incidence=beside.get(f"{PREFIX}{disease}_{INCIDENCE}"),
            age_days=None if age is None else age["numeric_value"],
        )


def _finding(
    told: _Told,
    subject: Subject,
    at: datetime,
    moved: Any,
    names: Mapping[str, str],
    synthetic: bool,
) -> Finding:
    known = told.row["time"]
    reason, resolve = _obstacle(told, at, moved)
    head = f"{told.words.capitalize()} in the patient's region"
    return Finding(
        subject=subject,
        as_of=utc(at),
        kind=Kind.OUTBREAK,
        what=Coding(
            code=f"{PREFIX}{told.disease}_{LEVEL}",
            display=head if reason else f"{head}: {_level_and_trend(told)}",
        ),
        status=Status.NOT_CHECKED if reason else Status.FOUND,
        reason=reason or _answer(told),
        resolve=resolve,
        evidence=(
            Evidence(
                text=f"Reports up to {_day(known)}, {_old(at, known)}",
                events=(_event(told, names),),
                citation=SOURCE,
            ),
        ),
        basis=Basis(
            kind="rule",
            id=f"surveillance/{told.disease}-activity",
            version=VERSION,
            content_hash=rule_hash(),
            knowledge_date=f"{known:%Y-%m-%d}",
            validated_in="no patients: it tells about a region, not about a person",
        ),
        synthetic=synthetic,
    )


def _obstacle(told: _Told, at: datetime, moved: Any) -> tuple[str | None, str | None]:
    """Why the level cannot be told, and what would resolve it; None and None when it can."""
    known = told.row["time"]
    if at - known > timedelta(days=OLD_DAYS + 1):  # known_on lasts until its end
        return (
            f"The newest information is of {_day(known)}, {_old(at, known)}; "
            f"after {OLD_DAYS} days it tells nothing about now.",
            AGAIN,
        )
    if moved is not None and moved > known:
        return (
            "The newest information is of a region that the patient has left since.",
            "Ingest the activity of the present region.",
        )
    if told.level == NOT_KNOWN:
        return (
            f"Reports up to {_day(known)} do not tell the level: too few past seasons, too few "
            "cases, or no recent report. Not known does not mean low.",
            "nof1 surveillance activity SIGNAL says which; import older seasons or newer reports.",
        )
    return None, None


def _answer(told: _Told) -> str:
    known = told.row["time"]
    parts = [f"{_level_and_trend(told).capitalize()}, as reported up to {_day(known)}"]
    if told.incidence is not None:
        week = ""
        if told.age_days is not None:
            week = f" to {_day(known - timedelta(days=told.age_days), year=False)}"
        parts[0] += f": {_rate(told.incidence['numeric_value'])} in the week{week}"
    parts[0] += "."
    parts.append(_meaning(told))
    return " ".join([*parts, NO_DIAGNOSIS])


def _rate(rate: float) -> str:
    """Cases per 100,000 people, without digits that say nothing.

    >>> _rate(84.2), _rate(0.23)
    ('84 cases per 100,000 people', 'fewer than 1 case per 100,000 people')
    """
    if rate < 1:
        return "fewer than 1 case per 100,000 people"
    return f"{rate:.0f} case{'s' * (round(rate) != 1)} per 100,000 people"


def _level_and_trend(told: _Told) -> str:
    if told.trend == NOT_KNOWN:
        return f"{told.level}, trend not known"
    return f"{told.level} and {told.trend}"


def _meaning(told: _Told) -> str:
    """What it means before any test."""
    airways = any(told.disease.startswith(name) for name in AIRWAYS)
    people = "the people with fever and cough" if airways else "the people with such signs"
    if told.level == LEVELS[0]:
        text = f"Fewer of {people} have it now than in a wave; low is not none."
    else:
        text = f"More of {people} have it now than in quiet weeks."
    if told.trend == RISING:
        return f"{text} It is rising: by today there may be more of it."
    if told.trend == FALLING:
        return f"{text} It is falling, but not over."
    return text


def _day(moment: datetime, *, year: bool = True) -> str:
    return f"{moment.day} {moment:%B %Y}" if year else f"{moment.day} {moment:%B}"


def _old(at: datetime, known: datetime) -> str:
    days = max((at - known).days, 0)
    return f"{days} day{'s' * (days != 1)} before this moment"


def _event(told: _Told, names: Mapping[str, str]) -> EventRef:
    """The way back: the incidence, or the level's mark where there is none; both of one row."""
    row = told.incidence or told.row
    if told.incidence is None:
        words, value, text, unit = f"{told.words} activity", None, told.level, None
    else:
        words = f"{told.words} in the region, cases per 100,000 a week"
        value, text, unit = row["numeric_value"], None, "per 100,000 a week"
    return EventRef(
        code=row["code"],
        display=names.get(row["code"], words),
        time=utc(row["time"]),
        value=value,
        text=text,
        unit=unit,
        source_file=row["source_file"],
        source_row=row["source_row"],
        site=row["site"],
    )


def rule_hash() -> str:
    """SHA-256 of the numbers that the level and the trend rest on."""
    rule = {
        name: getattr(activity, name)
        for name in ("LEVELS", "POINTS", "TOP_WEEKS", "MOST_SEASONS", "LEAST_SEASONS")
    }
    rule |= {name: getattr(activity, name) for name in ("FEW_CASES", "STALE_DAYS", "SURE", "BAND")}
    rule |= {name: getattr(activity, name) for name in ("SMALL", "SPREAD")} | {"old": OLD_DAYS}
    return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()
