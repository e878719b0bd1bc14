"""What a check found: one of four words, always with its reason, limit and blind spots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["pass", "attention", "fail", "not_checked"]
ORDER: tuple[Status, ...] = ("pass", "not_checked", "attention", "fail")
MOST_FINDINGS = 50  # findings that are listed; all of them are counted


@dataclass(frozen=True)
class Found:
    """One thing that a check found.

    Attributes
    ----------
    where : file and place in it. what : in words, without any patient's value or name.
    count : how many of these stand there.
    status : ``fail`` or ``attention``.
    """

    where: str
    what: str
    count: int = 1
    status: Status = "fail"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "where": self.where, "what": self.what, "count": self.count, "status": self.status,
        }  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One check of the pack.

    Attributes
    ----------
    name : for programs; title : the question, for people.
    status : ``pass``, ``attention`` (a person must look), ``fail``, or ``not_checked``.
    reason : why this status, in one or two sentences; never empty.
    limit : what is allowed, and why.
    figures : measured numbers by name.
    blind : what this check cannot see.
    """

    name: str
    title: str
    status: Status
    reason: str
    limit: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    found: Sequence[Found] = ()
    blind: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON form; at most ``MOST_FINDINGS`` findings, the failures first."""
        ranked = sorted(self.found, key=lambda one: -ORDER.index(one.status))
        return {
            "name": self.name,
            "title": self.title,
            "status": self.status,
            "reason": self.reason,
            "limit": self.limit,
            "figures": dict(self.figures),
            "findings": len(self.found),
            "found": [one.to_dict() for one in ranked[:MOST_FINDINGS]],
            "blind": list(self.blind),
        }


def worst(statuses: Iterable[Status]) -> Status:
    """The word for all of them together: ``fail``, else ``attention`` (also for what was not
    checked), else ``pass``.

    >>> worst(["pass", "not_checked"]), worst(["attention", "fail"]), worst(["pass"])
    ('attention', 'fail', 'pass')
    """
    found: Status = max(statuses, key=ORDER.index, default="not_checked")
    return "attention" if found == "not_checked" else found


def of_findings(found: Sequence[Found]) -> Status:
    """``pass`` when nothing was found, else the worst of the findings."""
    return worst([one.status for one in found]) if found else "pass"
