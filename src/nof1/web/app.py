"""The web application: CDS Hooks, health, readiness and metrics around ``advice.hooks.service``.

Bodies are read raw, with limits of size and time; every refusal is an OperationOutcome. Advice is
worked out in threads, so that a slow request does not hold up the others.

Reference: HL7 CDS Hooks (3.0 ballot); W3C CORS.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import fail_after, to_thread
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nof1 import __version__
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.outcome import JSON, TOO_LARGE, Refusal, Reply, body, failed, late
from nof1.advice.hooks.request import LARGEST
from nof1.advice.hooks.service import Service
from nof1.web import openapi
from nof1.web.access import guard
from nof1.web.access.guard import Access, Doorman
from nof1.web.metrics import TYPE, Metrics
from nof1.web.security import Gate, NotTrusted

BODY_S = 10.0  # a body that takes longer is a client that holds a place on purpose or by accident
AHEAD_S = 0.5  # until the server surely listens
KEEP_S = 2.0  # what writing an answer down may take beyond the service's own limit
LOOPBACK = r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
UNAUTHORIZED, TIMEOUT, MEDIA = 401, 408, 415
LOG = logging.getLogger("nof1.web")
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Door:
    """The service and who may come in.

    ``gate`` None lets everybody in: for development on this machine alone. ``origins`` are web
    pages that may ask from a browser. ``body_s`` is the longest time for a body. ``access`` guards
    all other addresses (docs/access.md).
    """

    service: Service
    gate: Gate | None
    origins: tuple[str, ...] = ()
    body_s: float = BODY_S
    metrics: Metrics = field(default_factory=Metrics)
    access: Access = field(default_factory=Access)

    @property
    def open(self) -> bool:
        """Whether nobody guards anything: development on this machine."""
        return self.gate is None and self.access.desk is None


def build(
    door: Door,
    close: Callable[[], None] | None = None,
    pages: Callable[[FastAPI], None] | None = None,
    warm: Callable[[threading.Event], None] | None = None,
) -> FastAPI:
    """The application. ``close`` runs when the server stops; ``pages`` adds the pages for people.

    ``warm`` runs in a thread when the server listens; it ends early when its event is set.

    Raises
    ------
    UsageError : an address declares no scope (``nof1.web.access.guard``).
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        sharing, stop = asyncio.create_task(_share(door.metrics)), threading.Event()
        ahead = threading.Thread(target=_ahead, args=(warm, stop), daemon=True)
        ahead.start()
        yield
        stop.set()
        sharing.cancel()
        await to_thread.run_sync(ahead.join)  # its step of now ends first
        door.metrics.share()
        if close is not None:
            close()

    app = FastAPI(
        title="nof1 CDS Hooks services", version=__version__, lifespan=life,
        docs_url=None, redoc_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.add_middleware(
        Doorman, routes=app.router.routes, access=door.access, told=door.metrics.refused
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(door.origins),
        allow_origin_regex=LOOPBACK if door.open else None,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        max_age=600,
    )
    _hooks(app, door)
    _operations(app, door)
    _errors(app)
    if pages is not None:
        pages(app)
    app.add_middleware(Unbroken)  # last: around everything
    guard.check(app.router.routes)
    return app


def _ahead(warm: Callable[[threading.Event], None] | None, stop: threading.Event) -> None:
    """Work that readers should not wait for; sockets are opened first."""
    if warm is not None and not stop.wait(AHEAD_S):
        warm(stop)


async def _share(metrics: Metrics) -> None:
    """Let other processes of this address know the counts."""
    while True:
        await asyncio.sleep(1.0)
        metrics.share()


def _hooks(app: FastAPI, door: Door) -> None:
    service = door.service

    @app.get("/cds-services", responses=openapi.responses(openapi.DISCOVERY, 401, 403))
    @guard.client("search", "GuidanceResponse")
    async def discovery(request: Request) -> Response:
        """The services on offer."""
        try:
            _client(door, request, "/cds-services")
        except Refusal as refusal:
            return _response(refusal.reply())
        return _response(service.discovery())

    @app.post(
        "/cds-services/{service_id}",
        responses=openapi.responses(openapi.RESPONSE, *openapi.CALLED),
        openapi_extra=openapi.body(openapi.REQUEST, openapi.ASKED),
    )
    @guard.client("create", "GuidanceResponse")
    async def call(service_id: openapi.Name, request: Request) -> Response:
        """Ask one service."""
        return await _asked(door, request, service_id, "", service.call)

    @app.post(
        "/cds-services/{service_id}/feedback",
        responses=openapi.responses(openapi.KEPT, *openapi.TOLD),
        openapi_extra=openapi.body(openapi.FEEDBACK, openapi.OVERRIDDEN),
    )
    @guard.client("update", "GuidanceResponse")
    async def feedback(service_id: openapi.Name, request: Request) -> Response:
        """Tell what became of its cards."""
        return await _asked(door, request, service_id, "/feedback", service.feedback)


async def _asked(
    door: Door,
    request: Request,
    service_id: str,
    tail: str,
    answer: Callable[[str, bytes, str | None], Reply],
) -> Response:
    """Check the caller, read the body, answer, count."""
    begun = time.perf_counter()
    try:
        client = _client(door, request, f"/cds-services/{service_id}{tail}")
        raw = await _body(door, request)
        with fail_after(door.service.longest_s + KEEP_S):  # the thread ends by itself, unheard
            reply = await to_thread.run_sync(
                answer, service_id, raw, client, abandon_on_cancel=True
            )
    except Refusal as refusal:
        reply = refusal.reply()
    except TimeoutError:
        LOG.error("an answer took longer than %g s", door.service.longest_s)
        reply = late()
    name = (service_id if service_id in OFFERS else "unknown") + tail
    door.metrics.answered(name, reply.status, time.perf_counter() - begun)
    return _response(reply)


def _client(door: Door, request: Request, path: str) -> str | None:
    """The issuer of the request's token, or the account; None when everybody may come in."""
    if door.gate is None:
        return None if door.access.desk is None else guard.who(request).account
    given = request.headers.getlist("authorization")
    try:
        if len(given) != 1:
            raise NotTrusted
        return door.gate.issuer(given[0], path)
    except NotTrusted:
        door.metrics.refused("token")
        raise Refusal(UNAUTHORIZED, "login", "The request is not trusted.") from None


async def _body(door: Door, request: Request) -> bytes:
    """The raw body, JSON by its header, within the limits of size and time."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON, "application/fhir+json") or "content-encoding" in request.headers:
        door.metrics.refused("type")
        raise Refusal(MEDIA, "not-supported", "The body must be plain application/json.")
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or len(length) > 12 or int(length) > LARGEST:
        raise _too_large(door)
    try:
        return await asyncio.wait_for(_chunks(door, request), door.body_s)
    except TimeoutError:
        door.metrics.refused("slow")
        raise Refusal(TIMEOUT, "timeout", "The body came too slowly.") from None
    except ClientDisconnect:
        raise Refusal(400, "incomplete", "The client left before its body was there.") from None


async def _chunks(door: Door, request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise _too_large(door)
        parts.append(part)
    return b"".join(parts)


def _too_large(door: Door) -> Refusal:
    door.metrics.refused("size")
    return Refusal(TOO_LARGE, "too-long", f"The body is larger than {LARGEST:,} bytes.")


def _response(reply: Reply) -> Response:
    headers = dict(HEADERS)
    if reply.status == UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(reply.body, reply.status, headers, JSON)


def _operations(app: FastAPI, door: Door) -> None:
    @app.get("/health")
    async def health() -> Response:
        """Whether the process runs."""
        return Response(b'{"status":"ok"}', 200, HEADERS, JSON)

    @app.get("/ready", responses=openapi.responses({"type": "object"}, 503))
    async def ready() -> Response:
        """Whether models, facts and record can be used: 503 with an OperationOutcome when not."""
        try:
            await run_in_threadpool(lambda: door.service.room.fresh().warm())
        except Exception:
            text = "Models, facts or record cannot be used; see the server's log."
            return Response(body("transient", text), 503, HEADERS, JSON)
        return Response(b'{"status":"ready"}', 200, HEADERS, JSON)

    @app.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses=openapi.responses({"type": "string"}, 401, 403, kind="text/plain"),
    )
    @guard.needs("read", "Service")
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(door.metrics.text(), 200, HEADERS, TYPE)


def _errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        """Wrong address or method, as an OperationOutcome."""
        code = {404: "not-found", 405: "not-supported"}.get(error.status_code, "processing")
        made = body(code, "There is nothing at this address for this method.")
        return Response(made, error.status_code, {**HEADERS, **(error.headers or {})}, JSON)


class Unbroken:
    """Around everything: what was not foreseen becomes the uniform failure, never a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            LOG.error("the application failed: %s", type(error).__name__)
            if begun or scope["type"] != "http":
                raise
            await _response(failed())(scope, receive, send)
