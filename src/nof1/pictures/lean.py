"""Chart specifications as pages hold them: without what no reader and no drawing needs.

Rows of data often carry more columns than a chart draws, and every chart of this house has one
look, which ``charts.js`` knows (``theme.config``). Vega-Lite needs neither twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures import theme


def lean(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same chart in fewer bytes; done twice, it changes nothing.

    Left out: columns that the chart does not name, the house's own configuration, the address of
    the schema. Data sets get short names.
    """
    sets: Mapping[str, Any] = spec.get("datasets", {})
    left = {name: part for name, part in spec.items() if name not in ("datasets", "$schema")}
    if "config" in left:
        left["config"] = _own(left["config"])
    if not left.get("config"):
        left.pop("config", None)
    words = json.dumps(left)
    short = {name: f"d{number}" for number, name in enumerate(sets)}
    made: dict[str, Any] = _renamed(left, short)
    if sets:
        made["datasets"] = {short[name]: _used(rows, words) for name, rows in sets.items()}
    return made


def _own(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a chart's configuration is not that of the house."""
    house = theme.config()
    return {name: part for name, part in config.items() if house.get(name) != part}


def _used(rows: Sequence[Any], words: str) -> list[Any]:
    """Rows with the columns that the chart names somewhere, as a field or in a formula."""
    if not all(isinstance(row, Mapping) for row in rows):
        return list(rows)
    names = {name for row in rows for name in row if json.dumps(name)[1:-1] in words}
    return [{name: value for name, value in row.items() if name in names} for row in rows]


def _renamed(value: Any, short: Mapping[str, str]) -> Any:
    """The same structure; references to data sets by their short names."""
    if isinstance(value, Mapping):
        if set(value) == {"name"} and value["name"] in short:
            return {"name": short[value["name"]]}
        return {name: _renamed(part, short) for name, part in value.items()}
    return [_renamed(part, short) for part in value] if isinstance(value, list | tuple) else value
