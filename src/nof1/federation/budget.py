"""The privacy budget of a site: what each cohort has spent, for ever and across all jobs.

A spend is on disk before a number leaves. It is never given back: not when a job fails, not when
the site crashes between spend and answer. The total loss is composed by Renyi differential privacy
(``dp-accounting``), which holds for Gaussian and discrete Gaussian noise alike.

Reference: Mironov, *Renyi differential privacy*, CSF 2017; Canonne, Kamath & Steinke, *The discrete
Gaussian for differential privacy*, NeurIPS 2020.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.federation.refusal import Refused

WAIT = 30.0  # seconds for another process that holds the ledger
GIVE = "The site gives one in federation/policy.yaml: docs/private-training.md"
TABLE = """
CREATE TABLE IF NOT EXISTS spend (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL, cohort TEXT NOT NULL, job TEXT NOT NULL,
    noise REAL NOT NULL CHECK (noise > 0), releases INTEGER NOT NULL CHECK (releases > 0)
);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON spend
    BEGIN SELECT RAISE(ABORT, 'spends are never changed'); END;
CREATE TRIGGER IF NOT EXISTS no_refund BEFORE DELETE ON spend
    BEGIN SELECT RAISE(ABORT, 'spends are never given back'); END;
"""
# Orders at which the Renyi loss is tracked; enough for epsilon 0.01 to 50 at delta 1e-3 to 1e-12.
ORDERS = (*(1 + x / 10 for x in range(1, 100)), *range(11, 64), 128, 256, 512, 1024)


@dataclass(frozen=True)
class Limit:
    """What a cohort may lose at most: epsilon at delta."""

    epsilon: float
    delta: float


@dataclass(frozen=True)
class Spend:
    """One line of the ledger: a job's releases, each with noise ``noise`` times the sensitivity."""

    time: str
    cohort: str
    job: str
    noise: float
    releases: int


@dataclass(frozen=True)
class Ledger:
    """The budget of a site in one SQLite file that several processes may use.

    Attributes
    ----------
    limits : cohort -> limit. A cohort without a limit has no budget at all.
    """

    path: Path
    limits: dict[str, Limit]

    def spend(self, cohort: str, job: str, noise: float, releases: int = 1) -> float:
        """Charge a cohort; returns its whole loss (epsilon) after it, on disk before it returns.

        Raises
        ------
        Refused : no budget for the cohort, or too little is left. Nothing is charged then.
        UsageError : noise or releases that are no positive numbers.
        """
        _check(noise, releases)
        limit = self.limits.get(cohort)
        if limit is None:
            raise Refused("budget", f"The cohort «{cohort}» has no privacy budget here.", GIVE)
        with self._writing() as base:
            before = _spends(base, cohort)
            new = Spend(datetime.now(UTC).isoformat(), cohort, job, noise, releases)
            after = epsilon([*before, new], limit.delta)
            if after > limit.epsilon:
                left = max(0.0, limit.epsilon - epsilon(before, limit.delta))
                raise Refused("budget", _too_little(cohort, after, limit, left))
            base.execute(
                "INSERT INTO spend (time, cohort, job, noise, releases) VALUES (?, ?, ?, ?, ?)",
                (new.time, cohort, job, noise, releases),
            )
        return after

    def spends(self, cohort: str | None = None) -> list[Spend]:
        """All lines, oldest first; of one cohort when named."""
        with self._writing() as base:
            return _spends(base, cohort)

    def spent(self, cohort: str) -> float:
        """The loss (epsilon) of a cohort so far, at its own delta; 0 when nothing was spent."""
        limit = self.limits.get(cohort)
        return epsilon(self.spends(cohort), limit.delta) if limit else 0.0

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else can come between; synced to disk at its end."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            base.execute("PRAGMA synchronous = FULL")
            base.executescript(TABLE)
            base.execute("BEGIN IMMEDIATE")
            yield base
            base.execute("COMMIT")
        finally:
            base.close()  # what was not committed is rolled back


def epsilon(spends: list[Spend], delta: float) -> float:
    """The loss of all spends together at ``delta``; 0 for none."""
    if not spends:
        return 0.0
    dp: Any = require("dp_accounting", "federation")
    accountant = dp.rdp.RdpAccountant(ORDERS)
    for one in spends:
        accountant.compose(dp.GaussianDpEvent(one.noise), one.releases)
    return float(accountant.get_epsilon(delta))


def _spends(base: sqlite3.Connection, cohort: str | None) -> list[Spend]:
    asked = "SELECT time, cohort, job, noise, releases FROM spend"
    if cohort is None:
        return [Spend(*row) for row in base.execute(f"{asked} ORDER BY number")]
    rows = base.execute(f"{asked} WHERE cohort = ? ORDER BY number", (cohort,))
    return [Spend(*row) for row in rows]


def _check(noise: float, releases: int) -> None:
    if not (math.isfinite(noise) and noise > 0) or releases < 1:
        raise UsageError(
            "A spend needs noise above 0 and at least one release.", where="privacy budget"
        )


def _too_little(cohort: str, after: float, limit: Limit, left: float) -> str:
    return (
        f"The cohort «{cohort}» would have lost epsilon {after:.3g} of {limit.epsilon:g} at delta "
        f"{limit.delta:g}; {left:.3g} is left."
    )
