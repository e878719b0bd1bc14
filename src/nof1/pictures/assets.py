"""The files inlined into every page, and the content security policy that allows just them.

Nothing is fetched: scripts and styles stand in the page, named by their SHA-256 in the policy,
so that nothing else can run even if hostile text slipped through the escaping.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from nof1.pictures import theme

VENDORED = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-interpreter.js")
THEME = "/* theme */ {}"  # what charts.js holds where the house's look belongs
STYLES = {"surveillance": ("surveillance.css",)}  # kind of page -> its own style sheets


@cache
def text(name: str) -> str:
    """The text of a file beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def scripts(charts: bool) -> tuple[str, ...]:
    """The scripts of a page: none at all when it shows no Vega chart."""
    if not charts:
        return ()
    drawn = text("charts.js").replace(THEME, json_text(theme.config()))
    return (*(text(name) for name in VENDORED), drawn)


def style(kind: str = "") -> str:
    """The style sheet of every page, and what a kind of page has beyond it."""
    return "\n".join([text("style.css"), *(text(name) for name in STYLES.get(kind, ()))])


def policy(charts: bool, kind: str = "") -> str:
    """The content security policy of a page, by the hashes of what is inlined."""
    allowed = " ".join(map(_hash, scripts(charts))) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style(kind))}; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def json_text(data: Any) -> str:
    """JSON that may stand inside a script element: no markup character survives."""
    made = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return made.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
