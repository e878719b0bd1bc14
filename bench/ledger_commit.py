"""What a safe entry costs: entries a second and disk flushes, for ``bench.ledger``."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measured import measured
from bench.postgres import Unavailable, address, running
from nof1.advice.ledger.shapes import Exchange, Shown
from nof1.advice.ledger.store import open_ledger

ENTRIES, CLIENTS = 1024, (1, 4, 16, 64, 256)
REQUEST, RESPONSE = 60_000, 6_000  # bytes, as of 100 resources and a few cards
FLUSH = re.compile(r"\bf(?:data)?sync\(")


def race() -> None:
    """SQLite and PostgreSQL, each with one to many clients that wait for their receipt."""
    print(f"\n{ENTRIES} exchanges of {(REQUEST + RESPONSE) // 1000} KB; each client waits for its")
    print("receipt before it goes on. Flushes: by strace (SQLite), by pg_stat_wal (PostgreSQL).")
    print("database    clients  entries/s  CPU-ms/entry  entries/commit  flushes/entry")
    for clients in CLIENTS:
        _told("SQLite", _sqlite(clients))
    try:
        with running(fsync=True) as place:
            for clients in CLIENTS:
                _told("PostgreSQL", _postgres(clients, address(place)))
    except Unavailable as reason:
        print(f"PostgreSQL: {reason}")


def write(folder: str, clients: str, url: str = "") -> None:
    """Write the entries in this process and print what it took."""
    request = os.urandom(REQUEST // 2).hex().encode()  # as compressible as text is
    response = os.urandom(RESPONSE // 2).hex().encode()
    each = ENTRIES // int(clients)
    with open_ledger(Path(folder), url or None) as ledger:
        before = _used()
        start = time.perf_counter()

        def client(number: int) -> None:
            for _ in range(each):
                ledger.record(_exchange(request, response, number))

        with ThreadPoolExecutor(int(clients)) as pool:
            list(pool.map(client, range(int(clients))))
        wall, used = time.perf_counter() - start, _used() - before
        commits = len({entry.recorded_at for entry in ledger.entries()})
    count = each * int(clients)
    print(json.dumps({"clients": int(clients), "entries": count, "per_s": count / wall,
                      "cpu_ms": 1000 * used / count, "group": count / commits}))  # fmt: skip


def _exchange(request: bytes, response: bytes, number: int) -> Exchange:
    return Exchange(
        service="nof1-order-sign", request=request, response=response, status=200,
        asked_at=datetime.now(UTC), versions={"nof1": "bench"}, hook="order-sign",
        instance=f"i{number}", patient="p", cards=(Shown(os.urandom(16).hex(), "renal", 2),),
    )  # fmt: skip


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _run(clients: int, url: str, *before: object) -> dict[str, Any]:
    folder = tempfile.mkdtemp(prefix="nof1-ledger-")
    try:
        command = [sys.executable, "-m", "bench", "ledger", "--write", folder, clients, url]
        done = measured([*before, *filter(lambda word: word != "", command)])
        found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    finally:
        shutil.rmtree(folder)
    return found


def _sqlite(clients: int) -> dict[str, Any]:
    found = _run(clients, "")
    if shutil.which("strace") is not None:
        with tempfile.NamedTemporaryFile() as trace:
            words = ("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace.name)
            again = _run(clients, "", *words)
            flushes = len(FLUSH.findall(Path(trace.name).read_text()))
            found["flushes"] = flushes / again["entries"]
    return found


def _postgres(clients: int, url: str) -> dict[str, Any]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("entry", "sealed", "card", "head", "token"):
            connection.execute(f"DROP TABLE IF EXISTS nof1_{name}")
        connection.execute("CHECKPOINT")
        before = _syncs(connection)
        found = _run(clients, url)
        time.sleep(1)  # counts of the server are published with delay
        found["flushes"] = (_syncs(connection) - before) / found["entries"]
    return found


def _syncs(connection: Any) -> float:
    """Flushes of the write-ahead log so far; NaN where this PostgreSQL does not count them."""
    try:
        return float(connection.execute("SELECT wal_sync FROM pg_stat_wal").fetchone()[0])
    except Exception:  # another version of PostgreSQL counts elsewhere
        return float("nan")


def _told(name: str, found: dict[str, Any]) -> None:
    flushes = found.get("flushes")
    text = "not counted" if flushes is None else f"{flushes:13.3f}"
    print(
        f"{name:11} {found['clients']:7} {found['per_s']:10,.0f} {found['cpu_ms']:13.2f} "
        f"{found['group']:15.1f}  {text}",
        flush=True,
    )
