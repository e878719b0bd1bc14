"""One problem of the data: what, where, how much of how much, why it matters, what to do next.

Counts of 1 to 4 are never shown (``SMALL``): a page that goes round in a hospital must not point
at single patients. They become "fewer than 5" in words and null in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

SMALL = 5
MANY_SITES = 3


class Severity(StrEnum):
    """How much a problem matters: may be ignored, should be looked at, must be solved first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Problem:
    """One problem; ``count`` of ``of`` things (``things``: "values", "patients", "events").

    ``check`` is the stable name of the rule; ``reference`` says where its limit comes from.
    ``code``, ``site``, ``month`` and ``until`` say where; None means "everywhere", and ``sites``
    then says at how many. Months read "2024-05".
    """

    check: str
    severity: Severity
    what: str
    count: int
    of: int
    things: str
    why: str
    next_step: str
    code: str | None = None
    site: str | None = None
    month: str | None = None
    until: str | None = None
    sites: int = 1
    reference: str | None = None

    @property
    def share(self) -> str:
        """The count with its denominator: "12 of 3,400 values"."""
        if shown(self.of) is None:
            return f"{number_text(self.of)} {self.things}"
        return f"{number_text(self.count)} of {number_text(self.of)} {self.things}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; small counts are null, as ``share`` says in words."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "what": self.what,
            "code": self.code,
            "site": self.site,
            "sites": self.sites,
            "month": self.month,
            "until": self.until,
            "count": shown(self.count),
            "of": shown(self.of),
            "things": self.things,
            "share": self.share,
            "why": self.why,
            "next_step": self.next_step,
            "reference": self.reference,
        }


def shown(count: int | None) -> int | None:
    """The count, or None when it is 1 to 4 and would point at single patients.

    >>> shown(0), shown(4), shown(5)
    (0, None, 5)
    """
    return None if count is None or 0 < count < SMALL else count


def number_text(count: int) -> str:
    """A count as people read it.

    >>> number_text(3400), number_text(2)
    ('3,400', 'fewer than 5')
    """
    return f"fewer than {SMALL}" if shown(count) is None else f"{count:,}"


def month_text(month: int) -> str:
    """Years x 12 + month - 1 as people read it.

    >>> month_text(2024 * 12 + 4)
    '2024-05'
    """
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def gathered(problems: Iterable[Problem]) -> list[Problem]:
    """The same problem at more than ``MANY_SITES`` sites becomes one problem without a site."""
    groups: dict[tuple[Any, ...], list[Problem]] = {}
    for problem in problems:
        key = (problem.check, problem.code, problem.what, problem.month, problem.until)
        groups.setdefault(key, []).append(problem)
    return [one for group in groups.values() for one in _gathered(group)]


def _gathered(group: list[Problem]) -> list[Problem]:
    if len(group) <= MANY_SITES:
        return group
    worst = min(group, key=lambda p: list(Severity).index(p.severity))
    count, of = sum(p.count for p in group), sum(p.of for p in group)
    return [replace(worst, count=count, of=of, site=None, sites=len(group))]


def ranked(problems: Iterable[Problem]) -> list[Problem]:
    """The worst first: by severity, then by count, then by share."""
    order = list(Severity)
    return sorted(
        problems,
        key=lambda p: (order.index(p.severity), -p.count, -p.count / max(p.of, 1), p.check),
    )
