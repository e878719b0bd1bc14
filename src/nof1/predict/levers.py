"""What could be otherwise about one patient, of the things that a model looks at.

``modifiable.csv`` names factors that people and medicine can change, with their codes and the
limits of what is possible (ours: they catch slips, not disease); ``modifiable_sources.csv`` says
where each comes from. A factor is a lever of a model only when the model has a column of one of
its codes; medicines are levers when the model counts them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import polars as pl

from nof1.core.errors import UsageError
from nof1.predict.reasons import words
from nof1.predict.score import Scorer
from nof1.predict.spec import Field

KEEP = "keep"
MEDICINES = ("RxNorm//", "ATC//")
END = "END//"
ADDED, STOPPED, UNDONE = "added", "stopped", "undone"
MOST_MEDICINES = 30


@dataclass(frozen=True)
class Factor:
    """A row of the table: ``kind`` is number or status; low, high and step in ``unit``."""

    name: str
    label: str
    kind: str
    codes: tuple[str, ...]
    unit: str
    low: float
    high: float
    step: float
    source: str


@dataclass(frozen=True)
class Lever:
    """One thing that could be otherwise for one patient and one model.

    Attributes
    ----------
    name : its name in an address.
    kind : number (``now`` is text of a number), status or medicine (``now`` is a choice).
    codes : number: the one code; status: all of them; medicine: the one code.
    now : what the record says; "" when nothing.
    choices : (value, words) of a status or a medicine; the first one changes nothing.
    why_not : why it cannot be changed for this patient; "" when it can.
    """

    name: str
    label: str
    kind: str
    codes: tuple[str, ...]
    now: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()
    why_not: str = ""
    citation: str = ""


@cache
def factors() -> tuple[Factor, ...]:
    """The table of modifiable factors."""
    return tuple(
        Factor(
            name=row["name"], label=row["label"], kind=row["kind"],
            codes=tuple(row["codes"].split("|")), unit=row["unit"],
            low=float(row["low"] or 0), high=float(row["high"] or 0),
            step=float(row["step"] or 1), source=row["source"],
        )
        for row in _rows("modifiable.csv")
    )  # fmt: skip


@cache
def sources() -> Mapping[str, str]:
    """Source key -> citation."""
    return {row["source"]: row["citation"] for row in _rows("modifiable_sources.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("nof1.predict").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def levers(
    scorer: Scorer, events: pl.DataFrame, moment: datetime, names: Mapping[str, str]
) -> tuple[Lever, ...]:
    """What could be otherwise: the factors of the table, then the medicines by name.

    Parameters
    ----------
    events : the patient's events known at the prediction time ``moment``, sorted by time.
    names : words for codes.
    """
    seen = _seen(scorer)
    found = [_of_factor(factor, seen, events) for factor in factors()]
    drugs = [
        _of_medicine(code, seen, events, moment, names)
        for code in seen
        if code.startswith(MEDICINES)
    ]
    drugs.sort(key=lambda one: one.label.lower())
    return (*(one for one in found if one is not None), *drugs[:MOST_MEDICINES])


def _seen(scorer: Scorer) -> dict[str, list[Field]]:
    """Code -> its windowed columns among those that the learner looks at."""
    made: dict[str, list[Field]] = {}
    for column in scorer.model.columns:
        field = scorer.model.spec.field(column)
        if field.code is not None and field.window is not None:
            made.setdefault(field.code, []).append(field)
    return made


def _of_factor(
    factor: Factor, seen: Mapping[str, list[Field]], events: pl.DataFrame
) -> Lever | None:
    codes = [code for code in factor.codes if code in seen]
    if not codes:
        return None
    if factor.kind == "status":
        return _status(factor, events)
    numbers = [
        c for c in codes if any((f.aggregate or "").startswith("value_") for f in seen[c])
    ]  # fmt: skip
    return _number(factor, numbers, events) if numbers else None


def _number(factor: Factor, codes: list[str], events: pl.DataFrame) -> Lever:
    rows = measured(events, codes)
    code = codes[0] if rows.is_empty() else str(rows["code"][-1])
    base = Lever(
        factor.name, factor.label, "number", (code,), "", factor.unit, factor.low, factor.high,
        factor.step, citation=sources()[factor.source],
    )  # fmt: skip
    if rows.is_empty():
        return _without(base, "It was not measured: there is no value to change.")
    if rows["unit"][-1] != factor.unit:
        return _without(base, f"Its unit is not {factor.unit}.")
    value = float(rows["numeric_value"][-1])
    if not factor.low <= value <= factor.high:
        return _without(base, "The recorded value is not plausible.")
    return _with(base, f"{value:.7g}")


def measured(events: pl.DataFrame, codes: list[str] | tuple[str, ...]) -> pl.DataFrame:
    """Dated rows of these codes with a number, in their order."""
    number = pl.col("numeric_value").is_finite()
    return events.filter(pl.col("code").is_in(list(codes)), number, pl.col("time").is_not_null())


def _status(factor: Factor, events: pl.DataFrame) -> Lever:
    """Smoking: who ever smoked cannot become one who never did."""
    rows = events.filter(pl.col("code").is_in(factor.codes), pl.col("time").is_not_null())
    base = Lever(factor.name, factor.label, "status", factor.codes, "",
                 citation=sources()[factor.source])  # fmt: skip
    if rows.is_empty():
        return _without(base, "It was not recorded: there is nothing to change.")
    now = str(rows["code"][-1])
    never = [code for code in factor.codes if code.endswith("//never")]
    ever = any(code not in never for code in rows["code"])
    offered = [
        (_last(code), _last(code))
        for code in factor.codes
        if code != now and not (ever and code in never)
    ]
    return _with(base, _last(now), ((KEEP, f"as recorded: {_last(now)}"), *offered))


def _of_medicine(
    code: str,
    seen: Mapping[str, list[Field]],
    events: pl.DataFrame,
    moment: datetime,
    names: Mapping[str, str],
) -> Lever:
    mine = events.filter(pl.col("code") == code, pl.col("time").is_not_null())
    ends = events.filter(pl.col("code") == END + code)
    begun, ended = _latest(mine), _latest(ends)
    taken = begun is not None and (ended is None or ended <= begun)
    offered: list[tuple[str, str]] = []
    if begun is None or not taken:
        now = "not recorded" if begun is None else "ended"
        offered.append((ADDED, "added"))
    else:
        now = f"since {begun:%Y-%m-%d}"
        if begun > moment - timedelta(days=1):
            offered.append((UNDONE, "not begun"))
        elif END + code in seen:
            offered.append((STOPPED, "stopped"))
    label = words(code, names)
    why = "" if offered else "The model has no column that would change if it were stopped."
    choices = ((KEEP, f"as recorded: {now}"), *offered)
    return Lever(_name(code), label, "medicine", (code,), now, choices=choices, why_not=why,
                 citation=sources()["medicine"])  # fmt: skip


def _latest(rows: pl.DataFrame) -> datetime | None:
    found = rows["time"].max()
    return found if isinstance(found, datetime) else None


def _name(code: str) -> str:
    """
    >>> _name("RxNorm//83367")
    'medicine-RxNorm-83367'
    """
    return "medicine-" + "-".join(part for part in code.split("//") if part)


def _last(code: str) -> str:
    return code.rsplit("//", 1)[-1]


def _with(base: Lever, now: str, choices: tuple[tuple[str, str], ...] = ()) -> Lever:
    why = "There is nothing that it could be changed to." if len(choices) == 1 else ""
    return replace(base, now=now, choices=choices, why_not=why)


def _without(base: Lever, why: str) -> Lever:
    return replace(base, why_not=why)


def chosen(found: tuple[Lever, ...], wanted: Mapping[str, str]) -> Iterator[tuple[Lever, str]]:
    """(lever, value) of what is really changed; what stays as recorded is left out.

    Raises
    ------
    UsageError : there is no such lever, it cannot be changed for this patient, or the value is
        impossible.
    """
    known = {one.name: one for one in found}
    for name, value in wanted.items():
        if name not in known:
            raise UsageError(
                "The model has nothing of this name that could be changed.", where=name[:100],
                allowed=[one.name for one in found if not one.why_not] or "nothing",
            )  # fmt: skip
        lever = known[name]
        if lever.kind == "number":
            number = _checked(lever, value)
            if number is not None:
                yield lever, f"{number:.7g}"
        elif value not in (KEEP, ""):
            _allowed(lever, value)
            yield lever, value


def _checked(lever: Lever, value: str) -> float | None:
    """The number when it differs from the record's by a step or more; None when it does not."""
    if value.strip() == "" or value == lever.now:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    possible = lever.low <= number <= lever.high
    if lever.why_not or not possible:
        raise UsageError(
            lever.why_not or f"This is no possible value of {lever.label}.", where=lever.name,
            allowed="nothing" if lever.why_not
            else f"{lever.low:g} to {lever.high:g} {lever.unit}",
        )  # fmt: skip
    near = abs(number - float(lever.now)) <= lever.step / 2 + 1e-9
    return None if near else number


def _allowed(lever: Lever, value: str) -> None:
    if value not in [one for one, _ in lever.choices[1:]]:
        raise UsageError(
            f"{lever.label} cannot be changed to this.", where=lever.name,
            allowed=[one for one, _ in lever.choices],
        )  # fmt: skip
