"""The amount of an order: above the largest dose, by weight in children, daily for weekly, a slip.

The dose of one day (dose times doses a day) is held against the largest one that the table names
for this route, age and weight (``nof1.knowledge.doses``); one dose also against the largest single
dose. What is below may still be too much for this person. A child is held against the rows of
children; where there are none, or no weight is known, against those of adults, and that is said.

No pharmacist has signed off the numbers.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from nof1.advice.orders import amounts
from nof1.advice.orders.amounts import HOURS, Amount
from nof1.advice.orders.company import Answer, Company, Raised
from nof1.advice.orders.shapes import Draft
from nof1.genome.medicines import TOGETHER
from nof1.knowledge import conditions
from nof1.knowledge import doses as table
from nof1.knowledge.base import DATA, SHIPPED, Base
from nof1.knowledge.doses import ADULT, ROUTES, Dose
from nof1.medicines.ranking.columns import NOT_IN_TABLE, Level, Open, Reason, cited
from nof1.medicines.ranking.known import Known
from nof1.medicines.ranking.organs import WEIGHT

FILE = DATA / table.TABLE
MILLIGRAMS = amounts.MASS
FAR = 3.0  # times the largest dose: a slip of the unit or the point is likelier than an intention
TINY = 1000.0  # times less than the largest dose of an adult: no use has such a dose
WEEKLY = 7.0
OFTEN = 2.0 / 7.0  # doses a day from which on "once a week" cannot be meant (three days a week)
CANCER = ("ICD10CM//C", "ICD10//C", "ICD10CM//D0", "SNOMED//363346000")
SMALL_CHILD, SMALL_DAYS, DAYS = 2.0, 60, 365  # years; how old a weight may be
PLAUSIBLE_KG = (0.4, 400.0)
# Words of a route -> ours; the numbers are SNOMED CT routes.
WORDS: Mapping[str, str] = MappingProxyType(
    {"oral": "oral", "po": "oral", "mouth": "oral", "peroral": "oral", "orally": "oral",
     "26643006": "oral", "gastrostomy": "oral", "nasogastric": "oral", "127490009": "oral",
     "intravenous": "iv", "iv": "iv", "vein": "iv", "47625008": "iv",
     "intramuscular": "im", "im": "im", "muscle": "im", "78421000": "im",
     "subcutaneous": "sc", "sc": "sc", "subq": "sc", "sq": "sc", "34206005": "sc",
     "rectal": "rectal", "pr": "rectal", "37161004": "rectal",
     "sublingual": "sublingual", "sl": "sublingual", "37839007": "sublingual",
     "transdermal": "transdermal", "patch": "transdermal", "45890007": "transdermal",
     "inhalation": "inhaled", "inhaled": "inhaled", "respiratory": "inhaled",
     "447694001": "inhaled", "nasal": "nasal", "46713006": "nasal"}
)  # fmt: skip


class Largest(NamedTuple):
    """The largest amount by mouth of an adult in ``period_days`` days, for any use, in mg."""

    medicine: str
    period_days: float
    largest_mg: float
    note: str
    source: str
    citation: str


@functools.cache
def largest(base: Base = SHIPPED) -> Mapping[str, Largest]:
    """What an adult may have by mouth at most, in mg, by medicine.

    Raises
    ------
    InputError : the table is damaged.
    """
    made: dict[str, Largest] = {}
    for one in table.doses(base):
        if (one.route, one.unit, one.per, one.use) == ("oral", "mg", "", "") and one.low >= ADULT:
            made[one.medicine] = Largest(
                one.medicine, one.period_days, one.largest, one.note, one.source, one.citation
            )
    return MappingProxyType(made)


def dose(draft: Draft, company: Company, base: Base, *, alone: bool = True) -> Answer:
    """What the amount of an order says.

    Parameters
    ----------
    alone : the order has this one ingredient; otherwise its amount is not this ingredient's.
    """
    gap = _unreadable(draft, alone)
    rows = table.of(draft.medicine or "", base)
    if gap is None and not rows:
        gap = Open(f"No largest dose of {draft.medicine} is in our table.", LABEL, NOT_IN_TABLE)
    one = amounts.amount(draft)
    if gap is None and one is None:
        gap = Open(NO_UNIT, "Order it in mg, micrograms, units or mEq.", "unit")
    route = _route(draft, rows, company.known.age_years)
    here = tuple(row for row in rows if row.route == route)
    if gap is None and not here:
        named = ", ".join(ROUTES[name] for name in dict.fromkeys(row.route for row in rows))
        gap = Open(f"The limits here are {named}; this route is another one.", LABEL, "route")
    if gap is None and one is not None and not any(row.unit == one.kind for row in here):
        gap = Open(f"The limit here is in {here[0].unit}: not checked.", LABEL, "unit")
    if gap is not None or one is None:
        return Answer("dose", (), (gap,) if gap else ())
    return _held(draft, one, tuple(row for row in here if row.unit == one.kind), company, base)


NO_UNIT = "The unit of the dose is no amount that is understood, and no one strength is named."
NO_FREQUENCY = "How often it is given is not said: only one dose was held against the limit."
NO_CHILD = "Only the limit of adults was looked at; doses of children by weight are not here."
NO_WEIGHT = "Not checked by weight: no weight is known that is recent enough."
LABEL = "Check the dose against the label."


def _unreadable(draft: Draft, alone: bool) -> Open | None:
    """Why the order says no amount of this medicine at all."""
    if draft.dose is None:
        return Open("The order names no dose: it was not checked.", "Name the dose.", "dose")
    if draft.dose <= 0:
        return Open("The dose is no amount above zero: not checked.", "Correct the dose.", "dose")
    if not alone or TOGETHER in (draft.medicine or ""):
        return Open("The dose is that of a combination: not checked.", LABEL, "dose")
    return None


def _route(draft: Draft, rows: Sequence[Dose], age: float | None) -> str:
    """Our name of the route; without words the one whose limit at this age is the highest."""
    if draft.route:
        parts = draft.route.lower().replace("/", " ").replace(",", " ").split()
        return next((WORDS[word] for word in parts if word in WORDS), "")
    child = [row for row in rows if age is not None and age < ADULT and row.low <= age < row.high]
    plain = [row for row in child or rows if child or not row.per] or list(rows)
    if not plain:
        return ""
    return max(plain, key=lambda row: (row.largest / row.period_days, row.route == "oral")).route


def _held(draft: Draft, one: Amount, rows: Sequence[Dose], company: Company, base: Base) -> Answer:
    """One amount against the rows that hold at this age, and what could not be looked at."""
    age, weight = company.known.age_years, weight_kg(company.known)
    opens = [] if draft.per_day is not None or one.hourly else [HOW_OFTEN]
    chosen = [row for row in rows if row.low >= ADULT]
    young = age is not None and age < ADULT
    child = [row for row in rows if young and row.low <= (age or 0.0) < row.high]
    if child and not (weight is None and any(row.per for row in child)):
        chosen = child
    elif child or young or age is None:
        chosen = [*child, *chosen]  # the limit of adults is the least that can be said
    if not child and (young or age is None):
        opens.append(Open(NO_CHILD, "Check the dose by weight.", "age"))
    if weight is None and any(row.per for row in chosen):
        opens.append(Open(NO_WEIGHT, "Weigh, and record the weight.", "weight"))
    raised = [] if not draft.per_day else list(_often(draft, chosen, company, base))
    if not raised:
        found = list(_above(draft, one, chosen, weight, company, base))
        raised = [max(found, key=lambda pair: pair[0])[1]] if found else []
    if not raised and not young:
        raised = list(_tiny(draft, one, chosen, weight, base))
    return Answer("dose", tuple(raised), tuple(opens))


HOW_OFTEN = Open(NO_FREQUENCY, "Say how often.", "frequency")


def weight_kg(known: Known) -> float | None:
    """The last weight, where it is recent enough for the age and can be right; None without."""
    one = known.number(*WEIGHT)
    if one is None or one.unit not in ("kg", "g"):
        return None
    value = one.value / 1000.0 if one.unit == "g" else one.value
    small = known.age_years is not None and known.age_years < SMALL_CHILD
    fresh = known.at - one.time <= timedelta(days=SMALL_DAYS if small else DAYS)
    return value if fresh and PLAUSIBLE_KG[0] <= value <= PLAUSIBLE_KG[1] else None


def _by_use(rows: Sequence[Dose], known: Known, base: Base) -> tuple[Dose, ...]:
    """Of several uses the one that is recorded; else every row."""
    named = {row.use for row in rows} - {""}
    here = named & conditions.recognised(known.diagnoses, base) if named else set[str]()
    return tuple(row for row in rows if row.use in here) if here else tuple(rows)


def _above(
    draft: Draft,
    one: Amount,
    rows: Sequence[Dose],
    weight: float | None,
    company: Company,
    base: Base,
) -> Iterator[tuple[float, Raised]]:
    """The dose of a period and one dose against the largest ones, with how far above."""
    for group in _groups(rows):
        fit = [(row, _limits(row, one, weight)) for row in _by_use(group, company.known, base)]
        sure = [(row, limit) for row, limit in fit if limit is not None]
        if not sure:
            continue
        row, (most, once) = max(sure, key=lambda pair: pair[1][0])
        times = HOURS if one.hourly else draft.per_day or 0.0
        value = one.value * (weight or 1.0 if one.per_kg else 1.0)
        whole = value * max(times * row.period_days, 1.0)
        if whole > most * (1 + 1e-9):
            yield whole / most, _raised(row, whole, most, _span(row), weight, base)
        if value > once * (1 + 1e-9) and not one.hourly:
            yield value / once, _raised(row, value, once, "one dose", weight, base)


def _groups(rows: Sequence[Dose]) -> Iterator[tuple[Dose, ...]]:
    """Rows of children and rows of adults, apart: the limit of each holds."""
    for adult in (False, True):
        found = tuple(row for row in rows if (row.low >= ADULT) is adult)
        if found:
            yield found


def _limits(row: Dose, one: Amount, weight: float | None) -> tuple[float, float] | None:
    """The largest of a period and of one dose in the order's own terms; None: a weight is needed.

    An order for each kilogram meets a row for each kilogram without a weight.
    """
    if one.per_kg and weight is None:
        return (row.largest, row.once) if row.per else None
    most, once = row.of_period(weight), row.of_once(weight)
    return None if most is None or once is None else (most, once)


def _span(row: Dose) -> str:
    if row.period_days == 1.0:
        return "a day"
    return "a week" if row.period_days == WEEKLY else f"in {row.period_days:g} days"


def _raised(
    row: Dose, amount: float, most: float, span: str, weight: float | None, base: Base
) -> Raised:
    far = amount > FAR * most
    note = f" ({row.note})" if row.note else ""
    who = f" for {weight:g} kg" if row.per and weight is not None else ""
    owner = "the label's largest" if row.source == "fda-labels" else "the largest in our table"
    shown, limit = _amount(amount, row.unit), _amount(most, row.unit)
    as_one = span == "one dose"
    text = (
        f"{'One dose of ' if as_one else ''}{shown}{'' if as_one else ' ' + span} "
        f"{ROUTES[row.route]}; {owner}{who} is {limit}{note}."
        + (" A slip of the unit or of the decimal point?" if far else "")
    )
    short = f"{shown} {'at once' if as_one else span}: above {limit}"
    level = Level.CONTRAINDICATED if far else Level.AVOID
    return Raised("far above" if far else "above", _reason(level, short, text, row, base), (text,))


def _tiny(
    draft: Draft, one: Amount, rows: Sequence[Dose], weight: float | None, base: Base
) -> Iterator[Raised]:
    """A day's dose so far below the largest that a smaller unit was written than was meant."""
    for row in rows:
        limit = _limits(row, one, weight)
        if limit is None or row.use or one.hourly:
            continue
        value = one.value * (weight or 1.0 if one.per_kg else 1.0)
        whole = value * max((draft.per_day or 0.0) * row.period_days, 1.0)
        if whole * TINY < limit[0]:
            shown, most = _amount(whole, row.unit), _amount(limit[0], row.unit)
            text = f"{shown} {_span(row)}; the largest is {most}. A slip of the unit?"
            short = f"{shown} {_span(row)}: hardly an amount"
            yield Raised("far below", _reason(Level.ADJUST, short, text, row, base), (text,))
            return


def _often(draft: Draft, rows: Sequence[Dose], company: Company, base: Base) -> Iterator[Raised]:
    """A medicine of once a week that is ordered more often."""
    row = next((row for row in rows if row.weekly), None)
    if row is None or draft.per_day is None or draft.per_day <= OFTEN:
        return
    words = f"{row.note[:1].upper()}{row.note[1:]}." if row.note else ONCE_A_WEEK
    text = f"Ordered {draft.per_day * WEEKLY:.0f} times a week. {words}"
    cancer = any(code.startswith(CANCER) for code in company.known.diagnoses)
    level = Level.AVOID if cancer else Level.CONTRAINDICATED
    rule = "daily in cancer" if cancer else "daily for weekly"
    short = "ordered more often than weekly"
    yield Raised(rule, _reason(level, short, text, row, base), (text,))


ONCE_A_WEEK = "It is given once a week."


def _reason(level: Level, short: str, text: str, row: Dose, base: Base) -> Reason:
    return Reason(level, short, text, (), cited(row.source, row.citation, base))


def _amount(value: float, unit: str) -> str:
    """``100 mg``, ``50 micrograms`` below a tenth of a milligram, ``20 units``."""
    if unit == "mg" and value < 0.1:
        return f"{value * 1000:.4g} micrograms"
    shown = f"{value:,.10g}" if math.isclose(value, round(value, 3)) else f"{value:,.1f}"
    return f"{shown} {'units' if unit == 'unit' else unit}"
