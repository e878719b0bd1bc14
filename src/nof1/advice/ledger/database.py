"""The database under a ledger: SQLite beside the audit log, or PostgreSQL by its address."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nof1.advice.ledger import schema
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.extras import require

FILE = "ledger.db"
WAIT_S = 30
WRITING = {"nof1_writing": True}


def connect(folder: Path, url: str | None = None, *, make: bool = True) -> sa.Engine:
    """The engine for ``folder/ledger.db``, or for a ``postgresql://`` address.

    With ``make``, tables that are not there yet are made; without, nothing is written.

    SQLite runs in WAL mode with ``synchronous=FULL``: what was committed outlives a power cut.

    Raises
    ------
    UsageError : for another kind of address. MissingExtra : when psycopg is absent.
    WorkspaceError : when the database cannot be reached. None repeats the address: it may hold a
        password.
    """
    engine = _sqlite(folder / FILE, make=make) if url is None else postgres(url)
    if not make:
        return engine
    try:
        with engine.execution_options(**WRITING).begin() as connection:
            schema.ready(connection)
    except SQLAlchemyError as error:
        engine.dispose()
        raise unreachable(error) from None
    return engine


def flush(engine: sa.Engine) -> None:
    """After a deletion: leave no copy of the deleted rows in SQLite's log file."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.rollback()
            raw = connection.connection.dbapi_connection
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def of_driver(engine: sa.Engine) -> type[Exception]:
    """What the driver raises when it is spoken to directly."""
    found: type[Exception] = engine.dialect.loaded_dbapi.Error
    return found


def unreachable(error: Exception) -> WorkspaceError:
    """A refusal that names the kind of trouble and neither address nor values."""
    cause = getattr(error, "orig", None) or error
    return WorkspaceError(
        f"The ledger's database does not answer as it should ({type(cause).__name__}).",
        where="the ledger (audit/ledger.db, or --database)",
        next_step="Check that it runs, that its disk has space and that you may write to it.",
    )


def _sqlite(path: Path, *, make: bool) -> sa.Engine:
    if not make and not path.exists():
        raise WorkspaceError(
            "There is no ledger here: no question was asked yet.",
            where=path.name,
            next_step="Give the address with --database if it is in PostgreSQL.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # private before the first row
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": WAIT_S}
    )

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # what was forgotten is overwritten

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once, so that the head it reads is the head it extends.
        writing = connection.get_execution_options().get("nof1_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def postgres(url: str) -> sa.Engine:
    """The engine for a ``postgresql://`` address; nothing is made or asked yet.

    Raises
    ------
    UsageError : for another kind of address. MissingExtra : when psycopg is absent.
    """
    refusal = UsageError(
        "This is not the address of a database that the ledger can use.",
        where="--database",
        allowed="postgresql://USER@HOST/DATABASE",
    )
    try:
        address = sa.make_url(url)
    except ArgumentError:
        raise refusal from None
    if address.drivername not in ("postgresql", "postgresql+psycopg"):
        raise refusal
    require("psycopg", "postgres")
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True)

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, record: Any) -> None:
        connection.execute("SET synchronous_commit = on")  # a receipt means: on disk
        connection.execute(f"SET lock_timeout = '{WAIT_S}s'")
        connection.commit()

    return engine
