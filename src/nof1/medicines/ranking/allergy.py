"""Recorded allergies, and what they mean for a medicine.

An entry that is older than a later prescription of the same medicine is said, but holds nothing
back: most allergy entries are old or wrong (only one in ten alerts is a definite match, and seven
of ten patients had been given the medicine before).
"""

from __future__ import annotations

from dataclasses import replace

from nof1.core.finding import EventRef
from nof1.knowledge import allergies as crosses
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking.columns import Column, Level, Open, Reason, asks, column, reason
from nof1.medicines.ranking.known import Known
from nof1.record.current import PREFIXES

NONE_KNOWN = {"SNOMED//716186003", "SNOMED//409137002", "SNOMED//1003774007"}  # "no known allergy"


def allergies(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What the recorded allergies mean for this medicine."""
    entries = {code: one for code, one in known.allergies.items() if code not in NONE_KNOWN}
    if not known.allergies:
        text = "Allergies not checkable: none is recorded, and none is excluded."
        return column("allergies", [], [Open(text, "Ask about allergies.", "allergies")], "")
    reasons: list[Reason] = []
    opens: list[Open] = []
    if entries and len(entries) < len(known.allergies):
        opens.append(Open(CONFLICT, "Ask about allergies.", "allergies"))
    for code, event in entries.items():
        name = _understood(code, event, base)
        if name is None:
            text = f"An allergy is recorded that is not known here ({event.display or code})."
            opens.append(Open(text, "Ask what it is.", "an allergy"))
        else:
            reasons += _reasons(known, name, event, drug, base)
    shown = ", ".join(event.display or code for code, event in entries.items())
    clear = f"Not the same, and no cross-reaction in our table: {shown}." if shown else NO_ALLERGY
    return column("allergies", reasons, opens, clear)


CONFLICT = "The record lists an allergy and also says that none is known: one of them is wrong."
NO_ALLERGY = "The record says that no allergy is known."


def _understood(code: str, event: EventRef, base: Base) -> str | None:
    """The code or the words of an entry, whichever our tables know."""
    return next((one for one in (code, event.display) if one and crosses.known(one, base)), None)


def _reasons(known: Known, allergy: str, event: EventRef, drug: str, base: Base) -> list[Reason]:
    made = []
    shown = event.display or crosses.word(allergy, base) or allergy
    since = _given_since(known, drug, event)
    for cross in filter(asks, crosses.between(allergy, drug, base)):
        lead = f"Allergy to {shown} is recorded. "
        one = reason(cross, f"allergy: {shown}", lead, (event,), base)
        if since:
            text = f"{one.text} {drug} was prescribed again after that entry: it may be old."
            one = replace(one, level=max(one.level, Level.WATCH), text=text)
        made.append(one)
    return made


def _given_since(known: Known, drug: str, allergy: EventRef) -> bool:
    """Whether the medicine was prescribed later than the allergy was entered."""
    if allergy.time is None:
        return False
    entered = allergy.time.replace(tzinfo=None)
    return any(
        time > entered and _is(code, drug)
        for code, time in known.started.items()
        if code.startswith(PREFIXES)
    )


def _is(code: str, drug: str) -> bool:
    found = drugs.find(code)
    return found is not None and found.name == drug
