"""The page of source attributes: from ``nof1/governance-attributes/1`` to questions and answers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs: each rule or model with its questions by part."""
    return {
        "title": "Source attributes",
        "synthetic": data["synthetic"],
        "data_date": data["as_of"][:10],
        "json_name": data.get("json_name"),
        "subjects": [_subject(one) for one in data["subjects"]],
    }


def _subject(one: Mapping[str, Any]) -> dict[str, Any]:
    parts = groupby(one["attributes"], lambda row: row["part"])
    return {
        **one,
        "missing": len(one["not_available"]),
        "parts": [{"name": name, "rows": list(rows)} for name, rows in parts],
    }
