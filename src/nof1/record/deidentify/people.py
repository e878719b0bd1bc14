"""The patients of an input and what identifies them, gathered before anything is written.

One patient appears under several keys (a FHIR id, a record number in a DICOM header, a row of a
table); keys that stand together in one place belong to one patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from nof1.record.deidentify.dates import years_between

OLDEST = 89  # completed years; above that Safe Harbor knows one category, "90 or older"


@dataclass
class Person:
    """What identifies one patient. Never printed, never stored outside the encrypted mapping.

    Attributes
    ----------
    keys : every identifier under which files refer to the patient.
    records : record numbers; the smallest one stands for the patient, because it is the same in
        every system of a hospital.
    names : whole names and their parts; relatives' names too.
    numbers : record, account, plan, licence, device and other numbers.
    contacts : telephone and fax numbers, e-mail addresses, web addresses.
    places : address lines, cities, counties, whole postal codes.
    births, deaths : days.
    """

    keys: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    births: set[date] = field(default_factory=set)
    deaths: set[date] = field(default_factory=set)

    def __repr__(self) -> str:
        return "Person(...)"  # values must not reach a traceback or a log

    @property
    def subject(self) -> str:
        """The identifier that stands for the patient."""
        return min(self.records or self.keys)

    def take(self, other: Person) -> None:
        """Add all that is known of the same patient from elsewhere."""
        for name in self.__dataclass_fields__:
            getattr(self, name).update(getattr(other, name))

    def is_old(self, as_of: date) -> bool:
        """Older than 89 at death, or on the as-of day while no death is known."""
        end = min(self.deaths, default=as_of)
        return any(years_between(born, end) > OLDEST for born in self.births)


class Register:
    """All patients of an input, found by any of their keys; and other people's names."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self.staff = Person()

    def __repr__(self) -> str:
        return f"Register({len(list(self.people()))} people)"

    def add(self, person: Person) -> Person:
        """Add a patient with at least one key, joined with those known under the same keys."""
        known = {id(p): p for key in person.keys if (p := self._people.get(key))}
        home, *others = [*known.values(), person]
        for other in others:
            home.take(other)
        for key in home.keys:
            self._people[key] = home
        return home

    def find(self, key: str | None) -> Person | None:
        """The patient under a key."""
        return None if key is None else self._people.get(key)

    def people(self) -> Iterator[Person]:
        """Every patient once."""
        return iter({id(person): person for person in self._people.values()}.values())
