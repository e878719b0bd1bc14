"""Why a model says what it says about one patient: signed reasons, each with its source events.

The terms of an additive model are gathered by code, so that five windows of one laboratory value
are one reason and not five. A reason speaks about the feature that weighs most in it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import polars as pl

from nof1.core.finding import EventRef, Evidence, utc
from nof1.core.unit_words import unit_words
from nof1.predict.spec import AGE, FeatureSpec, Field, width_us
from nof1.record.events import BIRTH, DEATH

MOST_REASONS = 5
MOST_EVENTS = 5
LONGEST_NAME = 60
LEAST_SHARE = 0.02  # a reason that moves less than this share of all movement is not shown


@dataclass(frozen=True)
class Part:
    """What one term adds to the score: its features (one or two columns) and the signed number."""

    columns: tuple[str, ...]
    contribution: float


@dataclass(frozen=True)
class Patient:
    """What reasons are told from: the features' values, the events, and names of codes.

    Attributes
    ----------
    values : column -> value at the prediction time; NaN is missing.
    events : the patient's events (``nof1.record.events.SCHEMA``), sorted by time.
    at : prediction time, UTC without zone.
    names : code -> words.
    """

    values: Mapping[str, float]
    events: pl.DataFrame
    at: datetime
    names: Mapping[str, str]
    spec: FeatureSpec

    @cached_property
    def rows(self) -> Mapping[str, list[dict[str, Any]]]:
        """Events by code, in their order: a few hundred rows are quicker in plain Python."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        names = self.events.columns
        for row in self.events.rows():
            event = dict(zip(names, row, strict=True))
            found[event["code"]].append(event)
        return found


def explain(parts: Iterable[Part], patient: Patient, most: int = MOST_REASONS) -> list[Evidence]:
    """The strongest reasons, strongest first; contributions are in the model's score (logit).

    >>> spec = FeatureSpec(("A",), windows=("full",), aggregates=("count",))
    >>> who = Patient({"age_years": 81.2}, pl.DataFrame(), datetime(2024, 1, 1), {}, spec)
    >>> [reason.text for reason in explain([Part(("age_years",), 0.7)], who)]
    ['Age 81 years']
    """
    gathered = _by_topic(parts, patient.spec)
    moved = sum(abs(total) for _, total in gathered) or 1.0
    strong = [pair for pair in gathered if abs(pair[1]) >= LEAST_SHARE * moved]
    strong.sort(key=lambda pair: -abs(pair[1]))
    return [_reason(columns, total, patient) for columns, total in strong[:most]]


def _by_topic(parts: Iterable[Part], spec: FeatureSpec) -> list[tuple[tuple[str, ...], float]]:
    """Sum the terms of one topic (a code; or a pair of codes) under their weightiest columns."""
    totals: dict[frozenset[str], float] = {}
    weightiest: dict[frozenset[str], Part] = {}
    for part in parts:
        topic = _topic(part.columns, spec)
        totals[topic] = totals.get(topic, 0.0) + part.contribution
        best = weightiest.get(topic)
        if best is None or abs(part.contribution) > abs(best.contribution):
            weightiest[topic] = part
    return [(weightiest[topic].columns, total) for topic, total in totals.items()]


@lru_cache(maxsize=65_536)
def _topic(columns: tuple[str, ...], spec: FeatureSpec) -> frozenset[str]:
    """The codes of some columns; a column without a code (age) stands for itself."""
    return frozenset(spec.field(column).code or column for column in columns)


def _reason(columns: Sequence[str], total: float, patient: Patient) -> Evidence:
    fields = [patient.spec.field(column) for column in columns]
    events = [ref for field in fields for ref in _events(field, patient)]
    text = "; together with: ".join(_text(field, patient) for field in fields)
    return Evidence(
        text=text,
        contribution=float(total),
        unit="logit",
        feature=" & ".join(columns),
        events=tuple(events[:MOST_EVENTS]),
    )


def _text(field: Field, patient: Patient) -> str:
    value = patient.values[field.column]
    if field.column == AGE:
        return "Age unknown" if math.isnan(value) else f"Age {math.floor(value)} years"
    assert field.code is not None
    name = words(field.code, patient.names)
    if field.window is None or field.aggregate is None:
        return _static_text(name, field.column, value)
    return _windowed_text(name, field, value, patient)


def column_words(field: Field, names: Mapping[str, str]) -> str:
    """A feature in words, for cards and curves.

    >>> column_words(Field("A/30d/value_min", "A", "30d", "value_min"), {"A": "eGFR"})
    'eGFR: lowest, last 30 days'
    """
    if field.code is None:
        return "Age in years"
    name = words(field.code, names)
    if field.window is None or field.aggregate is None:
        return name
    span = "ever" if field.window == "full" else f"last {_words(field.window)}"
    return f"{name}: {_AGGREGATES[field.aggregate]}, {span}"


_AGGREGATES = {
    "count": "times",
    "value_count": "measurements",
    "value_sum": "sum",
    "value_sum_sq": "sum of squares",
    "value_min": "lowest",
    "value_max": "highest",
    "value_last": "latest",
    "time_since_last": "days since the last",
}


def words(code: str, names: Mapping[str, str]) -> str:
    """A code in words: its role (an allergy, the end of a medicine), then its name if one is known.

    The role is always said: a source describes the end of warfarin by the word "warfarin", too.

    >>> words("END//RxNorm//11289", {"RxNorm//11289": "Warfarin"})
    'End of Warfarin'
    >>> words("FAMILY//SNOMED//53741008", {"FAMILY//SNOMED//53741008": "Coronary disease"})
    'Family history of Coronary disease'
    >>> words("LIFESTYLE//smoking//current", {}), words("GENE//CYP2C19//*1/*2", {})
    ('Smoking: current', 'CYP2C19 *1/*2')
    >>> words("LAB//x//[furlongs]", {}), words("LAB//x//[no unit]", {})
    ('LAB//x (in furlongs)', 'LAB//x (no unit)')
    """
    base, apart, unit = code.partition("//[")
    unit = unit.removesuffix("]")
    suffix = f" ({unit if unit == 'no unit' else f'in {unit}'})" if apart else ""
    return _named(base, names.get(code) or names.get(base), names) + suffix


def _named(code: str, known: str | None, names: Mapping[str, str]) -> str:
    role, _, rest = code.partition("//")
    if role in _ROLES and rest:
        official = _ENCOUNTERS.get(rest) if role.startswith("ENCOUNTER") else None
        own = _plain(rest) if role in ("EXPOSURE", "PGS") and rest not in names else None
        told = _short(known or official or own or words(rest, names))
        said = told.lower().startswith(_ROLES[role].rstrip(": ").lower())
        return told if said else _ROLES[role] + told
    if known or code in _LIFE:
        return _short(known or _LIFE[code])
    topic, _, value = rest.partition("//")
    if role == "LIFESTYLE":
        return f"{topic.capitalize().replace('_', ' ')}{': ' if value else ''}{_plain(value)}"
    if role in ("GENE", "PHENOTYPE"):
        return f"{topic} {value}".strip()
    return _short(code)


def _plain(name: str) -> str:
    """A name that was made for machines, as people write it.

    >>> _plain("influenza_trend//not known"), _plain("pm25"), _plain("SYNTH1//z")
    ('influenza trend: not known', 'PM2.5', 'SYNTH1: z value')
    """
    parts = [_WRITTEN.get(part, part.replace("_", " ")) for part in name.split("//")]
    return ": ".join(parts)


# AUDIT-C: Bush and others 1998, Arch Intern Med 158:1789.
_WRITTEN = {"pm25": "PM2.5", "pm10": "PM10", "no2": "NO₂", "o3": "ozone", "audit_c": "AUDIT-C",
            "z": "z value"}  # fmt: skip

_ROLES = {
    "END": "End of ",
    "ALLERGY": "Allergy to ",
    "FAMILY": "Family history of ",
    "EXPOSURE": "Surroundings: ",
    "IMAGING": "Imaging: ",
    "GENDER": "Sex: ",
    "PGS": "Polygenic score ",
    "REGION": "Region ",
    "ENCOUNTER": "Encounter: ",
    "ENCOUNTER_END": "End of encounter: ",
}

_LIFE = {BIRTH: "Birth", DEATH: "Death"}

# Displays of HL7 v3 ActCode, value set ActEncounterCode.
_ENCOUNTERS = {
    "AMB": "ambulatory",
    "EMER": "emergency",
    "FLD": "field",
    "HH": "home health",
    "IMP": "inpatient encounter",
    "ACUTE": "inpatient acute",
    "NONAC": "inpatient non-acute",
    "OBSENC": "observation encounter",
    "PRENC": "pre-admission",
    "SS": "short stay",
    "VR": "virtual",
}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 3]}..."


def _static_text(name: str, column: str, value: float) -> str:
    if column.endswith("/value"):
        return f"{name}: not known" if math.isnan(value) else f"{name}: {value:.3g}"
    return name if value else f"{name}: no"


def _windowed_text(name: str, field: Field, value: float, patient: Patient) -> str:
    span = "ever" if field.window == "full" else f"in the last {_words(field.window or '')}"
    if math.isnan(value) or (value == 0 and field.aggregate in ("count", "value_count")):
        return f"{name}: not recorded {span}" if span != "ever" else f"{name}: never recorded"
    unit = _unit(field, patient)
    shown = f"{value:.4g}{unit}"
    return {
        "count": f"{name}: recorded {_times(value)} {span}",
        "value_count": f"{name}: measured {_times(value)} {span}",
        "value_sum": f"{name}: sum {shown} {span}",
        "value_sum_sq": f"{name}: sum of squares {value:.4g} {span}",
        "value_min": f"{name}: lowest {shown} {span}",
        "value_max": f"{name}: highest {shown} {span}",
        "value_last": f"{name}: latest {shown} {span}",
        "time_since_last": f"{name}: last {_ago(value)} before",
    }[field.aggregate or ""]


def _times(count: float) -> str:
    return "once" if count == 1 else f"{count:.0f} times"


def _ago(days: float) -> str:
    """
    >>> _ago(12), _ago(100), _ago(3425)
    ('12 days', '3.3 months', '9.4 years')
    """
    if days >= 2 * 365.25:
        return f"{days / 365.25:.1f} years"
    return f"{days / 30.44:.1f} months" if days >= 61 else f"{days:.0f} days"


def _words(window: str) -> str:
    number, unit = window[:-1], {"d": "day", "h": "hour"}[window[-1]]
    return f"{number} {unit}s" if number != "1" else unit


def _unit(field: Field, patient: Patient) -> str:
    units = [row["unit"] for row in patient.rows.get(field.code or "", ()) if row["unit"]]
    said = unit_words(units[-1]) if units else ""
    return f" {said}" if said else ""


def _events(field: Field, patient: Patient) -> list[EventRef]:
    """The source events of a feature, the most telling first."""
    rows = [row for row in patient.rows.get(field.code or "", ()) if _used(row, field, patient.at)]
    aggregate = field.aggregate or ""
    if aggregate.startswith("value"):
        rows = [row for row in rows if _number(row) is not None]
    if aggregate in ("value_min", "value_max"):
        rows.sort(key=lambda row: row["numeric_value"], reverse=aggregate == "value_min")
    most = 1 if aggregate in _ONE_EVENT else MOST_EVENTS
    return [_ref(row, patient.names) for row in reversed(rows[-most:])]


_ONE_EVENT = frozenset({"value_last", "value_min", "value_max", "time_since_last"})


def _used(row: Mapping[str, Any], field: Field, at: datetime) -> bool:
    """Whether a row of the code was known and inside the feature's window."""
    time, recorded = row["time"], row["recorded"]
    if field.window is None or time is None:
        return field.window is None and time is None
    if time > at or (recorded is not None and recorded > at):
        return False
    return field.window == "full" or time > at - timedelta(microseconds=width_us(field.window))


def _number(row: Mapping[str, Any]) -> float | None:
    value = row["numeric_value"]
    return value if value is not None and math.isfinite(value) else None


def _ref(row: Mapping[str, Any], names: Mapping[str, str]) -> EventRef:
    return EventRef(
        code=row["code"],
        display=words(row["code"], names),
        time=None if row["time"] is None else utc(row["time"]),
        value=_number(row),
        text=row["text_value"],
        unit=row["unit"],
        source_file=row["source_file"],
        source_row=row["source_row"],
        site=row["site"],
    )
