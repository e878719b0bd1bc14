"""The services: bytes of a request in, status and bytes of an answer out, each kept in the ledger.

``answer`` is a function of the request's bytes, the moment and the versions in use, so a past
answer can be built again byte for byte. Whatever goes wrong is a refusal or a failure with an
OperationOutcome: an empty list of cards is never an error in disguise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from nof1.advice.hooks import card as cards
from nof1.advice.hooks import coverage, discovery, feedback, request
from nof1.advice.hooks.card import Card
from nof1.advice.hooks.coverage import Coverage
from nof1.advice.hooks.discovery import OFFERS, ORDER_SELECT, VIEWS, Offer
from nof1.advice.hooks.outcome import BAD_REQUEST, UNKNOWN, Refusal, Reply, failed
from nof1.advice.hooks.prefetch import Chart
from nof1.advice.hooks.request import Request
from nof1.advice.hooks.room import Room, now
from nof1.advice.hooks.suggestion import Asked, suggestions
from nof1.advice.ledger.shapes import Exchange, Feedback, Receipt, Shown
from nof1.advice.orders import check, drafts
from nof1.advice.orders.shapes import INTERRUPTIVE, Advice, Alert, Checked, Draft
from nof1.core.errors import InputError, Nof1Error
from nof1.core.finding import Subject, utc
from nof1.knowledge.base import Base

OK = 200
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


@dataclass(frozen=True)
class Answered:
    """An answer, and what the ledger needs to know of it."""

    reply: Reply
    request: Request | None = None
    shown: tuple[Card, ...] = ()


@dataclass(frozen=True)
class Service:
    """The services of one workspace.

    Attributes
    ----------
    keeper : the ledger; None keeps nothing, for tests and benchmarks.
    clock : the moment of asking, UTC without zone.
    """

    room: Room
    keeper: Keeper | None = None
    clock: Callable[[], datetime] = now

    def discovery(self) -> Reply:
        """The list of services."""
        return Reply(OK, discovery.discovery())

    def call(self, service_id: str, raw: bytes, client: str | None = None) -> Reply:
        """Answer one request and keep both; 500 when they cannot be kept.

        ``client`` is the issuer of the request's token.
        """
        at = self.clock()
        made = self.answered(service_id, raw, at)
        if self.keeper is None or service_id not in OFFERS:
            return made.reply
        try:
            what = _exchange(service_id, raw, at, made, client, self.room.versions())
            self.keeper.submit(what).result()
        except Exception as error:
            return _unforeseen("keep", error)
        return made.reply

    def answer(self, service_id: str, raw: bytes, at: datetime) -> Reply:
        """The answer as of a moment (UTC), not kept: what ``call`` gives and replay asks for."""
        plain = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        return self.answered(service_id, raw, plain).reply

    def answered(self, service_id: str, raw: bytes, at: datetime) -> Answered:
        """As ``answer``, with the request as read and the cards shown."""
        asked: Request | None = None
        try:
            offer = _offer(service_id)
            asked = request.read(raw, offer.hook)
            chart = self.room.chart(asked, offer.keys, at)
            shown, covered = self._advice(offer, asked, chart, at)
            statement = covered.to_dict(at, chart.origin, self.room.workspace.synthetic)
            return Answered(Reply(OK, _body(shown, statement)), asked, shown)
        except Refusal as refusal:
            return Answered(refusal.reply(), asked)
        except Exception as error:
            return Answered(_unforeseen("answer", error), asked)

    def feedback(self, service_id: str, raw: bytes, client: str | None = None) -> Reply:
        """Keep what became of cards: 200 with their number when all are on disk."""
        try:
            _offer(service_id)
            found = feedback.read(raw)
            if self.keeper is None:
                raise Refusal(501, "not-supported", "This service keeps no feedback.")
            made = [_kept(service_id, raw, one, client) for one in found]
            for future in [self.keeper.submit(one) for one in made]:
                future.result()
        except Refusal as refusal:
            return refusal.reply()
        except Exception as error:
            return _unforeseen("feedback", error)
        return Reply(OK, msgspec.json.encode({"kept": len(found)}))

    # advice ---------------------------------------------------------------------------------------

    def _advice(
        self, offer: Offer, asked: Request, chart: Chart, at: datetime
    ) -> tuple[tuple[Card, ...], Coverage]:
        key = f"{asked.instance} {offer.id}"
        synthetic = self.room.workspace.synthetic
        tell = self._view if offer.hook in VIEWS else self._orders
        found, covered = tell(asked, chart, at, key)
        covered = replace(covered, expired=self.room.expired(at))
        statement = cards.of_coverage(covered, key, synthetic)
        shown = cards.ordered(found)
        return (shown if statement is None else (*shown, statement)), covered

    def _view(
        self, asked: Request, chart: Chart, at: datetime, key: str
    ) -> tuple[list[Card], Coverage]:
        """Cards about the patient; numbers are held back where a model lacks data."""
        findings = self.room.adviser.advise(
            Subject(id=chart.patient, site=chart.site), chart.events, at, chart.names, chart.notes
        )
        shown = [one for one in findings if coverage.speaks(one, chart.gaps)]
        entries = coverage.narrowed(coverage.of_findings(findings), chart.gaps)
        synthetic = self.room.workspace.synthetic
        return [cards.of_finding(one, key, synthetic) for one in shown], Coverage(entries)

    def _orders(
        self, asked: Request, chart: Chart, at: datetime, key: str
    ) -> tuple[list[Card], Coverage]:
        """Cards about draft orders; of order-select the selected ones, and what is critical."""
        base = self.room.adviser.base
        ordered = _drafts(asked, base)

        def checked(orders: tuple[Draft, ...]) -> Advice:
            return check.check(
                chart.events, orders, at, base=base, names=chart.names,
                subject=Subject(id=chart.patient, site=chart.site),
                synthetic=self.room.workspace.synthetic,
            )  # fmt: skip

        advice = checked(ordered) if ordered else Advice((), NOTHING_ASKED)
        alerts = [one for one in advice.alerts if _concerns(one, asked)]
        context = Asked(chart.patient, key, base, checked)
        made = [
            cards.of_alert(
                _noted(one, chart.notes),
                f"{key} {one.draft.reference if one.draft else ''}",
                suggestions(one, ordered, advice, context),
                self.room.workspace.synthetic,
            )
            for one in alerts
        ]
        hidden = len(advice.alerts) - len(alerts)
        return made, Coverage(coverage.narrowed(advice.coverage, chart.gaps), hidden)


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
    )


def _shown(one: Card) -> Shown:
    told = (one.extension or {})["org.nof1.card"]
    rule = told["basis"]["id"] if "basis" in told else told["family"]
    return Shown(one.uuid, rule, told["tier"])


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
