"""Identifiers in addresses: a slash inside one (``%2F``) is not a slash between two parts.

Servers decode a path before it is matched, and then ``/patients/a%2Fb`` looks like a page ``b``
below the patient ``a``. Here the quoted slash stays apart until the route is found: the path holds
a character in its place that stands in no text, and the convertor ``id`` gives the slash back.

Reference: RFC 3986, 2.2 and 2.4; the Unicode Standard, 23.7 (noncharacters).
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

APART = "\uffff"  # a noncharacter; one that somebody sends is replaced
SLASH = re.compile(rb"%2f", re.IGNORECASE)


class Identifier(Convertor[str]):
    """``{patient:id}``: one part of a path, with slashes where they were quoted."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The identifier of a part of a path."""
        return value.replace(APART, "/")

    def to_string(self, value: str) -> str:
        """The part of a path for an identifier."""
        return quote(value, safe="")


register_url_convertor("id", Identifier())


class Slashes:
    """Middleware around all that looks at paths: keeps quoted slashes apart."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") if scope["type"] == "http" else None
        if raw and b"%" in raw:
            scope = {**scope, "path": parted(raw)}
        await self._app(scope, receive, send)


def parted(raw: bytes) -> str:
    """A path as it is matched.

    >>> parted(b"/patients/a%2Fb%20c") == "/patients/a" + APART + "b c"
    True
    """
    parts = SLASH.split(raw)
    return APART.join(unquote(one.decode("latin-1")).replace(APART, "\ufffd") for one in parts)


def own(request: Request) -> str:
    """The path of a request as it was sent, quoted: for links of a page to itself."""
    raw = request.scope.get("raw_path")
    return quote(request.url.path) if raw is None else quote(raw, safe="/%:@!$&'()*+,;=~-._")
