"""Sessions: kept on the server, known to the browser by 256 random bits in a cookie.

A session ends after ``IDLE_S`` without a request, after ``WHOLE_S`` in any case, when it is signed
out, and when the account's password or roles change. Each sign-in makes a new identifier.

Reference: OWASP Session Management Cheat Sheet; NIST SP 800-63B-4, section 2.2.3.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from nof1.web.access import secrets
from nof1.web.access.database import Database

IDLE_S, WHOLE_S = 30 * 60.0, 12 * 3600.0
SEEN_S = 60.0  # "last seen" is written at most so often
MOST = 20  # sessions of one account; the oldest ends


@dataclass(frozen=True)
class Session:
    """One session. ``number`` names it on pages; ``begun``, ``seen``, ``until``: seconds UTC."""

    account: str
    number: str
    begun: float
    seen: float
    until: float


class Sessions:
    """The sessions of all accounts."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def begin(self, account: str) -> str:
        """A new session; gives its secret, which only the browser keeps."""
        secret, now = secrets.new(), self._clock()
        with self._database.writing() as db:
            db.execute("DELETE FROM session WHERE until <= ? OR seen <= ?", (now, now - IDLE_S))
            db.execute(
                "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE account = ? "
                "ORDER BY begun DESC LIMIT -1 OFFSET ?)",
                (account, MOST - 1),
            )
            row = (secrets.kept(secret), account, now, now, now + WHOLE_S)
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a cookie while it lasts; its idle time starts anew."""
        if not secrets.FORM.fullmatch(secret):
            return None
        name, now = secrets.kept(secret), self._clock()
        for row in self._database.rows("SELECT * FROM session WHERE hash = ?", name):
            if now >= row["until"] or now - row["seen"] >= IDLE_S:
                self._end("hash = ?", name)
                return None
            if now - row["seen"] >= SEEN_S:
                with self._database.writing() as db:
                    db.execute("UPDATE session SET seen = ? WHERE hash = ?", (now, name))
            return _session(row)
        return None

    def all(self, account: str) -> list[Session]:
        """The sessions of an account that last, newest first."""
        now = self._clock()
        rows = self._database.rows(
            "SELECT * FROM session WHERE account = ? AND until > ? AND seen > ? "
            "ORDER BY begun DESC",
            account, now, now - IDLE_S,
        )  # fmt: skip
        return [_session(row) for row in rows]

    def end(self, secret: str) -> None:
        """End one session."""
        self._end("hash = ?", secrets.kept(secret))

    def end_all(self, account: str) -> int:
        """End all sessions of an account; how many there were."""
        return self._end("account = ?", account)

    def _end(self, which: str, value: object) -> int:
        with self._database.writing() as db:
            return db.execute(f"DELETE FROM session WHERE {which}", (value,)).rowcount


def _session(row: sqlite3.Row) -> Session:
    number = row["hash"].hex()[:8]

    return Session(row["account"], number, row["begun"], row["seen"], row["until"])
