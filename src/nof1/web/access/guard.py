"""Every request passes here: what its route asks for, who sends it, whether it may go on.

A route is public by its name in ``PUBLIC``, or its function says with ``needs``, ``signed_in`` or
``client`` what it asks for. One that says nothing is refused, and a server with such a route does
not start. Requests with a session's cookie that change something must come from a page of this
server and carry the session's own CSRF token; requests with a token in ``Authorization`` need
neither, since no browser adds that by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nof1.advice.hooks.outcome import JSON, body
from nof1.core.errors import UsageError
from nof1.web.access import forms, secrets
from nof1.web.access.desk import Desk
from nof1.web.access.forms import Site
from nof1.web.access.principal import (
    ALL_PATIENTS,
    NOBODY,
    Decision,
    Principal,
    decide,
    everything,
)
from nof1.web.access.scopes import ACTIONS, OWN_KINDS, PATIENT_KINDS

PUBLIC = {
    "/health": "says that the process runs",
    "/ready": "says that it can answer",
    "/openapi.json": "describes the addresses",
    "/style.css": "the look of the pages",
    "/static/{name}": "scripts and looks of the pages",
    "/sign-in": "who signs in is nobody yet",
    "/sign-in/hospital": "the way to the hospital's sign-in",
    "/sign-in/callback": "the way back from it",
}
MARK = "__nof1_access__"
FORGED = "the request does not come from a page of this server, or from an old one"
LOG = logging.getLogger("nof1.web")
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Needs:
    """A scope: this action on this kind. ``patient``: the path's parameter with the patient."""

    action: str
    kind: str
    patient: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """A person who signed in with a browser; no token: for what concerns the own account."""

    needs: Needs | None = None


@dataclass(frozen=True)
class Client:
    """A client's signed token, checked by the function; a server without clients asks ``needs``."""

    needs: Needs


Rule = Needs | SignedIn | Client


@dataclass(frozen=True)
class Access:
    """Who guards the routes.

    ``desk`` None: nobody does (development on this machine, invented patients). ``pages``: people
    can sign in. ``clients``: CDS clients come with signed tokens.
    """

    desk: Desk | None = None
    site: Site | None = None
    pages: bool = False
    clients: bool = False


def needs(action: str, kind: str, patient: str | None = None) -> Callable[[Endpoint], Endpoint]:
    """Declare the scope that a route asks for.

    Raises
    ------
    UsageError : action or kind is unknown.
    """
    if action not in ACTIONS or kind not in PATIENT_KINDS | set(OWN_KINDS):
        raise UsageError(f"There is no scope to {action} {kind}.", where="route")
    return _marked(Needs(action, kind, patient))


def signed_in(action: str = "", kind: str = "") -> Callable[[Endpoint], Endpoint]:
    """Declare that a route is for people in a browser: for all of them, or with a scope besides."""
    return _marked(SignedIn(Needs(action, kind) if action else None))


def client(action: str, kind: str) -> Callable[[Endpoint], Endpoint]:
    """Declare that a route checks clients' signed tokens itself; else asks for this scope."""
    return _marked(Client(Needs(action, kind)))


def _marked(rule: Rule) -> Callable[[Endpoint], Endpoint]:
    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, MARK, rule)
        return endpoint

    return mark


def undeclared(routes: Iterable[BaseRoute]) -> list[str]:
    """Addresses that are neither public by name nor say what they ask for.

    A router that was put in with ``include_router`` cannot be looked into and counts as one.
    """
    return [
        str(getattr(one, "path", None) or type(one).__name__.lstrip("_"))
        for one in routes
        if getattr(one, "path", None) not in PUBLIC
        and not isinstance(getattr(getattr(one, "endpoint", None), MARK, None), Rule)
    ]


def check(routes: Iterable[BaseRoute]) -> None:
    """Refuse a server with a route that nobody guards.

    Raises
    ------
    UsageError : with the addresses.
    """
    found = undeclared(routes)
    if found:
        raise UsageError(
            "Addresses without a scope are not served.",
            where=", ".join(found),
            next_step="Declare one with guard.needs; put routes into the application itself.",
        )


class Denied(Exception):
    """A request that does not go on; ``status`` 401, 403, 413 or 421."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Doorman:
    """The middleware. ``routes`` are those of the application, looked at with each request."""

    def __init__(
        self, app: ASGIApp, routes: list[BaseRoute], access: Access,
        told: Callable[[str], None] = lambda why: None,
    ) -> None:  # fmt: skip
        self._app, self._routes, self._access, self._told = app, routes, access, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._access.desk is None:
            await self._open(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        try:
            receive = await self._let_in(request, receive)
        except Denied as denied:
            self._told("sign-in" if denied.status == 401 else "access")
            await self._answer(request, denied)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nobody guards; but no page of another host may change or read something here."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["principal"] = everything()
            why = self._strange(Request(scope))
            if why is not None:
                await self._answer(Request(scope), why)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _strange(self, request: Request) -> Denied | None:
        """What speaks against a request to a page: another name of this machine, another origin.

        A name that leads here by a trick (DNS rebinding) would let any page read everything.
        """
        found = self._rule(request.scope)
        if found is None or found[1] is None or isinstance(found[1], Client):
            return None
        if not forms.NEAR.fullmatch(f"http://{request.headers.get('host', '')}"):
            return Denied(421, "this server has another name")
        origin = request.headers.get("origin")
        if request.method in forms.SAFE or origin is None or forms.NEAR.fullmatch(origin):
            return None
        return Denied(403, FORGED)

    async def _let_in(self, request: Request, receive: Receive) -> Receive:
        """Let a request go on, its principal in its state; the way to read its body from then."""
        found = self._rule(request.scope)
        request.scope.setdefault("state", {})["access"] = self._access
        if found is None:
            return receive  # no such address or method: the application says so
        path, rule, parameters = found
        if isinstance(rule, Client) and self._access.clients:
            return receive
        who, secret = await to_thread.run_sync(self._who, request)
        request.scope["state"] |= {"principal": who, "secret": secret}
        if path in PUBLIC:
            return await self._form(request, receive, None)
        if who is None:
            raise Denied(401, NOBODY)
        if secret is not None:
            receive = await self._form(request, receive, secret)
        await to_thread.run_sync(self._check, rule, who, parameters, secret is not None)
        return receive

    def _rule(self, scope: Scope) -> tuple[str, Rule | None, dict[str, Any]] | None:
        """Path, rule and parameters of the route that will answer; None where there is none."""
        for route in self._routes:
            match, inner = route.matches(scope)
            if match is Match.FULL:
                path = str(getattr(route, "path", ""))
                rule = getattr(inner.get("endpoint"), MARK, None)
                return path, rule, inner.get("path_params", {})
        return None

    def _who(self, request: Request) -> tuple[Principal | None, str | None]:
        """Who sends it, and the secret of the session when it came with one."""
        desk, site = self._access.desk, self._access.site
        assert desk is not None
        given = request.headers.getlist("authorization")
        if given:
            scheme, _, token = given[0].partition(" ")
            good = len(given) == 1 and scheme.lower() == "bearer"
            return (desk.by_token(token) if good else None), None
        if site is None or not self._access.pages or not site.here(request):
            return None, None
        secret = site.secret(request, forms.SESSION)
        who = None if secret is None else desk.by_session(secret)
        return who, (None if who is None else secret)

    async def _form(self, request: Request, receive: Receive, secret: str | None) -> Receive:
        """Check where an unsafe request comes from; read its form, and hand on its body."""
        site = self._access.site
        if request.method in forms.SAFE or site is None:
            return receive
        if not site.here(request):
            raise Denied(421, "this server has another name")
        if not site.own(request):
            raise Denied(403, FORGED)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        token = request.headers.get(forms.CSRF_HEADER, "")
        if kind == forms.FORM:
            raw = await _small(request)
            found = forms.fields(raw)
            if found is None:
                raise Denied(400, "the form cannot be read")
            request.scope["state"]["form"] = found
            token, receive = token or found.get(forms.CSRF, ""), _again(raw, receive)
        if secret is not None and not secrets.same(token, csrf(secret)):
            raise Denied(403, FORGED)
        return receive

    def _check(
        self, rule: Rule | None, who: Principal, parameters: dict[str, Any], session: bool
    ) -> None:
        desk = self._access.desk
        assert desk is not None
        if isinstance(rule, SignedIn) and not session:
            raise Denied(403, "a token cannot do this: sign in with a browser")
        if isinstance(rule, SignedIn) and rule.needs is None:
            return
        wanted = rule if rule is None or isinstance(rule, Needs) else rule.needs
        if wanted is None:
            LOG.error("an address without a scope was asked for and refused")
            raise Denied(403, "this address has no scope")
        patient = None if wanted.patient is None else str(parameters[wanted.patient])
        try:
            made = desk.decide(who, wanted.action, wanted.kind, patient)
        except UsageError:
            raise Denied(403, "this is no identifier of a patient") from None
        if not made.allowed:
            raise Denied(403, made.reason)

    def _answer(self, request: Request, denied: Denied) -> Response:
        """A refusal: a page for a person, an OperationOutcome for a program."""
        if self._access.pages and "text/html" in request.headers.get("accept", ""):
            if denied.status == 401 and request.method == "GET":
                path = _sent(request) + (f"?{request.url.query}" if request.url.query else "")
                next_ = f"?next={quote(path)}" if forms.place(path) == path else ""
                return RedirectResponse(f"/sign-in{next_}", 303, dict(forms.HEADERS))
            from nof1.web.access.looks import message

            return message(denied.status, denied.why)
        code = "login" if denied.status == 401 else "forbidden"
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if denied.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(body(code, f"Refused: {denied.why}."), denied.status, headers, JSON)


def _sent(request: Request) -> str:
    """The path as it was sent, quoted: a slash inside an identifier stays ``%2F``."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.decode("ascii", "replace")


def csrf(secret: str) -> str:
    """The CSRF token of a session, or of the cookie that a sign-in page sets before one."""
    return secrets.derived(secret, "csrf")


def form_token(request: Request) -> str:
    """The CSRF token for the forms of a page; "" on a server that nobody guards."""
    secret = request.scope["state"].get("secret")
    return "" if secret is None else csrf(secret)


def who(request: Request) -> Principal:
    """Who sends a request that was let in by a scope or as signed in."""
    found: Principal = request.scope["state"]["principal"]
    return found


def may(request: Request, action: str, kind: str, patient: str | None = None) -> Decision:
    """Whether the sender of a request may do this too; for parts of a page.

    Raises
    ------
    UsageError : this is no identifier of a patient.
    """
    access: Access | None = request.scope["state"].get("access")
    if access is None or access.desk is None:
        return decide(who(request), action, kind, patient)
    return access.desk.decide(who(request), action, kind, patient, asked=False)


def some(request: Request, action: str, kind: str) -> bool:
    """Whether the sender may do this for all patients, or at least for those of its list."""
    made = may(request, action, kind)
    return made.allowed or made.reason == ALL_PATIENTS


def listed(request: Request) -> frozenset[str] | None:
    """Pseudonyms of the patients whom the sender may see; None: all patients."""
    found = who(request)
    all_ = may(request, "search", "Patient").allowed or found.patients is None
    return None if all_ else (found.patients or frozenset()) | found.emergencies


async def _small(request: Request) -> bytes:
    raw = b""
    try:
        async for part in request.stream():
            raw += part
            if len(raw) > forms.LARGEST:
                raise Denied(413, "the form is too large")
    except ClientDisconnect:
        raise Denied(400, "the client left") from None
    return raw


def _again(raw: bytes, after: Receive) -> Receive:
    """A body that was read, to be read once more; then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await after()
        given = True
        return {"type": "http.request", "body": raw, "more_body": False}

    return again
