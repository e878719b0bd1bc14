"""Which features a model sees: windows, aggregates and codes, as one JSON-able value.

A feature is ``{code}/{window}/{aggregate}``, for example ``LOINC//2345-7/365d/value_last``.
A window of width w ends **at the prediction time** t: it holds the events with
``t - w < time <= t`` that were known at t. ``full`` holds everything up to t.

==================  ========================================================  ==============
aggregate           meaning, over the events of one code in one window        if there is none
==================  ========================================================  ==============
count               events (two events at one time are two)                   0
value_count         events with a number                                      0
value_sum           sum of the numbers                                        0
value_sum_sq        sum of their squares                                      0
value_min           smallest number                                           NaN
value_max           largest number                                            NaN
value_last          latest number; at one time the last in the table's order  NaN
time_since_last     days from the latest event to the prediction time         NaN
==================  ========================================================  ==============

A number is a finite ``numeric_value``: NaN and infinities count as "no number".
A code must have one unit only; the record keeps codes with several units apart before this.
Static features come first: ``age_years`` (from the first known birth), ``static/{code}`` (1 when
the static fact is known, else 0) and ``static/{code}/value`` (its number; NaN when absent).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from nof1.core.errors import UsageError

VERSION = 1
WINDOWS = ("1d", "7d", "30d", "365d", "full")
AGGREGATES = (
    "count",
    "value_count",
    "value_sum",
    "value_sum_sq",
    "value_min",
    "value_max",
    "value_last",
    "time_since_last",
)
ZERO_WHEN_ABSENT = frozenset(AGGREGATES[:4])
AGE = "age_years"
DAY_US = 86_400_000_000
FULL_WIDTH = -1
_UNIT_US = {"h": DAY_US // 24, "d": DAY_US}
_WINDOW = re.compile(r"([1-9][0-9]{0,6})([hd])")


def width_us(window: str) -> int:
    """Width of a window in microseconds; ``FULL_WIDTH`` for ``full``.

    Raises
    ------
    UsageError : when the text is not a number of hours or days, nor ``full``.

    >>> width_us("7d") // DAY_US
    7
    """
    if window == "full":
        return FULL_WIDTH
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise UsageError(
            f"{window!r} is not a window.",
            where="windows",
            allowed='"full", or a whole number of hours or days such as "12h" or "30d"',
        )
    return int(found[1]) * _UNIT_US[found[2]]


@dataclass(frozen=True)
class Field:
    """What one column means. Static columns have no window; ``age_years`` has no code either."""

    column: str
    code: str | None = None
    window: str | None = None
    aggregate: str | None = None


@dataclass(frozen=True)
class FeatureSpec:
    """The features of a model, in the order of its columns.

    Parameters
    ----------
    codes : codes with windowed features.
    static_codes : static facts used as present (1) or absent (0).
    static_values : static facts used by their number, for example a polygenic score.
    windows : from narrow to wide; ``full`` last.
    aggregates : a choice of ``AGGREGATES``.
    age : whether the first column is ``age_years``, the age at the prediction time.

    Raises
    ------
    UsageError : for unknown, repeated or unordered parts.

    >>> FeatureSpec(("LOINC//2345-7",), windows=("30d",), aggregates=("value_last",)).columns
    ('age_years', 'LOINC//2345-7/30d/value_last')
    """

    codes: tuple[str, ...]
    static_codes: tuple[str, ...] = ()
    static_values: tuple[str, ...] = ()
    windows: tuple[str, ...] = WINDOWS
    aggregates: tuple[str, ...] = AGGREGATES
    age: bool = True
    version: int = VERSION

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (self.to_dict(),)  # to workers without what was derived

    @cached_property
    def _hash(self) -> int:
        return hash(
            (self.codes, self.static_codes, self.static_values, self.windows, self.aggregates)
        )

    def __post_init__(self) -> None:
        for name in ("codes", "static_codes", "static_values", "windows", "aggregates"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        if self.version != VERSION:
            raise UsageError(
                f"Feature version {self.version} is not known.",
                where="version",
                allowed=str(VERSION),
                next_step="Use the nof1 release that made this model, or train it again.",
            )
        unknown = sorted(set(self.aggregates) - set(AGGREGATES))
        if unknown:
            raise UsageError(
                f"Unknown aggregate {unknown[0]!r}.", where="aggregates", allowed=AGGREGATES
            )
        _check_widths(self.windows)
        _check_once("static columns", self.static_columns)
        if any(code.startswith("static/") for code in self.codes):
            _check_once("columns", self.columns)

    @cached_property
    def static_columns(self) -> tuple[str, ...]:
        """The names of the columns that have no window."""
        return (
            *((AGE,) if self.age else ()),
            *(f"static/{code}" for code in self.static_codes),
            *(f"static/{code}/value" for code in self.static_values),
        )

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        windowed = len(self.codes) * len(self.windows) * len(self.aggregates)
        return len(self.static_columns) + windowed

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All column names: static ones, then code by code, window by window."""
        windowed = (
            f"{code}/{window}/{aggregate}"
            for code in self.codes
            for window in self.windows
            for aggregate in self.aggregates
        )
        return (*self.static_columns, *windowed)

    @cached_property
    def column_numbers(self) -> dict[str, int]:
        """Position of every column by its name."""
        return {name: number for number, name in enumerate(self.columns)}

    def number(self, column: str) -> int:
        """Position of a column.

        Raises
        ------
        UsageError : when there is no such column.
        """
        if column not in self.column_numbers:
            raise UsageError(
                f"No feature is called {column!r}.",
                allowed="the names in FeatureSpec.columns",
                next_step="Check the code, the window and the aggregate in the name.",
            )
        return self.column_numbers[column]

    def field(self, column: str) -> Field:
        """What a column means, to look up its source events.

        >>> FeatureSpec(("ICD10CM//I10",)).field("ICD10CM//I10/7d/count").window
        '7d'
        """
        number = self.number(column)
        if number >= len(self.static_columns):
            code, window, aggregate = column.rsplit("/", 2)
            return Field(column, code, window, aggregate)
        return Field(column, self._static_code(number))

    def _static_code(self, number: int) -> str | None:
        codes = ((None,) if self.age else ()) + self.static_codes + self.static_values
        return codes[number]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; ``from_dict`` reads it back."""
        return {
            name: list(part) if isinstance(part, tuple) else part
            for name, part in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> FeatureSpec:
        """Read the JSON form.

        Raises
        ------
        UsageError : for unknown or missing names.
        """
        names = set(cls.__dataclass_fields__)
        if not (set(parts) <= names and "codes" in parts):
            raise UsageError(
                "This is not a feature specification.",
                where=", ".join(sorted(set(parts) - names)) or "codes",
                allowed=sorted(names),
            )
        return cls(**parts)


def _texts(name: str, parts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(parts, str):
        raise UsageError("One text was given instead of a list.", where=name, allowed="a list")
    texts = tuple(parts)
    _check_once(name, texts)
    return texts


def _check_widths(windows: tuple[str, ...]) -> None:
    widths = [width_us(window) for window in windows]
    if len(set(widths)) != len(widths):
        raise UsageError("Two windows have the same width.", where="windows", allowed="each once")
    if sorted(widths, key=lambda width: (width == FULL_WIDTH, width)) != widths:
        raise UsageError(
            f"Windows are not in order: {', '.join(windows)}.",
            where="windows",
            allowed='from narrow to wide, "full" last',
        )


def _check_once(name: str, parts: tuple[str, ...]) -> None:
    if len(set(parts)) != len(parts):
        twice = next(part for part in parts if parts.count(part) > 1)
        raise UsageError(f"{twice!r} stands twice in {name}.", where=name, allowed="each once")
