"""Tokens that were used, shared by all servers that write into one PostgreSQL ledger.

Each token is good for one request. Servers with a ledger in SQLite share a workspace folder, and
with it ``service/tokens.db`` (``nof1.web.security.Used``). Servers on one PostgreSQL may have
nothing else in common, so there the tokens lie in its table ``nof1_token`` (``Shared``, chosen in
``nof1.web.server.ready``). Both serve several worker processes as they are: open one in each
process, after any fork; ``first`` is the whole of it, one INSERT with a unique key.

A token is noted before its request is answered, in a commit of its own that does not wait for the
disk (``synchronous_commit = off``): all servers see it at once and a killed server loses none. Only
when PostgreSQL itself crashes may tokens of the last moment be forgotten (three times
``wal_writer_delay``, by default 0.6 s).
"""

from __future__ import annotations

import hashlib
import threading
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from nof1.advice.ledger import database, schema

CLEAR_S = 60  # seconds between two looks for tokens whose time is over
SKEW_S = 300  # clocks of two servers may differ by so much: until then a token is remembered
LONGEST = "5s"  # a server that waits longer for one row refuses the request
ADD = "INSERT INTO nof1_token (name, until) VALUES (%s, %s) ON CONFLICT DO NOTHING"
CLEAR = "DELETE FROM nof1_token WHERE until < %s"


class Tokens(Protocol):
    """Remembers which tokens were used."""

    def first(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """Note a token that expires ``until`` (seconds since 1970); False when it was used."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Shared:
    """The tokens in a PostgreSQL database; safe for several threads.

    Parameters
    ----------
    url : ``postgresql://`` address of the ledger.

    Raises
    ------
    WorkspaceError : when the database cannot be reached, then and later: nobody is let in.
    """

    def __init__(self, url: str) -> None:
        engine = database.postgres(url)
        try:
            with engine.begin() as connection:
                schema.ready(connection)
        except SQLAlchemyError as error:
            raise database.unreachable(error) from None
        finally:
            engine.dispose()
        self._dialect = engine.dialect
        self._arguments = engine.dialect.create_connect_args(engine.url)
        self._lock = threading.Lock()
        self._connection: Any = None
        self._cleared = 0.0

    def first(self, issuer: str, jti: str, until: float, now: float) -> bool:
        """Note a token; False when any server has seen it before.

        A connection that broke is opened anew once. Should the broken one have noted the token
        already, it is refused: the client asks again with another one.
        """
        row = name(issuer, jti), until
        with self._lock:
            try:
                return self._noted(row, now)
            except self._errors:
                self._drop()
            try:
                return self._noted(row, now)
            except self._errors as error:
                self._drop()
                raise database.unreachable(sa.exc.DBAPIError("", None, error)) from None

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    @property
    def _errors(self) -> type[Exception]:
        found: type[Exception] = self._dialect.loaded_dbapi.Error
        return found

    def _noted(self, row: tuple[bytes, float], now: float) -> bool:
        if self._connection is None:
            self._connection = self._opened()
        if now - self._cleared > CLEAR_S:
            self._connection.execute(CLEAR, (now - SKEW_S,))
            self._cleared = now
        return bool(self._connection.execute(ADD, row).rowcount == 1)

    def _opened(self) -> Any:
        positional, named = self._arguments
        made = self._dialect.loaded_dbapi.connect(*positional, **named, autocommit=True)
        made.execute("SET synchronous_commit = off")
        made.execute(f"SET lock_timeout = '{LONGEST}'")
        made.execute(f"SET statement_timeout = '{LONGEST}'")
        return made

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def name(issuer: str, jti: str) -> bytes:
    """What stands for a token: 32 bytes, whatever characters a stranger puts into it.

    >>> name("a", "bc") == name("ab", "c")
    False
    """
    return hashlib.sha256(f"{len(issuer)}:{issuer}{jti}".encode()).digest()
