"""Past requests asked again with other rules on: what their answers would show."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from nof1.advice.governance.burden import Asked, Burden, forecast, of_ledger, of_record
from nof1.advice.governance.registry import Ruled
from nof1.advice.governance.state import State
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Answered, Service
from nof1.advice.ledger.store import Ledger
from nof1.advice.orders import drafts
from nof1.core.errors import Nof1Error, UsageError
from nof1.core.workspace import Workspace

CARD = "org.nof1.card"


def burden(
    workspace: Workspace,
    rule: Ruled | None,
    ledger: Ledger | None,
    *,
    days: int,
    most: int,
) -> Burden:
    """What a rule (None: all rules together) would bring, by past requests or the record's orders.

    Parameters
    ----------
    ledger : past requests; None, or one without a fitting request: the record's last ``days``.
    most : requests that are asked again at most, the newest ones.

    Raises
    ------
    UsageError : for a model without past views of patients.
    """
    room = Room(workspace)
    now = room.governance.state()
    state = now if rule is None else now.with_on(rule.id)
    name = "" if rule is None else rule.id
    views = rule is not None and rule.row is None
    found, left = ([], {}) if ledger is None else _asked(room, ledger, state, views, most)
    if found or views:
        if not found:
            raise UsageError(
                "The ledger holds no view of a patient that could be asked again.",
                where=name,
                next_step="Let the service run for a while: nof1 serve",
            )
        return forecast(found, name, "the ledger's past requests", left)
    opened = room.opened()
    if opened is None:
        raise UsageError("There is neither a past request nor a record to forecast from.")
    taken, more = of_record(
        opened.record, opened.names, room.adviser.base, state,
        days=days, most=most, synthetic=workspace.synthetic,
    )  # fmt: skip
    return forecast(taken, name, f"the record's orders of its last {days} days", left | more)


def _asked(
    room: Room, ledger: Ledger, state: State, views: bool, most: int
) -> tuple[list[Asked], dict[str, int]]:
    service = replace(Service(room), state=state)

    def again(seq: int) -> tuple[list[tuple[str, int]], int] | None:
        entry = ledger.entry(seq)
        request = ledger.kept(entry, "request")
        if request is None:
            return None
        at = datetime.fromisoformat(entry.asked_at).replace(tzinfo=None)
        made = service.answered(entry.service, request, at)
        orders = 1 if views else _orders(made, room)
        return None if made.reply.status != 200 or not orders else (_cards(made), orders)

    newest = (ledger.entry(seq) for seq in range(ledger.head().seq, 0, -1))
    return of_ledger(newest, again, most=most, views=views)


def _cards(made: Answered) -> list[tuple[str, int]]:
    told = [(one.extension or {}).get(CARD, {}) for one in made.shown]
    return [(str(one.get("rule") or one.get("family")), int(one["tier"])) for one in told if one]


def _orders(made: Answered, room: Room) -> int:
    """Orders of a request, a product of two ingredients as one."""
    if made.request is None:
        return 0
    try:
        context = {"draftOrders": made.request.context.draft_orders}
        found = drafts.read(context, room.adviser.base)
    except Nof1Error:
        return 0
    return len({one.raw_index for one in found})
