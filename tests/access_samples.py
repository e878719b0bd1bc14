"""A small guarded server for tests of sign-in, roles and CSRF: no models, no record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from nof1.core import audit
from nof1.core.workspace import create
from nof1.web.access import forms, guard, pages, passwords
from nof1.web.access.desk import Desk, open_desk
from nof1.web.access.emergency import mark
from nof1.web.access.guard import Access, Doorman

URL = "https://nof1.hospital.example"
PASSWORD = "purple kettle orbit seven"
OTHER = "quiet ladder mango fifty"
HTML = {"accept": "text/html"}


@dataclass
class Clock:
    """A clock that tests set."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    """The server, and what tests look at."""

    desk: Desk
    app: FastAPI
    clock: Clock
    told: list[str] = field(default_factory=list)

    def browser(self, **more: Any) -> TestClient:
        """A new browser without cookies; redirects are looked at, not followed."""
        return TestClient(self.app, base_url=URL, follow_redirects=False, **more)

    def log(self, action: str | None = None) -> list[dict[str, Any]]:
        """Records of the audit log: (action and details)."""
        found = list(audit.entries(self.desk.workspace.audit))
        return [one for one in found if action in (None, one["action"])]


def cheap(monkeypatch: Any) -> None:
    """Passwords cost next to nothing."""
    monkeypatch.setattr(passwords, "COST", 2**4)
    passwords.nobodys.cache_clear()


def server(folder: Any, *, hospital: Any = None, local: bool = True, url: str = URL) -> Server:
    """A server with sign-in and three addresses of its own."""
    clock = Clock()
    desk = open_desk(create(folder / "ws"), clock)
    site = forms.site(url, loopback=url.startswith("http://"))
    made = Server(desk, FastAPI(openapi_url=None), clock)
    made.app.add_middleware(
        Doorman, routes=made.app.router.routes, access=Access(desk, site, pages=True),
        told=made.told.append,
    )  # fmt: skip
    found = None if hospital is None else hospital(desk, site)
    pages.add(made.app, desk, site, local=local, hospital=found)
    _routes(made.app)
    return made


def _routes(app: FastAPI) -> None:
    @app.get("/models")
    @guard.needs("search", "Model")
    def models(request: Request) -> Response:
        return Response(f"models for {guard.who(request).name}")

    @app.get("/patients/{patient}")
    @guard.needs("read", "Patient", patient="patient")
    def one(patient: str) -> Response:
        return Response(f"chart {patient}")

    @app.post("/cases")
    @guard.needs("create", "Academy")
    async def case(request: Request) -> Response:
        return Response(await request.body())

    @app.get("/forgotten")
    def forgotten() -> Response:
        return Response("nobody declared a scope for this")


def csrf_of(text: str) -> str:
    """The CSRF token in a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', text)
    assert found, text
    return found[1]


def sign_in(browser: TestClient, name: str, password: str = PASSWORD, **more: str) -> Any:
    """What the sign-in page answers to a name and a password."""
    page = browser.get("/sign-in", headers=HTML)
    form = {"csrf": csrf_of(page.text), "name": name, "password": password, **more}
    return browser.post("/sign-in", data=form, headers={"origin": URL, **HTML})


def send(browser: TestClient, path: str, **form: str) -> Any:
    """A form of the account's page, sent as a browser does."""
    form["csrf"] = csrf_of(browser.get("/account").text)
    return browser.post(path, data=form, headers={"origin": URL, **HTML})


def guard_mark(server: Server, patient: str) -> str:
    """A patient's pseudonym on this server."""
    return mark(server.desk.workspace.audit, patient)
