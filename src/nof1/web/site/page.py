"""One page for people and programs: HTML by default, the same as JSON or CSV when asked.

``?format=json`` gives the page's data, ``?format=csv`` one of its tables (``&table=NAME``, the
first when none is named). The address of a page restores it: everything chosen stands in it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, Template
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from nof1.core.errors import Nof1Error, UsageError
from nof1.core.finding import NOTICE
from nof1.pictures.pages import environment, has_charts
from nof1.web.access import forms, guard
from nof1.web.site import menu, paths, static
from nof1.web.site.house import House

HEADERS = {
    **forms.HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that spreadsheets would work out


class Missing(Nof1Error):
    """What was asked for is not there: answered with 404."""

    def __init__(self, what: str, next_step: str = "Go back, or search for it.") -> None:
        super().__init__(what, next_step=next_step)


class NotAllowed(Nof1Error):
    """The reader may not see or do this: answered with 403."""

    def __init__(self, what: str) -> None:
        super().__init__(what, next_step="Ask whoever gives roles on this server.")


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes
    ----------
    template : name of the template, without ``.html.jinja``.
    context : what the template needs beyond title and frame; pictures bring their scripts along.
    data : the same for programs, with a ``schema``.
    tables : the same as tables, for CSV: rows of equal keys by name; the first is the usual one.
    data_date : the day up to which the page's data go.
    here : the entry of the menu that the page belongs to.
    trail : (title, address) of the pages above it.
    styles, scripts : names of files in ``static`` beyond the usual ones.
    restores : whether the address alone gives the page again (GET; not after a form).
    """

    template: str
    title: str
    context: Mapping[str, Any]
    data: Mapping[str, Any]
    data_date: str
    here: str
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    trail: Sequence[tuple[str, str]] = ()
    status: int = 200
    styles: Sequence[str] = ()
    scripts: Sequence[str] = ()
    restores: bool = True


def show(request: Request, house: House, page: Page) -> Response:
    """The page in the form that was asked for.

    Raises
    ------
    UsageError : an unknown format, or a table that the page does not have.
    """
    wanted = request.query_params.get("format", "html")
    if wanted == "html":
        return HTMLResponse(render(request, house, page), page.status, dict(HEADERS))
    if wanted == "json":
        frame = {"notice": NOTICE, "synthetic": house.synthetic, "data_date": page.data_date}
        made = json.dumps({**page.data, **frame}, ensure_ascii=False, default=str, allow_nan=False)
        return Response(made + "\n", page.status, dict(HEADERS), "application/json")
    if wanted == "csv":
        return _csv(request, page)
    raise UsageError("There is no such format.", where="format", allowed=["html", "json", "csv"])


def part(request: Request, template: str, context: Mapping[str, Any]) -> Response:
    """A part of a page alone, for htmx to put in its place."""
    made = _environment().get_template(f"{template}.html.jinja").render(_forms(request), **context)
    return HTMLResponse(made.strip() + "\n", 200, dict(HEADERS))


def seen_other(address: str) -> Response:
    """Go to another page after a form was dealt with, so that a reload sends nothing twice."""
    return RedirectResponse(local(address), 303, dict(HEADERS))


def asked_by_htmx(request: Request) -> bool:
    """Whether a script of the page asks, for a part of it."""
    return request.headers.get("hx-request") == "true"


async def form(request: Request) -> dict[str, str]:
    """The fields of a small form, each once.

    Raises
    ------
    UsageError : it is no such form, or too large.
    """
    state = request.scope.get("state") or {}
    if "form" in state:
        return dict(state["form"])
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > forms.LARGEST:
            raise UsageError("The form is too large.", allowed=f"{forms.LARGEST:,} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    found = forms.fields(raw) if kind == forms.FORM else None
    if found is None:
        raise UsageError("The form cannot be read.", next_step="Go back and send it again.")
    return found


def with_query(request: Request, **changes: str | None) -> str:
    """The page's own address with some fields of its query changed; None takes one away."""
    pairs = dict(parse_qsl(request.url.query, keep_blank_values=True))
    for name, value in changes.items():
        pairs.pop(name, None)
        if value is not None:
            pairs[name] = value
    return paths.own(request) + (f"?{urlencode(pairs)}" if pairs else "")


def local(address: str) -> str:
    """An address of this server, as it is.

    Raises
    ------
    UsageError : it leads elsewhere.
    """
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or address.startswith(("//", "/\\", "\\")):
        raise UsageError("A page may link only to this server.", where="address")
    return address


def render(request: Request, house: House, page: Page) -> str:
    """The page as HTML text, also for the pages of errors."""
    charts = ("charts.js",) if has_charts(page.context) else ()
    state = request.scope.get("state") or {}
    who = state.get("principal")
    frame: dict[str, Any] = {
        "title": page.title,
        "kind": page.template,
        "notice": NOTICE,
        "synthetic": house.synthetic,
        "data_date": page.data_date,
        "here": page.here,
        "trail": page.trail,
        "menu": menu.seen(request) if who is not None else [],
        "may_search": who is not None and guard.some(request, "search", "Patient"),
        "signed_in": state.get("secret") is not None,
        "name": getattr(who, "name", ""),
        "styles": [static.address(name) for name in ("site.css", *page.styles)],
        "scripts": [
            static.address(name) for name in ("htmx.min.js", "app.js", *charts, *page.scripts)
        ],
        "twins": _twins(request, page) if page.restores else [],
        "json_name": None,
        "crumbs": {},
    }
    template = _environment().get_template(f"{page.template}.html.jinja")
    return template.render({**page.context, **frame, **_forms(request)}).strip() + "\n"


def _forms(request: Request) -> dict[str, Any]:
    token = guard.form_token(request) if request.scope.get("state") else ""
    field_ = Markup('<input type="hidden" name="{}" value="{}">').format(forms.CSRF, token)
    return {"csrf": token, "csrf_field": field_}


def _twins(request: Request, page: Page) -> list[tuple[str, str]]:
    """(words, address) of the page as data."""
    found = [("JSON", with_query(request, format="json", table=None))]
    for name in page.tables:
        address = with_query(request, format="csv", table=name)
        found.append(("CSV" if len(page.tables) == 1 else f"CSV: {name}", address))
    return found


def _csv(request: Request, page: Page) -> Response:
    if not page.tables:
        raise UsageError(
            "This page has no table.", where="format", allowed=["html", "json"],
            next_step="Ask for format=json.",
        )  # fmt: skip
    name = request.query_params.get("table", next(iter(page.tables)))
    if name not in page.tables:
        raise UsageError("The page has no such table.", where="table", allowed=list(page.tables))
    rows = page.tables[name]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = list(rows[0]) if rows else ["no rows"]
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="table.csv"'}
    return Response(out.getvalue(), page.status, headers, "text/csv")


def _cell(value: Any) -> Any:
    """A value as a cell; words that a spreadsheet would work out are led by an apostrophe."""
    if value is None or isinstance(value, bool | int | float):
        return "" if value is None else value
    words = str(value)
    return f"'{words}" if words.startswith(FORMULA) else words


def templates() -> list[str]:
    """Names of all templates."""
    return _environment().list_templates(extensions=["jinja"])


def compiled(name: str) -> Template:
    """A template, compiled and kept."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    """The site's own templates first, then those of pages that open offline, unchanged."""
    own, offline = (
        PackageLoader(__package__, "templates"),
        PackageLoader("nof1.pictures", "templates"),
    )
    return environment(ChoiceLoader([own, offline]), local)
