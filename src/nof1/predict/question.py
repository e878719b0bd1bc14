"""The question of a task: who, from when, what may happen, and how long we look.

These are the parts of the task file that decide the cohort. All windows in time are open at
their lower edge and closed at the upper one, as for features: an event exactly at the prediction
time is history, never outcome.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from nof1.core.yaml_lines import Node
from nof1.predict.codesets import CodeSet, read_reference
from nof1.record.events import DEATH

Sets = Mapping[str, CodeSet]
MAX_DAYS = 200 * 366
# Marks of observation periods that importers write (OMOP: observation_period; CSV: survival).
PERIOD_START, PERIOD_END = "OBSERVATION_PERIOD", "END_OF_FOLLOW_UP"
_BOUNDS = ("above", "at_least", "below", "at_most")
_EVENT_KEYS = ("of", "death", "unit", *_BOUNDS)


@dataclass(frozen=True)
class EventRule:
    """Events of a code set, where wanted only those with a number within bounds.

    Attributes
    ----------
    above, at_least, below, at_most : bounds of ``numeric_value``; None means no bound.
    unit : the UCUM unit a bounded value must have; None accepts any, so name it.
    """

    codes: CodeSet
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    unit: str | None = None

    @property
    def bounded(self) -> bool:
        """Whether a number decides."""
        return any(getattr(self, name) is not None for name in _BOUNDS)


@dataclass(frozen=True)
class Index:
    """When the question is asked: at an event, an age or a date.

    Attributes
    ----------
    which : ``first``, ``last`` or ``every`` event; unused for an age or a date.
    on : a day (its beginning), or a moment (UTC without zone).
    """

    which: str = "first"
    event: EventRule | None = None
    age_years: float | None = None
    on: date | None = None


@dataclass(frozen=True)
class History:
    """An event that must, or must not, stand in a window before the index.

    The window holds ``index + from_days < time <= index + to_days``; None means without limit.
    Only what was known at the index counts.
    """

    event: EventRule
    from_days: float | None = None
    to_days: float = 0.0


@dataclass(frozen=True)
class Eligibility:
    """Who may enter. Ages are in years at the index; ``sex`` are codes such as F, M."""

    min_age_years: float | None = None
    max_age_years: float | None = None
    sex: tuple[str, ...] = ()
    history_days: float = 0.0
    must_have: tuple[History, ...] = ()
    must_not_have: tuple[History, ...] = ()


@dataclass(frozen=True)
class Risk:
    """The time at risk, in days after the prediction time: ``start < time <= end``.

    ``end_days`` is infinite for a survival task that looks as far as the record goes.
    """

    start_days: float = 0.0
    end_days: float = math.inf


@dataclass(frozen=True)
class Censoring:
    """How long a person is observed, and what to do when that is too short.

    Attributes
    ----------
    start : events that open an observation period; None means the first event of the person.
    end : events that close it; None means the last event of the person.
    until : the same end for everybody, used instead of ``end``.
    incomplete_follow_up : for a binary task, somebody without outcome who is not observed to the
        end of the time at risk. ``exclude`` removes; ``keep`` takes label 0 with the shorter
        duration; ``negative`` takes label 0 with the full duration.
    competing_event : for a binary task, ``negative`` (label 0) or ``exclude``.
    """

    start: CodeSet | None = None
    end: CodeSet | None = None
    until: date | None = None
    incomplete_follow_up: str = "exclude"
    competing_event: str = "negative"


@dataclass(frozen=True)
class Competing:
    """An event after which the outcome can no longer happen, or no longer counts."""

    name: str
    event: EventRule


def read_event(node: Node, sets: Sets, extra: tuple[str, ...] = ()) -> EventRule:
    """Read ``of: SET`` with optional bounds, or ``death: true``; ``extra`` keys are ignored here.

    Raises
    ------
    InputError : pointing at the line.
    """
    parts = node.mapping((*_EVENT_KEYS, *extra))
    if ("of" in parts) == ("death" in parts):
        node.refuse("Exactly one of `of` and `death` is needed.", allowed=["of", "death"])
    bounds = {key: parts[key].number() for key in _BOUNDS if key in parts}
    if "death" in parts:
        if not parts["death"].flag() or bounds:
            node.refuse("Death has neither a number nor an opposite.", allowed="death: true")
        return EventRule(CodeSet("death", codes=(DEATH,), may_be_empty=True))
    if "unit" in parts and not bounds:
        parts["unit"].refuse("A unit needs a bound.", allowed=_BOUNDS)
    unit = parts["unit"].text() if "unit" in parts else None
    return EventRule(read_reference(parts["of"], sets), unit=unit, **bounds)


def read_index(node: Node, sets: Sets) -> Index:
    """Read ``index``: events of a set, encounters, an age or a date.

    Raises
    ------
    InputError : pointing at the line.
    """
    kinds = ("of", "encounter", "age_years", "date")
    parts = node.mapping((*_EVENT_KEYS, *kinds, "event", "class"))
    given = [kind for kind in kinds if kind in parts]
    if len(given) != 1:
        node.refuse("Exactly one kind of index is needed.", allowed=kinds)
    if given[0] not in ("of", "encounter") and "event" in parts:
        parts["event"].refuse("An age or a date happens once.", next_step="Remove `event`.")
    which = parts["event"].one_of(("first", "last", "every")) if "event" in parts else "first"
    if given == ["age_years"]:
        return Index(age_years=parts["age_years"].number(0, 150))
    if given == ["date"]:
        return Index(on=read_date(parts["date"]))
    if given == ["encounter"]:
        return Index(which, EventRule(_encounters(parts)))
    return Index(which, read_event(node, sets, ("event",)))


def _encounters(parts: Mapping[str, Node]) -> CodeSet:
    """Starts or ends of encounters, of all classes or of one such as IMP."""
    edge = parts["encounter"].one_of(("start", "end"))
    prefix = "ENCOUNTER//" if edge == "start" else "ENCOUNTER_END//"
    if "class" not in parts:
        return CodeSet("encounters", prefixes=(prefix,))
    return CodeSet("encounters", codes=tuple(prefix + name for name in parts["class"].texts()))


def read_date(node: Node) -> date:
    """Read a date such as 2019-12-31.

    Raises
    ------
    InputError : pointing at the line.
    """
    try:
        return date.fromisoformat(node.text())
    except ValueError:
        node.refuse(f"{node.value!r} is no date.", allowed="year-month-day, such as 2019-12-31")


def read_eligibility(node: Node, sets: Sets) -> Eligibility:
    """Read ``eligibility``.

    Raises
    ------
    InputError : pointing at the line.
    """
    keys = ("age_years", "sex", "history_days", "must_have", "must_not_have")
    parts = node.mapping(keys)
    lowest = highest = None
    if "age_years" in parts:
        ages = parts["age_years"].mapping(("min", "max"))
        lowest = ages["min"].number(0, 150) if "min" in ages else None
        highest = ages["max"].number(lowest or 0, 150) if "max" in ages else None
    days = parts["history_days"].number(0, MAX_DAYS) if "history_days" in parts else 0.0
    return Eligibility(
        min_age_years=lowest,
        max_age_years=highest,
        sex=parts["sex"].texts() if "sex" in parts else (),
        history_days=days,
        must_have=_histories(parts.get("must_have"), sets),
        must_not_have=_histories(parts.get("must_not_have"), sets),
    )


def _histories(node: Node | None, sets: Sets) -> tuple[History, ...]:
    return tuple(_history(each, sets) for each in node.items()) if node else ()


def _history(node: Node, sets: Sets) -> History:
    window = ("from_days", "to_days")
    event = read_event(node, sets, window)
    parts = node.mapping()
    latest = parts["to_days"].number(-MAX_DAYS, 0) if "to_days" in parts else 0.0
    earliest = parts["from_days"].number(-MAX_DAYS, latest) if "from_days" in parts else None
    if earliest == latest:
        parts["from_days"].refuse("The window is empty.", allowed=f"less than {latest:g}")
    return History(event, earliest, latest)


def read_risk(node: Node, kind: str) -> Risk:
    """Read ``time_at_risk``; only a survival task may leave its end open.

    Raises
    ------
    InputError : pointing at the line.
    """
    needed = ("end_days",) if kind == "binary" else ()
    parts = node.mapping(("start_days", "end_days"), needed)
    start = parts["start_days"].number(0, MAX_DAYS) if "start_days" in parts else 0.0
    end = parts["end_days"].number(0, MAX_DAYS) if "end_days" in parts else math.inf
    if end <= start:
        parts["end_days"].refuse("The time at risk is empty.", allowed=f"more than {start:g}")
    return Risk(start, end)


def read_censoring(node: Node, sets: Sets) -> Censoring:
    """Read ``censoring``.

    Raises
    ------
    InputError : pointing at the line.
    """
    policies = {
        "incomplete_follow_up": ("exclude", "keep", "negative"),
        "competing_event": ("negative", "exclude"),
    }
    parts = node.mapping(("observation_start", "observation_end", *policies))
    chosen = {key: parts[key].one_of(words) for key, words in policies.items() if key in parts}
    end = parts.get("observation_end")
    until = None
    if end and isinstance(end.value, str) and end.value[:1].isdigit():
        until, end = read_date(end), None
    return Censoring(
        start=_marks(parts.get("observation_start"), "first_event", PERIOD_START, sets),
        end=_marks(end, "last_event", PERIOD_END, sets),
        until=until,
        **chosen,
    )


def _marks(node: Node | None, default: str, marker: str, sets: Sets) -> CodeSet | None:
    """``marked`` stands for the marks that importers write."""
    if node is None or node.value == default:
        return None
    if node.value == "marked":
        return CodeSet(marker, codes=(marker,))
    if isinstance(node.value, str) and "//" not in node.value and node.value not in sets:
        node.one_of((default, "marked", *sets))
    return read_reference(node, sets)


def read_competing(node: Node, sets: Sets) -> tuple[Competing, ...]:
    """Read ``competing``: a list, each with a name.

    Raises
    ------
    InputError : pointing at the line.
    """
    found: list[Competing] = []
    for each in node.items():
        name = each.mapping((*_EVENT_KEYS, "name"), ("name",))["name"]
        if name.text() in [other.name for other in found]:
            name.refuse(f"Two competing events are called {name.value!r}.")
        found.append(Competing(name.text(), read_event(each, sets, ("name",))))
    return tuple(found)
