"""Asking the issuer: https, no redirect, no proxy, little time and few bytes.

An address comes from the operator's file or from the issuer's own description, never from a
browser. Reference: RFC 9110; RFC 8414.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

SECONDS, LARGEST = 5.0, 2**18


class Failed(Exception):
    """The issuer gave no answer that can be used; ``str`` says why in a word or two."""


def ask(
    address: str,
    *,
    form: dict[str, str] | None = None,
    client: tuple[str, str] | None = None,
    certificates: Path | None = None,
) -> dict[str, Any]:
    """The JSON object at an address: by GET, or by POST of a form.

    Parameters
    ----------
    client : identifier and secret, for "client_secret_basic" (RFC 6749, section 2.3.1).

    Raises
    ------
    Failed : no connection, another status than 200, too slow, too large, or no JSON object.
    """
    headers = {"Accept": "application/json", "User-Agent": "nof1"}
    body = None
    if form is not None:
        body = urlencode(form)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if client is not None:
        pair = ":".join(quote(part, safe="") for part in client)
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    try:
        found = json.loads(_bytes(address, body, headers, certificates))
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"no answer ({type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise Failed("an answer that is no JSON") from None
    if not isinstance(found, dict):
        raise Failed("an answer of another form")
    return found


def _bytes(
    address: str, body: str | None, headers: dict[str, str], certificates: Path | None
) -> bytes:
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        trusted = ssl.create_default_context(cafile=certificates)
        line = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=SECONDS, context=trusted
        )
    else:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        line.request("POST" if body is not None else "GET", path, body, headers)
        answer = line.getresponse()
        if answer.status != 200:
            raise Failed(f"status {answer.status}")
        raw = answer.read(LARGEST + 1)
    finally:
        line.close()
    if len(raw) > LARGEST:
        raise Failed("too many bytes")
    return raw
