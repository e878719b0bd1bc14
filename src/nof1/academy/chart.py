"""The patient's chart in words, from the record as it stands: what a reader sees first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from nof1.academy.cases import Lab, Vignette
from nof1.academy.rules import medicines
from nof1.academy.situation import DEFAULTS, Situation
from nof1.record.events import BIRTH
from nof1.record.rows import DAYS_PER_YEAR, SECONDS_PER_DAY
from nof1.synthetic import codes

SMOKING = "LIFESTYLE//smoking//"


@dataclass(frozen=True)
class Test:
    """One test as charts show it; ``low`` and ``high`` are the usual band of adults in ``unit``.

    The bands are common ones (ADA 2024 for HbA1c and glucose, KDIGO 2024 for eGFR, WHO 2011 for
    haemoglobin); laboratories differ.
    """

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None
    vital: bool = False


LABS: dict[str, Test] = {
    "systolic": Test("LOINC//8480-6", "Systolic blood pressure", "mmHg", 90, 140, vital=True),
    "ldl": Test("LOINC//13457-7", "LDL cholesterol", "mg/dL", None, 130),
    "hba1c": Test("LOINC//4548-4", "HbA1c", "%", 4.0, 5.7),
    "glucose": Test("LOINC//2345-7", "Glucose", "mg/dL", 70, 140),
    "egfr": Test("LOINC//98979-8", "eGFR", "mL/min/1.73 m2", 60, None),
    "creatinine": Test("LOINC//2160-0", "Creatinine", "mg/dL", 0.5, 1.3),
    "haemoglobin": Test("LOINC//718-7", "Haemoglobin", "g/dL", 13, 17.5),
    "potassium": Test("LOINC//2823-3", "Potassium", "mmol/L", 3.5, 5.1),
}
LOW_HAEMOGLOBIN_WOMEN = 12.0
MEDICINES = {f"RxNorm//{code}": name for code, name in codes.MEDICINES.values()}
PROBLEMS = {
    code: one.display
    for one in codes.DIAGNOSES.values()
    for code in (f"SNOMED//{one.snomed}", f"ICD10CM//{one.icd10}")
}
STENTS = frozenset({"SNOMED//36969009", "ICD10PCS//027034Z"})


def shown(value: float) -> str:
    """A number as charts show it: three digits that count.

    >>> shown(130.0), shown(7.2399), shown(0.912)
    ('130', '7.24', '0.912')
    """
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def day_words(moment: datetime) -> str:
    """A day as people write it.

    >>> day_words(datetime(2021, 2, 6))
    '6 February 2021'
    """
    return f"{moment.day} {moment:%B %Y}"


def vignette(behind: Situation) -> Vignette:
    """What the chart says; values that nobody measured stand in no chart."""
    events = behind.seen.filter(pl.col("source_file").ne_missing(DEFAULTS))
    sex = sex_of(events)
    return Vignette(
        age=int(age_years(events, behind.person.at)),
        sex=sex,
        problems=_problems(events),
        medicines=sorted(MEDICINES[code] for code in medicines(events) if code in MEDICINES),
        labs=_labs(behind, sex),
        note=_note(behind, events),
    )


def age_years(events: pl.DataFrame, at: datetime) -> float:
    """Age at a moment, in years."""
    born = events.filter(pl.col("code") == BIRTH)["time"].min()
    assert isinstance(born, datetime)
    return (at - born).total_seconds() / SECONDS_PER_DAY / DAYS_PER_YEAR


def sex_of(events: pl.DataFrame) -> str:
    """The sex of the record, in words."""
    found = events.filter(pl.col("code").str.starts_with("GENDER//"))["code"].to_list()
    return {"GENDER//F": "woman", "GENDER//M": "man"}.get(found[0] if found else "", "person")


def _problems(events: pl.DataFrame) -> list[str]:
    """Each diagnosis once, with the month it was first recorded; a heart attack each time."""
    told: dict[str, list[datetime]] = {}
    for code, time in events.select("code", "time").iter_rows():
        if code in PROBLEMS and time is not None:
            told.setdefault(PROBLEMS[code], []).append(time)
    words = []
    for name, times in told.items():
        often = f", {len(times)} times, last" if len(times) > 1 and name.startswith("Myo") else ","
        moment = max(times) if "last" in often else min(times)
        words.append(f"{name}{often} {moment:%B %Y}")
    return words


def _labs(behind: Situation, sex: str) -> list[Lab]:
    """The newest result of each test."""
    found = []
    for key, test in LABS.items():
        rows = behind.results.get(test.code, [])
        woman = key == "haemoglobin" and sex == "woman"
        if rows:
            found.append(
                Lab(
                    name=test.name,
                    value=float(shown(rows[-1].value)),
                    unit=test.unit,
                    low=LOW_HAEMOGLOBIN_WOMEN if woman else test.low,
                    high=test.high,
                    day=f"{rows[-1].time:%Y-%m-%d}",
                )
            )
    return found


def _note(behind: Situation, events: pl.DataFrame) -> str:
    """How the patient lives, and what starts the time span."""
    parts = [_start(behind, events), _lifestyle(behind, events), _family(events), _genes(events)]
    return " ".join(part for part in (*parts, _surroundings(behind)) if part)


def _start(behind: Situation, events: pl.DataFrame) -> str:
    person = behind.person
    stent = events.filter(pl.col("code").is_in(STENTS))["time"].max()
    begun = f"Starts {person.medicine} on {day_words(person.at)}"
    if not isinstance(stent, datetime):
        return f"{begun}; no coronary stent so far."
    return f"{begun}; coronary stent on {day_words(stent)}."


def _last(behind: Situation, code: str) -> float | None:
    rows = behind.results.get(code, [])
    return rows[-1].value if rows else None


def _lifestyle(behind: Situation, events: pl.DataFrame) -> str:
    smoking = events.filter(pl.col("code").str.starts_with(SMOKING)).sort("time")["code"].to_list()
    active, alcohol = _last(behind, "LOINC//82290-8"), _last(behind, "LOINC//75626-2")
    words = {"current": "Smokes.", "former": "Used to smoke.", "never": "Never smoked."}
    told = [words.get(smoking[-1].rsplit("//", 1)[1], "") if smoking else "Smoking not asked."]
    if active is not None:
        told.append(f"Moves {active:.0f} minutes a week.")
    if alcohol is not None:
        told.append(f"AUDIT-C {alcohol:.0f} of 12.")
    return " ".join(one for one in told if one)


def _family(events: pl.DataFrame) -> str:
    found = events.filter(pl.col("code").str.starts_with("FAMILY//")).height
    return "Father had coronary disease." if found else ""


def _genes(events: pl.DataFrame) -> str:
    held = set(events["code"].to_list())
    kinds = ("Poor", "Intermediate", "Normal", "Rapid", "Ultrarapid")
    liver = [kind for kind in kinds if f"GENE//CYP2C19//{kind} Metabolizer" in held]
    score = _last_static(events, "PGS//SYNTH1//z")
    told = [f"CYP2C19: {liver[0].lower()} metaboliser." if liver else "CYP2C19 not tested."]
    if score is not None:
        side = "above" if score >= 0 else "below"
        told.append(f"Polygenic score {abs(score):.1f} standard deviations {side} the average.")
    return " ".join(told)


def _last_static(events: pl.DataFrame, code: str) -> float | None:
    rows = events.filter(pl.col("code") == code)["numeric_value"].drop_nulls()
    return float(rows[-1]) if rows.len() else None


def _surroundings(behind: Situation) -> str:
    dust = _last(behind, "EXPOSURE//pm25")
    return f"Fine dust (PM2.5) where the patient lives: {dust:.0f} ug/m3." if dust else ""
