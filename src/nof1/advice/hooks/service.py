"""The services: bytes of a request in, status and bytes of an answer out, each kept in the ledger.

``answer`` is a function of the request's bytes, the moment and the versions in use, so a past
answer can be built again byte for byte. Whatever goes wrong is a refusal or a failure with an
OperationOutcome: an empty list of cards is never an error in disguise.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from nof1.advice.governance import split
from nof1.advice.governance.state import State
from nof1.advice.hooks import card as cards
from nof1.advice.hooks import coverage, discovery, feedback, request, versions
from nof1.advice.hooks.card import Card
from nof1.advice.hooks.coverage import Coverage
from nof1.advice.hooks.discovery import OFFERS, ORDER_SELECT, VIEWS, Offer
from nof1.advice.hooks.fetch import Fetcher
from nof1.advice.hooks.outcome import BAD_REQUEST, UNKNOWN, Refusal, Reply, failed, late
from nof1.advice.hooks.prefetch import Chart
from nof1.advice.hooks.request import Request
from nof1.advice.hooks.room import Room, now
from nof1.advice.hooks.suggestion import Asked, suggestions
from nof1.advice.ledger.shapes import Entry, Exchange, Feedback, Receipt, Shown
from nof1.advice.orders import check, drafts, standing
from nof1.advice.orders.shapes import INTERRUPTIVE, Advice, Alert, Checked, Draft
from nof1.core.errors import InputError, Nof1Error
from nof1.core.finding import Subject, utc
from nof1.knowledge.base import Base

OK = 200
AT_ONCE = 2  # answers worked out at once: more threads only take Python's lock from each other
LONGEST_S = 10.0  # of an answer; clinicians wait for it
NOTHING_ASKED = (
    Checked(
        "medicine", "the draft orders", "not_checked",
        "no draft asks for something to be given", "send the orders as drafts",
    ),
)  # fmt: skip
LOG = logging.getLogger("nof1.hooks")


class Keeper(Protocol):
    """Keeps what was asked and answered; the future is done when it is safely on disk."""

    def submit(self, what: Exchange | Feedback) -> Future[Receipt]: ...

    def submit_together(
        self, these: Sequence[Exchange | Feedback]
    ) -> Sequence[Future[Receipt]]: ...

    def showing(self, card: str) -> Sequence[Entry]: ...


@dataclass(frozen=True)
class Answered:
    """An answer, and what the ledger needs to know of it.

    ``record`` is the version of the record that gave something, or ``unused``; ``governance`` that
    of the decisions in force. ``shadow`` are the cards that nobody is shown.
    """

    reply: Reply
    request: Request | None = None
    shown: tuple[Card, ...] = ()
    record: str = versions.UNUSED
    governance: str = ""
    shadow: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Service:
    """The services of one workspace.

    Attributes
    ----------
    keeper : the ledger; None keeps nothing, for tests and benchmarks.
    clock : the moment of asking, UTC without zone.
    fetcher : reads what was not prefetched; None reads no FHIR server.
    longest_s : an answer that took longer is given as 503. timer : a clock that never goes back.
    state : which rules and models are on; None: as decided now.
    """

    room: Room
    keeper: Keeper | None = None
    clock: Callable[[], datetime] = now
    fetcher: Fetcher | None = None
    longest_s: float = LONGEST_S
    timer: Callable[[], float] = time.monotonic
    state: State | None = None
    turns: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(AT_ONCE), repr=False, compare=False
    )

    def under(self, version: str) -> Service:
        """The same under the governance of a past answer; as now when that is not known here."""
        now = self.fresh()
        return replace(now, state=now.room.governance.as_of(version))

    def fresh(self) -> Service:
        """The same with the models, effects and facts that are stored now (``Room.fresh``)."""
        room = self.room.fresh()
        return self if room is self.room else replace(self, room=room)

    def discovery(self) -> Reply:
        """The list of services."""
        return Reply(OK, discovery.discovery())

    def call(self, service_id: str, raw: bytes, client: str | None = None) -> Reply:
        """Answer one request and keep both; 500 when they cannot be kept, 503 when it was too slow.

        ``client`` is the issuer of the request's token.
        """
        begun = self.timer()
        try:
            raw = self._completed(service_id, raw)
        except Exception as error:
            return _unforeseen("fetch", error)
        try:
            here = self.fresh()
        except Exception as error:
            return _unforeseen("load", error)
        at = self.clock()
        with self.turns:
            made = here.answered(service_id, raw, at)
        if self.timer() - begun > self.longest_s:  # half a minute late it would only confuse
            made = replace(made, reply=late(), shown=(), shadow=())
        if self.keeper is None or service_id not in OFFERS:
            return made.reply
        try:
            used = here.room.of_answer(made.record, made.governance)
            what = _exchange(service_id, raw, at, made, client, used)
            self.keeper.submit(what).result()
        except Exception as error:
            return _unforeseen("keep", error)
        return made.reply

    def _completed(self, service_id: str, raw: bytes) -> bytes:
        """The request with what could be fetched; a request that is refused stays as it is."""
        offer = OFFERS.get(service_id)
        if self.fetcher is None or offer is None:
            return raw
        try:
            return self.fetcher.completed(raw, request.read(raw, offer.hook), offer.keys)
        except Refusal:
            return raw

    def answer(self, service_id: str, raw: bytes, at: datetime) -> Reply:
        """The answer as of a moment (UTC), not kept: what ``call`` gives and replay asks for."""
        plain = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        try:
            here = self.fresh()
        except Exception as error:
            return _unforeseen("load", error)
        return here.answered(service_id, raw, plain).reply

    def answered(self, service_id: str, raw: bytes, at: datetime) -> Answered:
        """As ``answer``, with the request as read and the cards shown."""
        asked: Request | None = None
        try:
            offer = _offer(service_id)
            asked = request.read(raw, offer.hook)
            chart = self.room.chart(asked, offer.keys, at)
            state = self.state or self.room.governance.state()
            shown, covered = self._advice(offer, asked, chart, at, state)
            statement = covered.to_dict(at, chart.origin, self.room.workspace.synthetic)
            reply = Reply(OK, _body(shown, statement))
            return Answered(reply, asked, shown, chart.record, state.version, covered.shadow)
        except Refusal as refusal:
            return Answered(refusal.reply(), asked)
        except Exception as error:
            return Answered(_unforeseen("answer", error), asked)

    def feedback(self, service_id: str, raw: bytes, client: str | None = None) -> Reply:
        """Keep what became of cards: 200 with their number when all are on disk.

        All are refused when one of them names a card that this service never showed.
        """
        try:
            _offer(service_id)
            found = feedback.read(raw)
            if self.keeper is None:
                raise Refusal(501, "not-supported", "This service keeps no feedback.")
            for number, one in enumerate(found):
                if not any(each.service == service_id for each in self.keeper.showing(one.card)):
                    text = "This service has shown no card with this identifier."
                    raise Refusal(BAD_REQUEST, "not-found", text, f"feedback[{number}].card")
            made = [_kept(service_id, raw, one, client) for one in found]
            for future in self.keeper.submit_together(made):
                future.result()
        except Refusal as refusal:
            return refusal.reply()
        except Exception as error:
            return _unforeseen("feedback", error)
        return Reply(OK, msgspec.json.encode({"kept": len(found)}))

    # advice ---------------------------------------------------------------------------------------

    def _advice(
        self, offer: Offer, asked: Request, chart: Chart, at: datetime, state: State
    ) -> tuple[tuple[Card, ...], Coverage]:
        key = f"{asked.instance} {offer.id}"
        synthetic = self.room.workspace.synthetic
        tell = self._view if offer.hook in VIEWS else self._orders
        found, covered = tell(asked, chart, at, key, state)
        covered = replace(
            covered,
            expired=self.room.expired(at),
            loud=split.loud(state),
        )
        statement = cards.of_coverage(covered, key, synthetic)
        shown = cards.ordered(found)
        return (shown if statement is None else (*shown, statement)), covered

    def _view(
        self, asked: Request, chart: Chart, at: datetime, key: str, state: State
    ) -> tuple[list[Card], Coverage]:
        """Cards about the patient; numbers are held back where a model lacks data."""
        told = self.room.adviser.weigh(
            Subject(id=chart.patient, site=chart.site), chart.events, at, chart.names, chart.notes,
            today=at.date(), state=state,
        )  # fmt: skip
        made, unseen = (
            [cards.of_finding(one, key, self.room.workspace.synthetic)
             for one in found if coverage.speaks(one, chart.gaps)]
            for found in (told.findings, told.shadow)
        )  # fmt: skip
        taken = standing.standing(
            chart.rows, at, base=self.room.adviser.base, names=chart.names,
            subject=Subject(id=chart.patient, site=chart.site),
            synthetic=self.room.workspace.synthetic,
        )  # fmt: skip
        lame = {family for gap in chart.gaps for family in gap.families}
        shown, hidden = split.split_alerts(state, standing.for_view(taken.alerts, lame))
        made += [
            cards.of_alert(_noted(one, chart.notes), key, (), self.room.workspace.synthetic)
            for one in standing.capped(shown)
        ]
        silent = split.statement(state, models=True, told=map(split.model_id, told.findings))
        silent += split.statement(state, models=False)
        found = (*coverage.of_findings(told.findings), *taken.coverage)
        kept = (*map(_shown, unseen), *(_unseen(one, key) for one in hidden))
        return made, Coverage((*silent, *coverage.narrowed(found, chart.gaps)), shadow=kept)

    def _orders(
        self, asked: Request, chart: Chart, at: datetime, key: str, state: State
    ) -> tuple[list[Card], Coverage]:
        """Cards about draft orders; of order-select the selected ones, and what is critical."""
        base = self.room.adviser.base
        ordered = _drafts(asked, base)

        subject = Subject(id=chart.patient, site=chart.site)
        patient = check.patient_of(chart.rows, at, base, chart.names)

        @functools.cache  # one replacement is often offered with several cards
        def checked(orders: tuple[Draft, ...]) -> Advice:
            return check.check(
                patient, orders, at, base=base, names=chart.names, subject=subject,
                synthetic=self.room.workspace.synthetic,
            )  # fmt: skip

        advice = checked(ordered) if ordered else Advice((), NOTHING_ASKED)
        lame = {"omissions"} if any(gap.key == "medications" for gap in chart.gaps) else set()
        told = [one for one in advice.alerts if one.family not in lame]  # of half a list none lacks
        shown, unseen = split.split_alerts(state, told)
        alerts = [one for one in shown if _concerns(one, asked)]
        bundle = (asked.context.draft_orders or {}).get("entry", [])
        sent = {number: one["resource"] for number, one in enumerate(bundle)}
        context = Asked(chart.patient, key, base, checked, sent)
        made = [
            cards.of_alert(
                _noted(one, chart.notes),
                f"{key} {one.draft.reference if one.draft else ''}",
                suggestions(one, ordered, advice, context),
                self.room.workspace.synthetic,
            )
            for one in alerts
        ]
        hidden = len(shown) - len(alerts)
        silent = split.statement(state, models=False)
        entries = coverage.narrowed(advice.coverage, chart.gaps)
        kept = tuple(_unseen(one, key) for one in unseen if _concerns(one, asked))
        return made, Coverage((*silent, *entries), hidden, shadow=kept)


def _offer(service_id: str) -> Offer:
    offer = OFFERS.get(service_id)
    if offer is None:
        raise Refusal(UNKNOWN, "not-found", "There is no service of this name.")
    return offer


def _drafts(asked: Request, base: Base) -> tuple[Draft, ...]:
    try:
        return drafts.read({"draftOrders": asked.context.draft_orders}, base)
    except InputError as error:
        raise Refusal(BAD_REQUEST, "structure", error.message, "context.draftOrders") from None


def _concerns(alert: Alert, asked: Request) -> bool:
    """Whether an alert is shown: all at signing; at selection those of it, and interruptions."""
    if asked.hook != ORDER_SELECT or alert.draft is None or alert.tier == INTERRUPTIVE:
        return True
    return alert.draft.reference in asked.context.selections


def _noted(alert: Alert, notes: tuple[str, ...]) -> Alert:
    if not notes:
        return alert
    finding = msgspec.structs.replace(alert.finding, notes=(*alert.finding.notes, *notes))
    return replace(alert, finding=finding)


def _body(shown: tuple[Card, ...], statement: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"cards": shown, "extension": {coverage.EXTENSION: statement}})


def _unforeseen(where: str, error: Exception) -> Reply:
    """A failure for the client, and for the operator the kind and place of it, without values."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    line = "?" if place is None else f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}"
    text = error.message if isinstance(error, Nof1Error) else type(error).__name__
    LOG.error("%s failed: %s (%s)", where, text, line)
    return failed()


# what is kept -------------------------------------------------------------------------------------


def _exchange(
    service_id: str,
    raw: bytes,
    at: datetime,
    made: Answered,
    client: str | None,
    versions: dict[str, str],
) -> Exchange:
    asked, reply = made.request, made.reply
    return Exchange(
        service=service_id,
        request=raw,
        response=reply.body,
        status=reply.status,
        asked_at=utc(at),
        versions=versions,
        hook=OFFERS[service_id].hook,
        instance=None if asked is None else asked.instance,
        patient=None if asked is None else asked.context.patient_id,
        person=None if asked is None else asked.context.user_id,
        client=client,
        cards=tuple(_shown(one) for one in made.shown),
        keep=reply.status == OK,
        shadow=made.shadow,
    )


def _shown(one: Card) -> Shown:
    told = (one.extension or {})["org.nof1.card"]
    rule = told.get("rule") or (told["basis"]["id"] if "basis" in told else told["family"])
    return Shown(one.uuid, rule, told["tier"])


def _unseen(alert: Alert, key: str) -> Shown:
    """What the ledger keeps of an alert in shadow: what its card would have been."""
    return _shown(cards.of_alert(alert, f"{key} {alert.draft.reference if alert.draft else ''}"))


def _kept(service_id: str, raw: bytes, one: feedback.Outcome, client: str | None) -> Feedback:
    return Feedback(
        service=service_id,
        card=one.card,
        outcome=one.outcome,
        given_at=one.at,
        request=raw,
        reason=one.reason,
        suggestions=one.suggestions,
        client=client,
    )
