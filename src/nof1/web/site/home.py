"""The first page, and the search for a patient."""

from __future__ import annotations

import polars as pl
from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.web.access import guard
from nof1.web.access.emergency import mark
from nof1.web.site import menu
from nof1.web.site.addresses import patient_address
from nof1.web.site.house import House
from nof1.web.site.later import later
from nof1.web.site.page import NotAllowed, Page, show, with_query
from nof1.web.site.people import people
from nof1.web.site.tour import steps

ROWS = 50  # patients on a page
LEAD = (
    "Everything known about one patient, and what follows from it: risks, medicines, pictures, "
    "advice. Each answer says how sure it is, why, and when it must stay silent."
)


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application; what the first one tells is worked out at once."""
    later(house, "people", lambda: everyone(house), patience_s=0.0)

    @app.get("/", include_in_schema=False)
    @guard.signed_in()
    def home(request: Request) -> Response:
        """The first page."""
        return show(request, house, first_page(request, house))

    @app.get("/patients", include_in_schema=False)
    @guard.signed_in()
    def patients(request: Request, q: str = "", site: str = "", after: int = 0) -> Response:
        """The patients whose identifier begins with ``q``: all, or those of the reader's list."""
        if not guard.some(request, "search", "Patient"):
            raise NotAllowed("Your roles do not let you look for patients.")
        return show(request, house, search(request, house, q.strip(), site, after))


def first_page(request: Request, house: House) -> Page:
    """What there is, as far as this reader may see it."""
    rooms = [
        {
            "title": one.title,
            "address": one.address,
            "says": one.says,
            "state": _state(house, one.name),
        }
        for one in menu.seen(request)
    ]
    opened = house.room.opened()
    tour = steps(request, house) if house.demo or house.synthetic else []
    return Page(
        template="home",
        title="One patient at a time",
        context={
            "lead": LEAD, "rooms": rooms, "started": opened is not None,
            "may_import": guard.may(request, "create", "Import").allowed, "tour": tour,
        },
        data={"schema": "nof1/web-home/1", "rooms": rooms, "tour": tour},
        tables={"rooms": rooms},
        data_date=house.data_date(),
        here="",
    )  # fmt: skip


def _state(house: House, name: str) -> str:
    """One line on what the room holds now."""
    if name == "patients" and house.room.opened() is not None:
        return f"{house.kept('patients', lambda: people(house.record)).height:,} patients"
    if name == "models":
        many = len(house.scorers())
        return f"{many:,} model{'' if many == 1 else 's'} of patients"
    return ""


def search(request: Request, house: House, q: str, site: str, after: int) -> Page:
    """One page of the list of patients.

    Raises
    ------
    UsageError : ``after`` is no place in the list, or ``q`` is longer than identifiers are.
    """
    if len(q) > 200 or after < 0:
        raise UsageError("The search cannot be read.", where="q or after",
                         allowed="up to 200 letters; a number from 0")  # fmt: skip
    known = everyone(house)
    sites = known["site"].unique().sort().to_list()
    own = guard.listed(request)
    rows = known if own is None else known.filter(pl.col("patient").is_in(_named(house, own)))
    if q:
        rows = rows.filter(pl.col("patient").str.starts_with(q))
    if site:
        rows = rows.filter(pl.col("site") == site)
    found = rows.height
    shown = [_row(one) for one in rows.slice(after, ROWS).iter_rows(named=True)]
    before = with_query(request, after=str(max(after - ROWS, 0))) if after else None
    more = with_query(request, after=str(after + ROWS)) if after + ROWS < found else None
    return Page(
        template="patients",
        title="Patients",
        context={
            "q": q, "site": site, "sites": sites, "rows": shown, "found": found,
            "first": after + 1, "before": before, "after": more, "own": own is not None,
        },
        data={"schema": "nof1/web-patients/1", "found": found, "first": after + 1,
              "patients": shown},
        tables={"patients": shown},
        data_date=house.data_date(),
        here="patients",
    )  # fmt: skip


def everyone(house: House) -> pl.DataFrame:
    """All patients of the record, with what the list says of each."""
    if house.room.opened() is None:
        return pl.DataFrame(schema={"patient": pl.String, "site": pl.String})
    return house.kept("patients", lambda: people(house.record))


def _named(house: House, marks: frozenset[str]) -> list[str]:
    """The identifiers behind pseudonyms; pseudonyms cannot be turned back, so all are made."""
    ids = everyone(house)["patient"].unique()
    known = house.kept("marks", lambda: {mark(house.workspace.audit, one): one for one in ids})
    return [known[one] for one in marks if one in known]


def _row(one: dict[str, object]) -> dict[str, object]:
    where = patient_address(str(one["patient"]), one["site"] if one["several"] else None)  # type: ignore[arg-type]
    kept = ("patient", "site", "sex", "born", "events", "last")
    return {**{name: one[name] for name in kept}, "address": where}
