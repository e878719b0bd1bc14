"""Laboratory values, heart rate and blood pressure against the medicine that is ordered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from nof1.advice.orders import values
from nof1.advice.orders.company import Answer, Company, Raised
from nof1.knowledge import laboratory as facts
from nof1.knowledge.base import Base
from nof1.knowledge.measurements import measurements
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Open, asks, level_of, reason

LISTED = 6


def laboratory(drug: str, company: Company, base: Base) -> Answer:
    """The last value of each measurement that our table holds against this medicine.

    Of several rows about one value the most cautious is said, the others stand beside it. All
    values that are missing are one line of what was not checked.
    """
    by_measurement = _rows(drug, base)
    if not by_measurement:
        text = f"No laboratory limit of {drug} is in our table; that is not the same as none."
        return Answer("laboratory", (), (Open(text, "Read the label.", NOT_IN_TABLE),))
    raised, missing = [], []
    for name, rows in by_measurement:
        found = list(_held(name, rows, company, base))
        held = [one for one in found if isinstance(one, Raised)]
        missing += [one for one in found if isinstance(one, tuple)]
        if held:
            first, *rest = held
            also = tuple(one.reason for one in rest)
            raised.append(Raised(first.rule, first.reason, (name,), also))
    return Answer("laboratory", tuple(raised), tuple(_open(missing)))


@lru_cache(maxsize=4096)
def _rows(drug: str, base: Base) -> tuple[tuple[str, tuple[facts.Limit, ...]], ...]:
    """The rows of one medicine by measurement, the most cautious first."""
    rows = [one for one in facts.of(drug, base) if asks(one)]
    names = dict.fromkeys(one.measurement for one in rows)
    return tuple((name, tuple(one for one in rows if one.measurement == name)) for name in names)


Missing = tuple[str, str, Level]


def _held(
    name: str, rows: tuple[facts.Limit, ...], company: Company, base: Base
) -> Iterator[Raised | Missing]:
    """What the last value says; or why it says nothing, with the worst that it could."""
    one, told = measurements(base)[name], set[str]()
    for row in rows:
        value = values.last(company.known, one, row.days)
        if value.amount is None:
            if value.why not in told:
                told.add(value.why)
                worst = level_of(row.action) if row.missing else Level.NONE
                yield value.why, name, worst
        elif row.low <= value.amount < row.high:
            shown = values.shown(value.amount, one, value.time)
            said = reason(
                row,
                f"{name} {value.amount:.4g}: {row.action}",
                f"At {shown}: ",
                (value.event,) if value.event else (),
                base,
            )
            yield Raised(said.level.name.lower(), said, (name,))


def _open(missing: list[Missing]) -> Iterator[Open]:
    """One line for all values that are missing."""
    if not missing:
        return
    names = list(dict.fromkeys(name for _, name, _ in missing))
    said = "; ".join(dict.fromkeys(why for why, _, _ in missing[:LISTED]))
    more = f"; and {len(missing) - LISTED} more" if len(missing) > LISTED else ""
    text = f"Not checked: {said}{more}."
    worst = min(level for _, _, level in missing)
    yield Open(text, f"Measure {', '.join(names)}.", names[0], worst)
