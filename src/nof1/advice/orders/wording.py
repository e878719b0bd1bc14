"""Alerts as findings: a summary below 140 characters, the reason, its source, how old that is."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from nof1.advice.orders import doses, tiers
from nof1.advice.orders.families import TABLES, Raised
from nof1.advice.orders.shapes import Checked, Draft
from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
    Kind,
    Status,
    Subject,
    utc,
)
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import Cited, Level, Open, Reason

SHORTER_THAN = 140  # characters of a summary, as CDS Hooks asks
VALIDATED_IN = "Not clinically validated: pharmacist sign-off pending"
REVIEWED = "Reviewed by "
VERSION = "1"
SYSTEMIC = "The facts are about systemic use; this order's route is another one."
TOPICAL = ("topical", "cutaneous", "ophthalmic", "otic", "eye", "ear", "skin", "nasal")
SIGNS = {Level.CONTRAINDICATED: 3.0, Level.AVOID: 2.0, Level.ADJUST: 1.0}


@dataclass(frozen=True)
class Words:
    """What all findings of one request share."""

    subject: Subject
    at: datetime
    base: Base
    synthetic: bool = False

    def found(self, draft: Draft, family: str, raised: Raised) -> Finding:
        """Something speaks against the order."""
        first = raised.reason
        all_of_it = (first, *raised.also)
        return self._finding(
            family,
            _summary(draft.medicine or draft.display, first),
            Status.FOUND,
            first.text,
            None,
            tuple(_evidence(one) for one in all_of_it),
            self._notes(draft, (one.source for one in all_of_it)),
            (one.source for one in all_of_it),
        )

    def open(self, draft: Draft, family: str, one: Open) -> Finding:
        """Something is not known that could speak against the order."""
        head = f"{_capital(draft.medicine or draft.display)}: not checked ({one.short})"
        return self._finding(
            family, _fit(head, one.text), Status.NOT_CHECKED, one.text, one.resolve, (), (), ()
        )

    def broken(self, draft: Draft, gap: Checked) -> Finding:
        """The order was not checked, or a family of checks was not."""
        return self.gap(gap, draft.display)

    def gap(self, gap: Checked, display: str) -> Finding:
        """Something about ``display`` that was not checked."""
        head = f"Not checked: {display}"
        if gap.family != "medicine":
            head = f"Not checked ({gap.family}): {display}"
        why = gap.reason or "It could not be checked."
        resolve = gap.resolve or "Check it by hand."
        return self._finding(
            gap.family, _fit(head, why), Status.NOT_CHECKED, why, resolve, (), (), ()
        )

    def _notes(self, draft: Draft, cited: Iterable[Cited | None]) -> tuple[str, ...]:
        route = (draft.route or "").lower()
        notes = [SYSTEMIC] if any(word in route.split() for word in TOPICAL) else []
        for one in cited:
            if one is not None and one.valid_until is not None and self.at.date() > one.valid_until:
                notes.append(f"Old facts: {one.id} was vouched for until {one.valid_until}.")
        return tuple(dict.fromkeys(notes))

    def _finding(
        self,
        family: str,
        summary: str,
        status: Status,
        reason: str,
        resolve: str | None,
        evidence: tuple[Evidence, ...],
        notes: tuple[str, ...],
        sources: Iterable[Cited | None],
    ) -> Finding:
        return Finding(
            subject=self.subject,
            as_of=utc(self.at),
            kind=Kind.ALERT,
            what=Coding(code=f"nof1-order//{family}", display=summary),
            status=status,
            reason=reason,
            resolve=resolve,
            evidence=evidence,
            notes=notes,
            basis=_basis(family, tuple(one for one in sources if one), self.base, self.at.date()),
            synthetic=self.synthetic,
        )


def _basis(family: str, used: tuple[Cited, ...], base: Base, day: date) -> Basis:
    ids = dict.fromkeys(one.id for one in used if one.id)
    days = [one.published for one in used if one.published is not None]
    return Basis(
        kind="rule",
        id=f"orders/{family}",
        version=", ".join(ids) or VERSION,
        content_hash=_hash(family, base),
        knowledge_date=str(min(days)) if days else _oldest(base),
        validated_in=_validated(used, day),
    )


def _validated(used: tuple[Cited, ...], day: date) -> str:
    """Who has reviewed all facts of a finding; that nobody has, where one of them was not."""
    signed = [one for one in used if one.reviewed_until is not None and day <= one.reviewed_until]
    if not used or len(signed) < len(used):
        return VALIDATED_IN
    return f"{REVIEWED}{'; '.join(dict.fromkeys(one.reviewer for one in signed))}"


@functools.lru_cache(maxsize=256)
def _hash(family: str, base: Base) -> str:
    """Over the tables of the family and the rules of tiers."""
    digest = hashlib.sha256(base.hash("drugs.tsv", "reviews.tsv", *TABLES.get(family, ())).encode())
    digest.update(tiers.FILE.read_bytes())
    if family == "dose":
        digest.update(doses.FILE.read_bytes())
    return digest.hexdigest()


@functools.lru_cache(maxsize=16)
def _oldest(base: Base) -> str:
    from nof1.knowledge.base import sources

    return str(min((one.published for one in sources(base).values()), default=date.min))


def _evidence(one: Reason) -> Evidence:
    source = one.source
    place = None if source is None else f"{source.id}: {source.citation}"
    return Evidence(
        text=f"{_capital(one.short)}. {_without_lead(one)}",
        contribution=SIGNS.get(one.level, 0.5),
        events=one.events,
        citation=place,
    )


def _without_lead(one: Reason) -> str:
    """The text without a beginning that its short form has just said ("With warfarin: ...")."""
    lead, colon, said = one.text.partition(": ")
    told = colon and one.short.lower().startswith(lead.lower())
    return _capital(said) if told else one.text


def _summary(drug: str, one: Reason) -> str:
    short = one.short
    if drug in short:
        head = _capital(short)
    else:
        link = " " if short.startswith(("with ", "beside ", "taken ", "ordered ")) else ", "
        head = f"{_capital(drug)}{link}{short}"
    return _fit(head, one.text)


def _fit(head: str, text: str) -> str:
    """The head, with the first sentence of the text where it fits; cut at a word otherwise."""
    if len(head) >= SHORTER_THAN:
        return head[: SHORTER_THAN - 2].rsplit(" ", 1)[0] + "…"
    whole = f"{head}. {_saying(text)}"
    return whole if len(whole) < SHORTER_THAN else head


def _saying(text: str) -> str:
    """The first sentence that says something new, without its lead ("With warfarin: ...")."""
    first, _, rest = text.partition(". ")
    if rest and first.endswith(("is recorded", "does the same")):
        first = rest.partition(". ")[0]
    lead, _, said = first.partition(": ")
    if said and lead.startswith(("With ", "At ", "For ")):
        first = said
    return _capital(first) if first.endswith((".", "?", "!")) else f"{_capital(first)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
