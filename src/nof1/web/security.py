"""Who asks: a signed token with every request, checked without ever saying what was wrong with it.

ES384 and RS384 only, and the algorithm must fit the kind of the key; the key comes from the
operator's file, never from the token (no ``jwk``, ``x5c``, ``x5u``; ``jku`` is compared, never
opened); the audience is the very address that is called; each token is good for one request.

Reference: HL7 CDS Hooks (3.0 ballot), "Trusting CDS Clients"; RFC 7515, 7519, 8725.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from nof1.advice.ledger.tokens import Tokens
from nof1.web.clients import Client, Clients, Key

LONGEST = 8192  # characters of a token
LIFETIME_S, AHEAD_S = 3600, 60  # a token's longest life; how far a client's clock may run ahead
HEADER = frozenset({"alg", "typ", "kid", "jku"})


class NotTrusted(Exception):
    """The token does not hold. It says nothing on purpose: an attacker learns nothing."""


class Used:
    """Identifiers of tokens that were used, until they expire; shared by all processes on a file.

    Parameters
    ----------
    path : SQLite file, so that a restart forgets nothing; None keeps them in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False)
        self._db.isolation_level = None  # each statement is its own transaction
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS used (issuer TEXT, jti TEXT, until REAL, "
            "PRIMARY KEY (issuer, jti)) WITHOUT ROWID"
        )
        self._cleared = 0.0

    def first(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """Note a token; False when it was used before."""
        with self._lock:
            if now - self._cleared > AHEAD_S:
                self._db.execute("DELETE FROM used WHERE until < ?", (now,))
                self._cleared = now
            row = (issuer, jti, until)
            done = self._db.execute("INSERT OR IGNORE INTO used VALUES (?, ?, ?)", row)
            return done.rowcount == 1

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


class Gate:
    """Lets in whoever holds a good token, and tells who it is."""

    def __init__(
        self, clients: Clients, used: Tokens, clock: Callable[[], float] = time.time
    ) -> None:
        self.clients, self._used, self._clock = clients, used, clock

    def issuer(self, header: str | None, path: str) -> str:
        """The issuer of the token in an ``Authorization`` header, for a call of ``path``.

        Raises
        ------
        NotTrusted : for every fault alike.
        """
        try:
            scheme, _, token = (header or "").partition(" ")
            if scheme.lower() != "bearer" or not token or len(token) > LONGEST:
                raise NotTrusted
            client, key, algorithm = self._key(token)
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._check(claims, client, self.clients.base_url + path)
        except (NotTrusted, JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise NotTrusted from None
        return client.issuer

    def _key(self, token: str) -> tuple[Client, Key, str]:
        """The key of the operator's file that this token claims, and the algorithm that fits it."""
        head, claims = (_part(token, place) for place in (0, 1))
        client = self.clients.by_issuer.get(claims["iss"])
        if client is None or not set(head) <= HEADER or head.get("typ") != "JWT":
            raise NotTrusted
        if "jku" in head and (client.jku is None or head["jku"] != client.jku):
            raise NotTrusted
        key = client.keys[head["kid"]]
        algorithm = "ES384" if isinstance(key, ECKey) else "RS384"
        if head["alg"] != algorithm:
            raise NotTrusted
        return client, key, algorithm

    def _check(self, claims: dict[str, Any], client: Client, address: str) -> None:
        now = self._clock()
        expires, issued, jti = claims["exp"], claims["iat"], claims["jti"]
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        numbers = all(type(one) in (int, float) for one in (expires, issued))
        good = (
            claims["iss"] == client.issuer
            and numbers
            and address in audience
            and now < expires <= issued + LIFETIME_S
            and issued <= now + AHEAD_S
            and claims.get("nbf", issued) <= now + AHEAD_S
            and isinstance(jti, str)
            and 1 <= len(jti) <= 256
        )
        if not good or not self._used.first(client.issuer, jti, expires, now):
            raise NotTrusted


def _part(token: str, place: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token, not yet believed."""
    parts = token.split(".")
    if len(parts) != 3:
        raise NotTrusted
    text = parts[place]
    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not isinstance(found, dict):
        raise NotTrusted
    return found
