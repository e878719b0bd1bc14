"""A model card (the dictionary of :meth:`nof1.learn.card.Card.to_dict`) as plain Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import Any

WIDTH = 80
FIGURE_NAMES = {
    "harrell_c": "Harrell's C",
    "uno_c": "Uno's C",
    "prevalence": "Prevalence",
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "calibration_in_the_large": "Calibration in the large",
    "observed_expected": "Observed / expected",
    "ece": "Calibration error (plug-in)",
    "ece_debiased": "Calibration error (debiased)",
    "conformal_coverage": "Conformal coverage",
    "conformal_coverage_no": "- without the outcome",
    "conformal_coverage_yes": "- with the outcome",
    "atypical_share": "Atypical (empty set)",
}
SHOWN_THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)


def card_markdown(card: Mapping[str, Any]) -> str:
    """All sections of the card, in the order of a reader's questions."""
    sections: tuple[Callable[[Mapping[str, Any]], list[str]], ...] = (
        _head,
        _gate,
        _data,
        _figures,
        _calibration,
        _subgroups,
        _net_benefit,
        _learners,
        _ablation,
        _features,
        _watch,
        _tripod,
    )
    lines = [line for section in sections for line in section(card)]
    return "\n".join(lines).rstrip() + "\n"


def _text(words: Any) -> list[str]:
    """A paragraph, wrapped, with an empty line after it."""
    return [fill(str(words), WIDTH, break_long_words=False, break_on_hyphens=False), ""]


def _point(words: str) -> str:
    return fill(
        f"- {words}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """An aligned pipe table; the first column is text (shortened to fit), the others numbers."""
    if not rows:
        return []
    wide = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    room = WIDTH - sum(wide[1:]) - 3 * len(head) - 1
    wide[0] = max(8, min(wide[0], room))
    cells = [[_short(row[0], wide[0]), *row[1:]] for row in (head, *rows)]
    lines = [_row(row, wide) for row in cells]
    rule = "|" + "|".join(["-" * (wide[0] + 2), *("-" * (w + 1) + ":" for w in wide[1:])]) + "|"
    return [lines[0], rule, *lines[1:], ""]


def _row(cells: Sequence[str], wide: Sequence[int]) -> str:
    numbers = [cell.rjust(width) for cell, width in zip(cells[1:], wide[1:], strict=True)]
    return "| " + " | ".join([cells[0].ljust(wide[0]), *numbers]) + " |"


def _short(text: str, width: int) -> str:
    text = text.replace("|", "/")
    return text if len(text) <= width else text[: width - 3] + "..."


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(figure: Mapping[str, Any] | None, digits: int = 3) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    parts = (f"{figure[name]:.{digits}f}" for name in ("value", "low", "high"))
    return "{} ({} to {})".format(*parts)


def _head(card: Mapping[str, Any]) -> list[str]:
    lines = [f"# {card['name']}", ""]
    if card["synthetic"]:
        lines += ["**SYNTHETIC DATA: no real patient is behind any number on this card.**", ""]
    lines += _text(f"**{card['notice']}**")
    verdict = {"speaks": "passed the gate; it may speak", "withheld": "WITHHELD; it may not speak"}
    lines += _text(f"Status: **{verdict[card['status']]}**.")
    lines += [
        _point(f"Version {card['version']}, trained {card['created']}"),
        _point(f"Content hash {card['content_hash']}"),
        _point(f"Clinically validated by {card['validated_by']}"),
        "",
    ]
    for title, name in (("Purpose", "purpose"), ("Use", "intended_use"), ("Outcome", "outcome")):
        lines += [f"## {title}", "", *_text(card[name] or "Not stated.")]
    return lines


def _gate(card: Mapping[str, Any]) -> list[str]:
    gate = card["gate"]
    lines = ["## Gate", ""]
    for check in gate["checks"]:
        mark = "pass" if check["passed"] else "FAIL"
        figure = ""
        if check["value"] is not None and check["low"] is not None:
            figure = f" {_interval(check)};"
        allowed = f"Allowed: {check['allowed']}."
        step = "" if check["passed"] else f" Next: {check['next_step']}"
        lines.append(
            _point(f"[{mark}] {check['name']}:{figure} {check['reason']}. {allowed}{step}")
        )
    for group, reason in gate["withheld_groups"].items():
        lines.append(_point(f"Withheld for {group}: {reason}"))
    return [*lines, ""]


def _data(card: Mapping[str, Any]) -> list[str]:
    lines = ["## Data and people", "", *_text(card["population"] or "Not stated.")]
    lines += [_point(f"{name.replace('_', ' ')}: {value}") for name, value in card["data"].items()]
    steps = [(one["step"], f"{one['people']:,}") for one in card["attrition"]]
    return [*lines, "", *_table(("Step", "People left"), steps)]


def _figures(card: Mapping[str, Any]) -> list[str]:
    found = card["evaluation"]
    level = next(iter(found["figures"].values()))["level"]
    horizon = f", by day {found['horizon_days']:g}" if found["horizon_days"] else ""
    lines = ["## How well it does", ""]
    lines += _text(
        f"On {found['rows']:,} rows that it has not seen, {found['events']:,} with the outcome"
        f"{horizon}. In brackets: interval at level {level:g}."
    )
    rows = [
        (label, _interval(found["figures"][name]))
        for name, label in FIGURE_NAMES.items()
        if name in found["figures"]
    ]
    return lines + _table(("Figure", "Value"), rows)


def _calibration(card: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            f"{100 * one['predicted']:.1f} %",
            f"{100 * one['observed']:.1f} %",
            f"{100 * one['low']:.1f} to {100 * one['high']:.1f} %",
            f"{one['rows']:,}",
        )
        for one in card["evaluation"]["calibration"]
    ]
    head = ("Predicted", "Observed", "Interval", "People")
    return ["## Predicted and observed", "", *_table(head, rows)]


def _subgroups(card: Mapping[str, Any]) -> list[str]:
    groups = card["evaluation"]["subgroups"]
    if not groups:
        return []
    lines = ["## Groups, worst first", ""]
    lines += _text(
        "Many groups are looked at, so one off by chance is expected; ! marks a gap beyond chance "
        "(Bonferroni)."
    )
    rows = [
        (
            f"{'! ' if one['flagged'] else ''}{one['attribute']}: {one['group']}",
            f"{one['rows']:,}",
            f"{one['events']:,}",
            _number(one["auroc"]["value"], 2),
            _interval(one["observed_expected"], 2),
            _number((one["coverage"] or {}).get("value"), 2),
        )
        for one in groups
        if one["rows"] is not None
    ]
    head = ("Group", "People", "Events", "AUROC", "Observed/expected", "Coverage")
    small = [f"{one['attribute']}: {one['group']}" for one in groups if one["rows"] is None]
    note = _text(f"Too small to show: {', '.join(small)}.") if small else []
    return [*lines, *_table(head, rows), *note]


def _net_benefit(card: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            f"{one['threshold']:.2f}",
            f"{100 * one['model']:.1f}",
            f"{100 * one['treat_all']:.1f}",
            _gain(one),
        )
        for one in card["evaluation"]["net_benefit"]
        if one["threshold"] in SHOWN_THRESHOLDS
    ]
    lines = ["## Is it worth acting on?", ""]
    lines += _text(
        "Net benefit per 100 people: cases found, minus false alarms at the exchange rate that the "
        "threshold implies. Gain: over the better of treating everybody and treating nobody."
    )
    return lines + _table(("Act from risk", "Model", "Treat all", "Gain"), rows)


def _gain(one: Mapping[str, Any]) -> str:
    gain, low, high = (100 * one[name] for name in ("gain", "gain_low", "gain_high"))
    return f"{gain:.1f} ({low:.1f} to {high:.1f})"


def _learners(card: Mapping[str, Any]) -> list[str]:
    learners = card["learners"]
    names = [n for n in FIGURE_NAMES if any(n in figures for figures in learners.values())][:2]
    rows = [
        (learner, *(_interval(figures.get(name), 3) for name in names))
        for learner, figures in learners.items()
    ]
    head = ("Learner", *(FIGURE_NAMES[name] for name in names))
    lines = ["## Learners compared", "", *_table(head, rows)]
    return lines + _text(f"Kept: {card['choice']['kept']}. {card['choice']['reason']}")


def _ablation(card: Mapping[str, Any]) -> list[str]:
    """What each group of information adds; nothing when the task did not ask."""
    found = card.get("ablation")
    if not found:
        return []
    alone = any(one["alone"]["value"] is not None for one in found["groups"])
    rows = [
        (
            one["group"],
            f"{one['columns']:,}",
            *([_number(one["alone"]["value"])] * alone),
            _number(one["without"]["value"]),
            _interval(one["difference"]),
        )
        for one in found["groups"]
    ]
    head = ("Group", "Columns", *(["Alone"] * alone), "Without", "Adds")
    lines = ["## What each group of information adds", ""]
    lines += [*_text(_ablation_words(found)), *_table(head, rows)]
    notes = [_point(f"{one['group']}: {one['note']}") for one in found["groups"] if one["note"]]
    return [*lines, *notes, *([""] if notes else []), *_text(found["reading"])]


def _ablation_words(found: Mapping[str, Any]) -> str:
    """How the table of groups was made, in sentences."""
    name, level = FIGURE_NAMES[found["measure"]], found["full"]["level"]
    by = f" by day {found['horizon_days']:g}" if found["measure"] == "harrell_c" else ""
    rest = found["ungrouped"]
    left = f" {rest:,} columns are in no group and are never taken away." if rest else ""
    return (
        f"The kept learner ({found['learner']}) was trained again without each group and judged "
        f"on the same {found['rows']:,} rows{by}. With all {found['columns']:,} columns its "
        f"{name} is {_interval(found['full'])}.{left} Adds: all minus without; above 0 the group "
        f"tells what the others do not. In brackets: interval at level {level:g}, paired by "
        "patient; one that holds 0 may be chance."
    )


def _features(card: Mapping[str, Any]) -> list[str]:
    features = card["features"]
    lines = ["## Features", "", *_text(f"{len(features)} in all; the first 20:")]
    for one in features[:20]:
        words = [str(one["name"])]
        if one.get("importance") is not None:
            words.append(f"importance {one['importance']:.3g}")
        if one.get("missing") is not None:
            words.append(f"missing {100 * one['missing']:.0f} %")
        if one.get("description"):
            words.append(str(one["description"]))
        lines.append(_point("; ".join(words)))
    return [*lines, ""]


def _watch(card: Mapping[str, Any]) -> list[str]:
    lines = ["## Watch and limits", ""]
    lines += [_point(f"{name}: {value}") for name, value in card["drift"].items()]
    lines += [_point(str(one)) for one in card["limits"]]
    lines += [_point(str(card[one])) for one in ("federation", "own_patients") if one in card]
    return [*lines, ""]


def _tripod(card: Mapping[str, Any]) -> list[str]:
    tripod = card["tripod"]
    total = len(tripod["items"])
    lines = ["## TRIPOD+AI", "", *_text(f"{tripod['filled']} of {total} items answered.")]
    for one in tripod["items"]:
        answer = one["answer"] or "**blank**"
        lines.append(_point(f"{one['item']} {one['part']}. {one['question']} {answer}"))
    return [*lines, ""]
