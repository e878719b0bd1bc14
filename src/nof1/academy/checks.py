"""What each check shows: computed from the record and the model in use, for every case alike.

Whether a case is faulty plays no part here. Each check gives its text, and whether it is ``odd``
by a rule that is written down; the bank uses that to keep sound cases clean and faults findable.
The first line of a text is a sentence with the norm, every further line one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
import polars as pl

from nof1.academy.cases import CHECKS, per_hundred
from nof1.academy.chart import LABS, MEDICINES, SMOKING, STENTS, age_years, shown
from nof1.academy.reasoning import peeked, reasons, source_events
from nof1.academy.situation import DEFAULTS, Situation
from nof1.academy.ward import Ward, features_of, risks
from nof1.core.finding import Finding
from nof1.learn.sums import FloatArray

LARGEST_RATIO = 1.7
GROUPS = (0.0, 0.1, 0.2, 0.35, 1.0)
LARGEST_GAP, LEAST_Z = 1.2, 3.0
RECENT, LEAST_RECENT, LARGE_SHIFT = 200, 60, 0.4
REVIEW_YEARS = 3


@dataclass(frozen=True)
class Shown:
    """What a check shows; ``odd`` when its own rule says that something is not as it should be."""

    text: str
    odd: bool


Look = Callable[[Ward, Situation, Finding, float], Shown]


def look(ward: Ward, behind: Situation, card: Finding, threshold: float) -> dict[str, Shown]:
    """Every check of a case, in the order of ``CHECKS``."""
    return {name: LOOKS[name](ward, behind, card, threshold) for name in CHECKS}


def lab_dates(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """Day in the chart and day of the sample: the same source line has one true day."""
    rows, odd, at = [], False, behind.person.at
    for test in LABS.values():
        found = behind.results.get(test.code, [])
        if not found:
            rows.append(f"{test.name}: never measured")
            continue
        last = found[-1]
        taken = min(one.time for one in found if one[3:] == last[3:])
        late = (last.time - taken).days > 1
        odd |= late
        line = f"; the same source line gave the result of {taken:%Y-%m-%d}" if late else ""
        rows.append(
            f"{test.name}: {shown(last.value)} {test.unit}, dated {last.time:%Y-%m-%d}, sample of "
            f"{taken:%Y-%m-%d} ({(at - taken).days} days before the card){line}"
        )
    return _shown("The day in the chart should be the day of the sample.", rows, odd)


def units(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """Each newest value beside the same patient's earlier ones."""
    rows, odd = [], False
    for test in LABS.values():
        found = behind.results.get(test.code, [])
        if not found:
            continue
        value = found[-1].value
        day = found[-1].time - timedelta(days=1)
        earlier = [one.value for one in found if one.time <= day]
        if not earlier:
            rows.append(f"{test.name}: {shown(value)} {test.unit}; no earlier result")
            continue
        usual = median(earlier)
        ratio = value / usual
        odd |= max(ratio, 1 / ratio) >= LARGEST_RATIO
        past = ", ".join(shown(one) for one in earlier[-3:])
        rows.append(
            f"{test.name}: {shown(value)} {test.unit}; earlier {past}; "
            f"{ratio:.2f} times the patient's usual {shown(usual)}"
        )
    return _shown(
        "Within a patient these seldom change by more than 1.7 times; conversion factors are "
        "larger (LDL 38.7, glucose 18, creatinine 88.4).",
        rows,
        odd,
    )


def population(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """The people the model learned from, beside this patient."""
    seen, person, everybody = behind.seen, behind.person, f"{len(ward.people):,}"
    event = ward.scorer.task.index.event
    assert event is not None
    listed = [MEDICINES.get(code, code) for code in event.codes.codes]
    started = seen.filter(pl.col("code").is_in(event.codes.codes)).height > 0
    stent = seen.filter(pl.col("code").is_in(STENTS)).height > 0
    age = age_years(seen, person.at)
    ages = ward.column("age_years")
    low, high = np.quantile(ages, [0.01, 0.99])
    here = sum(one.site == person.site for one in ward.people)
    rows = [
        f"Medicine that starts the time span: {' or '.join(sorted(listed))}; this patient: "
        f"{person.medicine}" + ("" if started else ", and never one of these"),
        f"Coronary stent: {_stented(ward)} of {everybody} have one; this patient: "
        + ("yes" if stent else "no"),
        f"Age: 98 of 100 are {low:.0f} to {high:.0f} years old; this patient: {int(age)}",
        f"Site: {here:,} of {everybody} come from {person.site}, this patient's",
        f"Validated in: {card.basis.validated_in}",
    ]
    first = f"The model was made from {everybody} people; this patient should be like them."
    return _shown(first, rows, not started or not low - 5 <= age <= high + 5)


def _stented(ward: Ward) -> str:
    columns = [c for c in ward.scorer.model.columns if c.split("/30d/")[0] in STENTS]
    if not columns:
        return "nearly all"
    return f"{int(np.any([ward.column(c) > 0 for c in columns], axis=0).sum()):,}"


def calibration(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """What the model in use tells people like its own, and what then happens to them."""
    told = _told(ward, behind)
    rows = []
    for low, high in pairwise(GROUPS):
        group = (told >= low) & (told < high)
        if group.sum() >= 20:
            rows.append(
                f"Told {low * 100:.0f} to {high * 100:.0f} of 100: {group.sum():,} people, told "
                f"{told[group].mean() * 100:.0f} of 100 on average, "
                f"{ward.again[group].mean() * 100:.0f} of 100 had the outcome"
            )
    expected, had = float(told.sum()), float(ward.again.sum())
    z = (had - expected) / float(np.sqrt((told * (1 - told)).sum()))
    rows.append(f"All: {expected:.0f} expected, {had:.0f} had the outcome (of {len(told):,})")
    odd = abs(z) >= LEAST_Z and max(had / expected, expected / had) >= LARGEST_GAP
    first = (
        "Checked on people like those it learned from, with outcomes it never saw: told and "
        "observed should agree within a few of 100 in each group."
    )
    return _shown(first, rows, odd)


def _told(ward: Ward, behind: Situation) -> FloatArray:
    if behind.scorer is ward.scorer:
        return ward.told
    return ward.kept(("told", id(behind.scorer)), lambda: risks(behind.scorer, ward.X))


def drift(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """The inputs of the last people before this card, as they arrive now, against training."""
    chosen = ward.recent(behind.person.at, RECENT)
    X = behind.arriving(ward.X[chosen])
    monitor = ward.scorer.model.drift
    if monitor is None or len(chosen) < LEAST_RECENT:
        return _shown(_drift_words(len(chosen)), ["Too few to compare yet"], odd=False)
    compared = {row.name: row for row in monitor.compare(X, ward.told[chosen])}
    rows, odd = [], False
    named = {**{test.code: test.name for test in LABS.values()}, "EXPOSURE//pm25": "Fine dust"}
    for code, name in named.items():
        column = f"{code}/365d/value_last"
        if column not in compared:
            continue
        place = ward.scorer.model.columns.index(column)
        index = compared[column].psi
        odd |= index >= LARGE_SHIFT
        rows.append(
            f"{name}: median {_median(X[:, place])} now, {_median(ward.X[:, place])} in training; "
            f"shift index {index:.2f}"
        )
    return _shown(_drift_words(len(chosen)), rows, odd)


def _drift_words(people: int) -> str:
    return (
        f"The last {people} people against training. Shift index: up to 0.3 comes by chance and "
        "season, from 0.4 on it is large."
    )


def _median(values: FloatArray) -> str:
    known = values[~np.isnan(values)]
    return shown(float(np.median(known))) if len(known) else "not measured"


def missing(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """Each main input: measured, never measured, or filled in."""
    seen, rows, odd = behind.seen, [], False
    inputs = {
        "Polygenic score": "PGS//SYNTH1",
        "Smoking": SMOKING,
        "Physical activity": "LOINC//82290-8",
        "Fine dust": "EXPOSURE//pm25",
        **{test.name: test.code for test in LABS.values()},
    }
    for name, code in inputs.items():
        found = seen.filter(pl.col("code").str.starts_with(code))
        filled = found.filter(pl.col("source_file") == DEFAULTS).height > 0
        odd |= filled
        if found.is_empty():
            rows.append(f"{name}: not measured; the model has a curve for “missing”")
        elif filled:
            rows.append(f"{name}: FILLED IN with a default; nothing was measured")
        else:
            last = found["time"].max()
            when = f", last on {last:%Y-%m-%d}" if isinstance(last, datetime) else ""
            rows.append(f"{name}: measured{when}")
    return _shown("What the model reads should be measured, or openly missing.", rows, odd)


def knowledge_date(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """The model's data and the rule's last day."""
    day = date.fromisoformat(ward.scorer.model.data_date)
    due = day + timedelta(days=round(REVIEW_YEARS * 365.25))
    at = behind.person.at
    rows = [f"Model: data up to {day}; to be reviewed by {due}. (Teaching cases look back: the "
            "model may have learned later than the day of the card.)"]  # fmt: skip
    rule = behind.rule
    if rule is None:
        rows.append("House rules used for this card: none")
    else:
        rows.append(
            f"House rule {rule.name}: last reviewed {rule.reviewed}, valid until {rule.until}; the "
            f"card is of {at:%Y-%m-%d}"
        )
    odd = at.date() > due or (rule is not None and not rule.valid(at))
    return _shown("Model and rules should be in date on the day of the card.", rows, odd)


def range_(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    """The interval, and whether it leaves the decision open."""
    assert card.value is not None
    assert card.frequency is not None
    low, high, whole = card.value.interval.low, card.value.interval.high, card.frequency.of
    open_ = low < threshold <= high
    x = features_of(behind.scorer, behind.events, behind.person.at)
    unknown = int(np.isnan(x).sum())
    rows = [
        f"This card: {per_hundred(card.value.amount)}; {card.value.interval.level:.0%} interval "
        f"{card.frequency.low:g} to {card.frequency.high:g} of {whole}",
        f"The threshold of {threshold * 100:.0f} of 100 lies "
        + ("inside: the number alone does not settle it" if open_ else "outside the interval"),
        f"Inputs without a value: {unknown} of {x.shape[1]}",
    ]
    return _shown(
        "The interval says how far chance and few data may have moved the number; it knows of no "
        "fault in the data or the model.",
        rows,
        odd=False,
    )


def _shown(first: str, rows: list[str], odd: bool) -> Shown:
    return Shown("\n".join([first, *rows]), bool(odd))


def _reasons(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    rows, odd = reasons(ward, behind, card)
    return _shown(
        "What each reason adds, and how often people with and without it had the outcome here "
        "(alone, without regard to the other reasons).",
        rows,
        odd,
    )


def _source_events(ward: Ward, behind: Situation, card: Finding, threshold: float) -> Shown:
    rows, after = source_events(ward, behind, card), peeked(ward, behind)
    return _shown(
        "Each reason should rest on entries of this patient from before the card; and in training, "
        "on entries from before the start of the time span.",
        [*rows, *after],
        odd=bool(behind.peeked),
    )


LOOKS: dict[str, Look] = {
    "source-events": _source_events,
    "lab-dates": lab_dates,
    "units": units,
    "population": population,
    "calibration": calibration,
    "drift": drift,
    "missing": missing,
    "reasons": _reasons,
    "knowledge-date": knowledge_date,
    "range": range_,
}
