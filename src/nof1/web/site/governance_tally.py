"""What the ledger says of rules: what became of their cards, and how often they interrupted.

The whole ledger is read for it, in the background, once for each head; until then the numbers of
an earlier head are shown, and the page says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nof1.advice.governance.acceptance import COVERAGE, Ledgered, of_entries
from nof1.advice.governance.figures import rate, share
from nof1.advice.ledger.reading import OK, Reader
from nof1.advice.ledger.shapes import Entry
from nof1.advice.orders.shapes import INTERRUPTIVE
from nof1.core.errors import Nof1Error
from nof1.web.site.house import House
from nof1.web.site.later import later

DAMAGED = "The ledger holds an entry that cannot be read: nothing is counted. See its audit."


@dataclass(frozen=True)
class Request:
    """One answered request: its hook, who asked about whom, and its cards by tier."""

    hook: str
    patient: str
    person: str | None
    day: str
    tiers: Counter[int]


@dataclass(frozen=True)
class Tally:
    """Everything counted up to entry ``seq``.

    ``burden``: for each hook requests, those with an interruption, interruptions a clinician-day.
    ``fault`` says why nothing could be counted.
    """

    seq: int
    told: Ledgered
    fault: str = ""
    burden: tuple[dict[str, Any], ...] = ()


@dataclass
class _Newest:
    made: Tally | None = None
    heads: set[str] = field(default_factory=set)


def keeper(house: House) -> Reader | None:
    """The ledger of this server; None where it keeps none."""
    found = house.service.keeper
    return found if isinstance(found, Reader) else None


def tally(house: House) -> tuple[Tally | None, bool]:
    """What was counted last, and whether it is up to the ledger's head of now.

    None: no ledger, or the first count is still going on.
    """
    ledger = keeper(house)
    if ledger is None:
        return None, True
    head = ledger.head()
    newest: _Newest = house.kept("tallies", _Newest)
    made = later(house, "tally", lambda: _count(ledger, head.seq), head.hash)
    if made is not None:
        newest.made = made
    return newest.made, made is not None


def _count(ledger: Reader, seq: int) -> Tally:
    requests: list[Request] = []

    def seen() -> Iterable[Entry]:
        for entry in ledger.entries(last=seq):
            if entry.kind == "exchange" and entry.status == OK:
                requests.append(_request(entry))
            yield entry

    try:
        told = of_entries(seen())
        hooks = sorted({one.hook for one in requests})
        by_hook = {hook: [one for one in requests if one.hook == hook] for hook in hooks}
        burden = tuple(_burden(hook, some) for hook, some in by_hook.items())
        return Tally(seq, told, burden=burden)
    except (ValueError, TypeError, KeyError, AttributeError, Nof1Error):
        return Tally(seq, Ledgered(()), fault=DAMAGED)


def _request(entry: Entry) -> Request:
    cards = [one for one in entry.details.get("cards", ()) if one["rule"] != COVERAGE]
    tiers = Counter(int(one["tier"]) for one in cards)
    return Request(
        entry.hook or "other", entry.patient or "", entry.person, entry.asked_at[:10], tiers
    )


def _burden(hook: str, found: list[Request]) -> dict[str, Any]:
    loud = [one.tiers[INTERRUPTIVE] for one in found]
    stopped = share(sum(bool(one) for one in loud), len(found))
    days: dict[tuple[str, str], int] = {}
    for one in found:
        if one.person is not None:
            key = (one.person, one.day)
            days[key] = days.get(key, 0) + one.tiers[INTERRUPTIVE]
    made: dict[str, Any] = {
        "hook": hook,
        "requests": len(found),
        "cards": sum(one.tiers.total() for one in found),
        "with_interruption": stopped.count,
        "share": stopped.value,
        "share_low": stopped.low,
        "share_high": stopped.high,
        "clinician_days": len(days),
        "per_clinician_day": None,
        "per_day_low": None,
        "per_day_high": None,
    }
    if days:
        names = [person for person, _ in days]
        one_day = rate(list(days.values()), [1] * len(days), names, per=1)
        made |= {"per_clinician_day": one_day.value, "per_day_low": one_day.low,
                 "per_day_high": one_day.high}  # fmt: skip
    return made
