"""A compound as a page shows it: drawn, ranges in words, alerts; a model with its figures."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from nof1.pictures.compound_charts import MAIN, TITLES
from nof1.pictures.interval_charts import interval_bar
from nof1.web.site import compounds_shelf as shelf
from nof1.web.site.compounds_shelf import Answers, Stored

KIND = "Compound"
ROWS = 20  # compounds on a page
HYPOTHESIS = "Hypotheses for the laboratory; never advice about a patient."
ZONES = {
    "inside": ("good", "inside the domain"),
    "edge": ("warning", "edge of the domain"),
    "outside": ("critical", "outside the domain"),
}
CLASSES = {(0,): "class 0", (1,): "class 1", (0, 1): "cannot tell", (): "unlike both classes"}


def alerts_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """SMILES -> what speaks against the compound, in words."""
    return {str(row["smiles"]): alerts_in(str(row["smiles"])) for row in rows}


@lru_cache(maxsize=8192)
def _looked(smiles: str) -> tuple[str, ...]:
    from nof1.medicines.library.liabilities import WORDS, look

    try:
        found = look([smiles])[0]
    except Exception:  # a file's text that is no molecule: RDKit raises several kinds
        return ("not checked: cannot be read",)
    named = [WORDS[kind] for kind in found.found if kind in ("lipinski", "synthesis")]
    return (*found.alerts, *named)


def alerts_in(smiles: str) -> list[str]:
    """What speaks against one compound."""
    return list(_looked(smiles))


def axes_of(answers: Answers) -> dict[str, tuple[float, float]]:
    """Label -> the axis on which all its intervals are drawn."""
    made = {}
    for name, kind in answers.labels.items():
        if kind != "regression":
            made[name] = (0.0, 1.0)
            continue
        told = [one["answers"][name] for one in answers.rows]
        ends = [end for one in told if one["low"] is not None for end in (one["low"], one["high"])]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        made[name] = (low, high) if low < high else (low - 1, low + 1)
    return made


def shown(
    one: Mapping[str, Any], alerts: Mapping[str, list[str]], axes: Mapping[str, Any]
) -> dict[str, Any]:
    """A compound as a row of the page."""
    return {
        **one,
        "image": image(one["smiles"]),
        "sign": ZONES.get(one["zone"], ("info", ""))[0],
        "word": ZONES.get(one["zone"], ("", ""))[1],
        "said": [said(name, each, axes[name]) for name, each in one["answers"].items()],
        "alerts": alerts[one["smiles"]],
        "address": f"/compounds/{one['id']}" if len(one["smiles"]) <= shelf.LONGEST else None,
    }


def said(name: str, one: Mapping[str, Any], axis: tuple[float, float]) -> dict[str, Any]:
    """An answer in words, the range first, and drawn where it has limits."""
    made = {"label": name, "withheld": one["withheld"], "range": "", "point": "", "bar": None}
    if one["value"] is None:
        return made
    if one["classes"] is not None:
        words = CLASSES.get(tuple(one["classes"]), "cannot tell")
        return made | {"range": f"at 90 %: {words}", "point": f"{one['value']:.2g} for class 1"}
    low, high = f"{one['low']:.3g}", f"{one['high']:.3g}"
    made |= {"range": f"{low} to {high}", "point": f"{one['value']:.3g}"}
    if one["low"] <= one["value"] <= one["high"]:
        numbers, texts = (one["value"], one["low"], one["high"]), (made["point"], low, high)
        made["bar"] = interval_bar(name, numbers, texts, axis=axis, level=0.9)
    return made


@lru_cache(maxsize=4096)
def image(smiles: str) -> str | None:
    """The drawing of a molecule as an image of its own: nothing in it can reach the page."""
    from nof1.medicines.library.drawing import drawing

    try:
        svg = drawing(smiles)
    except Exception:  # a file's text that is no molecule: RDKit raises several kinds
        return None
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def plain(one: Mapping[str, Any], alerts: Mapping[str, list[str]]) -> dict[str, Any]:
    """A compound for programs."""
    return {**one, "alerts": alerts[one["smiles"]]}


def flat(one: Mapping[str, Any], alerts: Mapping[str, list[str]]) -> dict[str, Any]:
    """A compound as a line of a spreadsheet."""
    made = {
        "name": one["name"], "smiles": one["smiles"], "zone": one["zone"],
        "similarity": one["similarity"], "nearest": one["nearest"] or "",
        "alerts": "; ".join(alerts[one["smiles"]]),
    }  # fmt: skip
    for label, each in one["answers"].items():
        limits = {f"{label} low": each["low"], f"{label} high": each["high"]}
        made |= limits | {label: each["value"], f"{label} withheld": each["withheld"] or ""}
    return made


def model(one: Stored) -> dict[str, Any]:
    """A model with the figure of each label on new scaffolds, or on random splits."""
    return {
        "name": one.name, "version": one.version, "source": one.card["source"],
        "compounds": one.card["rows"]["compounds"],
        "labels": [_label(each) for each in one.card["labels"]],
    }  # fmt: skip


def _label(one: Mapping[str, Any]) -> dict[str, Any]:
    splits = {name: each for name, each in one["splits"].items() if each["repeats"]}
    split = "scaffold" if "scaffold" in splits else next(iter(splits), "")
    main = MAIN[one["kind"]]
    figure = splits[split]["metrics"][main] if split else {"value": None}
    words = "not known"
    if figure["value"] is not None:
        words = f"{figure['low']:.2f} to {figure['high']:.2f} (point {figure['value']:.2f})"
    return {"name": one["name"], "kind": one["kind"], "status": one["status"], "why": one["why"],
            "figure": words, "what": f"{TITLES[main]}, {split} split" if split else ""}  # fmt: skip


def model_row(one: Stored) -> dict[str, Any]:
    """A model as a line of a spreadsheet."""
    told = model(one)
    labels = "; ".join(f"{each['name']}: {each['what']} {each['figure']}"
                       for each in told["labels"])  # fmt: skip
    return {"model": one.name, "version": one.version, "source": told["source"],
            "compounds": told["compounds"], "labels": labels}  # fmt: skip


# a library ----------------------------------------------------------------------------------------
