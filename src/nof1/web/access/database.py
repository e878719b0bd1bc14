"""The one file in which accounts, sessions, tokens and emergencies are kept: ``access.db``.

SQLite in the workspace's ``service/`` folder, readable by its owner only. Passwords are hashed
with scrypt; session identifiers, tokens and states of a sign-in are kept as SHA-256 of 256 random
bits, so that a copy of the file lets nobody in.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nof1.core.errors import WorkspaceError
from nof1.core.private_file import owned

FILE = "access.db"
FORMAT = 1
WAIT_S = 10
SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    account TEXT PRIMARY KEY, name TEXT NOT NULL, person INTEGER NOT NULL, roles TEXT NOT NULL,
    password TEXT, every_patient INTEGER NOT NULL, made REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listed (
    account TEXT NOT NULL REFERENCES account ON DELETE CASCADE, patient TEXT NOT NULL,
    PRIMARY KEY (account, patient)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    hash BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
    begun REAL NOT NULL, seen REAL NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
    hash BLOB PRIMARY KEY, number TEXT UNIQUE NOT NULL,
    account TEXT NOT NULL REFERENCES account ON DELETE CASCADE,
    label TEXT NOT NULL, scopes TEXT NOT NULL, made REAL NOT NULL, until REAL NOT NULL,
    used REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS emergency (
    number TEXT PRIMARY KEY, account TEXT NOT NULL, patient TEXT NOT NULL, reason TEXT NOT NULL,
    words TEXT NOT NULL, begun REAL NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tries (
    name TEXT PRIMARY KEY, count INTEGER NOT NULL, last REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (
    state BLOB PRIMARY KEY, browser BLOB NOT NULL, nonce TEXT NOT NULL, verifier TEXT NOT NULL,
    next TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""


class Database:
    """The open file; safe for several threads, and for several processes on the same file.

    Parameters
    ----------
    folder : the workspace's ``service`` folder.

    Raises
    ------
    WorkspaceError : others may read the file, it is damaged, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / FILE
        _private(path)
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, timeout=WAIT_S, check_same_thread=False)
            self._db.isolation_level = None  # we say BEGIN ourselves
            self._db.row_factory = sqlite3.Row
            for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON",
                            "foreign_keys=ON", "trusted_schema=OFF"):  # fmt: skip
                self._db.execute(f"PRAGMA {setting}")
            self._ready()
        except sqlite3.DatabaseError as error:
            raise _damaged(type(error).__name__) from None

    def _ready(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise _damaged(f"version {version}")
        if version == 0:
            with self.writing() as db:
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={FORMAT}")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. Inside another one it is part of that."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a question."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def exists(folder: Path) -> bool:
    """Whether the workspace has accounts."""
    return (folder / FILE).exists()


def _private(path: Path) -> None:
    """The file exists and is its owner's alone."""
    try:
        owned(path, "the accounts")
    except OSError as error:
        raise _damaged(error.strerror or "it cannot be opened") from None


def _damaged(what: str) -> WorkspaceError:
    return WorkspaceError(
        f"The accounts cannot be used ({what}).",
        where=f"service/{FILE}",
        next_step="Put the file back from your backup, or use the nof1 that wrote it.",
    )
