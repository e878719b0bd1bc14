"""Faults in a copy of one patient's events: the model and the rules stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from nof1.academy.chart import LABS, SMOKING, shown
from nof1.academy.situation import DEFAULTS, Result, Situation, sound
from nof1.academy.ward import Person, Ward
from nof1.learn.sums import FloatArray

NEWEST_DAYS, STALE_DAYS, OLD_DAYS = 30, 365, 365
SMALL = 20.0  # below it, results have one decimal
SINCE_DAYS = 120  # a new method has been in use for so long

# Test -> factors that were used by mistake, and what the mistake was. 38.67, 88.57 and 18.02 mg/dL
# are 1 mmol/L of cholesterol, triglycerides and glucose; an area of 1.73 m2 is the usual reference.
SLIPS: dict[str, tuple[tuple[float, str], ...]] = {
    "ldl": (
        (88.57 / 38.67, "converted from mmol/L as if it were triglycerides (x 88.57, not x 38.67)"),
        (18.02 / 38.67, "converted from mmol/L as if it were glucose (x 18.02, not x 38.67)"),
        (1 / 38.67, "a number in mmol/L that kept the unit mg/dL"),
    ),
    "glucose": (
        (38.67 / 18.02, "converted from mmol/L as if it were cholesterol (x 38.67, not x 18.02)"),
        (1 / 18.02, "a number in mmol/L that kept the unit mg/dL"),
    ),
    "egfr": (
        (1 / 1.73, "a rate per m2 that was written as one per 1.73 m2"),
        (1.73, "a rate per 1.73 m2 that was multiplied by 1.73 once more"),
    ),
}

# Code -> factor, what changed, and days of readings that are affected.
DRIFTS: tuple[tuple[str, float, str, int], ...] = (
    ("LOINC//13457-7", 1.40, "the laboratory's new method for LDL reads 40 % higher", SINCE_DAYS),
    ("LOINC//13457-7", 0.65, "the laboratory's new method for LDL reads 35 % lower", SINCE_DAYS),
    ("LOINC//98979-8", 0.72, "a new creatinine method makes eGFR read 28 % lower", SINCE_DAYS),
    ("LOINC//98979-8", 1.35, "a new creatinine method makes eGFR read 35 % higher", SINCE_DAYS),
    ("LOINC//8480-6", 1.15, "new cuffs read 15 % higher", SINCE_DAYS),
    ("LOINC//8480-6", 0.86, "new cuffs read 14 % lower", SINCE_DAYS),
    ("EXPOSURE//pm25", 1.60, "the town's new sensors read fine dust 60 % higher", 366),
    ("EXPOSURE//pm25", 0.60, "the town's new sensors read fine dust 40 % lower", 366),
)


def stale(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """Each test's first result arrives again and again, in place of those of the last year."""
    behind = sound(ward, person)
    changes: dict[int, Result] = {}
    told: list[str] = []
    for test in LABS.values():
        rows = behind.results.get(test.code, [])
        new = [one for one in rows if one.time > person.at - timedelta(days=STALE_DAYS)]
        old = [one for one in rows if one.time < person.at - timedelta(days=OLD_DAYS)]
        if not new or not old or new[-1].value == old[0].value:
            continue
        changes |= {one.row: old[0] for one in new}
        told.append(f"{test.name} {shown(old[0].value)} {test.unit} of {old[0].time:%Y-%m-%d}, "
                    f"really {shown(new[-1].value)}")  # fmt: skip
    if not told:
        return None
    done = f"Old results arrived again under a new date: {'; '.join(told)}."
    return replace(behind, events=_changed(behind.events, changes), done=done)


def unit_slip(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """The newest result of one test is multiplied by a wrong factor."""
    behind = sound(ward, person)
    key = str(rng.choice(list(SLIPS)))
    factor, words = SLIPS[key][int(rng.integers(len(SLIPS[key])))]
    test = LABS[key]
    rows = behind.results.get(test.code, [])
    new = [one for one in rows if one.time > person.at - timedelta(days=NEWEST_DAYS)]
    if not new or len(new) == len(rows):
        return None
    changes = _times(new, factor)
    events = _changed(behind.events, changes)
    stands = shown(changes[new[-1].row].value)
    done = (
        f"{test.name} of {new[-1].time:%Y-%m-%d} stands as {stands} "
        f"{test.unit}; it is {shown(new[-1].value)} {test.unit}: {words}."
    )
    return replace(behind, events=events, done=done)


def drifted(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """One input reads higher or lower: this person's, and everybody's in the last months."""
    behind = sound(ward, person)
    code, factor, words, days = DRIFTS[int(rng.integers(len(DRIFTS)))]
    since = person.at - timedelta(days=days)
    new = [one for one in behind.results.get(code, []) if one.time > since]
    if not new:
        return None
    events = _changed(behind.events, _times(new, factor))
    columns = [
        place
        for place, name in enumerate(ward.scorer.model.columns)
        if name.startswith(f"{code}/") and "/value_" in name and "/full/" not in name
    ]

    def arriving(X: FloatArray) -> FloatArray:
        moved = X.copy()
        moved[:, columns] *= factor
        return moved

    return replace(behind, events=events, arriving=arriving, done=f"For months {words}.")


def imputed(ward: Ward, person: Person, rng: np.random.Generator) -> Situation | None:
    """Nothing was measured, and a default was put in its place."""
    behind = sound(ward, person)
    kind = str(rng.choice(["score", "smoking", "ldl", "egfr", "hba1c"]))
    if kind == "score":
        return _average_score(ward, behind)
    if kind == "smoking":
        return _never_smoker(behind)
    test, value = LABS[kind], {"ldl": 100.0, "egfr": 90.0, "hba1c": 5.4}[kind]
    rows = behind.results.get(test.code, [])
    if not rows:
        return None
    last = behind.events.row(rows[-1].row, named=True)
    line = {**last, "numeric_value": value, "text_value": "default"}
    done = f"{test.name} was never measured; the default {shown(value)} {test.unit} was put in."
    return _filled(behind, [test.code], [line], done)


def _average_score(ward: Ward, behind: Situation) -> Situation | None:
    codes = ["PGS//SYNTH1", "PGS//SYNTH1//z"]
    rows = behind.events.filter(pl.col("code").is_in(codes))
    if rows.height != len(codes):
        return None
    means = {code: float(np.nanmean(ward.column(f"static/{code}/value"))) for code in codes}
    lines = [
        {**row, "numeric_value": means[row["code"]], "text_value": "default"}
        for row in rows.iter_rows(named=True)
    ]
    return _filled(
        behind, codes, lines, "There was no sample; the average polygenic score of all was put in."
    )


def _never_smoker(behind: Situation) -> Situation | None:
    rows = behind.seen.filter(pl.col("code").str.starts_with(SMOKING))
    if rows.is_empty():
        return None
    line = {**rows.row(-1, named=True), "code": f"{SMOKING}never", "text_value": "default"}
    found = rows["code"].unique().to_list()
    asked = [code for code in behind.events["code"].unique() if code.startswith("LOINC//72166-2")]
    return _filled(
        behind, [*found, *asked], [line], "Nobody had asked about smoking; “never” was put in."
    )


def _filled(
    behind: Situation, codes: Sequence[str], lines: list[dict[str, Any]], done: str
) -> Situation:
    """The record without any event of ``codes``, and with default lines in their place."""
    kept = behind.events.filter(~pl.col("code").is_in(codes))
    marked = [{**line, "source_file": DEFAULTS, "source_row": 1} for line in lines]
    added = pl.DataFrame(marked, schema=behind.events.schema)
    events = pl.concat([kept, added]).sort("time", maintain_order=True, nulls_last=False)
    return replace(behind, events=events, done=done)


def _times(rows: Sequence[Result], factor: float) -> dict[int, Result]:
    """Row -> the same result with its value multiplied."""
    return {one.row: one._replace(value=_as_reported(one.value * factor)) for one in rows}


def _as_reported(value: float) -> float:
    """With the digits that a laboratory reports."""
    return round(value) if value >= SMALL else round(value, 1)


def _changed(events: pl.DataFrame, changes: Mapping[int, Result]) -> pl.DataFrame:
    """The events with value and source line of some rows replaced; their days stay."""
    columns = {"numeric_value": "value", "source_file": "file", "source_row": "line"}
    made = []
    for column, field in columns.items():
        values = events[column].to_list()
        for row, result in changes.items():
            values[row] = getattr(result, field)
        made.append(pl.Series(column, values, dtype=events.schema[column]))
    return events.with_columns(made)
