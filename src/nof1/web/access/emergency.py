"""Emergency access ("break glass"): a patient who is not on one's list, for an hour, with a reason.

It opens the scopes that the account has for its own patients, for one patient more. It is loud:
its beginning, each use and its end are in the audit log under the patient's pseudonym, and in the
server's log. The reason is one of a few codes in the log; the words that a person adds may tell of
the patient and therefore stay in ``access.db``, where ``nof1 users emergencies`` shows them.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.web.access.database import Database
from nof1.web.access.journal import Journal

LASTS_S = 3600.0
REASONS = {
    "emergency": "Emergency treatment",
    "cover": "Covering for a colleague",
    "consult": "Asked for advice by the treating team",
}
SHORTEST, LONGEST = 10, 500  # characters of the words
IDENTIFIER = 64


@dataclass(frozen=True)
class Emergency:
    """One emergency access. ``patient`` is a pseudonym; ``begun`` and ``until``: seconds UTC."""

    number: str
    account: str
    patient: str
    reason: str
    words: str
    begun: float
    until: float


class Emergencies:
    """Emergency accesses of all accounts; none is ever deleted here."""

    def __init__(
        self, database: Database, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        self._database, self._journal, self._clock = database, journal, clock

    def begin(self, account: str, patient: str, reason: str, words: str) -> Emergency:
        """Open a patient for an hour.

        Parameters
        ----------
        patient : pseudonym. reason : one of ``REASONS``. words : what a person says about it.

        Raises
        ------
        UsageError : there is no reason, or the words are too short or too long.
        """
        said = " ".join(words.split())
        if reason not in REASONS:
            raise UsageError("A reason is missing.", where="reason", allowed=list(REASONS.values()))
        if not SHORTEST <= len(said) <= LONGEST:
            raise UsageError(
                "The reason needs a few words.",
                where="words",
                allowed=f"{SHORTEST} to {LONGEST} characters",
            )
        now = self._clock()
        made = Emergency(uuid.uuid4().hex[:12], account, patient, reason, said, now, now + LASTS_S)
        with self._database.writing() as db:
            row = tuple(made.__dict__.values())
            db.execute("INSERT INTO emergency VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._journal.loud(
                "EMERGENCY ACCESS", account=account, patient=patient, reason=reason,
                emergency=made.number, minutes=round(LASTS_S / 60),
            )  # fmt: skip
        return made

    def open_now(self, account: str) -> list[Emergency]:
        """The emergency accesses of an account that last."""
        query = "SELECT * FROM emergency WHERE account = ? AND until > ? ORDER BY begun"
        return [_made(row) for row in self._database.rows(query, account, self._clock())]

    def end(self, account: str, number: str) -> None:
        """Close one before its time."""
        now = self._clock()
        with self._database.writing() as db:
            query = "UPDATE emergency SET until = ? WHERE account = ? AND number = ? AND until > ?"
            if db.execute(query, (now, account, number, now)).rowcount:
                self._journal.note("emergency access ended", account=account, emergency=number)

    def used(self, account: str, patient: str, action: str, kind: str) -> None:
        """Note that something was seen only because of an emergency access."""
        self._journal.note("EMERGENCY USE", account=account, patient=patient,
                           what=f"{action} {kind}")  # fmt: skip

    def all(self, newest: int = 100) -> list[Emergency]:
        """The newest emergency accesses of all accounts, newest first."""
        query = "SELECT * FROM emergency ORDER BY begun DESC LIMIT ?"
        return [_made(row) for row in self._database.rows(query, newest)]


def mark(audit_folder: Path, patient: str) -> str:
    """A patient's pseudonym, the same as in the audit log and the ledger of this workspace.

    Raises
    ------
    UsageError : this is no identifier of a patient.
    """
    if (
        not 1 <= len(patient) <= IDENTIFIER
        or not patient.isprintable()
        or patient != patient.strip()
    ):
        raise UsageError("This is no identifier of a patient.", where="patient",
                         allowed=f"1 to {IDENTIFIER} characters")  # fmt: skip
    audit.pseudonym(audit_folder, 0)  # makes the key where there is none
    key = (audit_folder / "pseudonym.key").read_bytes()
    return hashlib.blake2b(patient.encode(), key=key, digest_size=8).hexdigest()


def _made(row: sqlite3.Row) -> Emergency:
    return Emergency(*tuple(row))
