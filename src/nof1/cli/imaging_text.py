"""The answers of ``nof1 imaging`` as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nof1.cli.options import WIDTH, table
from nof1.core.finding import NOTICE

BEFORE_AFTER = {
    "brier": "Brier score",
    "calibration_slope": "calibration slope",
    "calibration_in_the_large": "calibration in the large",
    "ece_debiased": "calibration error",
}
MOST_REFUSED = 20
DOUBT = "Not validated"
SYNTHETIC = "SYNTHETIC data: no real patient."


def read(data: Mapping[str, Any]) -> str:
    """What was said about each picture."""
    lines: list[str] = []
    for picture in data["pictures"]:
        lines += [*_picture(picture), ""]
    lines += _refused(data["refused"])
    if data["status"] != "ok":
        lines += [*_wrapped(f"Nothing was answered: {data['reason']}"), ""]
    if data.get("written"):
        lines += [*_wrapped(f"Written: {', '.join(data['written'])}"), ""]
    if any(one.get("synthetic") for one in data["findings"]):
        lines.append(SYNTHETIC)
    return "\n".join([*lines, NOTICE])


def _picture(picture: Mapping[str, Any]) -> Iterator[str]:
    sources, findings = picture["sources"], picture["findings"]
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    facts = [picture["modality"] or "kind not said", picture["view"], picture["body_part"]]
    size = " x ".join(str(side) for side in picture["shape"])
    yield f"{sources[0]}{more}"
    yield f"  {', '.join(one for one in facts if one)}, {size}"
    if not findings:
        yield from _wrapped(f"No model was asked. Next step: {_ask_for(picture)}", 2, "  ")
    for basis, rows in _by_basis(findings):
        for finding in rows:
            yield from _finding(finding)
        words = f"Asked: {basis['kind']} {basis['id']}, tested on {basis['validated_in']}."
        yield from _wrapped(words, 2, "  ")
    for answer in picture["answers"]:
        yield from _doubts(answer)
    for note in dict.fromkeys([*picture["notes"], *_all_notes(findings)]):
        yield from _wrapped(f"Note: {note}", 2, "  ")


def _ask_for(picture: Mapping[str, Any]) -> str:
    """What helps a picture for which there is no model."""
    if len(picture["shape"]) == 3 and picture["modality"] is None:
        return "say what made this volume; CT is measured with --modality CT"
    return "nof1 imaging train TASK.yaml"


def _by_basis(
    findings: Sequence[Mapping[str, Any]],
) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Findings of each model or rule, in the order of asking."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for one in findings:
        rows.setdefault(one["basis"]["content_hash"], []).append(one)
    return [(group[0]["basis"], group) for group in rows.values()]


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {_headline(finding)}"
    if finding.get("reason"):
        yield from _wrapped(finding["reason"], 4)
    if finding.get("resolve"):
        yield from _wrapped(f"Next step: {finding['resolve']}", 4)
    for evidence in finding.get("evidence") or []:
        yield from _wrapped(evidence["text"], 4)


def _headline(finding: Mapping[str, Any]) -> str:
    value, name = finding.get("value"), finding["what"]["display"]
    if value is None:  # an answer in words only: its reason follows
        return name if finding["status"] in ("found", "excluded") else f"{name}: withheld"
    interval, share = value["interval"], value["unit"] == "1"
    numbers = [value["amount"], interval["low"], interval["high"]]
    amount, low, high = (_percent(one) if share else f"{one:,.0f}" for one in numbers)
    if not share:  # how far the edge of a mask may lie, not a share of repeated measurements
        return f"{name}: {amount} {value['unit']} (range {low} to {high})"
    return f"{name}: {amount} % ({interval['level']:.0%} interval {low} to {high})"


def _percent(share: float) -> str:
    """Per cent, with a decimal where 0 or 100 would say too much.

    >>> _percent(0.83), _percent(0.004), _percent(0.9996)
    ('83', '0.4', '>99.9')
    """
    if 0.01 <= share <= 0.99:
        return f"{100 * share:.0f}"
    return "<0.1" if share < 0.001 else ">99.9" if share > 0.999 else f"{100 * share:.1f}"


def _all_notes(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Notes of findings; doubts are told with the gate that has them."""
    for finding in findings:
        yield from (note for note in finding.get("notes") or [] if not note.startswith(DOUBT))


def _doubts(answer: Mapping[str, Any]) -> Iterator[str]:
    for gate in answer["gates"]:
        if gate["status"] in ("not validated", "not checkable"):
            words = f"{gate['gate'].capitalize()}: {gate['status']}. {gate['reason']}"
            yield from _wrapped(words, 2, "  ")


def _refused(refused: list[Mapping[str, Any]]) -> list[str]:
    if not refused:
        return []
    files = sum(int(one["files"]) for one in refused)
    lines = [f"Refused: {files:,} file{'s' * (files != 1)}"]
    for one in refused[:MOST_REFUSED]:
        lines += _wrapped(f"{one['file']}: {one['reason']} {one['next_step']}", 2, "  ")
    if len(refused) > MOST_REFUSED:
        lines.append(f"  and {len(refused) - MOST_REFUSED} more (--json lists all)")
    return [*lines, ""]


def audited(data: Mapping[str, Any]) -> str:
    """The verdict of every gate on a data set."""
    rows = [[one["gate"], one["judgement"], one["because"] or ""] for one in data["gates"]]
    widest = max(len(row[0]) for row in rows) + max(len(row[1]) for row in rows) + 4
    lines = [f"{data['name']}: {data['judgement']}", "", _counts(data), ""]
    for gate, judgement, because in rows:
        head = f"{gate:{max(len(r[0]) for r in rows)}}  {judgement:{max(len(r[1]) for r in rows)}}"
        body = textwrap.wrap(because, WIDTH - widest) or [""]
        lines.append(f"{head}  {body[0]}".rstrip())
        lines += [" " * widest + one for one in body[1:]]
    return "\n".join([*lines, "", NOTICE])


def _counts(data: Mapping[str, Any]) -> str:
    counts = {name: value for name, value in data["counts"].items() if value}
    rows = [[name.replace("_", " "), _count(value)] for name, value in counts.items()]
    lines = [table(rows, ["what", "count"])]
    if data["set_aside"]:
        lines += ["", "Set aside, and why:"]
    for reason, count in data["set_aside"].items():
        lines += _wrapped(f"{count} x {reason}", 2, "  ")
    return "\n".join(lines)


def _count(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return str(value)


def card(data: Mapping[str, Any]) -> str:
    """The card of a model of pictures."""
    told = data["card"]
    lines = [data["name"], *_wrapped(f"Model {data['sha256'][:16]}, made {data['created'][:10]}")]
    gate = data.get("may_speak") or {}
    verdict = "may speak" if gate.get("passed") else "WITHHELD"
    lines += _wrapped(f"The model {verdict}. {'; '.join(gate.get('reasons', ()))}".rstrip())
    lines += ["", _figures(told), ""]
    lines += [line for note in _notes(data) for line in _wrapped(f"- {note}", 0, "  ")]
    return "\n".join([*lines, "", NOTICE])


def _figures(told: Mapping[str, Any]) -> str:
    rows = []
    for one in told["findings"]:
        rows.append([one["name"], "AUROC", _figure(one["auroc"])])
        for key, name in (
            ("brier", "Brier score"),
            ("calibration_slope", "calibration slope"),
            ("conformal_coverage", "coverage of the set"),
        ):
            figure = one["figures"].get(key)
            if figure:
                rows.append([one["name"], name, _figure(figure)])
        shortcut = (told.get("shortcuts") or {}).get(one["name"])
        if shortcut:
            rows.append([one["name"], "AUROC, frame only", _figure(shortcut["frame_only"])])
            rows.append([one["name"], "full minus frame", _figure(shortcut["difference"])])
    return table(rows, ["finding", "figure", "value (95 % interval)"])


def _figure(one: Mapping[str, Any]) -> str:
    if one.get("value") is None:
        return f"not known: {one.get('note', '')}"
    if one.get("low") is None:
        return f"{one['value']:.3f}"
    value, low, high = (f"{one[key]:.3f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})".replace("-0.000", "0.000")


def _notes(data: Mapping[str, Any]) -> list[str]:
    told = data["card"]
    return [
        f"Tested by {told['tested_by']}.",
        f"Pictures: {_count(told['pictures'])}.",
        f"Validated by {told['validated_by']}.",
        *told["notes"],
        *told["limits"],
    ]


def recalibrated(data: Mapping[str, Any]) -> str:
    """Before and after of a recalibration."""
    lines = _wrapped(f"{data['name']}: {data['cases']} cases of the site. {data['verdict']}")
    for one in data["findings"]:
        rows = [
            [BEFORE_AFTER.get(key, key), _figure(figure), _figure(one["after"][key])]
            for key, figure in one["before"].items()
        ]
        lines += ["", one["finding"], table(rows, ["figure (95 % interval)", "before", "after"])]
    return "\n".join([*lines, "", NOTICE])


def _wrapped(text: str, indent: int = 0, hanging: str | None = None) -> list[str]:
    first = " " * indent
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=first + (hanging or "")
    )
