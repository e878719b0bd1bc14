"""Scripts and style sheets at ``/static/NAME?v=HASH``, compressed once and kept for a year.

Nothing here is secret and nothing depends on who asks. Pages themselves are not compressed: they
hold the token of their forms beside what readers type (the BREACH attack, CVE-2013-3587).
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import FastAPI, Request, Response

from nof1.pictures import assets

OWN = files(__package__).joinpath("static")
ACCESS = files("nof1.web.access")
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: its bytes plain and compressed, its hash and type."""

    plain: bytes
    packed: bytes
    digest: str
    kind: str


def _site_css() -> str:
    access = ACCESS.joinpath("access.css").read_text(encoding="utf-8")
    surveillance = assets.text("surveillance.css")
    own = OWN.joinpath("site.css").read_text(encoding="utf-8")
    return "\n".join([assets.style(), surveillance, access, own])


def _charts_js() -> str:
    return "\n".join(assets.scripts(charts=True))


BUNDLES = {"site.css": _site_css, "charts.js": _charts_js}


@cache
def asset(name: str) -> Asset | None:
    """The file of this name; None when there is none."""
    kind = TYPES.get(name.rpartition(".")[2])
    if kind is None or "/" in name or "\\" in name or name.startswith("."):
        return None
    if name in BUNDLES:
        plain = BUNDLES[name]().encode()
    elif OWN.joinpath(name).is_file():
        plain = OWN.joinpath(name).read_bytes()
    else:
        return None
    digest = hashlib.sha256(plain).hexdigest()[:16]
    return Asset(plain, gzip.compress(plain, mtime=0), digest, kind)


def names() -> list[str]:
    """Names of all files that pages can ask for."""
    own = [one.name for one in OWN.iterdir() if one.name.rpartition(".")[2] in TYPES]
    return [*BUNDLES, *sorted(set(own) - {*BUNDLES})]


def address(name: str) -> str:
    """Where a page finds a file; the hash makes it a new address when the file changes.

    Raises
    ------
    KeyError : there is no such file.
    """
    found = asset(name)
    if found is None:
        raise KeyError(name)
    return f"/static/{name}?v={found.digest}"


def add(app: FastAPI) -> None:
    """Put the address into the application."""

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str, request: Request) -> Response:
        """One file."""
        found = asset(name)
        if found is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        fresh = request.query_params.get("v") == found.digest
        headers = {
            "Cache-Control": YEAR if fresh else "no-cache",
            "ETag": f'"{found.digest}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.kind
            )
        return Response(found.plain, headers=headers, media_type=found.kind)
