"""One patient as asked for by an address: who, where, as of when, and what was known by then.

Every page about a patient starts here, so that none shows what became known after ``?at=``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl
from starlette.requests import Request

from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.core.finding import Finding
from nof1.core.finding import Subject as Person
from nof1.record.events import DEATH
from nof1.record.patient import Patient
from nof1.web.access import guard
from nof1.web.site.addresses import patient_address
from nof1.web.site.house import House, day
from nof1.web.site.kinds import quietly
from nof1.web.site.page import Missing, NotAllowed

FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
LONGEST = 200  # characters of an identifier
GENDER = "GENDER//"
SEXES = {"M": "male", "F": "female"}
TABS = (
    ("Overview", "", "overview"),
    ("What if", "what-if", "what-if"),
    ("Medicines", "medicines", "medicines"),
    ("Films", "films", "films"),
    ("Advice", "advice", "advice"),
    ("Source rows", "events", "events"),
    ("One page", "print", "print"),
)


@dataclass(frozen=True)
class Subject:
    """A patient at a moment.

    Attributes
    ----------
    patient, site : the source's identifier, and the site that gave it.
    subject_id : the record's own number.
    at : the as-of moment, UTC without zone.
    events : rows of ``nof1.record.events.SCHEMA`` known at ``at``, sorted by time, static first.
    query : ``site`` and ``at`` as they stood in the address; links keep them.
    open : names of the tabs that this server has and this reader may open.
    """

    patient: str
    site: str
    subject_id: int
    at: datetime
    events: pl.DataFrame
    query: Mapping[str, str] = field(default_factory=dict)
    open: frozenset[str] = frozenset(name for _, _, name in TABS)

    @property
    def person(self) -> Person:
        """The subject of findings."""
        return Person(id=self.patient, site=self.site)

    @property
    def data_date(self) -> str:
        """The day of the last event that was known."""
        last = self.events["time"].max()
        return day(last) if isinstance(last, datetime) else day(self.at)

    @cached_property
    def age_years(self) -> float | None:
        """Age at ``at``, or at death when the record knew of it; None without a date of birth."""
        until = self._death or self.at
        return Patient(self.events, min(until, self.at)).age_years

    @property
    def sex(self) -> str:
        """As recorded; "not known" without."""
        found = self.events.filter(pl.col("code").str.starts_with(GENDER))["code"]
        said = found[0].removeprefix(GENDER) if len(found) else ""
        return SEXES.get(said, said or "not known")

    @property
    def died(self) -> str:
        """The day of death when the record knew it; else ""."""
        return "" if self._death is None else day(self._death)

    @cached_property
    def _death(self) -> datetime | None:
        found = self.events.filter(pl.col("code") == DEATH)["time"].max()
        return found if isinstance(found, datetime) else None

    def address(self, *more: str, **query: str) -> str:
        """A page of this patient at this moment."""
        fields = {**self.query, **query}
        return patient_address(self.patient, fields.pop("site", None), *more, **fields)

    def trail(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """The pages above."""
        return [("Patients", "/patients"), (self.patient, self.address()), *more]

    def head(self, here: str) -> dict[str, Any]:
        """What ``patient-head.html.jinja`` shows: the context's ``head``."""
        age = self.age_years
        hidden = {name: value for name, value in self.query.items() if name != "at"}
        return {
            "patient": self.patient, "site": self.site, "sex": self.sex, "died": self.died,
            "age": "not known" if age is None else f"{int(age)} years",
            "age_of": "Age at death" if self.died else "Age",
            "as_of": f"{self.at:%Y-%m-%d %H:%M} UTC", "day": day(self.at),
            "past": "at" in self.query, "hidden": hidden,
            "now": patient_address(self.patient, self.query.get("site"), *_path(here)),
            "tabs": patient_tabs(self), "here": here or "overview",
        }  # fmt: skip

    def about(self) -> dict[str, Any]:
        """Subject and moment for the page's JSON form."""
        return {
            "subject": {"id": self.patient, "site": self.site},
            "as_of": f"{self.at:%Y-%m-%dT%H:%M:%S}Z",
        }


def _path(here: str) -> list[str]:
    """The last part of a tab's address."""
    return [path for _, path, name in TABS if name == here and path]


def patient_tabs(subject: Subject) -> list[tuple[str, str, str]]:
    """(title, address, name) of the pages about this patient that the reader may open."""
    return [
        (title, subject.address(*([path] if path else ())), name)
        for title, path, name in TABS
        if name in subject.open
    ]


def subject(house: House, request: Request, patient: str) -> Subject:
    """The patient of an address ``/patients/{patient}?site=SITE&at=YYYY-MM-DD``.

    Raises
    ------
    NotAllowed : the reader may not see who the patient is, whatever else its scopes allow.
    Missing : there is no such patient (at that site).
    UsageError : several sites have one and none is named; ``at`` is no moment, or is to come.
    WorkspaceError : nothing was imported yet.
    """
    if not guard.may(request, "read", "Patient", patient).allowed:
        raise NotAllowed("Your roles do not let you see this patient.")
    asked = request.query_params
    site = asked.get("site") or None
    at = moment(house, asked.get("at") or None)
    subject_id, place = _found(house, patient, site)
    record = house.record
    events = house.kept(("events", subject_id), lambda: record.patient_events(subject_id))
    query = {name: asked[name] for name in ("site", "at") if asked.get(name)}
    known = Patient(events, at).events
    return Subject(patient, place, subject_id, at, known, query, _open(request, patient))


def noted(
    request: Request, house: House, asked: Subject, page: str, answers: Iterable[Finding] = ()
) -> None:
    """Write into the audit log who looked at which page of a patient, and which models answered."""
    folder = house.workspace.audit
    found = list(answers)
    audit.append(
        folder, f"page {page}", account=guard.who(request).account,
        patient=audit.pseudonym(folder, asked.subject_id),
        models=sorted({f"{one.basis.id}/{one.basis.version}" for one in found}),
        statuses=[str(one.status) for one in found],
    )  # fmt: skip


def moment(house: House, text: str | None) -> datetime:
    """The as-of moment: what the address says, else now.

    Raises
    ------
    UsageError : it cannot be read, or lies in the future.
    """
    now = house.now()
    if text is None:
        return now
    for form in FORMATS:
        try:
            found = datetime.strptime(text.removesuffix("Z"), form)
        except ValueError:
            continue
        if found <= now:
            return found
        raise UsageError(
            "The as-of time is still to come.", where="at", allowed=f"at most {now:%Y-%m-%dT%H:%M}",
            next_step="Choose an earlier day; without one, now is used.",
        )  # fmt: skip
    raise UsageError(
        "The as-of time cannot be read.", where="at",
        allowed="2024-05-01 or 2024-05-01T14:30 (UTC)",
    )  # fmt: skip


def _found(house: House, patient: str, site: str | None) -> tuple[int, str]:
    """subject_id and site of an identifier."""
    known = house.kept("subjects", lambda: _subjects(house))
    rows = [] if len(patient) > LONGEST else known.get(patient, [])
    fits = [row for row in rows if site is None or row[1] == site]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(
            "Several sites have a patient with this identifier.", where="site",
            allowed=sorted(row[1] for row in fits), next_step="Name the site: ?site=SITE",
        )  # fmt: skip
    raise Missing(
        "There is no patient with this identifier"
        + (" at this site." if rows and site else " in the record."),
        "Search on the page Patients: it is the identifier that the source gave.",
    )


def _subjects(house: House) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for subject_id, patient, site in house.record.subjects().iter_rows():
        found.setdefault(patient, []).append((subject_id, site))
    return found


def _open(request: Request, patient: str) -> frozenset[str]:
    """The tabs whose route this server has and whose scope this reader has for the patient."""
    found = set()
    routes = {getattr(one, "path", ""): one for one in request.app.router.routes}
    for _, path, name in TABS:
        route = routes.get("/patients/{patient:id}" + (f"/{path}" if path else ""))
        rule = getattr(getattr(route, "endpoint", None), guard.MARK, None)
        if isinstance(rule, guard.Needs) and _may(request, rule, patient):
            found.add(name)
    return frozenset(found)


def _may(request: Request, rule: guard.Needs, patient: str) -> bool:
    try:
        return quietly(request, rule.action, rule.kind, patient if rule.patient else None)
    except UsageError:  # longer than identifiers are
        return False
