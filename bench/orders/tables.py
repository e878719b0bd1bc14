"""The cases: each row of ``cases/*.tsv`` is one statement of a source, and makes several orders.

Columns of a row: ``row`` (its name), ``orders`` and ``current`` (medicines, separated by ``|``; one
case for every combination), ``facts`` about the patient (separated by ``;``, choices by ``|``),
``expected``, ``evidence``, ``source``, ``note``.

An order is ``name`` or ``name@dose unit*times a day``. ``a+b`` in ``current`` is two medicines at
once; ``^`` is "every pair among the orders, once". ``=name`` with ``allergy=self`` is an order of
the very medicine that the patient is allergic to.

``expected`` is what the source asks for:

- ``interrupt``: contraindicated or on the high-priority list: a tier-1 (critical) alert;
- ``warn``: avoid, or change the dose: a tier-1 or tier-2 (warning) alert;
- ``passive``: harmless enough not to interrupt: no tier-1 alert; a warning is allowed;
- ``silent``: nothing is wrong: no tier-1 alert, and better no warning;
- ``not_checked``: something cannot be checked, and the answer has to say so.

A row whose name begins with ``many_`` is a patient with several facts at once.

There are three sets: ``first`` (``cases/``), and ``second`` and ``third``, each written by another
encoder who had seen neither the checks nor their results.

``evidence`` is ``read`` when the statement was read in stored text while the row was written, and
``known`` when it was written from general knowledge of the named source: verify before relying.
"""

from __future__ import annotations

import csv
import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SETS = {"first": "cases", "second": "second", "third": "third"}
EXPECTED = ("interrupt", "warn", "passive", "silent", "not_checked")
HARMFUL, HARMLESS = ("interrupt", "warn"), ("passive", "silent")
BOTH_WAYS = ("interactions_high", "interactions_low", "interactions_label")
_ORDER = re.compile(r"=?(?P<name>[^@]+?)(@(?P<dose>[\d.]+) (?P<unit>\w+)(\*(?P<times>[\d.]+))?)?")


class Order(NamedTuple):
    """One medicine to order: dose and unit of one intake, and intakes a day (None: not said)."""

    name: str
    dose: float | None = None
    unit: str | None = None
    per_day: float | None = None


@dataclass(frozen=True)
class Case:
    """One simulated order, or two in one request.

    Attributes
    ----------
    id : ``category/row/number``. category : the file. row : the statement it comes from.
    orders : what is ordered. current : medicines taken already.
    facts : name and value, in the order written (``("egfr", "15")``).
    expected : one of ``EXPECTED``. evidence : ``read`` or ``known``. source : where it stands.
    """

    id: str
    category: str
    row: str
    orders: tuple[Order, ...]
    current: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    expected: str
    evidence: str
    source: str

    @property
    def harmful(self) -> bool:
        """The source speaks against the order."""
        return self.expected in HARMFUL

    @property
    def several(self) -> bool:
        """The patient has several facts at once."""
        return self.row.startswith("many_")

    @property
    def harmless(self) -> bool:
        """Nobody should be interrupted."""
        return self.expected in HARMLESS


class Code(NamedTuple):
    """Where a medicine or a condition stands in a public vocabulary."""

    vocabulary: str
    code: str
    display: str


@functools.cache
def cases(which: str = "first") -> tuple[Case, ...]:
    """All cases of a set (a key of ``SETS``), by file and row."""
    return tuple(
        case
        for path in sorted((HERE / SETS[which]).glob("*.tsv"))
        for row in _rows(path)
        for case in _expanded(path.stem, row)
    )


@functools.cache
def medicines() -> dict[str, Code]:
    """Code of every medicine by its name here."""
    rows = _rows(HERE / "codes" / "medicines.tsv")
    return {row["name"]: Code(row["vocabulary"], row["code"], row["name"]) for row in rows}


@functools.cache
def conditions() -> dict[str, Code]:
    """SNOMED CT code of every condition by its name here."""
    rows = _rows(HERE / "codes" / "conditions.tsv")
    return {row["name"]: Code(row["vocabulary"], row["code"], row["display"]) for row in rows}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _expanded(category: str, row: dict[str, str]) -> Iterator[Case]:
    if row["expected"] not in EXPECTED:
        raise ValueError(f"{category}/{row['row']}: expected is {row['expected']!r}")
    pairs = _pairs(_orders(row["orders"]), row["current"])
    choices = list(itertools.product(*(part.split("|") for part in _split(row["facts"], ";"))))
    for number, ((order, current), parts) in enumerate(itertools.product(pairs, choices)):
        orders, now = _arranged(category, number, order, current)
        facts = tuple(_fact(part, order) for part in parts)
        yield Case(
            f"{category}/{row['row']}/{number + 1}",
            category,
            row["row"],
            orders,
            now,
            facts,
            row["expected"],
            row["evidence"],
            row["source"],
        )


def _pairs(orders: list[Order], current: str) -> list[tuple[Order, tuple[str, ...]]]:
    if current == "^":
        return [(one, (other.name,)) for one, other in itertools.combinations(orders, 2)]
    groups = [tuple(group.split("+")) for group in _split(current, "|")] or [()]
    return list(itertools.product(orders, groups))


def _arranged(
    category: str, number: int, order: Order, current: tuple[str, ...]
) -> tuple[tuple[Order, ...], tuple[str, ...]]:
    """Interactions are asked in turn as A on B, B on A, and both ordered in one request."""
    if category not in BOTH_WAYS or len(current) != 1 or number % 3 == 0:
        return (order,), current
    other = Order(current[0])
    return ((other,), (order.name,)) if number % 3 == 1 else ((order, other), ())


def _orders(text: str) -> list[Order]:
    made = []
    for part in _split(text, "|"):
        found = _ORDER.fullmatch(part)
        if found is None:
            raise ValueError(f"not an order: {part!r}")
        dose, times = found["dose"], found["times"]
        numbers = (float(dose) if dose else None, float(times) if times else None)
        made.append(Order(found["name"], numbers[0], found["unit"], numbers[1]))
    return made


def _fact(part: str, order: Order) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, order.name if value == "self" else value


def _split(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark) if part.strip()]
