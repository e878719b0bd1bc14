"""What to practise next, and when a topic comes back.

A *region* is one topic: one kind of fault, sound cards, or right cards that look odd. What counts
is whether the final act was right. Next is the topic that has waited longest past its day; when
none is due, the topic of which least is known: the widest 95 % interval. Nothing is drawn by chance
there, so a learner can see why a topic comes.

A topic comes back after 1, 7, 30 and then every 90 days. A right answer on or after its day moves
it on; a right answer before its day changes nothing; a wrong one starts it again.

References
----------
Cepeda et al., Psychological Science 19 (2008) 1095 (spacing); Mozannar et al., NeurIPS 2023 (teach
where the reader's trust is least known).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from nof1.academy.answers import Asked, Pair
from nof1.academy.posterior import Share, share
from nof1.core.errors import InputError

GAPS = (1, 7, 30, 90)  # days
# Days since the topic was answered last: from, to (both included), as a reader sees it.
WAITS = (
    (0, 0, "the same day"),
    (1, 3, "1 to 3 days"),
    (4, 14, "4 to 14 days"),
    (15, 59, "15 to 59 days"),
    (60, 36500, "60 days or more"),
)
Any_Case = TypeVar("Any_Case", bound=Asked)


@dataclass(frozen=True, slots=True)
class Region:
    """How one topic stands for one learner.

    ``wrong`` is the share of wrong final acts (higher is worse); ``stage`` counts the days passed
    in a row, 0 to 4; ``last`` and ``due`` are dates, None when it was never answered.
    """

    topic: str
    wrong: Share
    stage: int = 0
    last: date | None = None
    due: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form; dates are ISO 8601."""
        days = {
            name: str(day) if (day := getattr(self, name)) else None for name in ("last", "due")
        }
        return {**asdict(self), "wrong": self.wrong.to_dict(), **days}


def day_of(text: str) -> date:
    """The day (UTC) of an answer's time."""
    return datetime.fromisoformat(text).astimezone(UTC).date()


def regions(pairs: Iterable[Pair], topics: Sequence[str]) -> list[Region]:
    """Every topic, in the order of ``topics``; answers in the order in which they were given."""
    asked: dict[str, list[tuple[date, bool]]] = {topic: [] for topic in topics}
    for case, answer in pairs:
        right = answer.after.act == case.truth.right
        asked.setdefault(case.topic, []).append((day_of(answer.at), right))
    return [_region(topic, rows) for topic, rows in asked.items()]


def _region(topic: str, rows: list[tuple[date, bool]]) -> Region:
    stage, due = 0, None
    for day, right in rows:
        if not right:
            stage, due = 0, day + timedelta(days=GAPS[0])
        elif due is None or day >= due:
            stage = min(stage + 1, len(GAPS))
            due = day + timedelta(days=GAPS[stage - 1])
    wrong = share(sum(not right for _, right in rows), len(rows))
    return Region(topic, wrong, stage, rows[-1][0] if rows else None, due)


def ordered(found: Iterable[Region], today: date) -> list[Region]:
    """First what is due, longest first; then what is least known, widest interval first."""

    def key(one: Region) -> tuple[int, float]:
        waits = (today - one.due).days if one.due else -1
        return (0, -waits) if waits >= 0 else (1, -one.wrong.width)

    return sorted(found, key=key)


def why(one: Region, today: date) -> str:
    """Why a topic comes now, in words."""
    if one.due and one.due <= today:
        return f"due since {one.due}" if one.due < today else "due today"
    if not one.wrong.of:
        return "never answered"
    return f"little is known: wrong in {one.wrong.count} of {one.wrong.of}"


def plan(
    bank: Sequence[Any_Case], pairs: Sequence[Pair], now: datetime, seed: int, count: int = 12
) -> list[Any_Case]:
    """The cases of one practice sitting: half faulty, half sound, topics in the order of need.

    Cases never answered come first, then those answered longest ago. The order is shuffled with
    ``seed``, so that a place in the sitting says nothing.

    Raises
    ------
    InputError : the bank has no faulty or no sound case.
    """
    halves = [[case for case in bank if case.faulty is faulty] for faulty in (True, False)]
    if not all(halves):
        raise InputError("The bank needs faulty cases and sound ones.", where="bank",
                         next_step="nof1 academy build")  # fmt: skip
    today, draw = now.astimezone(UTC).date(), random.Random(seed)
    seen = {case.id: answer.at for case, answer in pairs}
    wanted = (count // 2, count - count // 2)
    chosen = [
        case for half, size in zip(halves, wanted, strict=True)
        for case in _half(half, pairs, today, size, seen, draw)
    ]  # fmt: skip
    draw.shuffle(chosen)
    return chosen


def _half(
    cases: Sequence[Any_Case], pairs: Sequence[Pair], today: date, size: int,
    seen: dict[str, str], draw: random.Random,
) -> list[Any_Case]:  # fmt: skip
    """``size`` of these cases: two of each topic in turn, the neediest topic first."""
    topics = list(dict.fromkeys(case.topic for case in cases))
    known = {name for name in topics}
    rows = ordered(regions([one for one in pairs if one[0].topic in known], topics), today)
    stacks = []
    for one in rows:
        stack = [case for case in cases if case.topic == one.topic]
        draw.shuffle(stack)
        stacks.append(sorted(stack, key=lambda case: seen.get(case.id, "")))
    chosen: list[Any_Case] = []
    while len(chosen) < size and any(stacks):
        for stack in stacks:
            chosen += stack[: min(2, size - len(chosen))]
            del stack[:2]
    return chosen


def forgetting(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """The forgetting curve: by the days since the topic's last answer, how many were right.

    One row a span of ``WAITS``: ``since`` (words), ``from_days``, ``to_days``, ``right`` (a share,
    higher is better). Answers to a topic met for the first time are not in it.
    """
    last: dict[str, date] = {}
    counts = [[0, 0] for _ in WAITS]
    for case, answer in pairs:
        day = day_of(answer.at)
        if case.topic in last:
            days = max((day - last[case.topic]).days, 0)
            place = next(i for i, (low, high, _) in enumerate(WAITS) if low <= days <= high)
            counts[place][0] += answer.after.act == case.truth.right
            counts[place][1] += 1
        last[case.topic] = day
    return [
        {"since": words, "from_days": low, "to_days": high, "right": share(*count).to_dict()}
        for (low, high, words), count in zip(WAITS, counts, strict=True)
    ]
