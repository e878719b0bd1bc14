"""Kidneys: limits of the label, a stand-in where it names the other measure, doses that fit.

Most labels name creatinine clearance, most laboratories report eGFR, and the two differ by body
size and age. Where the clearance is not known, or lies just above a limit, an eGFR that lies
clearly below the limit still warns. It never clears a medicine: the gap stays named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from nof1.advice.orders.company import Answer, Company, Raised
from nof1.knowledge import classes
from nof1.knowledge import conditions as diagnoses
from nof1.knowledge import renal as kidneys
from nof1.knowledge.base import Base
from nof1.medicines.ranking import organs
from nof1.medicines.ranking.columns import Level, Open, Reason, asks, level_of, reason

ANY_USE = "any use"  # no disease has this name: limits of all uses are looked at
CLEARLY = 0.8  # an eGFR decides below this share of a limit of clearance (the share is ours)
# "at most 25 mg a day", "400 to 1,400 mg a day in two doses": the largest amount of a day
A_DAY = re.compile(
    r"(?:at most |[\d.,]+ to )?(?P<mg>\d[\d,]*(?:\.\d+)?) mg (?:once )?a day"
    r"(?: in [a-z ]+ doses)?\.?"
)


def renal(drug: str, company: Company, base: Base) -> Answer:
    """Limits of the label; those of one use count fully only when the patient has that use."""
    bands = kidneys.of(drug, base)
    uses = {band.use for band in bands} - {""}
    here = uses & diagnoses.recognised(company.known.diagnoses, base) if uses else frozenset()
    every = organs.renal(company.known, company.kidney, drug, ANY_USE if uses else "", base)
    sure = set[Reason]()
    for use in here or {""}:
        sure |= set(organs.renal(company.known, company.kidney, drug, use, base).reasons)
    raised = [
        _raised(one, one in sure, bands, company)
        for one in every.reasons
        if one in sure or one.level <= Level.ADJUST
    ]
    band = _stand_in(drug, bands, every.reasons, company, base)
    if band is None:
        return Answer("renal", tuple(raised), every.opens)
    other = _by_egfr(band, company, base)
    raised.append(_fitting(Raised("other measure", other, (other.text,)), [band], company))
    return Answer("renal", tuple(raised), _said(every.opens))


def _raised(one: Reason, sure: bool, bands: Sequence[kidneys.Band], company: Company) -> Raised:
    mine = [
        band for band in bands if band.text in one.text and one.short.endswith(f": {band.action}")
    ]
    rule = one.level.name.lower() if sure else "another use"
    return _fitting(Raised(rule, one, (one.text,)), mine, company)


def _fitting(raised: Raised, bands: Sequence[kidneys.Band], company: Company) -> Raised:
    """Less loud, where the ordered dose keeps to what the bands allow."""
    one, largest, daily = raised.reason, _largest(bands), company.daily_mg
    if one.level is not Level.ADJUST or largest is None or daily is None or daily > largest:
        return raised
    text = f"{one.text} The order of {daily:,g} mg a day keeps to it."
    return Raised("dose fits", replace(one, text=text), raised.key)


def _largest(bands: Sequence[kidneys.Band]) -> float | None:
    """Milligrams a day that all of the bands allow; None where one names no such amount."""
    found = [A_DAY.fullmatch(band.detail.lower()) for band in bands]
    amounts = [float(match["mg"].replace(",", "")) for match in found if match]
    return min(amounts) if found and len(amounts) == len(found) else None


def _stand_in(
    drug: str,
    bands: Sequence[kidneys.Band],
    held: Sequence[Reason],
    company: Company,
    base: Base,
) -> kidneys.Band | None:
    """The limit of creatinine clearance that holds by the eGFR; None where that tells nothing.

    A clearance that is known counts before the eGFR, unless it lies within a quarter above the
    limit. For direct anticoagulants it decides alone: their trials dosed by it, and too low a dose
    does harm.
    """
    values = company.kidney.values
    egfr, clearance = values.get("egfr"), values.get("crcl")
    if egfr is None or (clearance is not None and "DOAC" in classes.of(drug, base)):
        return None
    below = [
        band
        for band in bands
        if band.measure == "crcl"
        and asks(band)
        and math.isfinite(band.high)
        and CLEARLY * band.low <= egfr <= CLEARLY * band.high
        and (clearance is None or band.high <= clearance <= band.high / CLEARLY)
    ]
    if not below:
        return None
    worst = min(below, key=lambda band: (level_of(band.action), band.high))
    level = level_of(worst.action)
    said = level > Level.ADJUST or any(one.level <= level for one in held)
    return None if said else worst


def _by_egfr(band: kidneys.Band, company: Company, base: Base) -> Reason:
    values = company.kidney.values
    egfr, clearance = values["egfr"], values.get("crcl")
    known = "is not known" if clearance is None else f"is {clearance:.0f} mL/min, just above it"
    lead = (
        f"By eGFR {egfr:.0f} mL/min/1.73 m2; the label names creatinine clearance, which {known}. "
    )
    return reason(band, f"by eGFR {egfr:.3g}: {band.action}", lead, company.kidney.events, base)


def _said(opens: Sequence[Open]) -> tuple[Open, ...]:
    """Questions stay in the coverage; they are no alert of their own beside the stand-in."""
    return tuple(replace(one, worst=Level.NONE) for one in opens)
