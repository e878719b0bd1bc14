"""What the record holds: imports, sites, what was refused; and the quality report, part by part.

The whole report is 1 MB on one page; here each chart has an address of its own. Counting takes
seconds, so it is done once for each generation of the record, in the background.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.pictures import quality_charts
from nof1.pictures.views import quality as view
from nof1.record.quality import report
from nof1.record.quality.problem import SMALL
from nof1.record.store import Record
from nof1.web.access import guard
from nof1.web.site.drawn import settled
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Page, show, with_query

TRAIL = (("Data", "/data"),)
SHOWN = {
    "problems": "Problems",
    "months": "By month",
    "codes": "By code and month",
    "people": "People",
}
YEARS = 10  # of the charts by month; earlier years have an address too
CELLS = 900  # rows of a chart
REASONS = 100  # of quarantine on the page; the CSV has all
IMPORTS = 20


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/data", include_in_schema=False)
    @guard.needs("search", "Quality")
    def data(request: Request) -> Response:
        """Imports, sites and quarantine."""
        return show(request, house, overview(request, house))

    @app.get("/data/quality", include_in_schema=False)
    @guard.needs("read", "Quality")
    def quality(request: Request, until: str = "") -> Response:
        """The quality report, one part at a time."""
        wanted = request.query_params.get("show", "problems")
        if wanted not in SHOWN:
            raise UsageError("There is no such part.", where="show", allowed=list(SHOWN))
        if house.room.opened() is None:
            return show(request, house, overview(request, house))
        made = later(house, "quality", lambda: counted(house))
        if made is None:
            what = "The record is being counted."
            return waiting(request, house, "Data quality", what, "data", TRAIL)
        return show(request, house, part_of(request, house, made, wanted, until))


def counted(house: House) -> dict[str, Any]:
    """The report as data (``nof1/quality/1``)."""
    record = house.record
    refused = record.quarantine().group_by("file", "reason").len("rows").to_dicts()
    codes = record.codes().drop_nulls("description")
    words = dict(codes.select("code", "description").iter_rows())
    made = report(
        record, quarantined=refused, descriptions=words, synthetic=house.synthetic
    )  # fmt: skip
    found: dict[str, Any] = made.to_dict()
    return found


def overview(request: Request, house: House) -> Page:
    """What was imported, by site and by import, and what was refused."""
    opened = house.room.opened()
    may_import = guard.may(request, "create", "Import").allowed
    found = held(house)
    total = sum(one["rows"] for one in found["refused"])
    if not may_import:  # as in the quality report: small counts are for those who import
        found = {**found, "refused": [_masked(one) for one in found["refused"]]}
    refused = found["refused"]
    return Page(
        template="data",
        title="Data",
        context={
            **found, "refused": refused[:REASONS], "more": max(len(refused) - REASONS, 0),
            "rows": total, "may_import": may_import,
            "started": opened is not None,
            "imports": found["imports"][:IMPORTS],
            "older": max(len(found["imports"]) - IMPORTS, 0),
        },
        data={"schema": "nof1/web-data/1", **found},
        tables={"sites": found["sites"], "imports": found["imports"], "quarantine": refused},
        data_date=house.data_date(),
        here="data",
        styles=("data.css",),
    )  # fmt: skip


def held(house: House) -> dict[str, Any]:
    """What the record holds, by site and by import; worked out once."""
    if house.room.opened() is None:
        return {"sites": [], "imports": [], "refused": [], "totals": {}}
    return house.kept("data", lambda: _held(house.record))


def _masked(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "rows": None if one["rows"] < SMALL else one["rows"]}


def _held(record: Record) -> dict[str, Any]:
    """Counts of the record by site, its imports newest first, and refused rows by reason."""
    facts = (
        record.scan()
        .group_by("site")
        .agg(
            events=pl.len(),
            patients=pl.col("subject_id").n_unique(),
            codes=pl.col("code").n_unique(),
            first=pl.col("time").min().dt.strftime("%Y-%m-%d"),
            last=pl.col("time").max().dt.strftime("%Y-%m-%d"),
        )
        .sort("site")
        .collect()
    )
    refused = (
        record.quarantine()
        .group_by("file", "reason", "site")
        .agg(rows=pl.len())
        .sort("rows", "file", "reason", descending=[True, False, False])
    )
    imports = [_import(one) for one in reversed(record.imports())]
    return {
        "sites": facts.to_dicts(),
        "imports": imports,
        "refused": refused.select("file", "reason", "site", "rows").to_dicts(),
        "totals": {"events": int(facts["events"].sum()),
                   "patients": record.subjects()["subject_id"].n_unique(),
                   "sites": facts.height, "imports": len(imports)},
    }  # fmt: skip


def _import(one: Mapping[str, Any]) -> dict[str, Any]:
    sources = [f"{part['name']} ({part['importer']})" for part in one.get("sources", [])]
    return {
        "at": str(one["imported_at"]), "site": str(one.get("site", "")),
        "what": ", ".join(sources), "files": len(one.get("files", [])),
        "events_read": int(one.get("events_read", 0)), "added": int(one.get("added", 0)),
        "replaced": int(one.get("replaced", 0)), "removed": int(one.get("removed", 0)),
        "quarantined": int(one.get("quarantined", 0)),
    }  # fmt: skip


def part_of(
    request: Request, house: House, data: Mapping[str, Any], wanted: str, until: str
) -> Page:
    """One part of the report."""
    months = sorted({row["month"] for row in data["months"]})
    span = _span(data, wanted, until)
    key = ("quality part", wanted, span)
    made = house.kept(key, lambda: settled(_parts(data, wanted, span)))
    tabs = [
        (title, with_query(request, show=name, until=None, format=None), name)
        for name, title in SHOWN.items()
    ]
    earlier = str(int(span[0][:4]) - 1) if months and months[0] < span[0] else None
    later_ = until and span[1] < (months[-1] if months else "")
    frame: dict[str, Any] = {
        "tabs": tabs, "part": wanted, "span": span,
        "earlier": with_query(request, until=earlier) if earlier else None,
        "later": with_query(request, until=None) if later_ else None,
    }  # fmt: skip
    return Page(
        template="data-quality" if wanted == "problems" else "data-quality-part",
        title="Data quality",
        context={**made, **frame},
        data={**data, "part": wanted},
        tables=_tables(data),
        data_date=house.data_date(),
        here="data",
        styles=("data.css",),
        trail=TRAIL,
    )


def _span(data: Mapping[str, Any], wanted: str, until: str) -> tuple[str, str]:
    """First and last month of a chart: ten years that end with ``until`` (a year) or the data;
    fewer where ten have more cells than a page should hold.

    Raises
    ------
    UsageError : ``until`` is no year.
    """
    if until and not (until.isascii() and until.isdecimal() and len(until) == 4):
        raise UsageError("This is no year.", where="until", allowed="four digits, such as 2020")
    rows = view.cells(data) if wanted == "codes" else data["months"]
    months = [str(row["month"]) for row in rows if wanted == "codes" or row["code"] is None]
    last = max(months, default="1970-01")
    end = min(f"{until}-12", last) if until else last
    start = f"{int(end[:4]):04d}-01"
    for years in range(1, YEARS + 1):
        earlier = f"{int(end[:4]) - years + 1:04d}-01"
        if years > 1 and sum(earlier <= month <= end for month in months) > CELLS:
            break
        start = earlier
    return start, end


def _parts(data: Mapping[str, Any], wanted: str, span: tuple[str, str]) -> dict[str, Any]:
    """What the template of a part needs."""
    if wanted == "problems":
        made = view.context({**data, "months": [], "people": []})
        for frame in ("title", "data_date", "synthetic", "json_name"):
            made.pop(frame)
        return made
    inside = [row for row in data["months"] if span[0] <= row["month"] <= span[1]]
    if wanted == "months":
        rows = [row for row in inside if row["code"] is None]
        return {"picture": quality_charts.volume(rows) if rows else None, "masked": True}
    if wanted == "codes":
        cells = view.cells({**data, "months": inside})
        return {"picture": quality_charts.completeness(cells) if cells else None, "masked": True}
    people = data["people"]
    return {"picture": quality_charts.people(people) if people else None, "masked": True}


def _tables(data: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The tables of the report for spreadsheets; fewer than 5 is empty."""
    problems = [
        {name: one.get(name) for name in
         ("severity", "check", "code", "site", "month", "until", "what", "share")}
        for one in data["problems"]
    ]  # fmt: skip
    codes = [{name: part for name, part in one.items() if name != "units"}
             for one in data["codes"]]  # fmt: skip
    found = {
        "problems": problems, "months": list(data["months"]), "codes": codes,
        "people": list(data["people"]), "quarantine": list(data["quarantined"]),
    }  # fmt: skip
    return {name: rows for name, rows in found.items() if rows or name == "problems"}
