"""``/patients/{patient}/events``: the source rows, filtered in the address, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from fastapi import FastAPI, Request, Response

from nof1.core.errors import UsageError
from nof1.web.access import guard
from nof1.web.site.house import House
from nof1.web.site.kinds import NAMES, Kind, after, is_kind, kind_of, named, of_kinds, readable
from nof1.web.site.page import NotAllowed, Page, show, with_query
from nof1.web.site.subject import Subject, noted, subject

ROWS = 100  # on a page
LONGEST = 120  # characters of a text on the page; the CSV has all of it
MOST_CODES = 50


@dataclass(frozen=True)
class Wanted:
    """Which rows: a sort, exact codes, words in code or name, days (both included), the first."""

    kind: str = ""
    code: str = ""
    q: str = ""
    since: date | None = None
    until: date | None = None
    after: int = 0


def add(app: FastAPI, house: House) -> None:
    """Put the page into the application."""

    @app.get("/patients/{patient:id}/events", include_in_schema=False)
    @guard.needs("search", "Observation", patient="patient")
    def events(
        request: Request, patient: str, kind: str = "", code: str = "", q: str = "",
        since: str = "", until: str = "", after: int = 0,
    ) -> Response:  # fmt: skip
        """The rows behind everything that is said about a patient."""
        asked = subject(house, request, patient)
        wanted = Wanted(kind, code, q.strip(), _day("since", since), _day("until", until), after)
        made = show(request, house, page(request, house, asked, wanted))
        noted(request, house, asked, "source rows")
        return made


def page(request: Request, house: House, asked: Subject, wanted: Wanted) -> Page:
    """The rows that fit, newest first; those without a date last.

    Raises
    ------
    UsageError : there is no such sort, too many codes, or no such place in the list.
    NotAllowed : the reader may not see this sort.
    """
    kinds = readable(request, asked.patient)
    names = house.opened().names
    rows = found(asked, kinds, names, wanted)
    after = wanted.after
    shown = [_row(one, names) for one in rows.slice(after, ROWS).iter_rows(named=True)]
    count = rows.height
    before = with_query(request, after=str(max(after - ROWS, 0))) if after else None
    more = with_query(request, after=str(after + ROWS)) if after + ROWS < count else None
    whole = request.query_params.get("format", "html") != "html"
    table = [_whole(one, names) for one in rows.iter_rows(named=True)] if whole else [{}]
    return Page(
        template="patient-events",
        title=f"Source rows of patient {asked.patient}",
        context={
            "head": asked.head("events"), "rows": shown, "found": count, "first": after + 1,
            "before": before, "after": more, "wanted": wanted, "kinds": kinds,
            "all_kinds": len(kinds) == len(NAMES), "action": asked.address("events"),
            "hidden": dict(asked.query), "codes": wanted.code.split("|") if wanted.code else [],
            "bare": asked.address("events"),
        },
        data={"schema": "nof1/web-patient-events/1", **asked.about(), "found": count,
              "events": table},
        tables={"events": table},
        data_date=asked.data_date,
        here="patients",
        trail=asked.trail(),
        styles=("patient.css",),
    )  # fmt: skip


def found(
    asked: Subject, kinds: Sequence[Kind], names: Mapping[str, str], wanted: Wanted
) -> pl.DataFrame:
    """The rows that fit."""
    codes = wanted.code.split("|") if wanted.code else []
    if wanted.after < 0 or len(codes) > MOST_CODES or len(wanted.q) > 200:
        raise UsageError(
            "The filter cannot be read.", where="after, code or q",
            allowed=f"a number from 0, up to {MOST_CODES} codes, 200 letters",
        )  # fmt: skip
    rows = of_kinds(asked.events, tuple(kinds))
    if wanted.kind:
        rows = rows.filter(is_kind(_kind(wanted.kind, kinds)))
    if codes:
        rows = rows.filter(pl.col("code").is_in(codes))
    if wanted.q:
        rows = rows.filter(pl.col("code").is_in(_fitting(rows, names, wanted.q)))
    if wanted.since:
        rows = rows.filter(pl.col("time") >= datetime.combine(wanted.since, datetime.min.time()))
    if wanted.until:
        end = datetime.combine(wanted.until + timedelta(days=1), datetime.min.time())
        rows = rows.filter(pl.col("time") < end)
    return rows.sort("time", descending=True, nulls_last=True, maintain_order=True)


def _kind(name: str, kinds: Sequence[Kind]) -> Kind:
    if name not in NAMES:
        raise UsageError("There is no such sort of events.", where="kind", allowed=list(NAMES))
    if NAMES[name] not in kinds:
        raise NotAllowed("Your roles do not let you see this sort of events.")
    return NAMES[name]


def _fitting(rows: pl.DataFrame, names: Mapping[str, str], q: str) -> list[str]:
    """The codes whose code or name holds the words."""
    wanted = q.casefold()
    return [
        code
        for code in rows["code"].unique()
        if wanted in code.casefold() or wanted in named(code, names).casefold()
    ]


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        found_ = date.fromisoformat(text)
        return found_ if found_ < date.max else None
    except ValueError:
        raise UsageError("The day cannot be read.", where=name, allowed="2024-05-01") from None


def _row(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A row for people."""
    number, text = one["numeric_value"], one["text_value"] or ""
    value = text if number is None else f"{number:.6g}{after(one['unit'])}"
    place = one["source_row"]
    late = one["recorded"] is not None and one["time"] is not None and one["recorded"] > one["time"]
    return {
        "time": f"{one['time']:%Y-%m-%d %H:%M}" if one["time"] else "no date",
        "recorded": f"{one['recorded']:%Y-%m-%d %H:%M}" if late else "",
        "kind": kind_of(one["code"]).title,
        "event": named(one["code"], names),
        "code": one["code"],
        "value": value if len(value) <= LONGEST else f"{value[: LONGEST - 3]}...",
        "source": (one["source_file"] or "") + (f", row {place}" if place is not None else ""),
    }


def _whole(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A row for programs."""
    return {
        "time": None if one["time"] is None else one["time"].isoformat(),
        "recorded": None if one["recorded"] is None else one["recorded"].isoformat(),
        "kind": kind_of(one["code"]).name,
        "event": named(one["code"], names),
        **{
            name: one[name]
            for name in (
                "code", "numeric_value", "unit", "text_value", "source_file", "source_row", "site",
            )
        },
    }  # fmt: skip
