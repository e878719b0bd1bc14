"""Two versions of a model side by side, with the differences of their figures.

The figures of two cards are compared as if they came from different people: the predictions of a
version are not kept, so a paired difference cannot be worked out afterwards. For the same people
the interval is therefore too wide, not too narrow. A reviewed edit keeps its paired difference.

The limits add the distances of the two intervals in squares (Newcombe's square-and-add).

Reference: Newcombe, Stat Med 1998;17:873-890 (method 10, from two intervals of single figures).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nof1.pictures.views import model as view
from nof1.web.site import model_list
from nof1.web.site.addresses import model_address
from nof1.web.site.house import House
from nof1.web.site.model_page import TRAIL
from nof1.web.site.model_shelf import RISK, Stored, stored
from nof1.web.site.page import Missing, Page

SHOWN = (
    "auroc", "uno_c", "harrell_c", "average_precision", "brier", "brier_skill",
    "calibration_slope", "calibration_in_the_large", "ece_debiased", "conformal_coverage",
    "atypical_share", "prevalence",
)  # fmt: skip
HIGHER = ("auroc", "uno_c", "harrell_c", "average_precision", "brier_skill")
LOWER = ("brier", "ece_debiased")


def page(house: House, name: str, a: str, b: str) -> Page:
    """The comparison; without ``a`` and ``b`` of the two newest versions.

    Raises
    ------
    Missing : there are no two such versions.
    """
    newest = stored(house, RISK, name)
    if not a and not b and newest.version < 2:
        raise Missing(
            "This model has only one version: there is nothing to compare.",
            "Train it again, or propose an edit of a curve.",
        )
    second = stored(house, RISK, name, b) if b else newest
    first = stored(house, RISK, name, a or str(max(second.version - 1, 1)))
    rows = figures(first.card, second.card)
    sides = [_side(house, one) for one in (first, second)]
    edits = [
        view.review(one)
        for one in second.card.get("reviews", ())
        if one["base"]["version"] >= first.version
    ]
    return Page(
        template="model-compare",
        title=f"{name}: version {first.version} and {second.version}",
        context={"sides": sides, "rows": rows, "groups": groups(first.card, second.card),
                 "edits": edits, "model_name": name,
                 "versions": list(range(newest.version, 0, -1)),
                 "a": first.version, "b": second.version},
        data={"schema": "nof1/web-model-compare/1", "model": name, "a": first.version,
              "b": second.version, "figures": rows,
              "groups": groups(first.card, second.card)},
        tables={"figures": [_flat(one) for one in rows]},
        data_date=sides[1]["date"],
        here="models",
        styles=("models.css",),
        trail=(*TRAIL, (name, model_address(name))),
    )  # fmt: skip


def _side(house: House, found: Stored) -> dict[str, Any]:
    card = found.card
    status = model_list.status_of(house, card["status"], found.name, found.artefact.content_hash)
    return {
        "version": found.version, "address": model_address(found.name, found.version),
        "status": status, "tag": model_list.STATUS[status], "created": card["created"],
        "date": str(card["data"].get("data_date") or card["created"])[:10],
        "rows": card["evaluation"]["rows"], "events": card["evaluation"]["events"],
        "people": card["population"], "hash": card["content_hash"][:16],
        "kept": card["choice"]["kept"], "failed": list(card["gate"]["failed"]),
        "features": card["data"].get("features", "not known"),
    }  # fmt: skip


def figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a figure: of the first, of the second, and second minus first with its interval."""
    one, two = (card["evaluation"]["figures"] for card in (first, second))
    made = []
    for key in SHOWN:
        if key in one and key in two:
            gap = difference(one[key], two[key])
            made.append({
                "key": key, "name": view.FIGURES[key][0], "means": view.FIGURES[key][1],
                "first": _figure(one[key]), "second": _figure(two[key]), "difference": gap,
                "verdict": verdict(key, gap),
            })  # fmt: skip
    return made


def difference(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    """Second minus first; the interval as if from different people (see above).

    >>> found = difference({"value": 0.7, "low": 0.67, "high": 0.73, "level": 0.95},
    ...                    {"value": 0.8, "low": 0.76, "high": 0.84, "level": 0.95})
    >>> round(found["value"], 3), round(found["low"], 3), round(found["high"], 3)
    (0.1, 0.05, 0.15)
    """
    nothing = {"value": None, "low": None, "high": None, "text": "–", "interval": None}
    if one["value"] is None or two["value"] is None:
        return nothing
    value = two["value"] - one["value"]
    if any(part is None for part in (one["low"], one["high"], two["low"], two["high"])):
        return {**nothing, "value": value, "text": f"{value:+.3f}"}
    below = math.hypot(two["value"] - two["low"], one["high"] - one["value"])
    above = math.hypot(two["high"] - two["value"], one["value"] - one["low"])
    low, high = value - below, value + above
    return {"value": value, "low": low, "high": high, "text": f"{value:+.3f}",
            "interval": f"{low:+.3f} to {high:+.3f}"}  # fmt: skip


def verdict(key: str, gap: Mapping[str, Any]) -> str:
    """What the interval allows to say: better, worse, or not clear."""
    if gap["low"] is None or gap["low"] <= 0 <= gap["high"]:
        return "not clear"
    up = gap["low"] > 0
    if key in HIGHER or key in LOWER:
        return "better" if up == (key in HIGHER) else "worse"
    return "higher" if up else "lower"


def groups(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[dict[str, Any]]:
    """AUROC of each group that both versions know, the largest loss first."""
    before = {(row["attribute"], row["group"]): row for row in first["evaluation"]["subgroups"]}
    made = []
    for row in second["evaluation"]["subgroups"]:
        old = before.get((row["attribute"], row["group"]))
        if old and old["auroc"] and row["auroc"] and row["rows"] is not None:
            gap = difference(old["auroc"], row["auroc"])
            if gap["value"] is not None:
                made.append({
                    "group": f"{row['attribute']}: {row['group']}", "people": row["rows"],
                    "first": _figure(old["auroc"]), "second": _figure(row["auroc"]),
                    "difference": gap, "verdict": verdict("auroc", gap),
                })  # fmt: skip
    return sorted(made, key=lambda one: one["difference"]["value"])


def _figure(found: Mapping[str, Any]) -> dict[str, Any]:
    value, low, high = found["value"], found["low"], found["high"]
    return {
        "value": value, "low": low, "high": high,
        "text": "not known" if value is None else f"{value:.3f}",
        "interval": None if low is None or high is None else f"{low:.3f} to {high:.3f}",
    }  # fmt: skip


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"figure": row["name"]}
    for side in ("first", "second", "difference"):
        made |= {f"{side}_{part}": row[side][part] for part in ("value", "low", "high")}
    return {**made, "verdict": row["verdict"]}
