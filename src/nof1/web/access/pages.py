"""The pages of the door: sign in, my account. Plain forms; no script is needed or allowed."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from nof1.core.errors import UsageError
from nof1.web.access import forms, looks, passwords, secrets
from nof1.web.access.account_pages import add as add_account
from nof1.web.access.desk import Desk, Refused
from nof1.web.access.forms import Site, place
from nof1.web.access.guard import csrf
from nof1.web.access.oidc.flow import Hospital, NotIn

WRONG = "Name and password do not belong together."
SLOW = "Too many tries. Wait a quarter of an hour, then try again."
OLD = "This page was too old. Please try again."
DONE = {"out": "You are signed out.", "everywhere": "You are signed out everywhere.",
        "password": "The password is changed. Please sign in with the new one."}  # fmt: skip


class SignIn:
    """The sign-in page. ``local``: accounts of this server; ``hospital``: the hospital's."""

    def __init__(self, desk: Desk, site: Site, *, local: bool, hospital: Hospital | None) -> None:
        self.desk, self.site, self.local, self.hospital = desk, site, local, hospital
        if local:
            passwords.nobodys()  # now, so that the first unknown name takes no longer than others

    def show(self, request: Request, *, status: int = 200, fault: str | None = None,
             next_: str | None = None) -> Response:  # fmt: skip
        """The page; a cookie of its own ties its form to this browser."""
        given = request.query_params.get("next") if next_ is None else next_
        target = place(given)
        before = self.site.secret(request, forms.BEFORE) or secrets.new()
        made = looks.page(
            "sign-in", status, title="Sign in", fault=fault, csrf=csrf(before), local=self.local,
            next="" if target == "/" else target,
            hospital=None if self.hospital is None else self.hospital.settings.name,
            synthetic=self.desk.workspace.synthetic,
            done=DONE.get(request.query_params.get("done", "")),
        )  # fmt: skip
        self.site.give(made, forms.BEFORE, before, strict=True)
        return made

    def enter(self, request: Request) -> Response:
        """Name and password."""
        given: dict[str, str] = request.scope["state"].get("form", {})
        target = place(given.get("next"))
        before = self.site.secret(request, forms.BEFORE)
        if before is None or not secrets.same(given.get(forms.CSRF, ""), csrf(before)):
            return self.show(request, status=403, fault=OLD, next_=target)
        address = request.client.host if request.client else ""
        old = self.site.secret(request, forms.SESSION)
        try:
            if not self.local:
                raise Refused
            secret = self.desk.sign_in(
                given.get("name", ""), given.get("password", ""), address, old
            )
        except Refused as refused:
            status, fault = (429, SLOW) if refused.slow else (401, WRONG)
            return self.show(request, status=status, fault=fault, next_=target)
        return self.entered(secret, target, forms.BEFORE)

    def leave(self, request: Request) -> Response:
        """To the hospital's sign-in."""
        if self.hospital is None:
            return looks.message(404, "no hospital's sign-in is set up here")
        if not self.site.here(request):
            return looks.message(421, "this server has another name")
        try:
            address, browser = self.hospital.begin(place(request.query_params.get("next")))
        except NotIn as refused:
            return self.show(request, status=503, fault=refused.words)
        made = RedirectResponse(address, 303, dict(forms.HEADERS))
        self.site.give(made, forms.STATE, browser, seconds=600)
        return made

    def back(self, request: Request) -> Response:
        """Back from the hospital's sign-in."""
        if self.hospital is None:
            return looks.message(404, "no hospital's sign-in is set up here")
        browser = self.site.secret(request, forms.STATE)
        old = self.site.secret(request, forms.SESSION)
        try:
            done = self.hospital.finish(request.query_params.multi_items(), browser, old)
        except NotIn as refused:
            made = self.show(request, status=403, fault=refused.words, next_="")
            self.site.give(made, forms.STATE, None)
            return made
        return self.entered(done.secret, place(done.next), forms.STATE)

    def entered(self, secret: str, target: str, used: str) -> Response:
        """The session's cookie, and on to the page that was wanted."""
        made = RedirectResponse(target, 303, dict(forms.HEADERS))
        self.site.give(made, forms.SESSION, secret)
        self.site.give(made, used, None)
        return made


def add(app: FastAPI, desk: Desk, site: Site, *, local: bool, hospital: Hospital | None) -> None:
    """Put the pages into the application.

    Raises
    ------
    UsageError : there is no way to sign in.
    """
    if not local and hospital is None:
        raise UsageError("There is no way to sign in.", where="--accounts or --oidc")
    door = SignIn(desk, site, local=local, hospital=hospital)

    @app.get("/style.css", include_in_schema=False)
    def style() -> Response:
        """The style sheet."""
        return looks.style()

    @app.get("/sign-in", include_in_schema=False)
    def show(request: Request) -> Response:
        """The sign-in page; who is signed in already goes on."""
        if request.scope["state"].get("secret") is not None and "done" not in request.query_params:
            target = place(request.query_params.get("next"))
            return RedirectResponse(target, 303, dict(forms.HEADERS))
        return door.show(request)

    @app.post("/sign-in", include_in_schema=False)
    def enter(request: Request) -> Response:
        """Sign in."""
        return door.enter(request)

    @app.get("/sign-in/hospital", include_in_schema=False)
    def leave(request: Request) -> Response:
        """To the hospital's sign-in."""
        return door.leave(request)

    @app.get("/sign-in/callback", include_in_schema=False)
    def back(request: Request) -> Response:
        """Back from it."""
        return door.back(request)

    add_account(app, desk, site)
