"""The scores as text, and every miss and false alarm as a table."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from bench.orders.score import Outcome, scores

LINES = {
    "sensitivity": "sensitivity",
    "noticed": "noticed at all (tier 1 or 2)",
    "ppv_strict": "interruptions that the source asks for",
    "ppv_wide": "interruptions of an order with some harm",
    "harmless_interrupted": "harmless orders interrupted",
    "harmless_warned": "orders with nothing wrong warned about",
    "missed_openly": "missed, but named as not checked",
    "unknown": "orders with a medicine unknown to the checks",
    "said_so": "not checkable, and the answer says so",
}
EVIDENCE = {
    "read": "sensitivity, source read while writing",
    "known": "sensitivity, source from general knowledge",
}
HIGH, LOW, ROW = "interactions_high", "interactions_low", 28
WIDTH = max(map(len, LINES.values()))


def text(outcomes: list[Outcome]) -> str:
    """All scores, then one line for each category."""
    errors = sum(one.answer.error is not None for one in outcomes)
    harmless = sum(one.case.harmless for one in outcomes)
    lines = [f"{len(outcomes)} simulated orders, {harmless} of them harmless; {errors} errors", ""]
    lines += [f"{LINES[name]:{WIDTH}}  {one.text}" for name, one in scores(outcomes).items()]
    for evidence, words in EVIDENCE.items():
        made = scores([one for one in outcomes if one.case.evidence == evidence])
        lines.append(f"{words:{WIDTH}}  {made['sensitivity'].text}")
    lines += several(outcomes)
    lines += ["", f"{'category':20} {'sensitivity':38} {'harmless interrupted':34} warned"]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.case.category].append(one)
    for category, group in sorted(groups.items()):
        made = scores(group)
        first = made["said_so"] if category == "coverage" else made["sensitivity"]
        rest = made["harmless_interrupted"].text, made["harmless_warned"].text
        lines.append(f"{category:20} {first.text:38} {rest[0]:34} {rest[1]}")
    return "\n".join([*lines, class_pairs(outcomes)])


def several(outcomes: list[Outcome]) -> list[str]:
    """The patients with several facts at once, in two lines; none when there is no such patient."""
    made = [one for one in outcomes if one.case.several]
    found = scores(made)
    shown = {
        "sensitivity, several facts at once": found["sensitivity"],
        "harmless interrupted, several facts": found["harmless_interrupted"],
    }
    return [f"{words:{WIDTH}}  {one.text}" for words, one in shown.items()] if made else []


def class_pairs(outcomes: list[Outcome]) -> str:
    """The two lists of class pairs, row by row: how many medicine pairs are answered as asked."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        listed = one.case.harmful if one.case.category == HIGH else one.case.category == LOW
        if listed:
            groups[one.case.category, one.case.row].append(one)
    lines = []
    for category, title in ((HIGH, "high priority: right"), (LOW, "low priority: not interrupted")):
        rows = {row: group for (kind, row), group in groups.items() if kind == category}
        lines += ["", f"{title} of all pairs"] if rows else []
        for row, group in rows.items():
            right, inline = sum(one.right for one in group), sum(one.warned for one in group)
            also = f", {inline} with a warning" if category == LOW else ""
            lines.append(f"  {row:{ROW}} {right:3} of {len(group):3}{also}")
    return "\n".join(lines)


def write(outcomes: list[Outcome], folder: Path) -> Path:
    """Write ``misses.tsv``: wrong answers, and warnings about orders with nothing wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "misses.tsv"
    with target.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("case", "kind", "expected", "orders", "current", "facts", "said", "source"))
        for one in outcomes:
            kind = _kind(one)
            if kind:
                table.writerow(_row(one, kind))
    return target


def _kind(one: Outcome) -> str:
    if one.answer.error is not None:
        return "error"
    if not one.right:
        return "false alarm" if one.case.harmless else "miss"
    return "warned" if one.case.expected == "silent" and one.warned else ""


def _row(one: Outcome, kind: str) -> tuple[str, ...]:
    case = one.case
    said = [f"{alert.tier} {alert.family}: {alert.summary}" for alert in one.answer.alerts]
    return (
        case.id,
        kind,
        case.expected,
        " + ".join(order.name for order in case.orders),
        " + ".join(case.current),
        "; ".join(f"{name}={value}" if value else name for name, value in case.facts),
        one.answer.error or " / ".join(said) or "nothing",
        case.source,
    )
