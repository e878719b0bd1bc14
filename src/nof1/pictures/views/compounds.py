"""The page of a property model: how far to trust it, and the compounds asked about, drawn.

One page for both commands: ``compounds train --page`` shows the model alone, ``predict --page``
also each compound with its answer and its atoms coloured by what they do to it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures import compound_charts
from nof1.pictures.compound_charts import TITLES

SCHEMA = "nof1/compounds-page/1"
DRAWN = 40  # compounds on a page; the others are counted, and stand in the table of --table
LISTED = 20  # unusable rows named
HYPOTHESIS = "Hypothesis for the laboratory; never advice about a patient."
ZONES = {
    "inside": ("good", "inside the domain"),
    "edge": ("warning", "edge of the domain"),
    "outside": ("critical", "outside the domain"),
}
CLASSES = {(0,): "class 0", (1,): "class 1", (0, 1): "cannot tell", (): "unlike both classes"}
READINGS = {"challenger better": "warning", "challenger worse": "good"}


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/compounds-page/1``.

    ``card`` is the model's card; ``asked``, or None, is ``nof1/compounds-predict/1``, of which a
    prediction may have a ``drawing`` (SVG text). It becomes an image of its own: nothing in it can
    reach the page.
    """
    card, asked = data["card"], data["asked"]
    race = card.get("challenger")
    return {
        "title": f"{'Predictions' if asked else 'Property model'}: {card['name']}",
        "synthetic": False,
        "data_date": f"model {card['name']}, version {data['version']}",
        "json_name": data.get("json_name"),
        "hypothesis": HYPOTHESIS,
        "card": card,
        "version": data["version"],
        "rows": _rows(card["rows"]),
        "labels": [_label(one, race) for one in card["labels"]],
        "challenger": race,
        "costs": _costs(race),
        **_asked(asked, card),
    }


def _asked(asked: Mapping[str, Any] | None, card: Mapping[str, Any]) -> dict[str, Any]:
    """The compounds asked about; nothing for the page of a model alone."""
    if asked is None:
        return {"asked": None, "drawn": [], "left": 0, "unusable": [], "unlisted": 0}
    kinds = {label["name"]: label["kind"] for label in card["labels"]}
    counts = asked["counts"]
    drawn = asked["predictions"][:DRAWN]
    unusable = asked["unusable"][:LISTED]
    return {
        "asked": asked,
        "drawn": [_compound(one, kinds) for one in drawn],
        "left": counts["predicted"] + counts["withheld"] - len(drawn),
        "unusable": unusable,
        "unlisted": counts["unusable"] - len(unusable),
    }


def _rows(counts: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What became of the rows that the model learned from, each with its count."""
    found = [("rows read", counts["rows"]), ("compounds to learn from", counts["compounds"])]
    found += [(f"set aside: {why}", number) for why, number in counts["set_aside"].items()]
    found += [(f"changed: {why}", number) for why, number in counts["changed"].items()]
    found.append(("repeats of a compound", counts["repeated_rows"]))
    found.append(("ids that stand for different compounds, all kept", counts.get("shared_ids", 0)))
    found.append(("compounds without a usable label", counts["without_label"]))
    for what, name in (("conflicts", "in conflict, removed"), ("unreadable_labels", "unreadable")):
        found += [(f"labels {name}: {label}", n) for label, n in counts[what].items()]
    return [(what, number) for what, number in found if number]


def _label(label: Mapping[str, Any], race: Mapping[str, Any] | None) -> dict[str, Any]:
    spoken = any(one["repeats"] for one in label["splits"].values())
    return {
        **label,
        "quality": compound_charts.quality(label) if spoken else None,
        "coverage": compound_charts.coverage(label) if spoken else None,
        "silent": [
            {"split": name, "why": one["why"]}
            for name, one in label["splits"].items()
            if not one["repeats"]
        ],
        "race": _race(race, label["name"]),
        "others": _others(label),
    }


def _others(label: Mapping[str, Any]) -> dict[str, Any]:
    """Every metric on every split, for the table."""
    splits = {name: one for name, one in label["splits"].items() if one["repeats"]}
    names = list(dict.fromkeys(name for one in splits.values() for name in one["metrics"]))
    return {
        "heads": [TITLES[name] for name in names],
        "rows": [
            {
                "name": f"{split} ({one['repeats']} x {one['test_compounds']:g})",
                "cells": [_figure(one["metrics"][name]) for name in names],
            }
            for split, one in splits.items()
        ],
    }


def _race(race: Mapping[str, Any] | None, label: str) -> list[dict[str, Any]]:
    """Ours, the challenger's and their difference on each split; no row without a race."""
    found = {} if not race else race["labels"][label]
    return [
        {
            "split": split,
            "cells": [_figure(one[name]) for name in ("ours", "challenger", "difference")],
            "reading": one["reading"],
            "sign": READINGS.get(one["reading"], "info"),
        }
        for split, one in found.items()
        if one is not None
    ]


def _costs(race: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """CPU seconds of both on each split of a race, all labels together."""
    names = ("ours", "ours_without_limits", "challenger")
    found = {} if not race else race["cpu_seconds"]
    return [
        {"split": split, "cells": [f"{one[name]:.1f}" for name in names]}
        for split, one in found.items()
    ]


def _figure(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "not known"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


def _compound(one: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    image = one.get("drawing")
    sign, zone = ZONES[one["domain"]["zone"]]
    return {
        **one,
        "sign": sign,
        "zone": zone,
        "reason": one["domain"]["reason"][:1].upper() + one["domain"]["reason"][1:],
        "image": None if image is None else _image(image),
        "said": [_said(name, answer, kinds[name]) for name, answer in one["answers"].items()],
    }


def _image(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _said(name: str, answer: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """One answer in words and whether it is withheld."""
    if answer["value"] is None:
        return {"label": name, "withheld": answer["withheld"], "value": "", "range": ""}
    if kind == "regression":
        limits = f"90 % interval {answer['low']:.3g} to {answer['high']:.3g}"
        return {"label": name, "withheld": "", "value": f"{answer['value']:.3g}", "range": limits}
    words = f"probability of class 1; at 90 %: {class_words(answer['classes'])}"
    return {"label": name, "withheld": "", "value": f"{answer['value']:.2g}", "range": words}


def class_words(classes: Sequence[int]) -> str:
    """A class set in words."""
    return CLASSES[tuple(classes)]
