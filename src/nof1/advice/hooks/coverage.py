"""What was checked and what was not: on every response, so that no card never means "no problem".

The statement travels twice: whole, as an extension of the response for programs; and as one quiet
card for people whenever something was not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nof1.advice.hooks.prefetch import Gap
from nof1.advice.ledger.shapes import Shown
from nof1.advice.orders.shapes import Checked
from nof1.core.finding import NEEDS_VALUE, Finding, Kind, Status

EXTENSION = "org.nof1.coverage"
WHOLE = "the patient"
_FAMILIES = {
    Kind.RISK: "models",
    Kind.EFFECT: "models",
    Kind.FORECAST: "models",
    Kind.MEDICATION: "genes",
    Kind.GENOTYPE: "genes",
    Kind.IMAGE: "imaging",
    Kind.OUTBREAK: "region",
    Kind.ALERT: "interactions",
}
# What a view of the patient says of rooms that had nothing to say.
_SILENT = {
    "models": ("no model is in the workspace", "train one: nof1 train TASK.yaml"),
    "genes": ("no gene result is in the record", "call genes: nof1 genome call VCF"),
    "imaging": ("no answered picture is in the record", "read one: nof1 imaging read"),
    "region": ("no epidemic activity of the region is known", "nof1 surveillance activity"),
}


@dataclass(frozen=True)
class Coverage:
    """The statement of one response.

    ``hidden`` counts alerts that are not shown (order-select); ``expired`` names the sources of
    facts that are past their date. ``loud`` are sentences that come before all others; ``shadow``
    the cards of rules and models that run unseen: for the ledger, never for the answer.
    """

    entries: tuple[Checked, ...]
    hidden: int = 0
    expired: tuple[str, ...] = ()
    loud: tuple[str, ...] = ()
    shadow: tuple[Shown, ...] = ()

    @property
    def gaps(self) -> tuple[Checked, ...]:
        """What was not checked."""
        return tuple(one for one in self.entries if one.state == "not_checked")

    @property
    def done(self) -> tuple[Checked, ...]:
        """What was checked."""
        return tuple(one for one in self.entries if one.state == "checked")

    def to_dict(self, at: datetime, origin: str, synthetic: bool) -> dict[str, Any]:
        """The extension: as-of time, where the data came from, both lists."""
        data: dict[str, Any] = {
            "asOf": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "data": origin,
            "synthetic": synthetic,
            "shown": "all" if not self.hidden else "the selected orders and what is critical",
        }
        if self.hidden:
            data["notShown"] = self.hidden
        if self.loud:
            data["warnings"] = list(self.loud)
        if self.done:
            data["checked"] = [{"family": o.family, "subject": o.subject} for o in self.done]
        if self.gaps:
            data["notChecked"] = [_gap(one) for one in self.gaps]
        if self.expired:
            data["expiredSources"] = list(self.expired)
        return data


def _gap(one: Checked) -> dict[str, str]:
    found = {"family": one.family, "subject": one.subject}
    return found | {k: v for k, v in (("reason", one.reason), ("resolve", one.resolve)) if v}


def narrowed(entries: Iterable[Checked], gaps: Sequence[Gap]) -> tuple[Checked, ...]:
    """The entries, with what rests on missing data turned into "not checked".

    A check that ran on half of the data proves nothing: an allergy list that was not sent is not
    an empty one.
    """
    first: dict[str, Gap] = {}
    for gap in gaps:
        for family in gap.families:
            first.setdefault(family, gap)
    found = [_without(one, first.get(one.family)) for one in entries]
    told = {one.family for one in found}
    found += [
        Checked(family, WHOLE, "not_checked", gap.reason, gap.resolve)
        for family, gap in sorted(first.items())
        if family not in told
    ]
    return tuple(found)


def _without(one: Checked, gap: Gap | None) -> Checked:
    if gap is None:
        return one
    reason = f"{gap.reason}. {one.reason}" if one.reason else gap.reason
    return Checked(one.family, one.subject, "not_checked", reason, one.resolve or gap.resolve)


def of_findings(findings: Sequence[Finding]) -> tuple[Checked, ...]:
    """What a view of the patient looked at: each finding, and each room that was silent."""
    found = [_of_finding(one) for one in findings]
    told = {one.family for one in found}
    silent = [
        Checked(family, WHOLE, "not_checked", *words)
        for family, words in _SILENT.items()
        if family not in told
    ]
    return (*found, *silent)


def _of_finding(finding: Finding) -> Checked:
    family, what = _FAMILIES[finding.kind], finding.what.display
    if finding.status in (Status.WITHHELD, Status.NOT_CHECKED):
        return Checked(family, what, "not_checked", finding.reason, finding.resolve)
    return Checked(family, what, "checked")


def speaks(finding: Finding, gaps: Sequence[Gap]) -> bool:
    """Whether an answer may be shown: found, and no number from half of a record."""
    if finding.status != Status.FOUND or finding.kind is Kind.GENOTYPE:
        return False
    lame = any("models" in gap.families for gap in gaps)
    return not (lame and finding.kind in NEEDS_VALUE)
