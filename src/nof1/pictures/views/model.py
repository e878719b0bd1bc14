"""The model card as a page: may it speak, for whom, how good, how it decides, what it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures import model_charts
from nof1.pictures.picture import Picture

FIGURES = {
    "auroc": ("AUROC", "told apart: 0.5 is guessing, 1 is perfect"),
    "uno_c": ("Uno's C", "told apart over time: 0.5 is guessing, 1 is perfect"),
    "harrell_c": ("Harrell's C", "told apart over time: 0.5 is guessing, 1 is perfect"),
    "calibration_slope": ("Calibration slope", "1 is right; below 1 is too extreme"),
    "ece_debiased": ("Calibration error", "mean distance of predicted and observed risk"),
    "brier_skill": ("Brier skill", "0 is no better than the average, 1 is perfect"),
    "conformal_coverage": ("Conformal coverage", "share of outcomes inside the stated sets"),
    "prevalence": ("Prevalence", "share of people with the outcome"),
    "average_precision": ("Average precision", "precision over all thresholds"),
    "brier": ("Brier score", "0 is perfect"),
    "calibration_intercept": ("Calibration intercept", "0 is right"),
    "calibration_in_the_large": ("Calibration in the large", "0 is right, in log odds"),
    "observed_expected": ("Observed / expected", "1 is right"),
    "ece": ("Calibration error, plug-in", "too large in small samples"),
    "conformal_coverage_no": ("Coverage without the outcome", "should be near the level"),
    "conformal_coverage_yes": ("Coverage with the outcome", "should be near the level"),
    "atypical_share": ("Atypical people", "share unlike the training data"),
}
TOP = 4
SHAPES = 8
FEATURES = 20


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``Card.to_dict()`` and, optionally, ``shapes``.

    ``shapes`` are the glass box's terms (``nof1/shapes/1``): cuts, scores, standard errors, counts.
    """
    found = data["evaluation"]
    figures = [
        {"name": FIGURES[key][0], "means": FIGURES[key][1], **_figure(found["figures"][key])}
        for key in FIGURES
        if key in found["figures"]
    ]
    return {
        "title": data["name"],
        "synthetic": data["synthetic"],
        "data_date": str(data["data"].get("data_date") or data["created"])[:10],
        "json_name": data.get("json_name"),
        "card": data,
        "speaks": data["status"] == "speaks",
        "rows": found["rows"],
        "events": found["events"],
        "figures": figures,
        "checks": [{**check, **_figure(check)} for check in data["gate"]["checks"]],
        "withheld_groups": data["gate"]["withheld_groups"],
        "groups": [_group(row) for row in found["subgroups"]],
        "learners": learners(data["learners"]),
        "ablation": ablation(data.get("ablation")),
        "features": data["features"][:FEATURES],
        "facts": [(name.replace("_", " "), _words(value)) for name, value in data["data"].items()],
        "watch": [(name.replace("_", " "), _words(v)) for name, v in data["drift"].items()],
        "pictures": performance(found),
        "people": _people(data),
        "shapes": shapes(data.get("shapes")),
        "reviews": [review(one) for one in data.get("reviews") or ()],
        "top": TOP,
    }


def review(one: Mapping[str, Any]) -> dict[str, Any]:
    """A reviewed edit of a curve in words."""
    found = one["gained"]
    did = f"Not evaluated after the edit: {one['reason']}"
    if one["evaluated"] and found:
        low, high = f"{found['low'] or 0:+.4f}", f"{found['high'] or 0:+.4f}"
        did = (
            f"Discrimination on the same people, after minus before: {low} to {high} "
            f"({found['level']:.0%} interval, paired), middle {found['value'] or 0:+.4f}."
        )
    return {
        **{name: one[name] for name in ("feature", "what", "why", "intercept", "evaluated")},
        "bins": len(one["bins"]),
        "people": sum(int(row["people"]) for row in one["bins"]),
        "proposed": _signed(one["proposed_by"], one["proposed_at"]),
        "approved": _signed(one["approved_by"], one["approved_at"]),
        "approved_why": one.get("approved_why", ""),
        "base": one["base"]["version"],
        "did": did,
    }


def _signed(person: Mapping[str, Any], at: str) -> str:
    return f"{person['name']}{'' if person['signed_in'] else ' (not signed in)'}, {at[:10]}"


def performance(found: Mapping[str, Any]) -> list[Picture]:
    """Calibration, decision curve and subgroups, as far as they were computed."""
    made = [model_charts.calibration(found["calibration"])] if found["calibration"] else []
    if found["net_benefit"]:
        made.append(model_charts.decision_curve(found["net_benefit"]))
    groups = [
        {"group": f"{row['attribute']}: {row['group']}", "rows": row["rows"], **row["auroc"]}
        for row in found["subgroups"]
        if row["rows"] is not None and row["auroc"]["low"] is not None
    ]
    overall = (found["figures"].get("auroc") or {}).get("value")
    return [*made, model_charts.forest(groups, "AUROC", overall)] if groups else made


def _people(data: Mapping[str, Any]) -> list[Picture]:
    return [model_charts.attrition(data["attrition"])] if data["attrition"] else []


def shapes(model: Mapping[str, Any] | None) -> list[Picture]:
    """The curves that move the risk most; pairs of features are left to the JSON."""
    if not model:
        return []
    single = [term for term in model["terms"] if len(term["features"]) == 1]
    terms = sorted(single, key=_importance, reverse=True)
    names = model["names"]
    return [curve(term, names[term["features"][0]]) for term in terms[:SHAPES] if term["cuts"][0]]


def _importance(term: Mapping[str, Any]) -> float:
    """Mean absolute contribution over the people of the training data."""
    people = sum(term["counts"])
    moved = sum(abs(s) * n for s, n in zip(term["scores"], term["counts"], strict=True))
    return float(moved / people) if people else 0.0


def curve(term: Mapping[str, Any], name: str) -> Picture:
    """One curve (a term of ``nof1/shapes/1`` with cuts) as a picture.

    Bin 0 is "missing"; the open outermost bins get a tenth of the range to stand on.
    """
    cuts: Sequence[float] = term["cuts"][0]
    margin = (cuts[-1] - cuts[0]) / 10 or abs(cuts[0]) / 10 or 1.0
    edges = [cuts[0] - margin, *cuts, cuts[-1] + margin]
    rows = [
        {
            "low": edges[i],
            "high": edges[i + 1],
            "effect": term["scores"][i + 1],
            "error": term["standard_errors"][i + 1],
            "count": term["counts"][i + 1],
        }
        for i in range(len(edges) - 1)
    ]
    absent = term["scores"][0] if term["counts"][0] else None
    return model_charts.shape(rows, name, missing=absent)


def learners(compared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The learners side by side, on the figures that all of them have (at most four)."""
    shared = [key for key in FIGURES if compared and all(key in f for f in compared.values())][:4]
    rows = [
        {"name": name, "cells": [_figure(figures[key])["text"] for key in shared]}
        for name, figures in compared.items()
    ]
    return {"heads": [FIGURES[key][0] for key in shared], "rows": rows}


def ablation(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What each group of information adds: a chart, a table, and how to read both."""
    if not found:
        return None
    groups = found["groups"]
    name = FIGURES[found["measure"]][0]
    clear = [{**one, **one["difference"]} for one in groups if one["difference"]["low"] is not None]
    return {
        **found,
        "name": name,
        "full": _figure(found["full"])["text"],
        "level": f"{found['full']['level']:.0%}",
        "over_time": found["measure"] != "auroc",
        "alone": any(one["alone"]["value"] is not None for one in groups),
        "groups": [_ablated(one) for one in groups],
        "picture": model_charts.ablation(clear, name) if clear else None,
    }


def _ablated(one: Mapping[str, Any]) -> dict[str, Any]:
    """One group of information: its figures with three decimals, so that rows can be compared."""
    names = ("alone", "without", "difference", "brier_difference")
    return {**one, **{name: _decimals(one[name], 4 if "brier" in name else 3) for name in names}}


def _decimals(figure: Mapping[str, Any], digits: int) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "–"
    number = f"{value:.{digits}f}"
    return f"{number} ({low:.{digits}f} to {high:.{digits}f})" if low is not None else number


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    """A figure as text: value, interval, level or the reason why there is none."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    level = figure.get("level")
    interval = None if low is None or high is None else f"{low:.3g} to {high:.3g}"
    number = "not known" if value is None else f"{value:.3g}"
    return {
        "number": number,
        "interval": interval,
        "level": f"{level:.0%}" if level else None,
        "text": f"{number} ({interval})" if interval else number,
        "note": figure.get("note") or "",
    }


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        name: _figure(row[name])["text"] if row[name] else "not known"
        for name in ("auroc", "observed_expected", "coverage")
    }
    return {**row, **figures, "name": f"{row['attribute']}: {row['group']}"}


def _words(value: Any) -> str:
    """A value of the card in words: lists joined, mappings as "name: value"."""
    if isinstance(value, Mapping):
        return "; ".join(f"{str(k).replace('_', ' ')}: {_words(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
