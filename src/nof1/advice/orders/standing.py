"""The medicines that a patient takes now, held against each other and the patient: nothing is
ordered, so nothing interrupts.

Each current medicine goes through the same families as an order would; and what is usual for the
recorded diagnoses and is not recorded is proposed (``orders.omissions``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from nof1.advice.orders import check, tiers
from nof1.advice.orders.company import Company
from nof1.advice.orders.omissions import MISSING, of_patient
from nof1.advice.orders.shapes import INLINE, Advice, Alert, Checked, Draft
from nof1.advice.orders.wording import Words
from nof1.core.finding import Subject
from nof1.genome.medicines import TOGETHER
from nof1.knowledge.base import SHIPPED, Base
from nof1.medicines.ranking import organs
from nof1.medicines.ranking.known import Known, known
from nof1.medicines.ranking.others import NOTHING_TAKEN
from nof1.record.rows import Events, rows_of

WHOLE = "the patient"
NO_NAMES: Mapping[str, str] = {}
OF_AN_ORDER = ("dose",)  # families that only an order has
TOLD_BY_GENES = ("genes", "phenoconversion")
TAKEN_ALREADY = "duplicates/taken-already"  # true of every medicine that is taken
NOTHING_TO_HOLD = "No medicine is recorded as taken now that allergies could be held against."
STRANGER = "A current medicine has a code that is not known here: nothing about it was checked."


def standing(
    events: Events,
    at: datetime,
    *,
    base: Base = SHIPPED,
    names: Mapping[str, str] = NO_NAMES,
    subject: Subject,
    synthetic: bool = False,
) -> Advice:
    """What speaks against the medicines taken now, what may be missing, and what was not checked.

    Parameters
    ----------
    events : the patient's events, as rows or as a frame (``nof1.record.rows``).
    at : the moment of asking, UTC without zone; nothing known later is used.
    names : words for codes.

    Returns alerts of tier 2 and 3 (``Alert.draft`` is None), the more urgent first. Doses are not
    looked at: the record's orders of the past say little about what is swallowed today.
    """
    rows = rows_of(events)
    words_of = check.with_allergies({row.code for row in rows}, names, base)
    patient = known(rows, at, words_of, base)
    taken = _as_drafts(patient)
    made = check.check(
        rows, taken, at, base=base, names=names, subject=subject, synthetic=synthetic
    )
    alerts = [_standing(one) for one in made.alerts if _tells(one)]
    company = _company(patient)
    answer = of_patient(company, base)
    words = Words(subject, at, base, synthetic)
    for raised in answer.raised:
        row = tiers.rule("omissions", raised.rule)
        name = raised.reason.short.removesuffix(MISSING)
        usual = Draft(name, "", name, "", None, None, None, None, 0)
        finding = words.found(usual, "omissions", raised)
        alerts.append(Alert(finding, row.tier, "omissions", None, rule=row.id))
    covered = [one for one in made.coverage if one.family not in OF_AN_ORDER]
    covered += check.coverage_of(WHOLE, [answer])
    covered += _unknown(patient)
    alerts.sort(key=lambda one: one.tier)
    return Advice(tuple(alerts), tuple(dict.fromkeys(covered)))


def for_view(alerts: Iterable[Alert], lame: Collection[str] = ()) -> tuple[Alert, ...]:
    """Those that a view of the patient shows beside its own findings.

    Not those of the genes, which the view tells itself (``nof1.genome.findings``); and nothing is
    called missing while a part of the record that could hold it is (``lame``: families that rest
    on data which were not sent).
    """
    hidden = {*TOLD_BY_GENES, *({"omissions"} & set(lame))}
    return tuple(one for one in alerts if one.family not in hidden)


def capped(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """The same, none louder than in line: nothing is being ordered that could be stopped."""
    return tuple(replace(one, tier=max(one.tier, INLINE)) for one in alerts)


def _as_drafts(patient: Known) -> tuple[Draft, ...]:
    """Each current medicine as if it were ordered; the parts of one product are one entry."""
    codes = list(dict.fromkeys(one.code for one in patient.medicines))
    whole = {one.code for one in patient.medicines if TOGETHER in one.name}
    return tuple(
        Draft(one.name, one.code, one.name, "", None, None, None, None, codes.index(one.code))
        for one in patient.medicines
        if TOGETHER in one.name or one.code not in whole
    )


def _tells(alert: Alert) -> bool:
    """Whether an alert says something about medicines that are taken, not about an order."""
    if alert.family in OF_AN_ORDER or alert.rule == TAKEN_ALREADY:
        return False
    if alert.family != "duplicates" or alert.draft is None:
        return True
    events = [event for one in alert.finding.evidence for event in one.events]
    return not events or any(event.code != alert.draft.code for event in events)


def _standing(alert: Alert) -> Alert:
    return replace(alert, tier=max(alert.tier, INLINE), draft=None, alternatives=())


def _company(patient: Known) -> Company:
    none = not patient.medicines and not patient.strangers
    return Company(patient, organs.kidneys_of(patient), frozenset(), False, (), none)


def _unknown(patient: Known) -> Iterator[Checked]:
    """Current medicines that nobody here knows; or that none is recorded."""
    for one in patient.strangers:
        yield Checked("medicine", one.code, "not_checked", STRANGER, "Read its label.")
    if not patient.medicines and not patient.strangers:
        yield Checked("interactions", WHOLE, "not_checked", NOTHING_TAKEN, "Ask what is taken.")
        yield Checked("allergies", WHOLE, "not_checked", NOTHING_TO_HOLD, "Ask what is taken.")
