"""Learners' data: staff data, in a file of its own, kept only of those who asked for it.

``academy/learners.db`` in the workspace, readable by its owner only. Nothing is written about a
learner before he or she has opted in; the text that was agreed to is kept with its time. ``export``
gives a learner all of it, ``forget`` removes every row and writes the file anew, so that no byte of
it stays in the file. Backups made earlier, and blocks that the disk has not used again, are beyond
its reach. There is no list of learners here, and no view of one person but by that person's name.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nof1.academy.sitting import Sitting, Step
from nof1.core.errors import InputError, UsageError, WorkspaceError
from nof1.core.private_file import owned

FILE = "learners.db"
FORMAT = 1
WAIT_S = 10
NAME_LENGTH = 200
CONSENT = (
    "Keep my answers, the times I took and my own lines in this hospital's academy file, so that I "
    "can go on later and see how I change. They are used to teach me, and to count together with "
    "those of at least nine others, never to judge me. I can export them and delete them at any "
    "time. I write nothing about a real patient."
)
SCHEMA = """
CREATE TABLE learner (
    name TEXT PRIMARY KEY, agreed TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sitting (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL REFERENCES learner ON DELETE CASCADE,
    begun TEXT NOT NULL, ended TEXT, state TEXT NOT NULL, UNIQUE (name, begun));
CREATE TABLE lesson (
    name TEXT NOT NULL REFERENCES learner ON DELETE CASCADE, lesson TEXT NOT NULL,
    at TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (name, lesson)) WITHOUT ROWID;
"""


class Store:
    """The open file; safe for several threads, and for several processes on the same file.

    Parameters
    ----------
    folder : the workspace's ``academy`` folder. The file is made when somebody opts in, not before.

    Raises
    ------
    WorkspaceError : others may read the file, it is damaged, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        if self.path.exists():
            self._open()

    def opted(self, name: str) -> str | None:
        """When this learner opted in, UTC; None when he or she did not."""
        rows = self._rows("SELECT at FROM learner WHERE name = ?", name)
        return rows[0]["at"] if rows else None

    def opt_in(self, name: str, now: datetime, agreed: str = CONSENT) -> None:
        """Keep this learner's data from now on; a second time changes nothing.

        Raises
        ------
        InputError : the name is empty or too long.
        """
        if not 1 <= len(name) <= NAME_LENGTH:
            raise InputError("The learner has no usable name.", where="name",
                             allowed=f"1 to {NAME_LENGTH} characters")  # fmt: skip
        with self._lock:
            if self._db is None:
                self._open()
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO learner VALUES (?, ?, ?)", (name, agreed, _at(now)))

    def keep(self, name: str, sitting: Sitting, now: datetime) -> None:
        """Write a sitting as it stands, instead of its earlier state.

        Raises
        ------
        UsageError : this learner did not opt in.
        """
        self.must_have(name)
        ended = _at(now) if sitting.step is Step.DONE else None
        state = json.dumps(sitting.to_dict(), ensure_ascii=False)
        with self._writing() as db:
            db.execute(
                "INSERT INTO sitting (name, begun, ended, state) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (name, begun) DO UPDATE SET ended = excluded.ended, "
                "state = excluded.state",
                (name, sitting.begun, ended, state),
            )

    def sittings(self, name: str) -> list[Sitting]:
        """All sittings of a learner, oldest first."""
        rows = self._rows("SELECT state FROM sitting WHERE name = ? ORDER BY number", name)
        return [_read(row["state"]) for row in rows]

    def keep_lesson(self, name: str, lesson: str, state: dict[str, Any], now: datetime) -> None:
        """Write how far a learner is in a lesson (any small JSON), instead of what was there.

        Raises
        ------
        UsageError : this learner did not opt in.
        """
        self.must_have(name)
        text = json.dumps(state, ensure_ascii=False)
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO lesson VALUES (?, ?, ?, ?)",
                       (name, lesson, _at(now), text))  # fmt: skip

    def lessons(self, name: str) -> dict[str, dict[str, Any]]:
        """Lesson -> what was kept of it, with ``at``, when."""
        rows = self._rows("SELECT lesson, at, state FROM lesson WHERE name = ? ORDER BY at", name)
        return {row["lesson"]: {**json.loads(row["state"]), "at": row["at"]} for row in rows}

    def export(self, name: str) -> dict[str, Any]:
        """Everything that is kept of a learner (schema ``nof1/academy-export/1``).

        Raises
        ------
        UsageError : nothing is kept under this name.
        """
        self.must_have(name)
        row = self._rows("SELECT agreed, at FROM learner WHERE name = ?", name)[0]
        return {
            "schema": "nof1/academy-export/1",
            "name": name,
            "opted_in": {"at": row["at"], "text": row["agreed"]},
            "sittings": [one.to_dict() for one in self.sittings(name)],
            "lessons": self.lessons(name),
        }

    def forget(self, name: str) -> dict[str, int]:
        """Remove all of a learner; gives how many rows of each kind went.

        Raises
        ------
        UsageError : nothing is kept under this name.
        """
        self.must_have(name)
        gone = {}
        with self._writing() as db:
            for one in ("sitting", "lesson", "learner"):
                gone[one] = db.execute(f"DELETE FROM {one} WHERE name = ?", (name,)).rowcount
        with self._lock, self._in_words():
            assert self._db is not None
            self._db.execute("VACUUM")  # the file is written anew, without the emptied pages
        return gone

    def first_tests(self, sittings: int) -> list[list[Sitting]]:
        """Each learner's first finished test, without a name, in the order in which they ended."""
        rows = self._rows(
            "SELECT name, ended, state FROM sitting WHERE ended IS NOT NULL ORDER BY ended, number"
        )
        forms: dict[tuple[str, int], list[Sitting]] = {}
        complete: dict[str, list[Sitting]] = {}
        for row in rows:
            one = _read(row["state"])
            if one.kind == "test" and len(one.answers) == len(one.cases):
                form = forms.setdefault((row["name"], one.form), [])
                form.append(one)
                if len(form) == sittings:
                    complete.setdefault(row["name"], form)
        return list(complete.values())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def _open(self) -> None:
        _private(self.path)
        try:
            db = sqlite3.connect(self.path, timeout=WAIT_S, check_same_thread=False)
            db.isolation_level = None  # we say BEGIN ourselves
            db.row_factory = sqlite3.Row
            # No write-ahead log: it would keep deleted rows until somebody empties it.
            for setting in ("journal_mode=DELETE", "synchronous=FULL", "secure_delete=ON",
                            "foreign_keys=ON", "trusted_schema=OFF"):  # fmt: skip
                db.execute(f"PRAGMA {setting}")
            self._db = db
            with self._writing():
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version not in (0, FORMAT):
                    raise _damaged(f"version {version}")
                if version == 0:
                    for statement in SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version={FORMAT}")
        except sqlite3.DatabaseError as error:
            self._db = None
            raise _damaged(type(error).__name__) from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._lock, self._in_words():
            assert self._db is not None
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What the file refuses (it is locked, or damaged further in) is said in words."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _damaged(type(error).__name__) from None

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._in_words():
            if self._db is None and self.path.exists():
                self._open()  # another process made it meanwhile
            return [] if self._db is None else self._db.execute(query, values).fetchall()

    def must_have(self, name: str) -> None:
        """Nothing, when this learner opted in.

        Raises
        ------
        UsageError : he or she did not.
        """
        if self.opted(name) is None:
            raise UsageError(
                "Nothing is kept of this learner: he or she did not opt in.",
                where="name",
                next_step="Opt in on the academy's page, or check the name.",
            )


def _read(state: str) -> Sitting:
    try:
        return Sitting.from_dict(json.loads(state))
    except (ValueError, InputError):
        raise _damaged("a sitting cannot be read") from None


def _at(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _private(path: Path) -> None:
    """The file exists and is its owner's alone."""
    try:
        owned(path, "the learners' data")
    except OSError as error:
        raise _damaged(error.strerror or "it cannot be opened") from None


def _damaged(what: str) -> WorkspaceError:
    return WorkspaceError(
        f"The learners' file cannot be used ({what}).",
        where=f"academy/{FILE}",
        next_step="Try again when no other program holds it; else put it back from your backup, or "
        "use the nof1 that wrote it.",
    )
