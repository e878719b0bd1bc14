"""Limits for guessing: each account and each address has only so many tries.

A try is counted before the password is looked at, so that many at once do not slip through. Names
that nobody has are counted like those of accounts, so that the limits tell nothing about names.

Reference: NIST SP 800-63B-4, section 3.2.2 (at most 100 failures in a row).
"""

from __future__ import annotations

import hashlib
import ipaddress
import sqlite3
import time
from collections.abc import Callable

from nof1.web.access.database import Database

FREE = 5  # failures in a row before an account has to wait
FIRST_S, LONGEST_S = 30.0, 900.0  # the first wait; it doubles up to the longest
LOCKED = 100  # failures in a row after which only an administrator opens the account again
ADDRESS, WINDOW_S = 60, 900.0  # tries of one address within the window
FORGET_S = 86_400.0  # a name that nobody has is forgotten after a day


class Slow(Exception):
    """Too many tries; whether the password was right was not looked at."""


class Throttle:
    """Counts tries in the database that all processes share."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def begin(self, account: str, address: str) -> None:
        """Count a try.

        Raises
        ------
        Slow : this account or this address has to wait; the try is not counted.
        """
        now, names = self._clock(), (_account(account), _address(address))
        with self._database.writing() as db:
            db.execute("DELETE FROM tries WHERE last < ? AND count < ?", (now - FORGET_S, LOCKED))
            rows = db.execute("SELECT * FROM tries WHERE name IN (?, ?)", names).fetchall()
            found = {row["name"]: (row["count"], row["last"]) for row in rows}
            mine, other = (found.get(name, (0, 0.0)) for name in names)
            if now < mine[1] + _wait(mine[0]):
                raise Slow
            if now - other[1] > WINDOW_S:
                other = (0, now)
            if other[0] >= ADDRESS:
                raise Slow
            _write(db, names[0], mine[0] + 1, now)
            _write(db, names[1], other[0] + 1, other[1])

    def locked(self, account: str) -> bool:
        """Whether only an administrator can open the account again."""
        rows = self._database.rows("SELECT count FROM tries WHERE name = ?", _account(account))
        return bool(rows) and rows[0]["count"] > LOCKED

    def succeeded(self, account: str, address: str) -> None:
        """The password was right: the account starts anew, and this try of the address is free."""
        with self._database.writing() as db:
            db.execute("DELETE FROM tries WHERE name = ?", (_account(account),))
            db.execute("UPDATE tries SET count = count - 1 WHERE name = ?", (_address(address),))

    def forgive(self, account: str) -> None:
        """An administrator opens the account again."""
        with self._database.writing() as db:
            db.execute("DELETE FROM tries WHERE name = ?", (_account(account),))


def _wait(count: int) -> float:
    """Seconds after the last of ``count`` failures in a row until the next try.

    >>> [_wait(n) for n in (4, 5, 6, 7, 50)]
    [0.0, 30.0, 60.0, 120.0, 900.0]
    """
    return 0.0 if count < FREE else min(FIRST_S * 2.0 ** min(count - FREE, 20), LONGEST_S)


def _write(db: sqlite3.Connection, name: str, count: int, last: float) -> None:
    db.execute(
        "INSERT INTO tries VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET count = excluded.count, last = excluded.last",
        (name, count, last),
    )


def _account(account: str) -> str:
    return "account:" + hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()


def _address(address: str) -> str:
    """The address, or of IPv6 the network that one subscriber has (/64)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "address:unknown"
    if found.version == 6 and found.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((found, 64), strict=False)}"
    return f"address:{found}"
