"""How the pages of the door look: templates without any script, one style sheet, strict headers."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from nof1.core.finding import NOTICE
from nof1.pictures import assets
from nof1.web.access import forms
from nof1.web.access.scopes import written

TITLES = {400: "This was not understood", 401: "Please sign in", 403: "This is not allowed",
          404: "There is nothing here", 413: "This is too large", 421: "Wrong address"}  # fmt: skip


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from its template; ``title`` is needed."""
    made = {"synthetic": False, "fault": None, "done": None, **values}
    html = _environment().get_template(f"{name}.html.jinja").render(made, notice=NOTICE)
    return HTMLResponse(html.strip() + "\n", status, dict(forms.HEADERS))


def message(status: int, why: str) -> HTMLResponse:
    """A page with one message."""
    words = f"{why[:1].upper()}{why[1:]}."
    return page("message", status, title=TITLES.get(status, "This did not work"), words=words)


def style() -> Response:
    """The style sheet of all pages."""
    headers = {"Cache-Control": "max-age=600", "X-Content-Type-Options": "nosniff"}
    return Response(_style(), 200, headers, "text/css; charset=utf-8")


@cache
def _style() -> str:
    own = files(__package__).joinpath("access.css").read_text(encoding="utf-8")
    return f"{assets.style()}\n{own}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nof1.web.access", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["scopes"] = written
    return environment


def day(seconds: float) -> str:
    """A moment for people.

    >>> day(0)
    '1 Jan 1970, 00:00 UTC'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
