"""How many alerts a rule would bring, before it is switched on.

Past requests of the ledger are asked again with the rule on; where there is no ledger, the orders
of the record's last days are put through the same checks as if each day's orders were drafts. The
forecast is about the same people and habits: it does not know how people change theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import numpy as np
import polars as pl

from nof1.advice.governance.acceptance import COVERAGE
from nof1.advice.governance.figures import Rate, Share, rate, share
from nof1.advice.governance.split import split_alerts
from nof1.advice.governance.state import State
from nof1.advice.orders import check, drafts
from nof1.advice.orders.shapes import INTERRUPTIVE
from nof1.core.errors import InputError
from nof1.core.finding import Subject
from nof1.knowledge.base import Base
from nof1.record.current import PREFIXES
from nof1.record.store import Record

SEED = 20_261
TIERS = (1, 2, 3)


class Answer(Protocol):
    """How one past request is answered again: its cards (rule, tier), and its number of orders."""

    def __call__(self, seq: int) -> tuple[Sequence[tuple[str, int]], int] | None: ...


@dataclass(frozen=True)
class Asked:
    """One request: ``orders`` drafts, ``cards`` as (rule, tier); who was asked about and by whom.

    ``patient`` and ``person`` are keyed names. ``day`` is YYYY-MM-DD.
    """

    orders: int
    cards: tuple[tuple[str, int], ...]
    patient: str
    person: str | None
    day: str


@dataclass(frozen=True)
class Burden:
    """The forecast for one rule, or for all rules together (``rule`` "").

    Attributes
    ----------
    tiers : tier -> alerts for each 100 orders.
    requests : requests with at least one such alert, of all.
    clinician_days : interrupting alerts for each clinician and day; None where nobody is known.
    left_out : why requests could not be asked again -> how many.
    """

    rule: str
    source: str
    orders: int
    patients: int
    tiers: Mapping[int, Rate]
    requests: Share
    clinician_days: Rate | None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "rule": self.rule or "all",
            "source": self.source,
            "orders": self.orders,
            "patients": self.patients,
            "per_100_orders": {str(tier): one.to_dict() for tier, one in self.tiers.items()},
            "requests_with_an_alert": self.requests.to_dict(),
            "interruptions_per_clinician_day": (
                None if self.clinician_days is None else self.clinician_days.to_dict()
            ),
            "left_out": dict(self.left_out),
        }


def forecast(found: Sequence[Asked], rule: str, source: str, left_out: Mapping[str, int]) -> Burden:
    """Rates from requests that were answered again; ``rule`` "" counts the cards of all rules."""
    counted = [
        Counter(tier for name, tier in one.cards if name != COVERAGE and rule in ("", name))
        for one in found
    ]
    orders = [one.orders for one in found]
    patients = [one.patient for one in found]
    tiers = {tier: rate([count[tier] for count in counted], orders, patients) for tier in TIERS}
    some = share(sum(bool(count) for count in counted), len(found))
    return Burden(
        rule=rule,
        source=source,
        orders=sum(orders),
        patients=len(set(patients)),
        tiers=tiers,
        requests=some,
        clinician_days=_clinician_days(found, counted),
        left_out=left_out,
    )


def _clinician_days(found: Sequence[Asked], counted: Sequence[Counter[int]]) -> Rate | None:
    """Interruptions for each person and day on which that person ordered."""
    days: dict[tuple[str, str], int] = {}
    for one, count in zip(found, counted, strict=True):
        if one.person is not None:
            key = (one.person, one.day)
            days[key] = days.get(key, 0) + count[INTERRUPTIVE]
    if not days:
        return None
    return rate(list(days.values()), [1] * len(days), [person for person, _ in days], per=1)


# the record's own orders --------------------------------------------------------------------------


def of_record(
    record: Record,
    names: Mapping[str, str],
    base: Base,
    state: State,
    *,
    days: int,
    most: int,
    synthetic: bool,
) -> tuple[list[Asked], dict[str, int]]:
    """The orders of the record's last days, each patient's day as one request of drafts.

    Parameters
    ----------
    days : before the last order of the record. most : of more patient-days a sample is drawn.

    Returns requests with the alerts that would be shown, and what was left out.
    """
    chosen, left = _patient_days(record, days, most)
    found = []
    for subject, day, codes in chosen:
        try:
            asked = drafts.ordered([names.get(code) or code for code in codes], base)
        except InputError:
            left["orders that cannot be read"] = left.get("orders that cannot be read", 0) + 1
            continue
        at = datetime.combine(day, datetime.min.time())
        events = record.patient_events(subject)
        made = check.check(
            events, asked, at, base=base, names=names, subject=Subject(id=str(subject)),
            synthetic=synthetic,
        )  # fmt: skip
        shown, _ = split_alerts(state, made.alerts)
        cards = tuple((one.rule, one.tier) for one in shown)
        found.append(Asked(len(codes), cards, str(subject), None, f"{day:%Y-%m-%d}"))
    return found, left


def _patient_days(
    record: Record, days: int, most: int
) -> tuple[list[tuple[int, Any, list[str]]], dict[str, int]]:
    code = pl.col("code")
    named = pl.any_horizontal([code.str.starts_with(prefix) for prefix in PREFIXES])
    orders = (
        record.scan()
        .filter(named, pl.col("time").is_not_null())
        .select("subject_id", pl.col("time").dt.date().alias("day"), "code")
        .collect()
    )
    if orders.is_empty():
        return [], {}
    first = pl.col("day").max() - timedelta(days=days)
    recent = orders.filter(pl.col("day") > first)
    groups = (
        recent.group_by("subject_id", "day").agg(code.unique().sort()).sort("subject_id", "day")
    )
    left = {}
    if groups.height > most:
        left["not drawn into the sample"] = groups.height - most
        picks = np.sort(np.random.default_rng(SEED).choice(groups.height, most, replace=False))
        groups = groups[picks]
    return list(groups.iter_rows()), left


# the ledger's past requests -----------------------------------------------------------------------


def of_ledger(
    entries: Iterable[Any], again: Answer, *, most: int, views: bool = False
) -> tuple[list[Asked], dict[str, int]]:
    """The newest ``most`` past requests, asked again.

    Parameters
    ----------
    entries : exchanges of the ledger, newest first.
    again : answers one entry anew; None when its request is gone.
    views : look at views of a patient (for a model) instead of orders at signing.
    """
    left: Counter[str] = Counter()
    found: list[Asked] = []
    for entry in _fit(entries, views):
        if len(found) == most:
            break
        answer = again(entry.seq)
        if answer is None:
            left["the request is gone, or gives no answer now"] += 1
            continue
        cards, orders = answer
        asked = Asked(orders, tuple(cards), entry.patient or "", entry.person, entry.asked_at[:10])
        found.append(asked)
    return found, dict(left)


def _fit(entries: Iterable[Any], views: bool) -> Iterator[Any]:
    for entry in entries:
        if entry.kind != "exchange" or entry.status != 200:
            continue
        if (
            (entry.hook in ("patient-view", "encounter-start"))
            if views
            else (entry.hook == "order-sign")
        ):
            yield entry
