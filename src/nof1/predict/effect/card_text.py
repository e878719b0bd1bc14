"""The card of an effect as text of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

WIDTH = 78
PARTS = {
    "eligibility": "Eligibility", "strategies": "Strategies", "assignment": "Assignment",
    "time_zero": "Time zero", "outcome": "Outcome", "follow_up": "Follow-up",
    "estimand": "Estimand", "analysis": "Analysis",
}  # fmt: skip


def text(card: Mapping[str, Any]) -> str:
    """All parts, in the order of a reader's questions."""
    parts = (_head, _trial, _people, _effect, _checks, _persons, _modifiers, _policy, _limits)
    return "\n".join(line for part in parts for line in part(card)).rstrip() + "\n"


def _head(card: Mapping[str, Any]) -> list[str]:
    lines = [f"# {card['name']}, version {card['version']}", "", card["notice"], ""]
    if card["synthetic"]:
        lines += ["SYNTHETIC DATA: no real patient is behind any number.", ""]
    return lines


def _trial(card: Mapping[str, Any]) -> list[str]:
    lines = ["## The trial that is emulated", ""]
    for key, words in card["target_trial"].items():
        lines.append(_hanging(f"{PARTS[key]:<12} {words}", 13))
    return [*lines, ""]


def _people(card: Mapping[str, Any]) -> list[str]:
    found, options = card["people"], card["options"]
    left = card["attrition"]
    return [
        "## Who is compared", "",
        f"{found['treatment']:>8,} began {options['treatment']}",
        f"{found['comparator']:>8,} began {options['comparator']}",
        f"{found['outcome_known']:>8,} with a known outcome; {found['left_the_option']:,} left "
        "their option before",
        f"{found['compared']:>8,} with counterparts in the other group "
        f"({card['overlap']['share_refused']:.1%} have none)",
        f"{left[0]['patients']:>8,} are in the record",
        "",
    ]  # fmt: skip


def _effect(card: Mapping[str, Any]) -> list[str]:
    found, options = card["effect"], card["options"]
    risk = found["measure"] == "risk_difference"
    lines = ["## The average effect", ""]
    for key in ("comparator", "treatment"):
        lines.append(f"{options[key][:28]:<30} {amount(found[key], risk)}")
    lines.append(f"{'difference':<30} {amount(found['difference'], risk, signed=True)}")
    if found["ratio"] and found["ratio"]["value"] is not None:
        ratio = found["ratio"]
        lines.append(
            f"{'ratio':<30} {ratio['value']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
        )
    if found["number_needed_to_treat"]:
        need = found["number_needed_to_treat"]
        lines.append(
            f"{'number needed to treat':<30} {need['value']:.0f} ({need['low']:.0f} to "
            f"{need['high']:.0f})"
        )
    if found["e_value"]:
        value = found["e_value"]
        lines.append(
            f"{'E-value':<30} {value['estimate']:.2f} (limit of the interval: {value['limit']:.2f})"
        )
    return [*lines, ""]


def _checks(card: Mapping[str, Any]) -> list[str]:
    lines = ["## Is the race fair?", ""]
    worst = [row for row in card["balance"] if row["after"] is not None]
    off = [row for row in worst if row["apart"]]
    lines.append(f"{len(worst):,} features; {len(off):,} are over 0.1 apart, beyond chance.")
    lines += ["The largest standardised differences:"]
    steady = [row for row in worst if row["error"] is not None and row["error"] < 0.1]
    for row in sorted(steady, key=lambda one: -abs(one["after"]))[:5]:
        lines.append(
            f"  {row['before']:+.2f} before, {row['after']:+.2f} after  {row['name'][:44]}"
        )
    for one in card["overlap"].get("regions", ()):
        where = f"{one['where']}: {one['people']:,.0f} people, hardly anybody began {one['option']}"
        lines.append(_hanging(f"No choice: {where} (at most {100 * one['most']:.0f} of 100)", 2))
    for one in card["negative_controls"]:
        said = one["note"] or amount(one["difference"], True, signed=True)
        lines.append(_hanging(f"Negative control {one['name']}: {said}", 2))
    if not card["negative_controls"]:
        lines.append("No negative control was named.")
    return [*lines, ""]


def _persons(card: Mapping[str, Any]) -> list[str]:
    found, learner = card["heterogeneity"], card["learner"]
    risk = card["effect"]["measure"] == "risk_difference"
    verdict = (
        "Differences between people are validated: a person gets an own figure."
        if found["validated"]
        else "Differences between people could not be validated: the average is what is said."
    )
    lines = ["## Who gains more?", "", _hanging(verdict, 0)]
    lines.append(f"Learner: {learner['title']}.")
    for name, title in learner.get("challengers", {}).items():
        lines.append(_raced(title, learner["further_from_the_scores"][name]))
    autoc, slope = found["autoc"], found["slope"]
    lines.append(f"Targeting (AUTOC, 0 = none): {amount(autoc, risk, signed=True)}")
    if slope["value"] is not None:
        lines.append(
            f"Slope (1 = all of it real): {slope['value']:.2f} ({slope['low']:.2f} to "
            f"{slope['high']:.2f})"
        )
    pairs = found.get("c_for_benefit")
    if pairs and pairs["value"] is not None:
        lines.append(f"C-for-benefit (0.5 = none; decides nothing): {pairs['value']:.3f} "
                     f"({pairs['low']:.3f} to {pairs['high']:.3f})")  # fmt: skip
    lines += ["", "  people  predicted gain  observed gain"]
    for group in found["groups"]:
        predicted = f"{100 * group['predicted']:+.1f}" if risk else f"{group['predicted']:+.0f}"
        lines.append(
            f"{group['people']:>8,.0f}  {predicted:>14}  {amount(group['observed'], risk, True)}"
        )
    if card["withheld"]:
        lines += ["", "WITHHELD for single people:"]
        lines += [_hanging(f"- {why}", 2) for why in card["withheld"]]
    return [*lines, ""]


def _raced(title: str, found: Mapping[str, Any]) -> str:
    """How a challenger did against the line of modifiers; a loss is called one."""
    if found["value"] is None:
        return _hanging(f"Challenger {title}: {found['note']}", 2)
    verdict = "not told apart"
    if found["high"] < 0:
        verdict = "NEARER to the data than the line of modifiers"
    elif found["low"] > 0:
        verdict = "further from the data than the line of modifiers"
    distance = f"{found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"
    return _hanging(f"Challenger {title}: squared distance {distance}, {verdict}.", 2)


def _modifiers(card: Mapping[str, Any]) -> list[str]:
    if not card["modifiers"]:
        return []
    lines = ["## What moves it", "", "For one standard deviation more, on the scale of log odds:"]
    if card["effect"]["measure"] != "risk_difference":
        lines[-1] = "For one standard deviation more, in days:"
    for one in card["modifiers"][:6]:
        number = f"{one['modifier']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})"
        lines.append(_hanging(f"  {number}  {one['feature']}", 28))
    return [*lines, ""]


def _policy(card: Mapping[str, Any]) -> list[str]:
    risk = card["effect"]["measure"] == "risk_difference"
    lines = ["## If only some can get it", "", "   share  gain over all people"]
    for one in card["policy"]:
        if round(one["share"] * 100) in (0, 20, 40, 60, 80, 100):
            gain = one["benefit"]
            lines.append(f"{one['share']:>7.0%}  {amount(gain, risk, True)}")
    return [*lines, ""]


def _limits(card: Mapping[str, Any]) -> list[str]:
    return ["## Limits", "", *(_hanging(f"- {one}", 2) for one in card["limits"]), ""]


def amount(figure: Mapping[str, Any], risk: bool, signed: bool = False) -> str:
    """A figure with its interval: per cent or points for risks, else days."""
    if figure["value"] is None:
        return f"not estimable: {figure['note']}"
    sign = "+" if signed else ""
    if risk:
        value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
        unit = " points" if signed else " %"
        return f"{value:{sign}.1f}{unit} ({low:{sign}.1f} to {high:{sign}.1f})"
    return (
        f"{figure['value']:{sign}.0f} days ({figure['low']:{sign}.0f} to "
        f"{figure['high']:{sign}.0f})"
    )


def _hanging(words: str, indent: int) -> str:
    return fill(words, WIDTH, subsequent_indent=" " * indent, break_long_words=False,
                break_on_hyphens=False)  # fmt: skip
