"""Answers that take longer than a page may: worked out once in the background, shown when ready."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from nof1.web.site.house import House
from nof1.web.site.page import Page, show, with_query

PATIENCE_S = 0.08  # what a page waits before it says that something is being worked out
AGAIN_S = 2
WORKERS = 2
Made = TypeVar("Made")


def later(
    house: House,
    key: Hashable,
    make: Callable[[], Made],
    version: Hashable = "",
    patience_s: float = PATIENCE_S,
) -> Made | None:
    """What ``make`` gives (never None), or None while it is being worked out.

    Two background threads work for all pages, so that pages stay quick. ``version`` as in
    ``House.kept``.

    Raises
    ------
    Exception : whatever ``make`` raised.
    """
    future: Future[Made] = house.kept(("later", key), lambda: _worker().submit(make), version)
    try:
        return future.result(patience_s)
    except TimeoutError:
        if future.done():  # the work itself ended so
            raise
        return None


def waiting(
    request: Request, house: House, title: str, what: str, here: str,
    trail: tuple[tuple[str, str], ...] = (),
) -> Response:  # fmt: skip
    """A page that says what is being worked out, and looks again by itself."""
    page = Page(
        template="waiting",
        title=title,
        context={"what": what, "again": with_query(request)},
        data={"schema": "nof1/web-waiting/1", "waiting": what},
        data_date=house.data_date(),
        here=here,
        trail=trail,
        status=202 if request.query_params.get("format") == "json" else 200,
        restores=False,
    )
    if request.query_params.get("format") == "csv":
        page = Page(**{**vars(page), "tables": {"waiting": [{"waiting": what}]}, "status": 202})
    made = show(request, house, page)
    made.headers["Refresh"] = str(AGAIN_S)
    made.headers["Retry-After"] = str(AGAIN_S)
    return made


@cache
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, "nof1-later")
