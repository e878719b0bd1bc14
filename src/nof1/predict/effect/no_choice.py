"""A region in which hardly anybody took an option, in words: "Age in years 84.9 or more"."""

from __future__ import annotations

from collections.abc import Mapping

from nof1.learn.effect.regions import Region, Side
from nof1.predict.reasons import column_words, words
from nof1.predict.spec import AGE, FeatureSpec


def region_words(region: Region, spec: FeatureSpec, names: Mapping[str, str]) -> str:
    """All limits of a region; ``names`` are words for codes."""
    return " and ".join(_side(one, spec, names) for one in region.sides)


def share_words(region: Region) -> str:
    """How sure it is: people, and the upper limit (95 %) of the share who took the option."""
    return f"{region.people:.0f} such people, at most {100 * region.most:.0f} of 100 of them"


def _side(side: Side, spec: FeatureSpec, names: Mapping[str, str]) -> str:
    if side.name not in spec.column_numbers:
        return side.name + _limits(side)
    field = spec.field(side.name)
    counted = field.aggregate == "count" or (field.aggregate is None and field.column != AGE)
    if counted and field.code is not None and not field.column.endswith("/value"):
        span = "" if field.window in (None, "full") else f" in the last {field.window}"
        if side.high is None and side.low is not None and side.low <= 1:
            return f"{words(field.code, names)} recorded{span}"
        if side.low is None and side.high is not None and side.high <= 1:
            return f"{words(field.code, names)} not recorded{span}"
    return column_words(field, names) + _limits(side)


def _limits(side: Side) -> str:
    if side.missing:
        return " is missing"
    low = "" if side.low is None else f" {side.low:.4g} or more"
    high = "" if side.high is None else f" below {side.high:.4g}"
    return f"{low},{high}" if low and high else low + high
