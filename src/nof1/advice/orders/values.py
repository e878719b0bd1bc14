"""The last value of a measurement: in the unit of our rules, plausible, not too old; or why not.

Units are those that the record keeps (``nof1.record.units``): a value whose unit could not be read
stands apart under a code of its own there, and decides nothing here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from nof1.core.finding import EventRef
from nof1.knowledge.measurements import GENE, Measurement, in_unit
from nof1.medicines.ranking.known import Known, Measured


class Value(NamedTuple):
    """One value, or why there is none.

    Attributes
    ----------
    amount : in the unit of the measurement; None when no value may decide.
    time : when the last value was taken, also when it may not decide; None without any.
    why : empty when ``amount`` may decide: ``no potassium in 90 days``.
    """

    amount: float | None
    time: datetime | None
    event: EventRef | None
    why: str


def last(known: Known, one: Measurement, days: float) -> Value:
    """The last value of a measurement, when it is not older than ``days``."""
    found = known.number(*one.codes)
    if found is None:
        return Value(None, None, None, _absent(known, one, days))
    day = f"the {one.name} of {found.time:%Y-%m-%d}"
    amount = in_unit(found.value, found.unit, one.unit)
    why = ""
    if amount is None:
        why = f"{day} has a unit that is not known here"
    elif not one.low <= amount <= one.high:
        why = f"{day} is not plausible ({one.low:g} to {one.high:g} {one.unit} are)"
    elif known.at - found.time > timedelta(days=days):
        why = f"no {one.name} in {_days(days)} (the last: {found.time:%Y-%m-%d})"
    return Value(None if why else amount, found.time, found.event, why)


def shown(amount: float, one: Measurement, time: datetime | None) -> str:
    """``potassium 5.8 mmol/L, 2024-05-02``."""
    unit = "" if one.unit == "{INR}" else f" {one.unit.replace('10*3/uL', 'x 1000/uL')}"
    day = f", {time:%Y-%m-%d}" if time else ""
    return f"{one.name} {amount:.4g}{unit.replace('m[iU]', 'mIU').replace('mm[Hg]', 'mmHg')}{day}"


def looked_at(known: Known, one: Measurement) -> datetime | None:
    """When it was measured last, whatever came out; a gene result without a time: at ``known.at``.

    None: it never was, as far as the record tells.
    """
    times = [known.started[code] for code in one.codes if code in known.started]
    genes = [code.removeprefix(GENE) for code in one.codes if code.startswith(GENE)]
    if any(name in known.genes for name in genes):
        return known.at
    return max(times, default=None)


def _absent(known: Known, one: Measurement, days: float) -> str:
    if any(_apart(known, code) for code in one.codes):
        return f"the {one.name} in the record has no unit that is known here"
    return f"no {one.name} in {_days(days)} (none is recorded)"


def _days(days: float) -> str:
    return "one day" if days == 1 else f"{days:g} days"


def _apart(known: Known, code: str) -> Measured | None:
    """A value whose unit the record could not read: it stands under ``<code>//[<unit>]``."""
    start = f"{code}//["
    return next((one for name, one in known.numbers.items() if name.startswith(start)), None)
