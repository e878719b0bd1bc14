"""Accounts: people of this machine, people whom the hospital's sign-in vouched for, programs.

A local account is ``local:NAME`` and has a password; one of the hospital's sign-in is ``oidc:``
with a hash of issuer and subject, so that no name given there can take over a local account; a
program is ``program:NAME`` and comes with tokens only.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nof1.core.errors import UsageError
from nof1.web.access import passwords, roles
from nof1.web.access.database import Database
from nof1.web.access.journal import Journal

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
BY_COMMAND = "nof1 users"


@dataclass(frozen=True)
class Account:
    """One account. ``patients`` counts its list; None: all patients. ``made``: seconds UTC."""

    account: str
    name: str
    person: bool
    roles: tuple[str, ...]
    patients: int | None
    made: float


class Accounts:
    """The accounts of a workspace. Each change is noted in the audit log, in its transaction."""

    def __init__(
        self, database: Database, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._journal, self._clock = database, journal, clock

    def add(
        self, name: str, role: Iterable[str], *, password: str | None, every_patient: bool = False
    ) -> Account:
        """A new local account; without a password one of a program.

        Raises
        ------
        UsageError : the name is taken or not allowed, a role or the password is not good.
        """
        person = password is not None
        account, given = f"{'local' if person else 'program'}:{_name(name)}", tuple(role)
        given = roles.check(given, person=person)
        if password is not None:
            passwords.check(password, name, self._database.folder)
        kept = None if password is None else passwords.hashed(password)
        with self._database.writing() as db:
            if self._row(account) is not None:
                raise UsageError(
                    f"There is an account {name!r} already.",
                    where="NAME",
                    next_step="Change it: nof1 users role, nof1 users password.",
                )
            row = (account, name, person, json.dumps(given), kept, every_patient, self._clock())
            db.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._journal.note(
                "account added", account=account, roles=list(given),
                every_patient=every_patient, by=BY_COMMAND,
            )  # fmt: skip
        return self.get(account)

    def vouched(
        self, issuer: str, subject: str, name: str, given: Iterable[str], *, every_patient: bool
    ) -> Account:
        """The account of somebody whom the hospital's sign-in recognised, with today's roles."""
        account, wanted = hospital_account(issuer, subject), roles.check(given, person=True)
        with self._database.writing() as db:
            before = self._row(account)
            if before is None:
                row = (account, name, True, json.dumps(wanted), None, every_patient, self._clock())
                db.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                self._journal.note(
                    "account added", account=account, roles=list(wanted),
                    every_patient=every_patient, by="hospital sign-in",
                )  # fmt: skip
            else:
                db.execute(
                    "UPDATE account SET name = ?, every_patient = ? WHERE account = ?",
                    (name, every_patient, account),
                )
                if tuple(json.loads(before["roles"])) != wanted:
                    self._set_roles(db, account, wanted, "hospital sign-in")
        return self.get(account)

    def unvouched(self, account: str) -> None:
        """The hospital's sign-in gives this account no role any more: it may do nothing."""
        with self._database.writing() as db:
            if self._row(account) is not None and self.get(account).roles:
                self._set_roles(db, account, (), "hospital sign-in")

    def all(self) -> list[Account]:
        """All accounts by name."""
        return [self._made(row) for row in self._database.rows("SELECT * FROM account")]

    def get(self, account: str) -> Account:
        """One account.

        Raises
        ------
        UsageError : there is none of this name.
        """
        row = self._row(account)
        if row is None:
            raise UsageError(
                f"There is no account {account!r}.",
                where="NAME",
                next_step="See all: nof1 users list",
            )
        return self._made(row)

    def find(self, name: str) -> Account:
        """The account by the name that people use, or by its full name with ``local:`` before.

        Raises
        ------
        UsageError : none or several have it.
        """
        found = [one for one in self.all() if name in (one.account, one.name)]
        if len(found) != 1:
            many = "Several accounts have" if found else "No account has"
            raise UsageError(
                f"{many} the name {name!r}.",
                where="NAME",
                allowed=[one.account for one in found] or None,
                next_step="See all: nof1 users list",
            )
        return found[0]

    def password_of(self, account: str) -> str | None:
        """The kept hash of a password; None where there is no account or no password."""
        row = self._row(account)
        return None if row is None else row["password"]

    def set_password(self, account: str, password: str, *, by: str, quiet: bool = False) -> None:
        """Another password; the account's sessions end. ``quiet``: only hash the same one anew.

        Raises
        ------
        UsageError : there is no such account with a password, or the new one is not good.
        """
        old = self.get(account)
        if not account.startswith("local:"):
            raise UsageError(
                "This account has no password here.",
                where="NAME",
                next_step="Programs have tokens; the hospital keeps the passwords of its people.",
            )
        if not quiet:
            passwords.check(password, old.name, self._database.folder)
        kept = passwords.hashed(password)
        with self._database.writing() as db:
            db.execute("UPDATE account SET password = ? WHERE account = ?", (kept, account))
            if not quiet:
                db.execute("DELETE FROM session WHERE account = ?", (account,))
                self._journal.note("password changed", account=account, by=by)

    def set_roles(self, account: str, given: Iterable[str], *, by: str = BY_COMMAND) -> Account:
        """Other roles instead of those it had; its sessions end.

        Raises
        ------
        UsageError : see ``add``.
        """
        wanted = roles.check(given, person=self.get(account).person)
        with self._database.writing() as db:
            self._set_roles(db, account, wanted, by)
        return self.get(account)

    def _set_roles(
        self, db: sqlite3.Connection, account: str, wanted: tuple[str, ...], by: str
    ) -> None:
        old = list(self.get(account).roles)
        db.execute("UPDATE account SET roles = ? WHERE account = ?", (json.dumps(wanted), account))
        db.execute("DELETE FROM session WHERE account = ?", (account,))
        self._journal.note("roles changed", account=account, roles=list(wanted), before=old, by=by)

    def set_patients(
        self, account: str, *, add: Iterable[str] = (), remove: Iterable[str] = (),
        every: bool | None = None,
    ) -> Account:  # fmt: skip
        """Change the list of patients (pseudonyms), or whether all patients are on it."""
        self.get(account)
        more, fewer = list(add), list(remove)
        with self._database.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO listed VALUES (?, ?)", [(account, p) for p in more]
            )
            db.executemany(
                "DELETE FROM listed WHERE account = ? AND patient = ?",
                [(account, p) for p in fewer],
            )
            if every is not None:
                db.execute(
                    "UPDATE account SET every_patient = ? WHERE account = ?", (every, account)
                )
            self._journal.note(
                "patients changed", account=account, added=more, removed=fewer,
                **({} if every is None else {"every_patient": every}), by=BY_COMMAND,
            )  # fmt: skip
        return self.get(account)

    def patients(self, account: str) -> frozenset[str] | None:
        """Pseudonyms of the patients on its list; None: all patients."""
        row = self._row(account)
        if row is not None and row["every_patient"]:
            return None
        rows = self._database.rows("SELECT patient FROM listed WHERE account = ?", account)
        return frozenset(one["patient"] for one in rows)

    def remove(self, account: str) -> None:
        """Remove an account with its sessions, tokens and list.

        Raises
        ------
        UsageError : there is none of this name.
        """
        self.get(account)
        with self._database.writing() as db:
            db.execute("DELETE FROM account WHERE account = ?", (account,))
            self._journal.note("account removed", account=account, by=BY_COMMAND)

    def _row(self, account: str) -> sqlite3.Row | None:
        return next(
            iter(self._database.rows("SELECT * FROM account WHERE account = ?", account)), None
        )

    def _made(self, row: sqlite3.Row) -> Account:
        listed = self.patients(row["account"])
        return Account(
            row["account"], row["name"], bool(row["person"]), tuple(json.loads(row["roles"])),
            None if listed is None else len(listed), row["made"],
        )  # fmt: skip


def hospital_account(issuer: str, subject: str) -> str:
    """The account of a subject of an issuer; nobody else can have it.

    >>> hospital_account("https://a", "b/1") == hospital_account("https://a/b", "1")
    False
    """
    digest = hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).hexdigest()
    return f"oidc:{digest[:32]}"


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError(
            "This is no name for an account.",
            where="NAME",
            allowed="2 to 64 small letters, digits, '.', '_' and '-', first a letter or digit",
        )
    return name
