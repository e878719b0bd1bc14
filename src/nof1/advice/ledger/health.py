"""Is the ledger well? What ``nof1 doctor`` looks at, each with a next step when it is not.

Nothing is written, and nothing of an entry is shown but its number.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nof1.advice.ledger import chain, database, keys, store
from nof1.core.doctor import Check
from nof1.core.errors import Nof1Error

LAST = 1000  # entries that are checked unless all are asked for
LEAST_FREE_GIB = 1
WAL = b"\x02\x02"  # bytes 18 and 19 of a SQLite file in WAL mode: its write and read version
FULL = "A server that cannot write answers 500: free some space."
WITH_HEAD = "nof1 audit verify tells more; compare with the head that you keep elsewhere."


def examine(folder: Path, url: str | None = None, *, deep: bool = False) -> list[Check]:
    """All checks of the ledger of an audit folder, or of a PostgreSQL address.

    Parameters
    ----------
    deep : check every entry; else the newest ``LAST``.
    """
    if url is None and not store.exists(folder):
        return [Check("ledger", "ok", "none yet: nof1 serve has not run here")]
    return [*_keys(folder), *_disk(folder, url), *_opened(folder, url, deep)]


def _keys(folder: Path) -> Iterator[Check]:
    """Keys that are there, whole and readable by their owner alone."""
    names = (keys.KEY, keys.SEAL, keys.PSEUDONYMS)
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        detail = f"missing: {', '.join(absent)}. Put them back from your backup, never new ones."
        yield Check("ledger keys", "FAIL", detail)
        return
    try:
        found = keys.load(folder, new=False)
    except Nof1Error as error:
        yield Check("ledger keys", "FAIL", _told(error))
        return
    others = len(found.trusted) - 1
    detail = f"mode 0600, key {found.name}" + (f", {others} trusted of others" if others else "")
    yield Check("ledger keys", "ok", detail)


def _disk(folder: Path, url: str | None) -> Iterator[Check]:
    """Space for the ledger's file, and whether it outlives a power cut as it is meant to."""
    if url is not None:
        return
    free = shutil.disk_usage(folder).free / 2**30
    files = [path.stat().st_size for path in folder.glob(f"{database.FILE}*")]
    detail = f"{sum(files) / 2**20:,.1f} MiB, {free:,.0f} GiB free"
    if free < LEAST_FREE_GIB:
        yield Check("ledger disk", "FAIL", f"{detail}. {FULL}")
    else:
        yield Check("ledger disk", "ok", detail)
    with (folder / database.FILE).open("rb") as file:
        wal = file.read(20)[18:] == WAL
    if not wal:
        detail = "not in WAL mode: somebody changed it. The next start of nof1 serve sets it again."
        yield Check("ledger mode", "note", detail)


def _opened(folder: Path, url: str | None, deep: bool) -> Iterator[Check]:
    try:
        with store.read_ledger(folder, url) as ledger:
            yield Check("ledger database", "ok", ledger.database())
            verdict = ledger.verify() if deep else ledger.verify_end(LAST)
    except Nof1Error as error:
        yield Check("ledger database", "FAIL", _told(error))
        return
    yield _chain(verdict)
    yield _clock(verdict)


def _chain(verdict: chain.Verdict) -> Check:
    """Entries, head, and what stands outside the chain."""
    if verdict.problems:
        return Check("ledger", "FAIL", f"{' '.join(verdict.problems)} {WITH_HEAD}")
    seen = verdict.entries - verdict.first + 1
    part = "whole" if verdict.first == 1 else f"the newest {seen:,} hold (all: --deep)"
    detail = f"{verdict.entries:,} entries, {part}, head signed"
    if verdict.lost:
        return Check("ledger", "note", f"{detail}. {replace(verdict, clock='').notes[0]}")
    return Check("ledger", "ok", detail)


def _clock(verdict: chain.Verdict) -> Check:
    """A clock that was set back, or that lies behind the newest entry."""
    if verdict.head is not None:
        ahead = (_moment(verdict.head.signed_at) - datetime.now(UTC)).total_seconds()
        if ahead > chain.SKEW_S:
            text = f"The newest entry is {ahead:,.0f} s in the future: set this machine's clock."
            return Check("ledger clock", "FAIL", f"{text} {verdict.clock}".strip())
    if verdict.clock:
        text = "Entries are in the right order all the same; use a time service (NTP)."
        return Check("ledger clock", "note", f"{verdict.clock} {text}")
    return Check("ledger clock", "ok", "never set back")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)  # such a head is not authentic, and that is told


def _told(error: Nof1Error) -> str:
    parts = (error.message, error.where and f"({error.where})", error.next_step)
    return " ".join(part for part in parts if part)
