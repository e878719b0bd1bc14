"""Decisions and ledger entries for the tests of governance."""

from datetime import UTC, datetime
from itertools import count

from nof1.advice.governance import decisions
from nof1.advice.ledger.shapes import Entry

BY, WHY = "head of pharmacy", "a trial of eight weeks"
WHEN = datetime(2024, 4, 1, 8, tzinfo=UTC)
PAIR = "interactions/tier-1"  # simvastatin with clarithromycin
MODEL = "models/heart-attack-after-antiplatelet"
SYSTEM = "http://cds-hooks.hl7.org/CodeSystem/non-adherence-reason"
_numbers = count(1)


def decide(workspace, kind, subject, value, **more):
    """One decision by the head of pharmacy."""
    given = {"by": BY, "why": WHY, "at": WHEN} | more
    return decisions.decide(workspace, kind, subject, value, **given)


def entry(kind="exchange", details=None, **more):
    """A ledger entry with nothing in it but what is given."""
    seq = next(_numbers)
    empty = dict.fromkeys(("previous", "hash", "request_hash", "response_hash"), "0")
    fields = {
        "seq": seq,
        **empty,
        "kind": kind,
        "recorded_at": "2024-05-01T08:00:00.000000+00:00",
        "asked_at": "2024-05-01T08:00:00.000000+00:00",
        "service": "nof1-order-sign",
        "hook": "order-sign",
        "instance": None,
        "patient": "p",
        "person": "Practitioner/1",
        "client": None,
        "status": 200,
        "versions": {},
        "details": details or {},
    }
    return Entry(**fields | more)


def shown(rule, uuid, tier=2, part="cards", **more):
    """An exchange that showed one card."""
    return entry(details={part: [{"uuid": uuid, "rule": rule, "tier": tier}]}, **more)


def answered(uuid, outcome="overridden", reason=f"{SYSTEM}|risk-benefit-ratio"):
    """Feedback about a card."""
    told = {"card": uuid, "outcome": outcome, "reason": reason, "suggestions": []}
    return entry("feedback", told, hook=None, person=None, patient=None)


def history(rule, accepted, overridden, silent=0, tier=2, people=4):
    """Entries of one rule: how many of its cards were accepted, overridden, not answered."""
    found = []
    outcomes = ["accepted"] * accepted + ["overridden"] * overridden + [None] * silent
    for number, outcome in enumerate(outcomes):
        uuid = f"{rule}-{tier}-{number}"
        found.append(shown(rule, uuid, tier, person=f"Practitioner/{number % people}"))
        if outcome:
            found.append(answered(uuid, outcome, None if outcome == "accepted" else "s|other"))
    return found
