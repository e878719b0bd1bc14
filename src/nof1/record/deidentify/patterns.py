"""What looks like an identifier whoever it belongs to: the detectors of the text scrubber.

Each detector names the Safe Harbor identifier (45 CFR 164.514(b)(2)(i), letters A to R) that it
serves. A detector finds too much rather than too little. ``own`` and ``date`` are not patterns
here: they need the patient (see ``scrub``), but they are required like the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from nof1.core.errors import UsageError

_TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Nurse|Sister|Patient|Pt|Name|Father|Mother|"
    r"Brother|Son|Daughter|Wife|Husband|Spouse|Sir|Madam|MD|DO|RN|NP|PA)"
)
_CAPITAL = r"[A-ZÀ-Þ][\w'’\-]{0,30}[a-zß-ÿA-ZÀ-Þ]"
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|"
    r"Terrace|Way|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Apt|Apartment|Suite|Ste)"
)
_NUMBERED = (
    "mrn|medical record|record|account|acct|policy|plan|member|beneficiary|licen[cs]e|certificate|"
    "vehicle|plate|vin|serial|device|accession|encounter|visit|chart|case|hospital|patient|id"
)
# Repetitions have limits, so that no text can make a search slow.
PATTERNS: dict[str, tuple[str, re.Pattern[str]]] = {
    "email": (
        "F",
        re.compile(
            r"(?<![\w.+%-])[\w.+%-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}",
            re.I,
        ),
    ),
    "url": (
        "N",
        re.compile(
            r"(?:https?|ftp|file|smb)://\S{1,2000}|\bwww\.\S{1,2000}"
            r"|(?<![\w-])[\w-]{1,63}\.(?:com|org|net|edu|gov)\b",
            re.I,
        ),
    ),
    "ssn": (
        "G",
        re.compile(
            r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])|(?i:\bssn\b)\W{0,4}\d[\d -]{7,20}\d"
        ),
    ),
    "ip": (
        "O",
        re.compile(
            r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"
            r"|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}(?![\w:])",
            re.I,
        ),
    ),
    "phone": (
        "D",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{3})[ .-]?\d{3}[ .-]\d{4}(?!\w)"
            r"|(?<![\w.])\+\d[\d .()-]{7,20}\d"
            r"|(?i:\b(?:phone|tel|telephone|fax|mobile|cell|pager|call)\b)\W{0,4}"
            r"\d[\d .()-]{4,20}\d"
        ),
    ),
    "number": (
        "H",
        re.compile(
            rf"(?i:\b(?:{_NUMBERED})\s?(?:no|number|num|nr|id|#)?)\.?\s?[:#=]?\s?#?"
            r"(?=[\w-]{0,40}\d)[A-Za-z0-9][A-Za-z0-9-]{3,40}"
            r"|(?<![\w.,-])[A-Z]{1,4}-?\d{5,20}(?!\w)|(?<![\w.,])\d{7,}(?![\w.]\d|\w)"
        ),
    ),
    "zip": (
        "B",
        re.compile(
            r"\b[A-Z]{2}\s{1,3}\d{5}(?:-\d{4})?\b|(?<![\w.])\d{5}-\d{4}(?!\w)"
            r"|(?i:\bzip\b\D{0,8})\d{5}"
        ),
    ),
    "street": (
        "B",
        re.compile(
            rf"\b\d{{1,6}}[A-Za-z]?\s{{1,3}}(?:[A-Z][\w'.-]{{0,30}}\s{{1,3}}){{1,3}}{_STREET}\b\.?"
        ),
    ),
    "age": (
        "C",
        re.compile(
            r"(?<![\w.])(?:9\d|1[0-3]\d)[\s-]{0,3}(?:years?|yrs?|y\.?o\.?|y/o|yr)\b(?:[\s-]old\b)?"
            r"|(?i:\bage[d]?)\s{0,3}:?\s{0,3}(?:9\d|1[0-3]\d)\b"
            r"|\b(?i:nonagenarian|centenarian)\b"
        ),
    ),
    "name": (
        "A",
        re.compile(rf"\b{_TITLE}\b\.?:?\s{{1,3}}(?:(?:[A-Z]\.|{_CAPITAL})[\s,]{{0,3}}){{1,3}}"),
    ),
}
REQUIRED = ("own", "date", *PATTERNS)
STRICT = ("email", "url", "ssn", "ip", "phone", "street", "number")  # looked for after writing
SAFE_ADDRESSES = (
    "http://loinc.org",
    "http://snomed.info",
    "http://unitsofmeasure.org",
    "http://hl7.org/",
    "http://terminology.hl7.org/",
    "http://www.nlm.nih.gov/research/umls",
)


def require_detectors(named: Collection[str] | None) -> tuple[str, ...]:
    """The detectors of a run, in their order: all of them, or nothing runs.

    Raises
    ------
    UsageError : none is named, one is unknown, or a required one is missing.
    """
    if not named:
        raise UsageError(
            "No detectors are named, so no text can be let through.",
            where="detectors",
            allowed=REQUIRED,
            next_step="Name all of them, or drop free text.",
        )
    unknown = set(named) - set(REQUIRED)
    missing = [name for name in REQUIRED if name not in named]
    if unknown or missing:
        said = [f"missing: {', '.join(missing)}"] if missing else []
        said += ["a name is not known"] if unknown else []
        raise UsageError(
            f"The list of detectors is not whole ({'; '.join(said)}).",
            where="detectors",
            allowed=REQUIRED,
            next_step="Name all of them, or drop free text.",
        )
    return REQUIRED


def strict_hits(text: str) -> list[str]:
    """Names of the detectors that still find something in a written value."""
    if text.startswith(SAFE_ADDRESSES) and re.fullmatch(r"[\w:/.-]{1,120}", text):
        return []
    return [name for name in STRICT if PATTERNS[name][1].search(text)]
