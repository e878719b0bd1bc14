"""A dose as people type it, as FHIR writes it: "40 mg once a day", "500 mg every 8 hours".

Only what is certain is read: one number, one unit, one rhythm, in these words and nothing else.
Anything more stays the text that it is, and the checks then say that the dose was not checked; a
half-understood dose would be checked as another one. A comma is never read: it means thousands in
one country and decimals in another.

Reference: HL7 FHIR R4 (4.0.1), Dosage and Timing; UCUM unit codes.
"""

from __future__ import annotations

import re
from typing import Any

UNITS = {
    "mg": "mg", "g": "g", "mcg": "ug", "ug": "ug", "µg": "ug", "μg": "ug", "microgram": "ug",
    "micrograms": "ug", "ml": "mL", "iu": "[iU]", "units": "[iU]", "unit": "[iU]",
}  # fmt: skip
ROUTES = {
    "by mouth": "oral", "orally": "oral", "oral": "oral", "po": "oral",
    "iv": "intravenous", "intravenously": "intravenous", "intravenous": "intravenous",
    "sc": "subcutaneous", "subcutaneously": "subcutaneous", "subcutaneous": "subcutaneous",
}  # fmt: skip
TIMES = {
    "once": 1, "od": 1, "qd": 1, "daily": 1, "twice": 2, "bid": 2, "bd": 2, "three times": 3,
    "tid": 3, "tds": 3, "four times": 4, "qid": 4, "qds": 4,
}  # fmt: skip
DAY = r"(?:a|per|each|every)\s+day|daily"
ALONE = "od|qd|daily|bid|bd|tid|tds|qid|qds"  # these say "a day" by themselves
RHYTHM = (
    rf"(?P<alone>{ALONE})|(?P<often>once|twice|three times|four times)\s+(?:{DAY})"
    rf"|(?P<count>[0-9]{{1,2}})\s*(?:x|times)\s+(?:{DAY})"
    r"|(?:every|q)\s*(?P<every>[0-9]{1,2})\s*(?:hours?|hrs?|h)"
    r"|(?P<week>once\s+(?:a|per|each|every)\s+week|once weekly|weekly)"
    r"|(?P<night>at night|at bedtime|every night|nightly)"
)
DOSE = re.compile(
    rf"(?P<amount>[0-9]{{1,7}}(?:\.[0-9]{{1,4}})?)\s*(?P<unit>{'|'.join(UNITS)})"
    rf"(?:\s+(?P<route>{'|'.join(ROUTES)}))?(?:\s+(?:{RHYTHM}))?"
)
LONGEST = 200  # characters


def instruction(text: str) -> dict[str, Any] | None:
    """The ``Dosage`` of a text; None without words.

    >>> instruction("40 mg once a day")["timing"]["repeat"]
    {'frequency': 1, 'period': 1, 'periodUnit': 'd'}
    >>> sorted(instruction("1,000 mg or so"))
    ['text']
    """
    words = " ".join(text.split())[:LONGEST]
    if not words:
        return None
    made: dict[str, Any] = {"text": words}
    found = DOSE.fullmatch(words.lower())
    if found is None:
        return made
    unit = UNITS[found["unit"]]
    quantity = {"value": float(found["amount"]), "unit": unit, "code": unit,
                "system": "http://unitsofmeasure.org"}  # fmt: skip
    made["doseAndRate"] = [{"doseQuantity": quantity}]
    repeat = _repeat(found)
    if repeat is not None:
        made["timing"] = {"repeat": repeat}
    if found["route"]:
        made["route"] = {"text": ROUTES[found["route"]]}
    return made


def _repeat(found: re.Match[str]) -> dict[str, Any] | None:
    if found["every"]:
        hours = int(found["every"])
        return {"frequency": 1, "period": hours, "periodUnit": "h"} if hours else None
    if found["week"]:
        return {"frequency": 1, "period": 1, "periodUnit": "wk"}
    times = 1 if found["night"] else TIMES.get(found["alone"] or found["often"] or "")
    times = int(found["count"]) if found["count"] else times
    return {"frequency": times, "period": 1, "periodUnit": "d"} if times else None


def read_as(dosage: dict[str, Any] | None) -> str:
    """What was understood of a dose, in words; "" when nothing was.

    >>> read_as(instruction("500 mg every 8 hours"))
    '500 mg, every 8 hours'
    """
    if not dosage or "doseAndRate" not in dosage:
        return ""
    quantity = dosage["doseAndRate"][0]["doseQuantity"]
    parts = [f"{quantity['value']:g} {quantity['unit'].replace('[iU]', 'IU')}"]
    if "route" in dosage:
        parts.append(dosage["route"]["text"])
    repeat = dosage.get("timing", {}).get("repeat")
    if repeat is None:
        return f"{', '.join(parts)}, how often is not said"
    return ", ".join([*parts, _rhythm(repeat)])


def _rhythm(repeat: dict[str, Any]) -> str:
    if repeat["periodUnit"] == "h":
        return f"every {repeat['period']} hours"
    count, span = repeat["frequency"], {"d": "a day", "wk": "a week"}[repeat["periodUnit"]]
    return f"{'once' if count == 1 else f'{count} times'} {span}"
