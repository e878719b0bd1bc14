"""The page of one's own account: roles, sessions, tokens, password, emergency access."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse

from nof1.core.errors import UsageError
from nof1.web.access import emergency, forms, guard, looks, secrets
from nof1.web.access import tokens as api
from nof1.web.access.desk import Desk, Refused
from nof1.web.access.forms import Site
from nof1.web.access.roles import titles

DONE = {
    "token": "The token is removed.",
    "emergency": "The patient is open for you. It is recorded.",
    "ended": "The emergency access is ended.",
}
SLOW = "Too many tries. Wait a while."
NOT_SAME = "The new passwords are not the same."


class Mine:
    """The page and what its forms do. Everything concerns the account that is signed in."""

    def __init__(self, desk: Desk, site: Site) -> None:
        self._desk, self._site = desk, site

    def show(self, request: Request, *, status: int = 200, fault: str | None = None,
             broken: str = "", secret: str | None = None) -> Response:  # fmt: skip
        """The page; ``broken`` names the form that was not good, ``secret`` is a new token."""
        who, desk = guard.who(request), self._desk
        session = _session(request)
        local = who.account.startswith("local:")
        count = None if who.patients is None else len(who.patients)
        return looks.page(
            "account", status, title="My account", fault=fault, broken=broken, secret=secret,
            synthetic=desk.workspace.synthetic, csrf=guard.csrf(session), who=who, local=local,
            roles=titles(who.roles), scopes=sorted(map(str, who.scopes)),
            patients="all" if count is None else f"{count} on your list",
            may_break=guard.may(request, "create", "Emergency").allowed,
            minutes=round(emergency.LASTS_S / 60), reasons=emergency.REASONS,
            opened=desk.emergencies.open_now(who.account),
            sessions=desk.sessions.all(who.account), here=secrets.kept(session).hex()[:8],
            tokens=desk.tokens.all(who.account),
            most_days=api.MOST_DAYS if local else api.HOSPITAL_DAYS,
            days=api.DAYS if local else api.HOSPITAL_DAYS,
            done=DONE.get(request.query_params.get("done", "")),
        )  # fmt: skip

    def out(self, request: Request) -> Response:
        """Sign out here."""
        self._desk.sessions.end(_session(request))
        self._desk.journal.note("sign-out", account=guard.who(request).account)
        return self._gone("out")

    def out_everywhere(self, request: Request) -> Response:
        """Sign out in all browsers."""
        account = guard.who(request).account
        ended = self._desk.sessions.end_all(account)
        self._desk.journal.note("sign-out", account=account, everywhere=True, sessions=ended)
        return self._gone("everywhere")

    def password(self, request: Request) -> Response:
        """Another password: the old one is asked for, and all sessions end."""
        who, given = guard.who(request), _form(request)
        address = request.client.host if request.client else ""
        try:
            account = self._desk.checked(who.name, given.get("old", ""), address)
            if account != who.account:
                raise Refused
            if given.get("new", "") != given.get("again", ""):
                raise UsageError(NOT_SAME)
            self._desk.accounts.set_password(account, given.get("new", ""), by="itself")
        except Refused as refused:
            fault = (
                "Too many tries. Wait a while." if refused.slow else "The old password is wrong."
            )
            return self.show(request, status=403, fault=fault, broken="password")
        except UsageError as error:
            return self.show(request, status=400, fault=_words(error), broken="password")
        return self._gone("password")

    def token(self, request: Request) -> Response:
        """A new token, shown this once."""
        who, given = guard.who(request), _form(request)
        days = given.get("days", "")
        try:
            secret, _ = self._desk.tokens.make(
                who.account, who.roles, given.get("scopes", ""), label=given.get("label", ""),
                days=int(days) if days.isdecimal() and len(days) < 5 else 0, by="itself",
            )  # fmt: skip
        except UsageError as error:
            return self.show(request, status=400, fault=_words(error), broken="token")
        return self.show(request, secret=secret)

    def no_token(self, request: Request) -> Response:
        """Remove a token."""
        try:
            number = _form(request).get("number", "")
            self._desk.tokens.remove(guard.who(request).account, number, by="itself")
        except UsageError as error:
            return self.show(request, status=400, fault=_words(error))
        return self._again("token")

    def emergency(self, request: Request) -> Response:
        """Open a patient who is not on the list."""
        given = _form(request)
        try:
            marked = emergency.mark(self._desk.workspace.audit, given.get("patient", ""))
            self._desk.emergencies.begin(
                guard.who(request).account, marked, given.get("reason", ""), given.get("words", "")
            )
        except UsageError as error:
            return self.show(request, status=400, fault=_words(error), broken="emergency")
        return self._again("emergency")

    def no_emergency(self, request: Request) -> Response:
        """End it before its time."""
        number = _form(request).get("number", "")
        self._desk.emergencies.end(guard.who(request).account, number)
        return self._again("ended")

    def _again(self, done: str) -> Response:
        return RedirectResponse(f"/account?done={done}", 303, dict(forms.HEADERS))

    def _gone(self, done: str) -> Response:
        made = RedirectResponse(f"/sign-in?done={done}", 303, dict(forms.HEADERS))
        self._site.give(made, forms.SESSION, None)
        return made


def add(app: FastAPI, desk: Desk, site: Site) -> None:
    """Put the page and its forms into the application."""
    mine = Mine(desk, site)
    own, broken = guard.signed_in(), guard.signed_in("create", "Emergency")
    _put(app, "/account", "GET", mine.show, own)
    _put(app, "/account/sign-out", "POST", mine.out, own)
    _put(app, "/account/sign-out-everywhere", "POST", mine.out_everywhere, own)
    _put(app, "/account/password", "POST", mine.password, own)
    _put(app, "/account/token", "POST", mine.token, own)
    _put(app, "/account/token/remove", "POST", mine.no_token, own)
    _put(app, "/account/emergency", "POST", mine.emergency, broken)
    _put(app, "/account/emergency/end", "POST", mine.no_emergency, own)


def _put(
    app: FastAPI,
    path: str,
    method: str,
    answer: Callable[[Request], Response],
    rule: Callable[[Callable[..., Response]], Callable[..., Response]],
) -> None:
    def endpoint(request: Request) -> Response:
        return answer(request)

    app.add_api_route(path, rule(endpoint), methods=[method], include_in_schema=False)


def _words(error: UsageError) -> str:
    allowed = error.allowed if isinstance(error.allowed, str) else ", ".join(error.allowed or ())
    return f"{error.message} {f'Allowed: {allowed}.' if allowed else ''}".strip()


def _form(request: Request) -> dict[str, str]:
    found: dict[str, str] = request.scope["state"].get("form", {})
    return found


def _session(request: Request) -> str:
    found: str = request.scope["state"]["secret"]
    return found
