"""Tables cleaned row by row: OMOP tables by their column names, CSV tables by a settings file.

Each value is done by the role of its column; a column without a role is dropped and counted. A row
without a patient keeps no date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nof1.record.deidentify.context import Context
from nof1.record.deidentify.dates import TIME, parse_day, real, shift_iso
from nof1.record.deidentify.people import OLDEST, Person
from nof1.record.deidentify.zips import zip3

Row = Mapping[str, str]
_NUMBER = re.compile(r"\s*[<>]?=?\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*")
_GATHERED = {"name": "names", "identifier": "numbers", "contact": "contacts", "address": "places"}


@dataclass(frozen=True)
class Plan:
    """What the columns of one table are.

    Attributes
    ----------
    name : how the table is called in the report: its name in the settings file or in OMOP.
    roles : column -> role; columns without one are dropped.
    omop : whether patients are numbers of an OMOP database.
    """

    name: str
    roles: dict[str, str]
    omop: bool = False

    def kept(self) -> list[str]:
        """Columns of the output, in order."""
        gone = {"name", "identifier", "contact", "address", "drop", "birth_month", "birth_day"}
        return [column for column, role in self.roles.items() if role not in gone]

    def column(self, role: str) -> str | None:
        """The first column with a role."""
        return next((column for column, r in self.roles.items() if r == role), None)


def patient_key(row: Row, plan: Plan) -> str | None:
    """The key of the row's patient; numbers of OMOP are told apart from record numbers."""
    column = plan.column("person" if plan.omop else "patient")
    value = (row.get(column) or "").strip() if column else ""
    value = value.removesuffix(".0") if plan.omop else value  # parquet files hold ids as 6.0 too
    return (f"omop:{value}" if plan.omop else value) if value else None


def gather(row: Row, plan: Plan, context: Context) -> None:
    """Add what a row says of its patient to the register, and count shared values."""
    key = patient_key(row, plan)
    if key is None:
        return
    person = Person(keys={key})
    if not plan.omop:
        person.records.add(key)
        person.numbers.add(key)
    parts = []
    for column, role in plan.roles.items():
        value = (row.get(column) or "").strip()
        if not value:
            continue
        if role in _GATHERED:
            getattr(person, _GATHERED[role]).add(value)
            parts += [value] if role == "name" else []
        elif role == "record":
            person.records.add(value)
            person.numbers.add(value)
            person.keys.add(value)
        elif role in ("birth_date", "death") and (day := parse_day(value)):
            (person.births if role == "birth_date" else person.deaths).add(day)
        elif role == "common":
            context.common.see(key, "column", plan.name, column, value)
        elif role == "zip":
            person.places.add(value)
    if len(parts) > 1:
        person.names.add(" ".join(parts))
    context.register.add(person)


class RowCleaner:
    """Cleans the rows of one table."""

    def __init__(self, plan: Plan, context: Context) -> None:
        self.plan, self.context = plan, context
        self.columns = plan.kept()
        self._person: Person | None = None
        self._days: int | None = None
        self._row: Row = {}

    def clean(self, row: Row) -> dict[str, str]:
        """The row without identifiers; a value that cannot stay is empty."""
        key = patient_key(row, self.plan)
        self._row = row
        self._person = self.context.register.find(key)
        self._days = self.context.days(self._person, key)
        return {column: self._value(column, row.get(column) or "") for column in self.columns}

    def _value(self, column: str, value: str) -> str:
        if not value.strip():
            return ""
        role = self.plan.roles[column]
        new: str | None = _ROLES[role](self, value.strip(), column)
        if new is None:
            if role != "text":
                self.context.tally.drop(f"{self.plan.name}.{column}: value that cannot stay")
            return ""
        return new

    def _patient(self, value: str, column: str) -> str | None:
        if self.plan.omop:
            return self._id(value, column, "person")
        return self.context.pseudonym("identifier", value)

    def _record(self, value: str, column: str) -> str | None:
        return self.context.pseudonym("identifier", value)

    def _id(self, value: str, column: str, purpose: str | None = None) -> str | None:
        """One number for one thing in every table: the purpose is the column's own name."""
        purpose = purpose or re.sub(r"^(preceding_|parent_)|_parent", "", column.lower())
        if self.plan.omop:
            self.context.tally.did("identifier: pseudonym")
            value = value.removesuffix(".0")
            new = str(self.context.key.number(purpose, value))
            return self.context.keep(purpose, value, new)
        return self.context.pseudonym("id", f"{column}|{value}")

    def _date(self, value: str, column: str) -> str | None:
        new = None if self._days is None else shift_iso(_iso(value), self._days)
        self.context.tally.did("date moved" if new else "date that cannot be read: dropped")
        return new

    def _birth_date(self, value: str, column: str) -> str | None:
        day, as_of = parse_day(_iso(value)), self.context.choices.as_of
        person = self._person or Person()
        old = person.is_old(as_of) or day is None or Person(births={day}).is_old(as_of)
        if old and not (day and person.deaths and not person.is_old(as_of)):
            self.context.tally.did("birth date of a person over 89: dropped")
            return None
        return self._date(value, column)

    def _birth_year(self, value: str, column: str) -> str | None:
        """The year after the shift; for people over 89 the year in which one is 90."""
        found = re.fullmatch(r"(\d{4})(?:\.0)?", value)
        if not found or self._days is None:
            return None
        limit = self.context.choices.as_of.year - OLDEST - 1
        if int(found[1]) <= limit:
            self.context.tally.did("birth year of a person over 89: set to 90 years")
            return str(limit)
        month, day = (self._part(role) for role in ("birth_month", "birth_day"))
        whole = month and day and real(found[1], month, day)
        new = shift_iso(f"{whole}" if whole else found[1], self._days)
        return new[:4] if new else None

    def _part(self, role: str) -> str | None:
        column = self.plan.column(role)
        value = (self._row.get(column) or "").strip() if column else ""
        return value.removesuffix(".0") or None

    def _age(self, value: str, column: str) -> str | None:
        if not _NUMBER.fullmatch(value):
            return None
        old = float(value.strip("<>= ")) > OLDEST
        self.context.tally.did("age over 89: set to 90", int(old))
        return "90" if old else value

    def _zip(self, value: str, column: str) -> str | None:
        return zip3(value)

    def _state(self, value: str, column: str) -> str | None:
        return value if re.fullmatch(r"[A-Z]{2}", value) else None

    def _number(self, value: str, column: str) -> str | None:
        own = self._person and value in self._person.numbers | self._person.keys
        return value if _NUMBER.fullmatch(value) and not (own and len(value) > 4) else None

    def _whole(self, value: str, column: str) -> str | None:
        return value if re.fullmatch(r"\d{1,10}(\.0)?", value) else None

    def _time(self, value: str, column: str) -> str | None:
        return value if TIME.fullmatch(value) else self._date(value, column)

    def _common(self, value: str, column: str) -> str | None:
        shared = self.context.common.shared("column", self.plan.name, column, value)
        return value if shared and not self.context.tells(value, self._person) else None

    def _text(self, value: str, column: str) -> str | None:
        place = f"{self.plan.name}.{column}"
        return self.context.free(place, value, self._person, self._days)


_ROLES: dict[str, Callable[[Any, str, str], str | None]] = {
    "patient": RowCleaner._patient,
    "person": RowCleaner._patient,
    "record": RowCleaner._record,
    "id": RowCleaner._id,
    "date": RowCleaner._date,
    "death": RowCleaner._date,
    "birth_date": RowCleaner._birth_date,
    "birth_year": RowCleaner._birth_year,
    "age": RowCleaner._age,
    "zip": RowCleaner._zip,
    "state": RowCleaner._state,
    "number": RowCleaner._number,
    "whole": RowCleaner._whole,
    "time": RowCleaner._time,
    "common": RowCleaner._common,
    "text": RowCleaner._text,
}


def _iso(value: str) -> str:
    """A date with slashes, month first as in US files, as ISO; others as they are."""
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)", value)
    if found:
        return f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}{found[4]}"
    bare = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", value)
    return "-".join(bare.groups()) if bare else value
