"""The first page of a demo: what was done, in steps, with links to the pages of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs.

    ``steps`` are rows of title, text, figures (rows of label and value) and links (rows of href
    and text); ``lead`` is the first paragraph.
    """
    return {
        "title": data["title"],
        "lead": data["lead"],
        "synthetic": data["synthetic"],
        "data_date": data["data_date"],
        "json_name": data.get("json_name"),
        "steps": [{"figures": [], "links": [], **step} for step in data["steps"]],
    }
