"""What people see when something is wrong: what, where, what is allowed, and the next step.

Programs (no ``text/html`` in their Accept header) get the same as JSON, or the OperationOutcome
of the CDS Hooks services; nobody gets a traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nof1.core.errors import Nof1Error
from nof1.web.site.house import House
from nof1.web.site.page import HEADERS, Missing, NotAllowed, Page, render

LOG = logging.getLogger("nof1.web")
TITLES = {
    400: "This did not work",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This is not possible here",
    500: "Something went wrong",
}
FAILED = Nof1Error(
    "The page could not be made. The server's log says which kind of error it was.",
    next_step="Go back and try again. If it happens again, tell whoever runs this server.",
)
OTHERS = ("/cds-services", "/metrics", "/health", "/ready", "/openapi.json")
Answer = Callable[[Request, Exception], Awaitable[Response]]


def add(app: FastAPI, house: House) -> None:
    """Errors of pages become pages; those of other addresses stay as they are."""
    before = cast(Answer, app.exception_handlers[HTTPException])

    @app.exception_handler(Nof1Error)
    async def told(request: Request, error: Nof1Error) -> Response:
        """A refusal with its next step."""
        status = {Missing: 404, NotAllowed: 403}.get(type(error), 400)
        return answer(request, house, error, status)

    @app.exception_handler(RequestValidationError)
    async def unread(request: Request, error: RequestValidationError) -> Response:
        """A field of the address that is no number, no date."""
        where = ", ".join(str(one["loc"][-1]) for one in error.errors()[:5])
        told_ = Nof1Error("The address holds a value that cannot be read.", where=where[:200])
        return answer(request, house, told_, 400)

    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        """No such address, or not with this method."""
        if request.url.path.startswith(OTHERS) or not _person(request):
            return await before(request, error)
        what = "There is no page at this address."
        if error.status_code != 404:
            what = "This is not possible."
        missing = Nof1Error(what, next_step="Begin at the first page, or search.")
        return answer(request, house, missing, error.status_code)

    app.add_middleware(Friendly, house=house)


def answer(request: Request, house: House, error: Nof1Error, status: int) -> Response:
    """The error as a page, or as JSON for a program."""
    if not _person(request):
        return JSONResponse(error.to_dict(), status, dict(HEADERS))
    page = Page(
        template="error",
        title=TITLES.get(status, TITLES[400]),
        context={"error": error.to_dict()},
        data={},
        data_date="" if status == 500 else _data_date(house),
        here="",
        status=status,
        restores=False,
    )
    return HTMLResponse(render(request, house, page), status, dict(HEADERS))


def _data_date(house: House) -> str:
    """The day of the record's last event; "" where the error is just that nothing can be loaded."""
    try:
        return house.data_date()
    except Nof1Error:
        return ""


def _person(request: Request) -> bool:
    wanted = request.query_params.get("format", "html")
    return wanted == "html" and "text/html" in request.headers.get("accept", "")


class Friendly:
    """Around the pages: what was not foreseen becomes a page that says so, never a traceback."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app, self._house = app, house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or str(scope["path"]).startswith(OTHERS):
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            LOG.error("a page failed: %s", kind(error))
            if begun:
                raise
            made = answer(Request(scope), self._house, FAILED, 500)
            await made(scope, receive, send)


def kind(error: BaseException) -> str:
    """The type of an error and the line of ours that it came from; never its words.

    Words may hold a patient's values.
    """
    place: Any = error.__traceback__
    last = ""
    while place is not None:
        name = place.tb_frame.f_globals.get("__name__", "")
        if name.startswith("nof1."):
            last = f" at {name}:{place.tb_lineno}"
        place = place.tb_next
    return f"{type(error).__name__}{last}"
