"""The card of a treatment effect as a page: the emulated trial, is the race fair, who gains.

No number about one person stands here; that is what ``nof1 advise`` gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures import effect_charts
from nof1.pictures.picture import Picture

TRIAL = {
    "eligibility": "Who",
    "strategies": "Options",
    "assignment": "Assignment",
    "time_zero": "Time zero",
    "outcome": "Outcome",
    "follow_up": "Follow-up",
    "estimand": "What is compared",
    "analysis": "Analysis",
}
Card = Mapping[str, Any]


def context(data: Card) -> dict[str, Any]:
    """What the template needs, from ``nof1/effect-card/1``."""
    effect, risk = data["effect"], data["effect"]["measure"] == "risk_difference"
    return {
        "title": data["name"],
        "synthetic": data["synthetic"],
        "data_date": str(data["data_date"])[:10],
        "json_name": data.get("json_name"),
        "card": data,
        "speaks": not data["withheld"],
        "validated": data["heterogeneity"]["validated"],
        "trial": [(TRIAL[key], words) for key, words in data["target_trial"].items()],
        "people": _people(data),
        "steps": data["attrition"],
        "numbers": _numbers(data, risk),
        "means": [
            {"name": data["options"][key], "text": figure(effect[key], risk)}
            for key in ("comparator", "treatment")
        ],
        "difference": figure(effect["difference"], risk, signed=True),
        "controls": [
            {**one, "text": one["note"] or figure(one["difference"], True, signed=True)}
            for one in data["negative_controls"]
        ],
        "personal": _personal(data["heterogeneity"], risk),
        "learner": data["learner"],
        "raced": _raced(data["learner"]),
        "modifiers": data["modifiers"],
        "scale": "log odds" if risk else "days",
        "regions": data["overlap"].get("regions", []),
        "fair": [effect_charts.balance(_words(data["balance"])), _overlap(data)],
        "gains": _gains(data, risk),
    }


def figure(found: Mapping[str, Any], risk: bool, signed: bool = False) -> str:
    """A figure with its interval before it: per cent or points of a risk, else days."""
    if found["value"] is None:
        return f"not estimable: {found['note']}"
    factor, sign = (100.0 if risk else 1.0), "+" if signed else ""
    digits = 1 if risk else 0
    value, low, high = (
        f"{factor * found[key]:{sign}.{digits}f}" for key in ("value", "low", "high")
    )
    unit = (" points" if signed else " %") if risk else " days"
    return f"{low} to {high}{unit}; middle {value}"


def _people(data: Card) -> list[tuple[str, int]]:
    found, options = data["people"], data["options"]
    return [
        (f"began {options['treatment']}", found["treatment"]),
        (f"began {options['comparator']}", found["comparator"]),
        ("with a known outcome", found["outcome_known"]),
        ("left their option before", found["left_the_option"]),
        ("with counterparts in the other group", found["compared"]),
    ]


def _numbers(data: Card, risk: bool) -> list[dict[str, str]]:
    """The four numbers at the top."""
    effect, found = data["effect"], data["effect"]["difference"]
    needed, value = effect["number_needed_to_treat"], effect["e_value"]
    rows = [{"name": "Difference", "number": "not estimable", "note": found["note"]}]
    if found["value"] is not None:
        low, _, middle = figure(found, risk, signed=True).partition("; middle ")
        rows = [{"name": "Difference", "number": low, "note": f"middle {middle}, 95 % interval"}]
    if needed:
        rows.append({"name": "Number needed to treat",
                     "number": f"{needed['low']:.0f} to {needed['high']:.0f}",
                     "note": f"middle {needed['value']:.0f}"})  # fmt: skip
    if value:
        rows.append({"name": "E-value of the limit", "number": f"{value['limit']:.2f}",
                     "note": "strength of an unrecorded cause that would explain it"})  # fmt: skip
    share = data["overlap"]["share_refused"]
    rows.append({"name": "Without counterpart", "number": f"{share:.1%}",
                 "note": "of the people; nothing is said about such"})  # fmt: skip
    return rows


def _personal(found: Mapping[str, Any], risk: bool) -> list[dict[str, str]]:
    """The figures that decide whether differences between people are real."""
    rows = [
        {"name": "Targeting (AUTOC)", "text": figure(found["autoc"], risk, signed=True),
         "means": "0: the order says nothing"},
        {"name": "Qini", "text": figure(found["qini"], risk, signed=True),
         "means": "0: the order says nothing"},
        {"name": "Slope", "text": _plain(found["slope"]), "means": "1: all of it is real; 0: none"},
    ]  # fmt: skip
    if pairs := found.get("c_for_benefit"):
        rows.append({"name": "C-for-benefit", "text": _plain(pairs),
                     "means": "0.5: no better than chance; decides nothing"})  # fmt: skip
    return rows


def _plain(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return f"not estimable: {found['note']}"
    return f"{found['low']:.2f} to {found['high']:.2f}; middle {found['value']:.2f}"


def _raced(learner: Mapping[str, Any]) -> list[dict[str, str]]:
    """How far the others are from the data, against the line of modifiers."""
    names = learner.get("challengers", {})
    rows = []
    for name, found in learner["further_from_the_scores"].items():
        text = found["note"]
        if found["value"] is not None:
            text = f"{found['low']:+.4f} to {found['high']:+.4f}; middle {found['value']:+.4f}"
        rows.append({"name": names.get(name, name), "text": text,
                     "nearer": found["value"] is not None and found["high"] < 0})  # fmt: skip
    return rows


def _words(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the balance by the words of their features, where the card has them."""
    return [{**row, "name": row.get("feature") or row["name"]} for row in rows]


def _overlap(data: Card) -> Picture:
    found, options = data["overlap"], data["options"]
    return effect_charts.overlap(
        found["comparator"], found["treatment"], (options["comparator"], options["treatment"]),
        found["least_propensity"],
    )  # fmt: skip


def _gains(data: Card, risk: bool) -> list[Picture]:
    factor, unit = (100.0, "points") if risk else (1.0, "days")
    made = []
    groups = [
        {"people": one["people"], "predicted": factor * one["predicted"],
         **_scaled(one["observed"], factor)}
        for one in data["heterogeneity"]["groups"]
        if one["observed"]["value"] is not None
    ]  # fmt: skip
    if groups:
        made.append(effect_charts.fifths(groups, unit))
    points = [
        {"share": one["share"], **_scaled(one["benefit"], factor),
         "random": factor * (one["benefit"]["value"] - (one["over_random"]["value"] or 0.0))}
        for one in data["policy"]
        if one["benefit"]["value"] is not None
    ]  # fmt: skip
    return [*made, effect_charts.policy(points, unit)] if points else made


def _scaled(found: Mapping[str, Any], factor: float) -> dict[str, float]:
    return {key: factor * found[key] for key in ("value", "low", "high")}
