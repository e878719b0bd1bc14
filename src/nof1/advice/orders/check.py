"""Draft orders of one patient, through every family of checks: alerts, and what was not checked.

Each draft meets the medicines taken now and the other drafts. A family that stops with an error is
reported as not checked, and the others go on: an empty answer never stands for a broken check.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nof1.advice.orders import amounts, doses, families, tiers
from nof1.advice.orders.families import FAMILIES, Answer, Company, Raised
from nof1.advice.orders.shapes import INLINE, PASSIVE, Advice, Alert, Checked, Draft
from nof1.advice.orders.wording import Words
from nof1.core.finding import EventRef, Subject
from nof1.genome.medicines import Taken
from nof1.knowledge import allergies, classes, drugs, interactions
from nof1.knowledge import duplicates as same
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.facts import step
from nof1.medicines.ranking import organs
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Open
from nof1.medicines.ranking.known import ALLERGY, Known, known
from nof1.record.rows import Events, rows_of

NAMED = 3  # alternatives that are named
Request = tuple[Draft, ...]
NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Patient:
    """What is known of a patient, read once for all checks of a request."""

    known: Known
    kidney: organs.Kidneys


def patient_of(
    events: Events, at: datetime, base: Base = SHIPPED, names: Mapping[str, str] = NO_NAMES
) -> Patient:
    """Read a patient's events; parameters as of :func:`check`."""
    rows = rows_of(events)
    codes = {row.code for row in rows}
    found = known(rows, at, with_allergies(codes, names, base), base)
    return Patient(found, organs.kidneys_of(found))


def check(
    events: Events | Patient,
    drafts: Sequence[Draft],
    at: datetime,
    *,
    base: Base = SHIPPED,
    names: Mapping[str, str] = NO_NAMES,
    subject: Subject,
    synthetic: bool = False,
) -> Advice:
    """What speaks against draft orders for a patient, and what could not be looked at.

    Parameters
    ----------
    events : the patient's events, as rows or as a frame (``nof1.record.rows``); or what was read
        of them already.
    drafts : the orders (``nof1.advice.orders.drafts``), each checked also against the others.
    at : the moment of asking, UTC without zone; nothing known later is used.
    names : words for codes.

    Returns alerts by tier, then in the order of the drafts; and one line of coverage at least for
    every draft and family.
    """
    patient = events if isinstance(events, Patient) else patient_of(events, at, base, names)
    request = tuple(drafts)
    words = Words(subject, at, base, synthetic)
    alerts: dict[object, Alert] = {}
    coverage: list[Checked] = []
    for draft in request:
        for told in _identity(draft, words):
            if isinstance(told, Checked):
                coverage.append(told)
            else:
                alerts[draft, told.finding.reason] = told
        if draft.medicine is None:
            continue
        company = _company(patient.known, patient.kidney, draft, request)
        answers = (*_answers(draft.medicine, company, base), _dose(draft, company, request, base))
        coverage += coverage_of(draft.medicine, answers)
        for key, alert in _alerts(draft, draft.medicine, company, answers, words):
            before = alerts.get(key)
            if before is None or (alert.alternatives and not before.alternatives):
                alerts[key] = alert  # of the two sides of a pair the one that can be replaced
    ordered = sorted(alerts.values(), key=lambda one: one.tier)
    return Advice(tuple(ordered), tuple(dict.fromkeys(coverage)))


def with_allergies(codes: Iterable[str], names: Mapping[str, str], base: Base) -> Mapping[str, str]:
    """Words for codes, with words for recorded allergies: of the substance's own code, or ours."""
    nameless = [one for one in codes if one.startswith(ALLERGY) and one not in names]
    found = {one: _substance(one.removeprefix(ALLERGY), names, base) for one in nameless}
    return {**names, **{code: words for code, words in found.items() if words}}


def _substance(code: str, names: Mapping[str, str], base: Base) -> str:
    """The words of a substance; empty where neither the source nor our tables have any."""
    drug = drugs.find(code, base)
    return names.get(code) or (drug.name if drug is not None else allergies.word(code, base))


def _company(patient: Known, kidney: organs.Kidneys, draft: Draft, drafts: Request) -> Company:
    rest = [one for one in drafts if one.raw_index != draft.raw_index]
    more = [
        Taken(one.medicine, one.code, EventRef(code=one.code or "TEXT//order", display=one.display))
        for one in rest
        if one.medicine
    ]
    now = {one.name for one in patient.medicines}
    own = {one.medicine for one in drafts if one.raw_index == draft.raw_index}
    beside = families.beside(patient, more, draft.medicine or "")
    return Company(
        known=beside,
        kidney=kidney,
        drafted=frozenset(one.name for one in more) - now - own,
        twice=any(one.name == draft.medicine for one in more),
        strangers=tuple(one.display for one in rest if one.medicine is None and _is_drug(one)),
        none_recorded=not patient.medicines and not patient.strangers,
        daily_mg=amounts.daily_mg(draft) if len(own) == 1 else None,
    )


def _is_drug(draft: Draft) -> bool:
    return draft.reference.startswith(("Medication", "order "))


def _answers(drug: str, company: Company, base: Base) -> Iterator[Answer | Checked]:
    """What each family says; a family that broke says so."""
    for name, family in FAMILIES.items():
        try:
            yield family(drug, company, base)
        except Exception as error:  # whatever it is: it must be seen, and must not hide the others
            yield _broken(name, drug, error)


def _dose(draft: Draft, company: Company, request: Request, base: Base) -> Answer | Checked:
    alone = sum(one.raw_index == draft.raw_index for one in request) == 1
    try:
        return doses.dose(draft, company, base, alone=alone)
    except Exception as error:  # as in ``_answers``
        return _broken("dose", draft.medicine or draft.display, error)


def _broken(family: str, drug: str, error: Exception) -> Checked:
    why = f"The check stopped with an error inside nof1 ({type(error).__name__})."
    return Checked(family, drug, "not_checked", why, "Check by hand; report the error.")


def coverage_of(drug: str, answers: Sequence[Answer | Checked]) -> Iterator[Checked]:
    """What of a medicine (or of the patient) was checked by each family, and what was not."""
    for one in answers:
        if isinstance(one, Checked):
            yield one
            continue
        if one.raised or not one.opens:
            yield Checked(one.family, drug, "checked")
        for each in one.opens:
            yield Checked(one.family, drug, "not_checked", each.text, each.resolve)


def _alerts(
    draft: Draft, drug: str, company: Company, answers: Sequence[Answer | Checked], words: Words
) -> Iterator[tuple[object, Alert]]:
    """Alerts, each with what makes it one and the same as another."""
    loud = frozenset(
        one.family
        for one in answers
        if isinstance(one, Answer) and any(_replace(one, each, drug) for each in one.raised)
    )
    others = alternatives(drug, company, loud, words.base) if loud else ()
    for one in answers:
        if isinstance(one, Checked):
            row = tiers.rule("medicine", "failed")
            told = words.broken(draft, one)
            yield (draft, one), Alert(told, row.tier, one.family, draft, rule=row.id)
            continue
        for raised in one.raised:
            row = tiers.rule(one.family, raised.rule, drug)
            finding = words.found(draft, one.family, raised)
            named = others if _replace(one, raised, drug) else ()
            alert = Alert(finding, row.tier, one.family, draft, named, row.id)
            yield _key(one.family, raised, draft), alert
        for each in one.opens:
            rule = tiers.find(one.family, _open_rule(each), drug)
            if rule is not None:
                finding = words.open(draft, one.family, each)
                yield (draft, each), Alert(finding, rule.tier, one.family, draft, rule=rule.id)


def _replace(answer: Answer, raised: Raised, drug: str) -> bool:
    """Whether another medicine is looked for: not where a dose or watching is all that is asked."""
    wanted = raised.reason.level <= Level.AVOID and answer.family not in ("dose", "burden")
    return wanted and _tier(answer, raised, drug) <= INLINE


def _tier(answer: Answer, raised: Raised, drug: str) -> int:
    return tiers.rule(answer.family, raised.rule, drug).tier


def _key(family: str, raised: Raised, draft: Draft) -> object:
    """Equal for the same reason about one order, and for the two sides of a pair."""
    pair = family in ("interactions", "duplicates", "phenoconversion", "burden", "omissions")
    return (family, raised.key) if pair else (family, raised.key, draft.raw_index)


def _open_rule(one: Open) -> str:
    return f"open {one.worst.name.lower()}" if one.worst <= Level.AVOID else ""


def alternatives(
    drug: str, company: Company, because: frozenset[str], base: Base = SHIPPED
) -> tuple[str, ...]:
    """Medicines of the same class against which no family raises anything of tier 1 or 2.

    A class is one of which a single medicine is usual (``duplicates``). Not named is a medicine
    that an open question could forbid, or that our tables do not know in one of the families
    ``because`` of which another medicine is looked for.
    """
    medicines = tuple(one for one in company.known.medicines if one.name != drug)
    there = replace(company, known=company.known.taking(medicines), twice=False, daily_mg=None)
    fit = []
    taken = {one.name for one in medicines}
    for name in _siblings(drug, base):
        opens = None if name in taken else _quiet(name, there, because, base)
        if opens is not None:
            fit.append((opens, name))
    return tuple(name for _, name in sorted(fit)[:NAMED])


@functools.lru_cache(maxsize=4096)
def _siblings(drug: str, base: Base) -> tuple[str, ...]:
    """The others of its classes whose interactions are known, by name."""
    groups = {row.group for row in same.groups(base) if step(row.action) <= Level.AVOID}
    mine = groups & classes.of(drug, base)
    found = {one for group in mine for one in classes.inside(group, base)} - {drug}
    return tuple(name for name in sorted(found) if interactions.known(name, base))


def _quiet(drug: str, company: Company, because: frozenset[str], base: Base) -> int | None:
    """How many questions are open about a medicine; None when something speaks against it."""
    count = 0
    for one in _answers(drug, company, base):
        if isinstance(one, Checked) or any(_tier(one, r, drug) <= INLINE for r in one.raised):
            return None
        asked = one.family in because - {"interactions"}
        if any(each.decisive or (asked and each.short == NOT_IN_TABLE) for each in one.opens):
            return None
        count += len(one.opens)
    return count


# the order itself ---------------------------------------------------------------------------------


def _identity(draft: Draft, words: Words) -> Iterator[Checked | Alert]:
    """Whether it is known what is ordered."""
    if draft.medicine is None:
        drug = _is_drug(draft)
        why = NOT_KNOWN if drug else NO_MEDICINE
        resolve = BY_CODE if drug else "Check it by hand."
        row = tiers.rule("medicine", "unknown") if drug else None
        gap = Checked("medicine", draft.display, "not_checked", why, resolve)
        yield gap
        for family in FAMILIES:
            yield Checked(family, draft.display, "not_checked", why, resolve)
        tier, name = (row.tier, row.id) if row is not None else (PASSIVE, "")
        yield Alert(words.broken(draft, gap), tier, "medicine", draft, rule=name)
        return
    yield Checked("medicine", draft.medicine, "checked")
    known_code = drugs.find(draft.code, words.base) if draft.code else None
    if known_code is not None and not _one_of(known_code.name, draft.medicine, words.base):
        text = f"The code means {known_code.name}, the words name {draft.medicine}. {BOTH}"
        gap = Checked("medicine", draft.medicine, "not_checked", text, "Correct the order.")
        yield gap
        row = tiers.rule("medicine", "two names")
        yield Alert(words.broken(draft, gap), row.tier, "medicine", draft, rule=row.id)


NOT_KNOWN = "Neither code nor words of this order name a medicine that is known here."
NO_MEDICINE = "Orders of this kind are not checked here: only medicines are."
BY_CODE = "Order the ingredient by its code of RxNorm or ATC; else check it by hand."
BOTH = "Both were checked."


def _one_of(coded: str, drug: str, base: Base) -> bool:
    """Whether the two are the same medicine, or one holds the other."""
    return bool(classes.ingredients(coded, base) & classes.ingredients(drug, base))
