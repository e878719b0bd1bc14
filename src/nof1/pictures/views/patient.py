"""The patient page: findings as people read them, each with its way back to the source rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nof1.core.unit_words import unit_words
from nof1.pictures import patient_charts

STATUS = {
    "found": ("info", "Answer"),
    "excluded": ("info", "Excluded"),
    "withheld": ("warning", "Withheld"),
    "not_checked": ("warning", "Not checked"),
}
SCALES = {"logit": "Log odds", "1": "Points", "d": "Days"}
EVENTS_SHOWN = 20


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``{subject, as_of, findings, timeline?}``.

    ``findings`` are ``Finding.to_dict()``; ``timeline`` rows are {display, unit, low, high,
    points: [{time, value}]}, one per laboratory value. ``drawings`` maps the code of a finding to
    a PNG (base64) that shows where its evidence lies.
    """
    drawings = data.get("drawings") or {}
    told = [finding(row, drawings.get(row["what"]["code"])) for row in data["findings"]]
    shown, common = _shared_notes(told)
    findings = [row for row in shown if row["kind"] != "genotype"]
    subject = data["subject"]
    who = subject.get("id") if isinstance(subject, Mapping) else subject
    return {
        "title": f"Patient {who}",
        "site": subject.get("site") if isinstance(subject, Mapping) else None,
        "synthetic": any(row["synthetic"] for row in shown) or bool(data.get("synthetic")),
        "data_date": str(data["as_of"])[:10],
        "as_of": moment(data["as_of"]),
        "json_name": data.get("json_name"),
        "findings": findings,
        "common_notes": common,
        "genes": [_gene(row) for row in shown if row["kind"] == "genotype"],
        "timeline": [_line(row) for row in data.get("timeline") or []],
    }


def _shared_notes(shown: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Notes that stand with several answers are said once, for all of them."""
    times = Counter(note for row in shown for note in row["notes"])
    common = [note for note, count in times.items() if count > 1]
    own = [{**row, "notes": [n for n in row["notes"] if times[n] == 1]} for row in shown]
    return own, common


def _gene(shown: Mapping[str, Any]) -> dict[str, Any]:
    """One gene or inherited score as a row: its name, what it is, and what is said about it."""
    name, _, what = shown["what"].partition(": ")
    said = shown["value"] or shown["reason"]
    return {
        **shown,
        "name": name,
        "answer": what,
        "said": said,
        "source": next((e["source"] for r in shown["reasons"] for e in r["events"]), ""),
    }


def finding(row: Mapping[str, Any], drawing: str | None = None) -> dict[str, Any]:
    """One finding with its charts, words and reasons; ``drawing`` is a PNG as base64 text."""
    severity, status = STATUS[row["status"]]
    evidence = row.get("evidence") or []
    contributions = [abs(e["contribution"]) for e in evidence if e.get("contribution") is not None]
    value, basis = row.get("value"), row["basis"]
    return {
        "what": row["what"]["display"],
        "code": row["what"]["code"],
        "kind": row["kind"],
        "status": status,
        "severity": severity,
        "open": row["status"] in ("found", "excluded"),
        "horizon": span(row.get("horizon_days")),
        "as_of": moment(row["as_of"]),
        "counted_from": moment(row.get("counted_from") or row["as_of"])[:10],
        "frequency": row.get("frequency"),
        "icons": _icons(row.get("frequency")),
        "drawing": f"data:image/png;base64,{drawing}" if drawing else None,
        "bar": _bar(value) if value else None,
        "value": _value(value, row["kind"]) if value else None,
        "reason": row.get("reason"),
        "resolve": row.get("resolve"),
        "notes": row.get("notes") or [],
        "reasons": [_reason(e, max(contributions, default=0.0)) for e in evidence],
        "weighed": bool(contributions),
        "scale": SCALES[_scale(evidence)],
        "basis": basis,
        "synthetic": bool(row.get("synthetic")),
    }


def span(days: float | None) -> str | None:
    """A time span in the words people use.

    >>> span(365), span(30), span(730.5)
    ('within 1 year', 'within 30 days', 'within 2 years')
    """
    if days is None:
        return None
    years = days / 365.25
    if years >= 0.99 and abs(years - round(years)) < 0.01:
        return f"within {round(years)} year{'s' * (round(years) > 1)}"
    return f"within {days:g} days"


def moment(time: Any) -> str:
    """Date and minute, UTC, without the machine's letters."""
    return f"{str(time)[:16].replace('T', ' ')} UTC"


def _icons(frequency: Mapping[str, Any] | None) -> Any:
    if not frequency:
        return None
    numbers = (frequency["events"], frequency["low"], frequency["high"])
    return patient_charts.icon_array(*numbers, of=frequency["of"])


def _bar(value: Mapping[str, Any]) -> Any:
    interval = value["interval"]
    probability = value["unit"] == "1" and 0 <= interval["low"] <= interval["high"] <= 1
    if not probability:
        return None
    return patient_charts.risk_bar(
        value["amount"], interval["low"], interval["high"], interval["level"]
    )


def _value(value: Mapping[str, Any], kind: str) -> str:
    interval = value["interval"]
    if kind == "effect":
        factor, unit = (100, " points") if value["unit"] == "1" else (1, " days")
        ends = (value["amount"], interval["low"], interval["high"])
        numbers = [f"{factor * n:+.1f}".replace("-", "\u2212") for n in ends]
    elif value["unit"] == "1":
        numbers = [percent(n) for n in (value["amount"], interval["low"], interval["high"])]
        unit = " %"
    else:
        numbers = [f"{n:.3g}" for n in (value["amount"], interval["low"], interval["high"])]
        unit = f" {unit_words(value['unit'])}".rstrip()
    level = f"{interval['level']:.0%}"
    return f"{numbers[0]}{unit} ({level} interval {numbers[1]} to {numbers[2]}{unit})"


def percent(share: float) -> str:
    """A probability in per cent, which is never rounded up to certainty.

    >>> percent(0.12345), percent(0.99991), percent(1.0)
    ('12.3', 'over 99.9', '100')
    """
    return "over 99.9" if 0.9995 <= share < 1 else f"{100 * share:.3g}"


def _scale(evidence: Sequence[Mapping[str, Any]]) -> str:
    """Unit of the contributions: of log odds, or of an effect."""
    return next((e["unit"] for e in evidence if e.get("unit") in SCALES), "logit")


def _reason(evidence: Mapping[str, Any], largest: float) -> dict[str, Any]:
    amount = evidence.get("contribution")
    events = evidence.get("events") or []
    shown = amount if amount is None or evidence.get("unit") != "1" else 100 * amount
    return {
        "text": evidence["text"],
        "citation": evidence.get("citation"),
        "bar": None if amount is None else patient_charts.contribution_bar(amount, largest),
        "amount": None if shown is None else f"{shown:+.2f}".replace("-", "\u2212"),
        "way": None if amount is None else "raises the risk" if amount > 0 else "lowers the risk",
        "events": [_event(event) for event in events[:EVENTS_SHOWN]],
        "more": max(len(events) - EVENTS_SHOWN, 0),
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    value = event.get("value")
    words = (
        event.get("text")
        if value is None
        else f"{value:.6g} {unit_words(event.get('unit'))}".strip()
    )
    row = event.get("source_row")
    source = event.get("source_file")
    return {
        "time": moment(event["time"]) if event.get("time") else "always",
        "display": event.get("display") or event["code"],
        "code": event["code"],
        "value": words or "",
        "source": f"{source}, row {row}" if source and row else source or "",
    }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    points = sorted(row["points"], key=lambda point: str(point["time"]))
    low, high = row.get("low"), row.get("high")
    picture = patient_charts.sparkline(row["display"], points, row["unit"], low, high)
    last = points[-1] if points else None
    outside = last and (
        (low is not None and last["value"] < low) or (high is not None and last["value"] > high)
    )
    return {
        "display": row["display"],
        "unit": unit_words(row["unit"]),
        "picture": picture,
        "last": f"{last['value']:.4g}" if last else "none",
        "when": str(last["time"])[:10] if last else "",
        "normal": f"{low:g} to {high:g}" if low is not None and high is not None else "",
        "outside": bool(outside),
        "count": len(points),
    }
