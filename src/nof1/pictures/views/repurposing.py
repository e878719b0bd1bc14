"""The page of repurposing hypotheses: each with its path, and the naive answer beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/medicines-repurpose/1``."""
    return {
        **data,
        "title": f"Repurposing hypotheses: {data['disease']['name']}",
        "data_date": data["basis"]["knowledge_date"],
        "synthetic": False,
        "json_name": data.get("json_name"),
        "rows": data["hypotheses"],
        "verdicts": [_verdict(one) for one in data["judged"]],
    }


def _verdict(one: Mapping[str, Any]) -> dict[str, Any]:
    low, high = one["difference"]["interval"]
    return {
        "split": one["split"],
        "model": f"{one['average_precision']['model']:.3f}",
        "naive": f"{one['average_precision']['popularity']:.3f}",
        "difference": f"{one['difference']['value']:.3f} ({low:.3f} to {high:.3f})",
        "first": " / ".join(f"{number:,.0f}" for number in one["among_first_20"].values()),
        "hidden": one["hidden"],
        "diseases": one["diseases"],
        "severity": "good" if one["better"] else "warning",
        "word": "better than popularity" if one["better"] else "no better than popularity",
    }
