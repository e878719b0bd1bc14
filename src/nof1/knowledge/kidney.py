"""Kidney function from creatinine: two formulas that are not interchangeable.

``ckd_epi_2021`` estimates the filtration rate for a body surface of 1.73 m2 and grades the disease;
``cockcroft_gault`` estimates the clearance of the patient as he is, and is what most labels written
before 2020 mean. Ask ``renal`` which of the two a medicine's label uses.

Creatinine is in mg/dL (88.4 umol/L are 1 mg/dL), from an IDMS-traceable method, in a steady state:
both are wrong while the kidney function is changing quickly, and for unusual muscle mass.
"""

from __future__ import annotations

import math

from nof1.core.errors import UsageError

ADULT = 18


def ckd_epi_2021(creatinine_mg_dl: float, age_years: float, female: bool) -> float:
    """Estimated glomerular filtration rate, mL/min/1.73 m2; higher is better, no upper end.

    142 x min(Scr/k, 1)^a x max(Scr/k, 1)^-1.200 x 0.9938^age [x 1.012 for women], with k 0.7 and
    a -0.241 for women, k 0.9 and a -0.302 for men: without a term for race.

    Reference: Inker LA et al., N Engl J Med 2021;385:1737, PMID 34554658.

    >>> round(ckd_epi_2021(1.0, 50, female=False)), round(ckd_epi_2021(1.0, 50, female=True))
    (92, 69)

    Raises
    ------
    UsageError : creatinine is not above 0, or the person is younger than 18.
    """
    _check(creatinine_mg_dl, age_years)
    k, a = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine_mg_dl / k
    rate = 142 * min(ratio, 1) ** a * max(ratio, 1) ** -1.2 * 0.9938**age_years
    return float(rate * 1.012 if female else rate)


def cockcroft_gault(
    creatinine_mg_dl: float, age_years: float, weight_kg: float, female: bool
) -> float:
    """Estimated creatinine clearance, mL/min; higher is better. Negative never: 0 past age 140.

    (140 - age) x weight / (72 x Scr) [x 0.85 for women]. The paper used actual body weight;
    labels seldom say which weight they mean, and in marked overweight the result is too high.

    Reference: Cockcroft DW, Gault MH, Nephron 1976;16:31, PMID 1244564.

    >>> round(cockcroft_gault(1.0, 60, 72, female=False), 1)
    80.0

    Raises
    ------
    UsageError : creatinine or weight is not above 0, or the person is younger than 18.
    """
    _check(creatinine_mg_dl, age_years)
    if not (math.isfinite(weight_kg) and weight_kg > 0):
        raise UsageError("A weight is above 0.", where="weight_kg", allowed="kg, above 0")
    clearance = max(140 - age_years, 0) * weight_kg / (72 * creatinine_mg_dl)
    return float(clearance * 0.85 if female else clearance)


def _check(creatinine_mg_dl: float, age_years: float) -> None:
    if not (math.isfinite(creatinine_mg_dl) and creatinine_mg_dl > 0):
        raise UsageError(
            "Creatinine is above 0.", where="creatinine_mg_dl", allowed="mg/dL, above 0"
        )
    if not (math.isfinite(age_years) and age_years >= ADULT):
        raise UsageError(
            "These formulas are for adults.", where="age_years", allowed=f"years, {ADULT} or more"
        )
