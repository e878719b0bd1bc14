"""When the outcome comes, over the patients of all sites: Kaplan-Meier and cumulative incidence.

Sites add up how many patients leave on each day, by reason; only they can read the totals
(``veil``). A curve shows people one by one at its steps, so it is told at days between which nobody
or at least k people had the outcome, had a competing event, and were lost to follow-up; it ends
where fewer than k are still followed. Where competing events or losses are too few for that, they
are taken together, and only the incidence of the outcome is told; where even together they are too
few, it is told in steps of k people or more, and nobody learns how many are still followed.

References
----------
Kaplan & Meier, JASA 53 (1958) 457; Aalen & Johansen, Scand. J. Statist. 5 (1978) 141; Kalbfleisch &
Prentice, *The Statistical Analysis of Failure Time Data* (2002), section 1.4, for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nof1.federation import people as persons
from nof1.federation import veil
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.answered import Answered, close
from nof1.federation.answered import People as Hashes
from nof1.federation.learners import read
from nof1.federation.people import People
from nof1.federation.tables import columns
from nof1.learn.figures import z_value
from nof1.learn.sums import FloatArray
from nof1.predict.cohort import compile_cohort
from nof1.predict.task import Task
from nof1.record.store import Record

MOST_DAYS = 3_650  # of follow-up, a cell each
STEPS = (1, 5, 30, 90)  # days between the times that are looked at
MOST_TIMES = 40
REASONS = 3  # lost to follow-up, outcome, competing event
ALL, JOINED, OUTCOME = HOW = ("all", "joined", "outcome")
COARSE = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # steps of a share


def run(asked: Asked) -> Result:
    """Add up the leavers of all sites, day by day.

    Raises
    ------
    Refused : the site's cohort is too small, or nearly one that it has answered about.
    """
    task, record = Task.parse(asked.text), Record(asked.workspace.record)
    own = People.of(record, compile_cohort(task, record, asked.engine))
    asked.policy.enough(len(own.subjects), int((own.cause == 1).sum()))
    kept = Answered.of_workspace(asked.workspace.root)
    agreed = persons.agree(asked, "survival", answered=kept.answers())
    hashes, grid = kept.hashes(own.subjects), Grid.of(task)
    kept.cohort(np.sort(hashes), agreed.k)
    total = veil.opened(asked.link, agreed.digest)
    name = veil.name(total)
    kept.keep(name, asked.link.job, np.sort(hashes))
    left = total(grid.leavers(own).ravel()).reshape(REASONS, -1)
    curve = Curve.of(np.rint(left))
    days, how = tellable(curve, grid.times, agreed.k)
    groups = [one for day in days for one in _groups(own, hashes, day, grid.end)]
    near = close(kept, groups, np.sort(hashes), agreed.answered, agreed.k, total, name)
    near = near.reshape(len(days), REASONS)
    days = [day for day, three in zip(days, near, strict=True) if not three.any()]
    told = [one for day in days for one in _groups(own, hashes, day, grid.end)]
    kept.keep(name, asked.link.job, np.sort(hashes), told)
    lines = [curve.line(day, how, agreed.k) for day in days]
    figures = {
        "cohort": task.name,
        "synthetic": agreed.synthetic,
        "least_cell": agreed.k,
        "patients": round(curve.at_risk[0]),
        "told": how,
        "curve": lines,
    }
    return Result(task.name.lower(), "1", "", figures)


@dataclass(frozen=True)
class Grid:
    """Whole days up to ``end``, the same at all sites; ``times`` are those that may be told."""

    end: int
    times: tuple[int, ...]

    @classmethod
    def of(cls, task: Task) -> Grid:
        """From the last horizon of the task."""
        last = (task.horizons_days or (task.time_at_risk.end_days,))[-1]
        end = int(min(math.ceil(last), MOST_DAYS))
        step = next((one for one in STEPS if end / one <= MOST_TIMES), STEPS[-1])
        return cls(end, (*range(step, end, step), end))

    def leavers(self, own: People) -> FloatArray:
        """(reasons, end + 2): how many left on each day, the last cell those still followed."""
        day = last_day(own, self.end)
        reason = np.minimum(own.cause, REASONS - 1)
        return np.stack(
            [
                np.bincount(day[reason == one], minlength=self.end + 2).astype(np.float64)
                for one in range(REASONS)
            ]
        )


def last_day(own: People, end: int) -> NDArray[np.int64]:
    """The whole day (n,) on which somebody left; end + 1 for those still there at the end."""
    day = np.minimum(np.ceil(own.days), end + 1)
    stayed = (own.cause == 0) & (own.days >= end)
    return np.where(stayed, end + 1, day).astype(np.int64)


@dataclass(frozen=True)
class Curve:
    """What the totals say, day by day: arrays (end + 1,) over the days 0 to end.

    Attributes
    ----------
    at_risk : followed at the start of the day. left : (reasons, end + 1) on that day.
    free : share free of outcome and competing events after the day; variance : Greenwood's sum.
    outcome, competing : cumulative incidence.
    """

    at_risk: FloatArray
    left: FloatArray
    free: FloatArray
    variance: FloatArray
    outcome: FloatArray
    competing: FloatArray

    @classmethod
    def of(cls, left: FloatArray) -> Curve:
        """From leavers (reasons, end + 2) of all sites."""
        everybody = left.sum(axis=0)
        at_risk = np.cumsum(everybody[::-1])[::-1][:-1]
        days = left[:, :-1]
        events = days[1:].sum(axis=0)
        safe = np.maximum(at_risk, 1)
        free = np.cumprod(1 - events / safe)
        before = np.concatenate([[1.0], free[:-1]])
        staying = np.maximum(safe * (safe - events), 1)
        return cls(
            at_risk,
            days,
            free,
            np.cumsum(events / staying),
            np.cumsum(before * days[1] / safe),
            np.cumsum(before * days[2] / safe),
        )

    def line(self, day: int, how: str, k: int) -> dict[str, Any]:
        """One time of the curve; ``low`` and ``high`` are limits (95 %) of ``free``.

        ``how``: what may be told (``HOW``); null stands for the rest.
        """
        low, high = self._limits(day)
        whole = {"free": self.free[day], "low": low, "high": high, "competing": self.competing[day]}
        outcome, followed = float(self.outcome[day]), self.at_risk[day] - self.left[:, day].sum()
        if how == OUTCOME:
            least = k / self.at_risk[0]
            step = next((one for one in COARSE if one >= least), COARSE[-1])
            outcome = round(outcome / step) * step
        return {
            "day": day,
            "followed_after": round(followed) if how != OUTCOME else None,
            "outcomes": round(self.left[1, : day + 1].sum()),
            "outcome": round(outcome, 4),
            **{name: round(float(one), 4) if how == ALL else None for name, one in whole.items()},
        }

    def _limits(self, day: int) -> tuple[float, float]:
        """On the scale log(-log)."""
        free = float(self.free[day])
        if not 0 < free < 1:
            return free, free
        half = z_value(0.95) * math.sqrt(self.variance[day]) / abs(math.log(free))
        return free ** math.exp(half), free ** math.exp(-half)


def tellable(curve: Curve, times: tuple[int, ...], k: int) -> tuple[list[int], str]:
    """Days of ``times`` that may be told, and how much (one of ``HOW``): the most that does not
    cost half of the days.

    Between two days every kind of leaver that is told apart is 0 or at least k people.
    """
    lost, outcome, competing = curve.left
    kinds = {ALL: [lost, outcome, competing], JOINED: [outcome, lost + competing],
             OUTCOME: [outcome]}  # fmt: skip
    found = {how: _days(curve, np.stack(kinds[how]), times, k) for how in HOW}
    most = max(len(days) for days in found.values())
    how = next(one for one in HOW if 2 * len(found[one]) >= max(most, 1) or one == OUTCOME)
    return found[how], how


def _days(curve: Curve, left: FloatArray, times: tuple[int, ...], k: int) -> list[int]:
    found: list[int] = []
    start = 0
    for day in times:
        leavers = left[:, start : day + 1].sum(axis=1)
        if curve.at_risk[day] - curve.left[:, day].sum() < k:
            break
        if all(one == 0 or one >= k for one in leavers):
            found.append(day)
            start = day + 1
    return found


def _groups(own: People, people: Hashes, day: int, end: int) -> list[Hashes]:
    """Those with the outcome by a day, with a competing event, and still followed after it."""
    by = last_day(own, end) <= day
    parts: list[NDArray[np.bool_]] = [by & (own.cause == 1), by & (own.cause > 1), ~by]
    return [np.sort(people[one]) for one in parts]


def words(figures: Mapping[str, Any]) -> list[str]:
    """The curve for people."""
    rows = [
        [one["day"], _count(one["followed_after"]), _count(one["outcomes"]),
         _share(one["outcome"]), _share(one["competing"]), _free(one)]
        for one in figures["curve"]
    ]  # fmt: skip
    head = ["day", "followed", "outcomes", "outcome", "competing", "free of both (95 %)"]
    nothing = "No day may be told: too few people leave between the days."
    return [
        f"{figures['cohort']}: {figures['patients']:,} patients of all sites",
        "",
        *(columns([head, *rows], right=(0, 1, 2, 3, 4)) if rows else [nothing]),
        "",
        f"Days are left out between which 1 to {figures['least_cell'] - 1} people left for one",
        "reason. Loss to follow-up is taken to have nothing to do with the outcome.",
    ]


def _count(value: int | None) -> str:
    return "hidden" if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    return "hidden" if value is None else f"{value:.1%}"


def _free(one: Mapping[str, Any]) -> str:
    if one["free"] is None:
        return "hidden"
    return f"{one['free']:.1%} ({one['low']:.1%} to {one['high']:.1%})"


SURVIVAL = Algorithm("survival", ("survival",), read, run, words=words)
