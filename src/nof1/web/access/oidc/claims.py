"""An ID token: believed only when its signature, issuer, audience, times and nonce hold.

Reference: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from nof1.web.access import secrets
from nof1.web.access.oidc.issuer import Issuer
from nof1.web.access.oidc.settings import Settings

LONGEST = 2**16  # characters of a token
SKEW_S, AGE_S = 60.0, 600.0  # how far clocks may differ; how old a fresh token may be
HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})  # nothing that brings a key along
MOST_GROUPS = 2000


class Untrue(Exception):
    """The token does not hold; ``str`` names the check, for the log of this server alone."""


@dataclass(frozen=True)
class Person:
    """Who the issuer says it is."""

    subject: str
    name: str
    groups: tuple[str, ...]


def person(token: str, settings: Settings, issuer: Issuer, nonce: str, now: float) -> Person:
    """The person of an ID token.

    Raises
    ------
    Untrue : a check fails. Failed : the issuer's keys cannot be had.
    """
    claims = _verified(token, settings, issuer)
    _check(claims, settings, nonce, now)
    name = claims.get("preferred_username") or claims.get("name") or ""
    shown = "".join(c for c in name if c.isprintable())[:80] if isinstance(name, str) else ""
    return Person(claims["sub"], shown.strip() or "hospital account", _groups(claims, settings))


def _verified(token: str, settings: Settings, issuer: Issuer) -> dict[str, Any]:
    if len(token) > LONGEST or token.count(".") != 2:
        raise Untrue("form")
    try:
        text = token.partition(".")[0]
        head = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise Untrue("form") from None
    if not isinstance(head, dict) or not set(head) <= HEADER:
        raise Untrue("header")
    algorithm, kid = head.get("alg"), head.get("kid")
    if algorithm not in settings.algorithms or str(head.get("typ", "JWT")).upper() != "JWT":
        raise Untrue("algorithm")
    if not isinstance(kid, str) or not kid:
        raise Untrue("key")
    key = issuer.key(kid, algorithm)
    try:
        return dict(jwt.decode(token, key, algorithms=[algorithm]).claims)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise Untrue("signature") from None


def _check(claims: dict[str, Any], settings: Settings, nonce: str, now: float) -> None:
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    times: list[Any] = [claims.get(name) for name in ("exp", "iat", "nbf")]
    expires, issued, before = times
    subject = claims.get("sub")
    checks = {
        "issuer": claims.get("iss") == settings.issuer,
        "audience": settings.client_id in several,
        "authorised party": party == settings.client_id or (party is None and len(several) == 1),
        "expired": _number(expires) and now < expires + SKEW_S,
        "issued": _number(issued) and now - AGE_S <= issued <= now + SKEW_S,
        "not yet": before is None or (_number(before) and before <= now + SKEW_S),
        "nonce": isinstance(claims.get("nonce"), str) and secrets.same(claims["nonce"], nonce),
        "subject": isinstance(subject, str) and 1 <= len(subject) <= 255,
    }
    for name, good in checks.items():
        if not good:
            raise Untrue(name)


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e12


def _groups(claims: dict[str, Any], settings: Settings) -> tuple[str, ...]:
    """The groups; none when the claim is absent. One that is no list of names is refused."""
    found = claims.get(settings.groups_claim, [])
    if not isinstance(found, list) or len(found) > MOST_GROUPS:
        raise Untrue("groups")
    if not all(isinstance(one, str) for one in found):
        raise Untrue("groups")
    return tuple(found)
