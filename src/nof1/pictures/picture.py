"""A picture: a chart, the words that say the same, and the table that holds the same numbers.

No chart goes without a title, a description for people who do not see it, and a table twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nof1.core.errors import UsageError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Column heads and rows of the table twin; cells are text or numbers, None is "unknown"."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Picture:
    """Exactly one of ``chart`` (an Altair chart) and ``svg`` (own markup, already escaped).

    ``description`` is the text alternative: what is shown, and what it says. In a notebook the
    picture shows itself.
    """

    title: str
    description: str
    table: Table
    chart: Any = None
    svg: str | None = None

    def __post_init__(self) -> None:
        if not (self.title and self.description) or (self.chart is None) == (self.svg is None):
            raise UsageError(
                "A picture is not complete.",
                allowed="a title, a description, and either a chart or SVG",
                next_step="Say in words what the chart shows.",
            )

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification with title and description, ready to embed.

        It is not checked against the schema of Vega-Lite here (20 ms a chart): the tests do that.
        """
        words = {"description": f"{self.title}. {self.description}"}
        made: dict[str, Any] = printable({**self.chart.to_dict(validate=False), **words})
        return made

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self.svg is not None:
            return {"text/html": self.svg, "text/plain": self.description}
        return self.chart.properties(title=self.title)._repr_mimebundle_(include, exclude)


def printable(value: Any) -> Any:
    """The same structure with line ends and control characters as spaces.

    Names come from source files; one line separator inside would break a Vega expression.

    >>> printable({"title": "a\\u2028b", "n": 1})
    {'title': 'a b', 'n': 1}
    """
    if isinstance(value, str):
        return "".join(c if c.isprintable() else " " for c in value)
    if isinstance(value, dict):
        return {printable(key): printable(part) for key, part in value.items()}
    return [printable(part) for part in value] if isinstance(value, list) else value


def rows_of(data: Any) -> list[dict[str, Any]]:
    """Rows as dictionaries, from a Polars frame or any sequence of mappings."""
    rows: Iterable[Row] = data.to_dicts() if hasattr(data, "to_dicts") else data
    return [dict(row) for row in rows]


def table_of(rows: Sequence[Row], columns: Mapping[str, str]) -> Table:
    """The table twin: ``columns`` maps a field to its head."""
    return Table(
        tuple(columns.values()), tuple(tuple(row.get(field) for field in columns) for row in rows)
    )


def need(rows: Sequence[Row], fields: Sequence[str], chart: str) -> None:
    """Refuse rows that lack a field the chart needs.

    Raises
    ------
    UsageError : naming the chart, the missing field and the allowed ones.
    """
    for field in fields:
        if any(field not in row for row in rows):
            raise UsageError(
                f"The {chart} chart lacks the field {field!r}.",
                where=f"{chart} chart",
                allowed=list(fields),
                next_step="Give every row all of these fields.",
            )
