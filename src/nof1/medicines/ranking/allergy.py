"""Recorded allergies, and what they mean for a medicine.

An entry that is older than a later prescription of the same medicine is said, but holds nothing
back: most allergy entries are old or wrong (only one in ten alerts is a definite match, and seven
of ten patients had been given the medicine before). How the person reacted decides how loudly it is
said, where the entry tells: its criticality, severity and reactions. An allergy status that is
recorded as a diagnosis (ICD-10 Z88) counts as an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from nof1.core.finding import EventRef
from nof1.knowledge import allergies as crosses
from nof1.knowledge import drugs
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking.columns import Column, Level, Open, Reason, asks, column, reason
from nof1.medicines.ranking.known import Known
from nof1.record.current import PREFIXES

NONE_KNOWN = {"SNOMED//716186003", "SNOMED//409137002", "SNOMED//1003774007"}  # "no known allergy"
STATUS = ("ICD10CM//Z88", "ICD10//Z88")  # allergy status to medicines
# Words of an entry, whole or their beginnings (and SNOMED codes); severe outweighs mild.
SEVERE = re.compile(
    r"\b(high|severe|anaphyla\w*|angio\w*|swelling of (the )?face|bronchospasm\w*|wheez\w*|shock|"
    r"stevens|epidermal|dress|life-threatening|hypotension|ha?emoly\w*|39579001|24484000)\b"
)
# Hives come within minutes to hours, and the next reaction may be anaphylaxis: as loud as severe.
IMMEDIATE = re.compile(r"\b(hives|urticari\w*|wh?eals?|247472004|126485001)\b")
MILD = re.compile(
    r"\b(low|mild|rash\w*|itch\w*|prurit\w*|exanthem\w*|nausea|vomit\w*|diarrh\w*|stomach|"
    r"headache|255604002)\b"
)


class Told(NamedTuple):
    """One reason, with the row it rests on.

    Attributes
    ----------
    reaction : ``severe``, ``immediate``, ``mild`` or empty: the entry does not tell.
    since : the medicine was prescribed again after the entry.
    """

    reason: Reason
    cross: crosses.Cross
    reaction: str
    since: bool

    @property
    def rule(self) -> str:
        """The name that the loudness hangs on (``tiers.tsv``)."""
        if self.since:
            return "tolerated later"
        if self.reason.level is not Level.CONTRAINDICATED:
            return self.reason.level.name.lower()
        if self.reaction:
            return "mild" if self.reaction == "mild" else "severe"
        if self.cross.allergy == crosses.SAME:
            return "same ingredient"
        return "same class" if self.cross.kind == "class" else "contraindicated"


def entries(known: Known, base: Base = SHIPPED) -> dict[str, EventRef]:
    """Code -> event of every entry, with those that are recorded as a diagnosis."""
    coded = crosses.coded(base)
    status = {
        code: event
        for code, event in known.diagnoses.items()
        if code in coded or code.startswith(STATUS)
    }
    return {**status, **known.allergies}


def allergies(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What the recorded allergies mean for this medicine."""
    every = known.once(entries, base)
    real = {code: one for code, one in every.items() if code not in NONE_KNOWN}
    if not every:
        text = "Allergies not checkable: none is recorded, and none is excluded."
        return column("allergies", [], [Open(text, "Ask about allergies.", "allergies")], "")
    opens: list[Open] = []
    if real and len(real) < len(every):
        opens.append(Open(CONFLICT, "Ask about allergies.", "allergies"))
    for code, event in real.items():
        if _understood(code, event, base) is None:
            text = f"An allergy is recorded that is not known here ({event.display or code})."
            opens.append(Open(text, "Ask what it is.", "an allergy"))
    reasons = [one.reason for one in told(known, drug, base)]
    shown = ", ".join(event.display or code for code, event in real.items())
    clear = f"Not the same, and no cross-reaction in our table: {shown}." if shown else NO_ALLERGY
    return column("allergies", reasons, opens, clear)


def told(known: Known, drug: str, base: Base = SHIPPED) -> Iterator[Told]:
    """Every reason that an entry gives, entry by entry, the most cautious of each first."""
    for code, event in known.once(entries, base).items():
        name = None if code in NONE_KNOWN else _understood(code, event, base)
        if name is not None:
            yield from _reasons(known, name, code, event, drug, base)


CONFLICT = "The record lists an allergy and also says that none is known: one of them is wrong."
NO_ALLERGY = "The record says that no allergy is known."


def _understood(code: str, event: EventRef, base: Base) -> str | None:
    """The code or the words of an entry, whichever our tables know."""
    return next((one for one in (code, event.display) if one and crosses.known(one, base)), None)


def _reasons(
    known: Known, allergy: str, code: str, event: EventRef, drug: str, base: Base
) -> Iterator[Told]:
    found = [one for one in crosses.between(allergy, drug, base) if asks(one)]
    if not found:
        return
    shown = event.display or crosses.word(allergy, base) or allergy
    since, reaction = _given_since(known, drug, event), _reaction(known.reactions.get(code, ""))
    said = f" ({reaction} reaction)" if reaction else ""
    for cross in found:
        lead = f"Allergy to {shown} is recorded{said}. "
        one = reason(cross, f"allergy: {shown}", lead, (event,), base)
        if since:
            text = f"{one.text} {drug} was prescribed again after that entry: it may be old."
            one = replace(one, level=max(one.level, Level.WATCH), text=text)
        yield Told(one, cross, reaction, since)


def _reaction(words: str) -> str:
    """``severe``, ``immediate``, ``mild``, or empty where the words tell none of them."""
    plain = words.lower()
    if SEVERE.search(plain):
        return "severe"
    if IMMEDIATE.search(plain):
        return "immediate"
    return "mild" if MILD.search(plain) else ""


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
