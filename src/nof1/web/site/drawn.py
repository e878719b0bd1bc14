"""Pictures as they are sent: specifications made once, with numbers no longer than a reader needs.

Making a Vega-Lite specification costs some 20 ms a chart, most of it checks; a page that is shown
again need not pay twice. Five significant digits are more than a screen has room for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nof1.pictures.picture import Picture

DIGITS = 5


@dataclass(frozen=True)
class Ready:
    """A chart whose specification is made."""

    made: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The Vega-Lite specification."""
        return dict(self.made)


def settled(value: Any) -> Any:
    """The same context with all its charts made, however deep."""
    if isinstance(value, Picture):
        return (
            value
            if value.chart is None
            else replace(value, chart=Ready(short(_brief(value.spec()))))
        )
    if isinstance(value, Mapping):
        return {name: settled(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(settled(part) for part in value)
    return value


def _brief(spec: dict[str, Any]) -> dict[str, Any]:
    """The same without the fonts of parts that are the font of the whole anyway."""
    config = spec.get("config", {})
    font = config.get("font")

    def without(part: Any) -> Any:
        if not isinstance(part, Mapping):
            return part
        return {
            name: without(inner)
            for name, inner in part.items()
            if not (name in ("labelFont", "titleFont", "font") and inner == font)
        }

    kept = {name: without(part) for name, part in config.items() if name != "font"}
    return {**spec, "config": {**kept, "font": font}} if font else spec


def short(value: Any) -> Any:
    """The same structure with numbers of five significant digits.

    >>> short({"a": [0.123456789, 2, "x"]})
    {'a': [0.12346, 2, 'x']}
    """
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else value
    if isinstance(value, Mapping):
        return {name: short(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [short(part) for part in value]
    return value
