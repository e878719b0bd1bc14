"""Pregnancy, age, and other diagnoses: what they say about a medicine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from nof1.core.finding import EventRef
from nof1.knowledge import age as ages
from nof1.knowledge import conditions as diagnoses
from nof1.knowledge import pregnancy as pregnant
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking.columns import (
    NOT_IN_TABLE,
    Column,
    Level,
    Open,
    Reason,
    asks,
    column,
    level_of,
    reason,
    with_detail,
)
from nof1.medicines.ranking.known import Known

CHILDBEARING = (10.0, 56.0)  # years from, and up to but not including
ADULT, OLDER = 18.0, 65.0
GESTATION_DAYS = 294
WEEKS = "ICD10CM//Z3A."  # Z3A.20: 20 weeks
PREGNANCY = (WEEKS, "ICD10CM//Z33", "ICD10CM//Z34", "ICD10CM//O", "SNOMED//77386006")
DELIVERY = ("ICD10CM//Z37", "ICD10CM//O80", "ICD10CM//O82", "SNOMED//3950001", "SNOMED//386216000")
AFTER = ("ICD10CM//O85", "ICD10CM//O86", "ICD10CM//O90", "ICD10CM//O91", "ICD10CM//O92")


def pregnancy(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What the label says about pregnancy, for people whom it concerns."""
    age, event = known.age_years, known.once(_pregnancy)
    outside = age is not None and not CHILDBEARING[0] <= age < CHILDBEARING[1]
    if event is None and (known.female is False or outside):
        why = "at this age" if outside else "(male)"
        return column("pregnancy", [], [], f"Does not apply {why}.")
    rows = pregnant.of(drug, base)
    if not rows:
        text = f"Pregnancy and {drug}: not in our table; that is not the same as safe."
        return column("pregnancy", [], [Open(text, "Read the label.", NOT_IN_TABLE)], "")
    if event is not None:
        held = pregnant.at(drug, _week(known, event), base)
        doubt = [Open(CONTRADICTION, "Correct the record.", "sex or pregnancy")]
        return column(
            "pregnancy", [_risk(one, (event,), base) for one in held if asks(one)],
            doubt if known.female is False or outside else [],
            "Pregnancy is recorded; our table asks for nothing at this stage.",
        )  # fmt: skip
    possible = [_risk(one, (), base) for one in rows if "possible" in one.stages and asks(one)]
    worst = min(rows, key=lambda one: level_of(one.action))
    text = f"Whether there is a pregnancy is not recorded. In pregnancy: {worst.text}"
    ask = Open(text, "Ask, or test.", "pregnancy", level_of(worst.action))
    return column("pregnancy", possible, [ask] if asks(worst) else [], "No risk in our table.")


CONTRADICTION = (
    "The record has a pregnancy, and a sex or an age that speaks against it: one is wrong."
)


def _risk(risk: pregnant.Risk, events: tuple[EventRef, ...], base: Base) -> Reason:
    short = f"pregnancy: {risk.action}" if events else "could become pregnant"
    one = reason(risk, short, "Pregnancy is recorded. " if events else "", events, base)
    # A possibility asks for a talk and for contraception; it forbids nothing alone.
    return one if events else replace(one, level=max(one.level, Level.ADJUST))


def _pregnancy(known: Known) -> EventRef | None:
    """The last sign of a pregnancy that can still last; None without one."""
    first = known.at - timedelta(days=GESTATION_DAYS)
    over = [t for code, t in known.started.items() if code.startswith(DELIVERY + AFTER)]
    last = max(over, default=first)
    found = [
        (known.started[code], event)
        for code, event in known.diagnoses.items()
        if code.startswith(PREGNANCY) and not code.startswith(DELIVERY + AFTER)
        and code in known.started and known.started[code] > max(last, first)
    ]  # fmt: skip
    return max(found, key=lambda one: (one[1].code.startswith(WEEKS), one[0]))[1] if found else None


def _week(known: Known, event: EventRef) -> float | None:
    """Week of pregnancy now, where a code said it (``Z3A.20``)."""
    said = event.code.removeprefix(WEEKS)
    if not said.isdigit() or event.time is None:
        return None
    days = (known.at - event.time.replace(tzinfo=None)).days
    return int(said) + days / 7 if 8 <= int(said) <= 42 else None


NO_AGE = "Age limits not checkable: no date of birth that can be right."


def age(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """What labels say at this age.

    A condition by a name of ``condition_codes.tsv`` is looked for among the diagnoses; one in other
    words stays a question.
    """
    rows = ages.of(drug, base)
    if known.age_years is None:
        worst = min((level_of(one.action) for one in rows), default=Level.NONE)
        return column("age", [], [Open(NO_AGE, "Add it.", "date of birth", worst)], "")
    years, named = known.age_years, diagnoses.names(base)
    held = [one for one in rows if one.low <= years < one.high and asks(one)]
    told = any(one.condition or ages.exceptions(one) for one in held)
    here = _recorded(known, base) if told else frozenset()
    lifted = here | {ages.TAKEN} if known.takes(drug) is not None else here
    held = [one for one in held if not ages.exceptions(one) & lifted]
    true = [*_worst(held), *(one for one in held if one.condition in here)]
    reasons = [
        reason(one, _at_age(one, years), "", _events(known, one.condition, base), base)
        for one in sorted(true, key=lambda one: level_of(one.action))
    ]
    opens = [_if(one) for one in held if one.condition and one.condition not in named]
    if not rows and not ADULT <= years < OLDER:
        text = f"Nothing about {drug} at this age is in our table."
        opens.append(Open(text, "Read the label.", NOT_IN_TABLE))
    return column("age", reasons, opens, "No limit in our table at this age.")


def _at_age(limit: ages.Limit, years: float) -> str:
    with_it = f" with {limit.condition}" if limit.condition else ""
    return f"age {int(years)}{with_it}: {limit.action}"


def _recorded(known: Known, base: Base) -> frozenset[str]:
    """Names of the conditions that the record holds."""
    return diagnoses.recognised(known.diagnoses, base)


def _worst(held: Sequence[ages.Limit]) -> list[ages.Limit]:
    """Rows without a condition: beside one to avoid only a dose is worth a word of its own."""
    plain = [one for one in held if not one.condition]
    loud = bool(plain) and level_of(plain[0].action) <= Level.AVOID
    return [
        one
        for number, one in enumerate(plain)
        if number == 0 or not loud or level_of(one.action) is Level.ADJUST
    ]


def _if(limit: ages.Limit) -> Open:
    """A limit that hangs on something that the record cannot tell."""
    text = f"If {limit.condition}: {with_detail(limit.text, limit.detail, limit.action)}"
    return Open(text, f"Check: {limit.condition}.", limit.condition, level_of(limit.action))


NO_DIAGNOSIS = "Diagnoses not checkable: none is recorded, and none is excluded."


def conditions(known: Known, drug: str, base: Base = SHIPPED) -> Column:
    """Recorded diagnoses that speak against the medicine."""
    if not known.diagnoses:
        ask = Open(NO_DIAGNOSIS, "Ask.", "diagnoses")
        return column("conditions", [], [ask], "")
    reasons = [
        reason(
            one,
            f"{one.condition}: {one.action}",
            f"{one.condition[:1].upper()}{one.condition[1:]} is recorded. ",
            _events(known, one.condition, base),
            base,
        )
        for one in diagnoses.against(drug, known.diagnoses, base, fresh=known.once(_fresh))
        if asks(one)
    ]
    if not diagnoses.of(drug, base):
        text = f"No diagnosis that speaks against {drug} is in our table."
        return column("conditions", [], [Open(text, "Read the label.", NOT_IN_TABLE)], "")
    return column(
        "conditions", reasons, [], "No recorded diagnosis speaks against it in our table."
    )


def _fresh(known: Known) -> list[str]:
    """Codes of diagnoses that were recorded lately."""
    first = known.at - timedelta(days=diagnoses.RECENT_DAYS)
    return [
        code for code in known.diagnoses if code in known.started and known.started[code] >= first
    ]


def _events(known: Known, condition: str, base: Base) -> tuple[EventRef, ...]:
    if not condition:
        return ()
    named = known.once(_named, base)
    return tuple(event for code, event in known.diagnoses.items() if condition in named[code])


def _named(known: Known, base: Base) -> dict[str, frozenset[str]]:
    """Code of each diagnosis -> the conditions that it stands for, by both kinds of names."""
    return {
        code: diagnoses.recognised([code], base) | diagnoses.recent([code], base)
        for code in known.diagnoses
    }
