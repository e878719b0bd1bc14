"""Why a model says what it says about one patient: signed reasons, each with its source events.

The terms of an additive model are gathered by code, so that five windows of one laboratory value
are one reason and not five. A reason speaks about the feature that weighs most in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from nof1.core.finding import EventRef, Evidence, utc
from nof1.predict.spec import AGE, FeatureSpec, Field, width_us

MOST_REASONS = 5
MOST_EVENTS = 5
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
        topic = frozenset(spec.field(column).code or column for column in part.columns)
        totals[topic] = totals.get(topic, 0.0) + part.contribution
        best = weightiest.get(topic)
        if best is None or abs(part.contribution) > abs(best.contribution):
            weightiest[topic] = part
    return [(weightiest[topic].columns, total) for topic, total in totals.items()]


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
    name = patient.names.get(field.code) or field.code
    if field.window is None or field.aggregate is None:
        return _static_text(name, field.column, value)
    return _windowed_text(name, field, value, patient)


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
        "count": f"{name}: {value:.0f} times {span}" if value != 1 else f"{name}: once {span}",
        "value_count": f"{name}: measured {value:.0f} times {span}",
        "value_sum": f"{name}: sum {shown} {span}",
        "value_sum_sq": f"{name}: sum of squares {value:.4g} {span}",
        "value_min": f"{name}: lowest {shown} {span}",
        "value_max": f"{name}: highest {shown} {span}",
        "value_last": f"{name}: latest {shown} {span}",
        "time_since_last": f"{name}: last {value:.0f} days before",
    }[field.aggregate or ""]


def _words(window: str) -> str:
    number, unit = window[:-1], {"d": "day", "h": "hour"}[window[-1]]
    return f"{number} {unit}s" if number != "1" else unit


def _unit(field: Field, patient: Patient) -> str:
    rows = patient.events.filter((pl.col("code") == field.code) & pl.col("unit").is_not_null())
    return f" {rows['unit'][-1]}" if rows.height else ""


def _events(field: Field, patient: Patient) -> list[EventRef]:
    """The source events of a feature, the most telling first."""
    if field.code is None:
        return []
    rows = patient.events.filter(_used(field, patient.at))
    aggregate = field.aggregate or ""
    if aggregate.startswith("value"):
        rows = rows.filter(pl.col("numeric_value").is_finite())
    if aggregate in ("value_min", "value_max"):
        rows = rows.sort("numeric_value", descending=aggregate == "value_min", maintain_order=True)
    kept = rows.reverse().head(1 if aggregate in _ONE_EVENT else MOST_EVENTS)
    return [_ref(row, patient.names) for row in kept.iter_rows(named=True)]


_ONE_EVENT = frozenset({"value_last", "value_min", "value_max", "time_since_last"})


def _used(field: Field, at: datetime) -> pl.Expr:
    """The rows that the feature was made from: the code's, known, inside the window."""
    same = pl.col("code") == field.code
    if field.window is None:
        return same & pl.col("time").is_null()
    used = same & (pl.col("time") <= at) & (pl.col("recorded").fill_null(at) <= at)
    if field.window == "full":
        return used
    return used & (pl.col("time") > at - timedelta(microseconds=width_us(field.window)))


def _ref(row: Mapping[str, object], names: Mapping[str, str]) -> EventRef:
    code, time, value = str(row["code"]), row["time"], row["numeric_value"]
    return EventRef(
        code=code,
        display=names.get(code),
        time=utc(time) if isinstance(time, datetime) else None,
        value=float(value) if isinstance(value, float) else None,
        text=_str(row["text_value"]),
        unit=_str(row["unit"]),
        source_file=_str(row["source_file"]),
        source_row=row["source_row"] if isinstance(row["source_row"], int) else None,
        site=_str(row["site"]),
    )


def _str(value: object) -> str | None:
    return None if value is None else str(value)
