"""API tokens: for programs, and for a person's own scripts; shown once, kept as a hash.

A token never allows more than its account does: both its own scopes and the account's roles must
allow what is asked, at the moment of asking.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from nof1.core.errors import UsageError
from nof1.web.access import secrets
from nof1.web.access.database import Database
from nof1.web.access.journal import Journal
from nof1.web.access.roles import scopes_of
from nof1.web.access.scopes import PATIENT_KINDS, Scope, parse_all, written

DAYS, MOST_DAYS, MOST = 90, 366, 20  # a token's life by default and at most; tokens an account
DAY_S, USED_S = 86_400.0, 300.0
HOSPITAL_DAYS = 30  # for people of the hospital's sign-in: who left is not told to us
LABEL = 60


@dataclass(frozen=True)
class Token:
    """One token. ``number`` names it on pages and in the log; times in seconds UTC."""

    account: str
    number: str
    label: str
    scopes: frozenset[Scope]
    made: float
    until: float
    used: float | None


class ApiTokens:
    """The tokens of all accounts."""

    def __init__(
        self, database: Database, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._journal, self._clock = database, journal, clock

    def make(
        self, account: str, roles: tuple[str, ...], scopes: str, *, label: str, days: int, by: str
    ) -> tuple[str, Token]:
        """A new token: its secret, which is told this once, and what is kept of it.

        Parameters
        ----------
        roles : of the account. scopes : as text, none wider than the roles; "" takes all of them.

        Raises
        ------
        UsageError : the scopes are wider than the account's, the time is too long, or there are
            too many tokens.
        """
        wanted = parse_all(scopes) if scopes.strip() else scopes_of(roles)
        _within(wanted, scopes_of(roles))
        most = HOSPITAL_DAYS if account.startswith("oidc:") else MOST_DAYS
        if not 1 <= days <= most:
            raise UsageError("A token cannot last so long.", where="days", allowed=f"1 to {most}")
        label = " ".join(label.split())[:LABEL] or "no label"
        secret, now = secrets.TOKEN + secrets.new(), self._clock()
        number = secrets.kept(secret).hex()[:12]
        with self._database.writing() as db:
            db.execute("DELETE FROM token WHERE until <= ?", (now,))
            if len(self.all(account)) >= MOST:
                raise UsageError(
                    f"An account has at most {MOST} tokens.", next_step="Remove one of them first."
                )
            until = now + days * DAY_S
            row = (secrets.kept(secret), number, account, label, written(wanted), now, until, None)
            db.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._journal.note(
                "token made", account=account, token=number, scopes=written(wanted), days=days,
                by=by,
            )  # fmt: skip
        return secret, Token(account, number, label, wanted, now, until, None)

    def find(self, secret: str) -> Token | None:
        """The token of a secret while it lasts."""
        if not secret.startswith(secrets.TOKEN) or len(secret) > 100:
            return None
        name, now = secrets.kept(secret), self._clock()
        query = "SELECT * FROM token WHERE hash = ? AND until > ?"
        for row in self._database.rows(query, name, now):
            if now - (row["used"] or 0.0) >= USED_S:
                with self._database.writing() as db:
                    db.execute("UPDATE token SET used = ? WHERE hash = ?", (now, name))
            return _token(row)
        return None

    def all(self, account: str) -> list[Token]:
        """The tokens of an account that last, newest first."""
        query = "SELECT * FROM token WHERE account = ? AND until > ? ORDER BY made DESC"
        return [_token(row) for row in self._database.rows(query, account, self._clock())]

    def remove(self, account: str, number: str, *, by: str) -> None:
        """Remove a token of an account.

        Raises
        ------
        UsageError : it has none of this number.
        """
        with self._database.writing() as db:
            query = "DELETE FROM token WHERE account = ? AND number = ?"
            if not db.execute(query, (account, number)).rowcount:
                raise UsageError("This account has no such token.", where="token")
            self._journal.note("token removed", account=account, token=number, by=by)


def _within(wanted: frozenset[Scope], given: frozenset[Scope]) -> None:
    """Refuse scopes of which a letter is not in the account's own."""
    for one in sorted(wanted):
        kinds = {one.kind, "*"} if one.kind in PATIENT_KINDS else {one.kind}
        own = [each for each in given if each.context == one.context and each.kind in kinds]
        if not set(one.letters) <= {letter for each in own for letter in each.letters}:
            raise UsageError(
                f"The roles of this account do not give {one}.",
                where="scopes",
                allowed=written(given),
            )


def _token(row: sqlite3.Row) -> Token:
    return Token(
        row["account"], row["number"], row["label"], parse_all(row["scopes"]), row["made"],
        row["until"], row["used"],
    )  # fmt: skip
