"""Pictures as they are sent: specifications made once, with numbers no longer than a reader needs.

A page that is shown again need not make its specifications twice. Five significant digits are more
than a screen has room for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nof1.pictures.lean import lean
from nof1.pictures.picture import Picture

DIGITS = 5


@dataclass(frozen=True)
class Ready:
    """A chart whose specification is made."""

    made: Mapping[str, Any]

    def to_dict(self, validate: bool = False) -> dict[str, Any]:
        """The Vega-Lite specification."""
        return dict(self.made)


def settled(value: Any) -> Any:
    """The same context with all its charts made, however deep."""
    if isinstance(value, Picture):
        return (
            value if value.chart is None else replace(value, chart=Ready(short(lean(value.spec()))))
        )
    if isinstance(value, Mapping):
        return {name: settled(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(settled(part) for part in value)
    return value


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
