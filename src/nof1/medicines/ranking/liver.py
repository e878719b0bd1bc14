"""The Child-Pugh class of a cirrhosis: what the record can tell of it, and what stays open.

Points (1 to 3 each) for bilirubin, albumin, INR, ascites and encephalopathy: 5 and 6 are class A,
7 to 9 B, 10 to 15 C. The score is for cirrhosis alone. Ascites and encephalopathy are recorded
without their grade, so that they count 2 to 3 points and the class may stay a choice of two. What
is not recorded counts as absent. A recorded decompensation (ascites, encephalopathy, bleeding
varices, hepatorenal syndrome, peritonitis) is never class A.

Reference: Pugh RN et al., Br J Surg 1973;60:646, PMID 4541913.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from nof1.core.finding import EventRef
from nof1.medicines.ranking.known import Known, Measured

FRESH_DAYS = 90
CIRRHOSIS = (
    *("ICD10CM//K70.3", "ICD10CM//K703", "ICD10//K70.3", "ICD10//K703"),
    *(f"{book}//K74{dot}{n}" for book in ("ICD10CM", "ICD10") for dot in (".", "") for n in "3456"),
    *("SNOMED//19943007", "SNOMED//420054005"),
)
ASCITES = ("R18", "K70.31", "K70.11", "K71.51", "389026000")
BRAIN = ("K76.82", "K72.01", "K72.11", "K72.90", "K72.91", "K72.1", "K70.41", "13920009")
OTHER = ("I85.01", "I85.11", "K76.7", "K65.2", "17709002", "51292008", "716203000")
# LOINC code -> (unit, end of one point, end of two points); a lower albumin is worse.
TESTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], float, float]] = {
    "bilirubin": (("LOINC//1975-2",), ("mg/dL",), 2.0, 3.0),
    "INR": (("LOINC//6301-6", "LOINC//34714-6"), ("{INR}", "1", "{ratio}", ""), 1.7, 2.3),
    "albumin": (("LOINC//1751-7",), ("g/dL",), 3.5, 2.8),
}
A_ENDS, B_ENDS = 6, 9


class Graded(NamedTuple):
    """What is known of the class.

    Attributes
    ----------
    grades : the classes that are possible, the mildest first: one when it is known; none: neither
        cirrhosis nor decompensation is recorded.
    decompensated : a decompensation is recorded.
    words : how it was found, for a person. events : what it rests on.
    """

    grades: tuple[str, ...]
    decompensated: bool
    words: str
    events: tuple[EventRef, ...]

    @property
    def named(self) -> str:
        """``Child-Pugh B or C``."""
        return f"Child-Pugh {' or '.join(self.grades)}"


NOTHING = Graded((), False, "", ())


def graded(known: Known) -> Graded:
    """The class that the record allows for, at ``known.at``."""
    ascites, brain, other = (_recorded(known, codes) for codes in (ASCITES, BRAIN, OTHER))
    cirrhosis = tuple(one for code, one in known.diagnoses.items() if code.startswith(CIRRHOSIS))
    worse = (*ascites, *brain, *other)
    if not cirrhosis and not worse:
        return NOTHING
    found = {name: _fresh(known, *TESTS[name][:2]) for name in TESTS}
    points = [_points(one, *TESTS[name][2:]) for name, one in found.items() if one is not None]
    tests = tuple(one.event for one in found.values() if one is not None)
    missing = [name for name, one in found.items() if one is None]
    least = sum(points) + len(missing) + (2 if ascites else 1) + (2 if brain else 1)
    most = sum(points) + 3 * len(missing) + (3 if ascites else 1) + (3 if brain else 1)
    grades = tuple(
        grade for grade in "ABC" if _grade(least) <= grade <= _grade(most)
        and not (worse and grade == "A")
    ) or ("B",)  # fmt: skip
    words = _words(bool(worse), missing)
    return Graded(grades, bool(worse), words, (*cirrhosis, *worse, *tests))


def _words(worse: bool, missing: list[str]) -> str:
    what = "A decompensated cirrhosis" if worse else "Cirrhosis"
    if missing:
        return f"{what} is recorded; {', '.join(missing)} of the last {FRESH_DAYS} days missing."
    return f"{what} is recorded; by bilirubin, albumin, INR, ascites and encephalopathy."


def _grade(points: int) -> str:
    return "A" if points <= A_ENDS else "B" if points <= B_ENDS else "C"


def _points(one: Measured, first: float, second: float) -> int:
    """1 to 3: from ``first`` on 2, beyond ``second`` 3; limits that fall: lower is worse."""
    if second < first:
        return 1 + (one.value <= first) + (one.value < second)
    return 1 + (one.value >= first) + (one.value > second)


def _recorded(known: Known, codes: tuple[str, ...]) -> tuple[EventRef, ...]:
    plain = tuple(code.replace(".", "") for code in codes)
    return tuple(
        event
        for code, event in known.diagnoses.items()
        if code.partition("//")[2].replace(".", "").startswith(plain)
    )


def _fresh(known: Known, codes: tuple[str, ...], units: tuple[str, ...]) -> Measured | None:
    one = known.number(*codes)
    if one is None or (one.unit or "") not in units:
        return None
    return one if known.at - one.time <= timedelta(days=FRESH_DAYS) else None
