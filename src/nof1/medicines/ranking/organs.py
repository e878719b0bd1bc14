"""Kidneys and liver: what labels ask for at this patient's function, or why that is not known.

A creatinine older than ``FRESH_DAYS`` days decides nothing; what it would ask for is still said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from nof1.core.finding import EventRef
from nof1.knowledge import hepatic as liver
from nof1.knowledge import renal as kidneys
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.kidney import ADULT, ckd_epi_2021, cockcroft_gault
from nof1.medicines.ranking.columns import (
    NOT_IN_TABLE,
    Column,
    Open,
    Reason,
    asks,
    cited,
    column,
    level_of,
    reason,
    with_detail,
)
from nof1.medicines.ranking.known import Known, Measured
from nof1.medicines.ranking.liver import Graded, graded

CREATININE = ("LOINC//2160-0",)  # mg/dL; its code of moles meets here at import
WEIGHT = ("LOINC//29463-7", "LOINC//3141-9", "LOINC//8350-1")  # kg
TRANSAMINASES = ("LOINC//1742-6", "LOINC//1920-8")  # U/L
FRESH_DAYS, WEIGHT_DAYS, LIVER_DAYS = 90, 365, 365
PLAUSIBLE_MG_DL = (0.1, 30.0)
PLAUSIBLE_KG = (20.0, 400.0)
THREE_TIMES_NORMAL = 120.0  # U/L, about three times the upper limit of most laboratories
RECORDED = ("date of birth", "sex")  # not measured, but entered
UNITS = {"egfr": "mL/min/1.73 m2", "crcl": "mL/min", "creatinine": "mg/dL"}
NAMES = {"egfr": "eGFR", "crcl": "creatinine clearance", "creatinine": "creatinine"}
LIVER = (
    *("ICD10CM//K70", "ICD10CM//K71", "ICD10CM//K72", "ICD10CM//K73", "ICD10CM//K74"),
    *("ICD10CM//K75", "ICD10CM//K76", "ICD10CM//B18", "SNOMED//19943007"),
    *("SNOMED//235856003", "SNOMED//328383001", "SNOMED//59927004"),
)


@dataclass(frozen=True)
class Kidneys:
    """Kidney function by measure (``renal.MEASURES``), with the events it comes from.

    Attributes
    ----------
    values : what may decide; a measure that is missing is not known.
    old : what an old creatinine gives; it decides nothing.
    why : measure -> why it is not known, and what would help.
    """

    values: dict[str, float]
    old: dict[str, float]
    why: dict[str, tuple[str, str]]
    events: tuple[EventRef, ...]


def kidneys_of(known: Known) -> Kidneys:
    """Both formulas on the last creatinine, once for all medicines."""
    creatinine = known.number(*CREATININE)
    problem = _problem(known, creatinine)
    if creatinine is None or (problem and not _old(known, creatinine)):
        assert problem is not None
        return Kidneys({}, {}, dict.fromkeys(UNITS, problem), ())
    weight = known.number(*WEIGHT)
    values = _values(known, creatinine, weight)
    events = [creatinine.event, *([weight.event] if weight and "crcl" in values else [])]
    why = {name: problem or _missing(known, name, weight) for name in UNITS if name not in values}
    if problem:
        return Kidneys({}, values, dict.fromkeys(UNITS, problem), tuple(events))
    return Kidneys(values, {}, why, tuple(events))


def _values(known: Known, creatinine: Measured, weight: Measured | None) -> dict[str, float]:
    made, age = {"creatinine": creatinine.value}, known.age_years
    if age is None or age < ADULT or known.female is None:
        return made
    made["egfr"] = ckd_epi_2021(creatinine.value, age, known.female)
    if weight is not None and _fits(known, weight):
        made["crcl"] = cockcroft_gault(creatinine.value, age, weight.value, known.female)
    return made


def _fits(known: Known, weight: Measured) -> bool:
    fresh = known.at - weight.time <= timedelta(days=WEIGHT_DAYS)
    return weight.unit == "kg" and fresh and PLAUSIBLE_KG[0] <= weight.value <= PLAUSIBLE_KG[1]


def _old(known: Known, one: Measured) -> bool:
    return known.at - one.time > timedelta(days=FRESH_DAYS)


def _problem(known: Known, creatinine: Measured | None) -> tuple[str, str] | None:
    """Why no measure can be had from the creatinine, and what would help."""
    why = _unusable(known, creatinine)
    return (f"Renal dose not checkable: {why}.", "creatinine") if why else None


def _unusable(known: Known, creatinine: Measured | None) -> str:
    if creatinine is None:
        return "no creatinine is recorded"
    low, high = PLAUSIBLE_MG_DL
    day = f"the creatinine of {creatinine.time:%Y-%m-%d}"
    if creatinine.unit != "mg/dL":
        return f"{day} has no unit that is known here"
    if not low <= creatinine.value <= high:
        return f"{day} is not plausible ({low:g} to {high:g} mg/dL are)"
    return f"no creatinine since {creatinine.time:%Y-%m-%d}" if _old(known, creatinine) else ""


def _missing(known: Known, measure: str, weight: Measured | None) -> tuple[str, str]:
    what = f"{NAMES[measure][:1].upper()}{NAMES[measure][1:]}" if measure == "crcl" else "eGFR"
    if known.age_years is None:
        return f"{what} not checkable: no date of birth that can be right.", "date of birth"
    if known.age_years < ADULT:
        return f"{what} not checkable: the formulas are for adults.", "kidney function"
    if known.female is None:
        return f"{what} not checkable: the record has no sex, or two.", "sex"
    return f"{what} not checkable: {_no_weight(weight)}.", "weight"


def _no_weight(weight: Measured | None) -> str:
    if weight is None:
        return "no weight is recorded"
    low, high = PLAUSIBLE_KG
    if weight.unit == "kg" and low <= weight.value <= high:
        return f"no weight since {weight.time:%Y-%m-%d}"
    return f"the weight of {weight.time:%Y-%m-%d} is not plausible ({low:g} to {high:g} kg are)"


def renal(known: Known, kidney: Kidneys, drug: str, disease: str, base: Base = SHIPPED) -> Column:
    """What the label asks for at this kidney function, by the measure that the label means."""
    bands = _for_use(kidneys.of(drug, base), disease)
    if not bands:
        text = f"No renal limit of {drug} is in our table; that is not the same as having none."
        return column("renal", [], [Open(text, "Read the label.", NOT_IN_TABLE)], "")
    holding = [one for one in kidneys.at(drug, dict(kidney.values), base) if one in bands]
    reasons = [_band(one, kidney, base) for one in holding if asks(one)]
    missing = kidneys.unknown(drug, dict(kidney.values), base)
    opens = [_unknown(name, kidney, bands, drug, base) for name in missing]
    shown = ", ".join(
        _value(name, kidney) for name in kidneys.measures(drug, base) if name in kidney.values
    )
    return column(
        "renal",
        reasons,
        [one for one in opens if one is not None],
        f"No change asked for at {shown}.",
    )


def _for_use(bands: tuple[kidneys.Band, ...], disease: str) -> tuple[kidneys.Band, ...]:
    """Bands of other uses are left out where the label has some for this disease."""
    here = [one for one in bands if one.use == disease]
    return tuple(one for one in bands if not one.use or one in here) if here else bands


def _value(measure: str, kidney: Kidneys) -> str:
    number = kidney.values[measure]
    shown = f"{number:.2f}" if measure == "creatinine" else f"{number:.0f}"
    return f"{NAMES[measure]} {shown} {UNITS[measure]}"


def _band(band: kidneys.Band, kidney: Kidneys, base: Base) -> Reason:
    use = f" (for {band.use})" if band.use else ""
    time = kidney.events[0].time
    day = f", {time:%Y-%m-%d}" if time else ""
    short = f"{NAMES[band.measure]} {kidney.values[band.measure]:.3g}: {band.action}"
    lead = f"At {_value(band.measure, kidney)}{day}{use}: "
    return reason(band, short, lead, kidney.events, base)


def _unknown(
    measure: str, kidney: Kidneys, bands: tuple[kidneys.Band, ...], drug: str, base: Base
) -> Open | None:
    asked = [one for one in bands if one.measure == measure]
    if not asked:
        return None
    text, short = kidney.why[measure]
    worst = min(level_of(one.action) for one in asked)
    if measure in kidney.old:
        then = [one for one in kidneys.at(drug, dict(kidney.old), base) if one in asked]
        said = with_detail(then[0].text, then[0].detail, then[0].action) if then else "no change."
        text += f" That value would have asked for: {said}"
    else:
        most = min(asked, key=lambda one: level_of(one.action))
        text += f" What hangs on it: {most.text}"
    return Open(text, "Add it." if short in RECORDED else f"Measure {short}.", short, worst)


def hepatic(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What the label asks for in liver disease, by the class that the record allows for."""
    limits = liver.of(drug, base)
    if not limits:
        text = f"No hepatic limit of {drug} is in our table; that is not the same as having none."
        return column("hepatic", [], [Open(text, "Read the label.", NOT_IN_TABLE)], "")
    found = known.once(graded)
    reasons = [*_graded(found, limits, base), *_active(known, drug, base)]
    if len(found.grades) == 1:
        return column("hepatic", reasons, [], f"{found.named}: no limit in our table.")
    diseases = [event for code, event in known.diagnoses.items() if code.startswith(LIVER)]
    if found.grades or diseases:
        opens = _ungraded(found, limits)
        return column("hepatic", reasons, opens, f"{found.named}: no limit in our table.")
    if reasons:
        return column("hepatic", reasons, [], "")
    text = (
        "No liver disease is recorded; the Child-Pugh class that the label asks for is not known."
    )
    return column("hepatic", [], [Open(text, "Ask; Child-Pugh score.", "liver function")], "")


def _graded(found: Graded, limits: Sequence[liver.Limit], base: Base) -> list[Reason]:
    """Rows that hold whichever of the possible classes is the right one."""
    sure = [one for one in limits if found.grades and set(found.grades) <= set(one.grades)]
    if found.decompensated:
        sure += [one for one in limits if "decompensated" in one.grades and one not in sure]
    made = []
    for one in filter(asks, sure):
        name = found.named if set(found.grades) <= set(one.grades) else "decompensated cirrhosis"
        lead = f"{name}. {found.words} "
        made.append(reason(one, f"{name}: {one.action}", lead, found.events, base))
    return made


def _ungraded(found: Graded, limits: Sequence[liver.Limit]) -> list[Open]:
    """Rows of which it is not known whether they hold; none where the known class excludes them."""
    possible = set(found.grades or liver.GRADES)
    rows = [
        one
        for one in limits
        if possible & set(one.grades) and not (found.grades and possible <= set(one.grades))
    ]
    if not rows:
        return []
    worst = min(level_of(one.action) for one in rows)
    grades = "; ".join(f"{_grades(one)}: {one.text}" for one in rows)
    text = f"Liver disease is recorded, its Child-Pugh class is not. {grades}"
    if found.grades:
        text = f"{found.named}. {found.words} {grades}"
    return [Open(text, "Child-Pugh score.", "Child-Pugh", worst)]


def _grades(limit: liver.Limit) -> str:
    named = [one for one in limit.grades if one in ("A", "B", "C")]
    words = [f"Child-Pugh {' or '.join(named)}"] if named else []
    more = {"active": "active disease", "decompensated": "decompensated cirrhosis"}
    return " or ".join(words + [more[one] for one in limit.grades if one in more])


def _active(known: Known, drug: str, base: Base) -> list[Reason]:
    """Rows about active liver disease, where a transaminase is three times the normal limit."""
    high = [
        one
        for one in (known.number(code) for code in TRANSAMINASES)
        if one is not None
        and one.unit == "U/L"
        and one.value >= THREE_TIMES_NORMAL
        and known.at - one.time <= timedelta(days=LIVER_DAYS)
    ]
    return [
        Reason(
            level_of(limit.action),
            "high transaminases",
            f"A transaminase is three times normal or more: if it lasts, {limit.text}",
            tuple(one.event for one in high),
            cited(limit.source, limit.citation, base),
        )
        for limit in (liver.at(drug, "active", base) if high else ())
        if asks(limit)
    ]
