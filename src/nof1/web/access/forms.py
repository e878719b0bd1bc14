"""What browsers send and what they may be sent back: forms, cookies, addresses, headers.

Reference: OWASP Cross-Site Request Forgery Prevention Cheat Sheet; RFC 6265bis; W3C CSP 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from nof1.core.errors import UsageError
from nof1.web.access import secrets

FORM = "application/x-www-form-urlencoded"
LARGEST, FIELDS = 16_384, 40  # bytes of a form, its fields
SAFE = ("GET", "HEAD", "OPTIONS")
CSRF, CSRF_HEADER = "csrf", "x-csrf-token"
SESSION, BEFORE, STATE = "nof1", "nof1-form", "nof1-hospital"  # cookies
PLACE = re.compile(r"/(?![/\\])[\x21\x23-\x5b\x5d-\x7e]{0,500}")  # no \ and no "
NEAR = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")  # pages of this machine
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it browsers send "Origin: null" with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True)
class Site:
    """Where browsers find this server. ``origins``: scheme, host and port; the first is told."""

    origins: tuple[str, ...]

    @property
    def secure(self) -> bool:
        """Whether it speaks https."""
        return self.origins[0].startswith("https://")

    def cookie(self, name: str) -> str:
        """A cookie's name: with ``__Host-`` no other host and no plain http can set it."""
        return f"__Host-{name}" if self.secure else name

    def secret(self, request: Request, name: str) -> str | None:
        """The secret in a cookie, when it has the form of one."""
        found = request.cookies.get(self.cookie(name), "")
        return found if secrets.FORM.fullmatch(found) else None

    def give(self, response: Response, name: str, secret: str | None, *, strict: bool = False,
             seconds: int | None = None) -> None:  # fmt: skip
        """Set a cookie, or take it away when ``secret`` is None."""
        response.set_cookie(
            self.cookie(name), secret or "", max_age=seconds if secret else 0, path="/",
            secure=self.secure, httponly=True, samesite="strict" if strict else "lax",
        )  # fmt: skip

    def here(self, request: Request) -> bool:
        """Whether the request names this server, and not a name that leads here by a trick."""
        hosts = request.headers.getlist("host")
        return len(hosts) == 1 and hosts[0].lower() in {urlsplit(o).netloc for o in self.origins}

    def own(self, request: Request) -> bool:
        """Whether a page of this server sent the request, as far as the browser tells."""
        origins = request.headers.getlist("origin")
        if origins:
            return len(origins) == 1 and origins[0] in self.origins
        return request.headers.getlist("sec-fetch-site") == ["same-origin"]


def site(url: str, *, loopback: bool) -> Site:
    """The site of a public address; on ``loopback`` also by the other names of this machine.

    Raises
    ------
    UsageError : it is no address of a server, or plain http beyond this machine.
    """
    parts = urlsplit(url.rstrip("/"))
    plain = re.fullmatch(r"https?://[a-z0-9.:\[\]-]{1,255}", url.rstrip("/").lower())
    near = loopback and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if plain is None or not parts.hostname or (parts.scheme == "http" and not near):
        raise UsageError(
            "This is no address at which people can sign in.",
            where="--public-url",
            allowed="https://HOST or https://HOST:PORT",
        )
    default = {"https": 443, "http": 80}[parts.scheme]
    host = parts.hostname if ":" not in parts.hostname else f"[{parts.hostname}]"
    port = "" if parts.port in (None, default) else f":{parts.port}"
    names = [host, *(("127.0.0.1", "localhost", "[::1]") if loopback else ())]
    return Site(tuple(dict.fromkeys(f"{parts.scheme}://{name}{port}" for name in names)))


def fields(raw: bytes) -> dict[str, str] | None:
    """The fields of a form, each once; None when it is no such form."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw),
            max_num_fields=FIELDS, errors="strict",
        )  # fmt: skip
    except ValueError:
        return None
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else None


def place(given: str | None) -> str:
    """Where to go after a sign-in: a path of this server, else the first page.

    >>> place("/model/1?tab=2"), place("//evil.example"), place("https://evil.example")
    ('/model/1?tab=2', '/', '/')
    """
    return given if given is not None and PLACE.fullmatch(given) else "/"
