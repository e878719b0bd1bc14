"""The answer about a checked panel: the document of ``nof1 surveillance alarms`` and findings."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, time
from typing import Any

import numpy as np

from nof1.core.finding import (
    Basis,
    Coding,
    Evidence,
    Finding,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
)
from nof1.surveillance.alarms.run import Checked
from nof1.surveillance.alarms.sayings import false_if
from nof1.surveillance.alarms.scan import Cluster
from nof1.surveillance.alarms.tested import WORDS, Reason

VERSION = "1"
MOST_HISTORIES = 60  # of more places only those with an alarm get a history
BETWEEN = "\x1f"  # stands between place and stratum in the places of a panel of strata
FEW = "fewer cases in the last 4 weeks than the rule asks for"
SOURCES = {
    "farrington-flexible": "Noufaily et al. 2013, Stat Med 32:1206",
    "farrington": "Farrington et al. 1996, JRSS A 159:547",
    "cusum": "Hoehle and Paul 2008, CSDA 52:4357",
    "glr": "Hoehle and Paul 2008, CSDA 52:4357",
}
EARS = "Hutwagner et al. 2003, J Urban Health 80:i89"
VALIDATED = "simulated series and R package surveillance 1.20.3; not in your data"


def rows(checked: Checked) -> list[dict[str, Any]]:
    """One row for each place (and stratum): its newest week."""
    return [_row(checked, at) for at in range(len(checked.panel.places))]


def _row(checked: Checked, at: int) -> dict[str, Any]:
    tested = checked.tested
    place, _, stratum = checked.panel.places[at].partition(BETWEEN)
    reason = Reason(int(tested.reason[-1, at]))
    alarm = bool(checked.alarm[-1, at])
    share = float(checked.share[-1, at])
    observed = tested.observed[-1, at]
    status = "not_checked" if reason else "alarm" if alarm else "quiet"
    said = WORDS[reason][0] if reason else FEW if tested.few[-1, at] and not alarm else None
    return {
        "place": place,
        "stratum": stratum,
        "date": str(tested.dates[-1]),
        "observed": _number(observed),
        "estimate": _number(observed / share) if share < 1 and share > 0 else None,
        "complete": round(share, 4),
        "expected": _number(tested.expected[-1, at]),
        "upper": _number(tested.upper[-1, at]),
        "p": _number(checked.p[-1, at]),
        "q": _number(checked.q[-1, at]),
        "two_weeks": _two_weeks(checked, at) if not reason else None,
        "status": status,
        "reason": said,
        "resolve": WORDS[reason][1] if reason else None,
        "first_cases": reason == Reason.FIRST_CASES,
        "false_if": _false_if(checked, at) if alarm else [],
    }


def _two_weeks(checked: Checked, at: int) -> dict[str, float | None] | None:
    """The newest two weeks together, which the p also looks at; None where it does not."""
    tested = checked.tested
    if checked.settings.fdr is None or len(tested.dates) < 2:
        return None
    return {
        "observed": _number(tested.observed[-2:, at].sum()),
        "expected": _number(tested.parts["expected_two"][-1, at]),
        "p": _number(tested.parts["p_two"][-1, at]),
    }


def _false_if(checked: Checked, at: int) -> list[str]:
    tested = checked.tested
    years = tested.parts.get("years")
    asked = checked.settings.windows.years
    return false_if(
        tested.observed[:, at],
        tested.expected[:, at],
        tested.dates[-1].item(),
        checked.panel.known_on,
        share=float(checked.share[-1, at]),
        few_years=years is not None and bool(years[-1, at] < asked),
    )


def history(checked: Checked) -> list[dict[str, Any]]:
    """The tested weeks of each place; of many places only of those with an alarm now."""
    tested = checked.tested
    number = len(checked.panel.places)
    shown = range(number) if number <= MOST_HISTORIES else np.flatnonzero(checked.alarm[-1])
    return [
        {
            "place": checked.panel.places[at].partition(BETWEEN)[0],
            "stratum": checked.panel.places[at].partition(BETWEEN)[2],
            "date": str(day),
            "observed": _number(tested.observed[j, at]),
            "expected": _number(tested.expected[j, at]),
            "upper": _number(tested.upper[j, at]),
            "alarm": bool(checked.alarm[j, at]),
        }
        for at in shown
        for j, day in enumerate(tested.dates)
    ]


def clusters(found: list[Cluster], places: list[str], checked: Checked) -> list[dict[str, Any]]:
    """The clusters of the scan.

    Parameters
    ----------
    places : the places that were scanned, in their order.
    """
    dates = checked.tested.dates
    return [
        {
            "places": [places[at] for at in one.places],
            "first": str(dates[-one.weeks] - 6),
            "last": str(dates[-1]),
            "observed": one.observed,
            "expected": _number(one.expected),
            "relative_risk": _number(one.relative_risk),
            "p": _number(one.p),
        }
        for one in found
    ]


def not_checked(checked: Checked) -> list[dict[str, str]]:
    """Each reason once, with the number of places and the first of them."""
    tested = checked.tested
    found = []
    for reason, (text, resolve) in WORDS.items():
        at = np.flatnonzero(tested.reason[-1] == reason)
        if len(at):
            names = [checked.panel.places[i].replace(BETWEEN, " ") for i in at[:5]]
            more = f" and {len(at) - 5} more" if len(at) > 5 else ""
            found.append({"what": ", ".join(names) + more, "reason": text, "resolve": resolve})
    return found


def needs_attention(document: dict[str, Any]) -> bool:
    """Whether a person should look: an alarm, a cluster, or cases where there never were any."""
    listed = document["rows"]
    alarm = any(row["status"] == "alarm" or row["first_cases"] for row in listed)
    return alarm or bool(document["clusters"])


def findings(checked: Checked, *, synthetic: bool) -> list[Finding]:
    """One finding for each place: an alarm, checked and quiet, or not checked; never nothing."""
    return [_finding(checked, row, synthetic) for row in rows(checked)]


def _finding(checked: Checked, row: dict[str, Any], synthetic: bool) -> Finding:
    settings = checked.settings
    stratum = f", {row['stratum']}" if row["stratum"] else ""
    open_ = row["status"] == "not_checked"
    kinds = {"alarm": Status.FOUND, "quiet": Status.EXCLUDED, "not_checked": Status.NOT_CHECKED}
    return Finding(
        subject=Subject(kind="region", id=row["place"]),
        as_of=datetime.combine(checked.panel.known_on, time(), UTC),
        kind=Kind.OUTBREAK,
        what=Coding(
            code="nof1/surveillance-alarm",
            display=f"More cases than expected: {checked.panel.signal}{stratum}",
        ),
        status=kinds[row["status"]],
        horizon_days=float(checked.panel.step_days),
        value=None if open_ else _expectation(row, settings.alpha or 0.01),
        reason=row["reason"] if open_ else _sentence(row),
        resolve=row["resolve"],
        evidence=() if open_ else _evidence(checked, row),
        notes=tuple(f"The alarm is false if {text}." for text in row["false_if"]),
        basis=Basis(
            kind="rule",
            id=f"surveillance/{settings.method}",
            version=VERSION,
            content_hash=hashlib.sha256(repr(settings).encode()).hexdigest(),
            knowledge_date=checked.panel.known_on.isoformat(),
            validated_in=VALIDATED,
        ),
        synthetic=synthetic,
    )


def _expectation(row: dict[str, Any], alpha: float) -> Value | None:
    """The expected count; one-sided, from 0 to the upper bound. None where there is no bound."""
    expected, upper = row["expected"], row["upper"]
    if expected is None or upper is None:
        return None
    high = max(upper, expected)
    return Value(amount=expected, unit="1", interval=Interval(low=0, high=high, level=1 - alpha))


def _sentence(row: dict[str, Any]) -> str:
    """What was seen, against what was expected."""
    more = "more than expected" if row["status"] == "alarm" else "checked; no alarm"
    usual = "" if row["expected"] is None else f", {row['expected']:.1f} expected"
    because = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['observed']:g} cases in the week to {row['date']}{usual}: {more}{because}"


def _evidence(checked: Checked, row: dict[str, Any]) -> tuple[Evidence, ...]:
    method = checked.settings.method
    source = SOURCES.get(method, EARS)
    texts = [f"observed {row['observed']:g} cases"]
    if row["expected"] is not None:
        texts.append(f"expected {row['expected']:.2f}")
    if row["upper"] is not None:
        texts.append(f"an alarm of this week alone needs more than {row['upper']:g}")
    if row["complete"] < 1:
        texts.append(f"{row['complete']:.0%} of the reports are expected to be in")
    if row["p"] is not None:
        texts.append(f"p {row['p']:.2g}")
    two = row["two_weeks"]
    if two is not None and two["p"] is not None:
        pair = (two["observed"], two["expected"], two["p"])
        texts.append("two weeks together {:g}, expected {:.2f}, p {:.2g}".format(*pair))
    if row["q"] is not None:
        texts.append(f"adjusted for all places of the week {row['q']:.2g}")
    return (Evidence(text="; ".join(texts), citation=source),)


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
