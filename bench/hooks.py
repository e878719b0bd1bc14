"""What an order-sign request costs, by stage and through a real server: ./dev bench hooks.

100 resources prefetched, one or two drafts, all checks, explanations, the ledger and a signed
token (ES384) with each request. No model speaks at order-sign: none is in the figures. CPU is what
the operating system counted for the server; the client is another process. ``--workers`` is passed
on to ``nof1 serve``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from bench.hooks_patients import body
from bench.measured import ONE_THREAD, ROOT
from nof1.advice.hooks import request
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.room import Room, now
from nof1.advice.hooks.service import Service
from nof1.advice.ledger.store import open_ledger
from nof1.core.workspace import Workspace, create
from nof1.web import clients
from nof1.web.security import Gate, Used

SERVICE, ISSUER = "nof1-order-sign", "https://ehr.example.org/"
PATH = f"/cds-services/{SERVICE}"
PEOPLE, REPEATED = 120, 7  # patients; times each is asked, of which the quickest counts
GOALS = "2.0 CPU-ms; p99 25 ms at 100/s; 400/s saturated; first card in 2 s; 200 MB a worker"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> None:
    """Print both tables."""
    asked = _arguments(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        at = now()
        bodies = [body(number, at) for number in range(PEOPLE)]
        size = statistics.mean(map(len, bodies)) / 1000
        print(f"order-sign, 100 resources, {size:.0f} kB. Goals: {GOALS}.\n")
        if not asked.server_only:
            stages(create(folder / "stages", synthetic=True), bodies, at)
        key = ECKey.generate_key("P-384", {"kid": "k1"})
        workspace = create(folder / "server", synthetic=True)
        through_server(workspace, folder, bodies, key, asked)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="./dev bench hooks", description="Cost of order-sign.")
    made.add_argument("--seconds", type=float, default=10.0, help="of each run [10]")
    made.add_argument("--rate", type=float, default=100.0, help="requests a second [100]")
    made.add_argument("--connections", type=int, default=16, help="when saturated [16]")
    made.add_argument("--workers", type=int, default=1, help="of the server [1]")
    made.add_argument("--port", type=int, default=8765, help="to listen on [8765]")
    made.add_argument("--server-only", action="store_true", help="without the stages")
    return made.parse_args(arguments)


# stages, in this process --------------------------------------------------------------------------


def stages(workspace: Workspace, bodies: Sequence[bytes], at: datetime) -> None:
    """CPU milliseconds of each part of an answer; mean over the patients, quickest of a few."""
    offer = OFFERS[SERVICE]
    with open_ledger(workspace.audit) as ledger:
        room = Room(workspace)
        room.warm()
        plain, kept = Service(room), Service(room, ledger)
        for one in bodies:
            plain.answer(SERVICE, one, at)  # tables and caches of the knowledge are filled
        read = cpu_ms(lambda raw: request.read(raw, offer.hook), bodies)
        asked = [request.read(raw, offer.hook) for raw in bodies]
        chart = cpu_ms(lambda one: room.chart(one, offer.keys, at), asked)
        answer = cpu_ms(lambda raw: plain.answer(SERVICE, raw, at), bodies)
        call = cpu_ms(lambda raw: kept.call(SERVICE, raw), bodies)
    token = _token_ms(workspace)
    rows = {
        "decode and check the request": read,
        "the patient's chart": chart,
        "checks, alternatives, cards": answer - read - chart,
        "ledger, one at a time": call - answer,
        "token (ES384, and its jti)": token,
        "together, without HTTP": call + token,
    }
    print("CPU milliseconds by stage")
    for name, value in rows.items():
        print(f"  {name:<32}{value:>8.2f}")
    print()


def cpu_ms(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Mean over the items of the quickest CPU time, all threads of this process."""
    best = [float("inf")] * len(items)
    for _ in range(REPEATED):
        for number, item in enumerate(items):
            begun = time.process_time()
            work(item)
            best[number] = min(best[number], time.process_time() - begun)
    return 1000 * statistics.mean(best)


def _token_ms(workspace: Workspace) -> float:
    key = ECKey.generate_key("P-384", {"kid": "k1"})
    path = _clients(workspace.root, key, 1)
    used = Used(workspace.root / "service" / "tokens.db")
    gate = Gate(clients.read(path), used)
    total = 200
    given = [f"Bearer {one}" for one in tokens(key, 1, total)]
    begun = time.process_time()
    for one in given:
        gate.issuer(one, PATH)
    spent = time.process_time() - begun
    used.close()
    return 1000 * spent / total


def _clients(folder: Path, key: ECKey, port: int) -> Path:
    path = folder / "clients.json"
    keys = {"keys": [key.as_dict(private=False)]}
    told = {"base_url": _base(port), "clients": [{"issuer": ISSUER, "jwks": keys}]}
    path.write_text(json.dumps(told))
    return path


def _base(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def tokens(key: ECKey, port: int, count: int) -> Iterator[str]:
    """Signed tokens, each good for one call."""
    head = {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    issued = int(datetime.now(UTC).timestamp())
    for number in range(count):
        claims = {
            "iss": ISSUER,
            "aud": _base(port) + PATH,
            "iat": issued,
            "exp": issued + 3000,
            "jti": f"{time.perf_counter_ns()}-{number}",
        }
        yield jwt.encode(head, claims, key, algorithms=["ES384"], default_type=None)


# through a server ---------------------------------------------------------------------------------


def through_server(
    workspace: Workspace,
    folder: Path,
    bodies: Sequence[bytes],
    key: ECKey,
    asked: argparse.Namespace,
) -> None:
    """Cold start, a fixed rate, and as fast as it goes; the server's CPU and memory."""
    paths = []
    for number, one in enumerate(bodies):
        paths.append(str(folder / f"body-{number}.json"))
        Path(paths[-1]).write_bytes(one)
    allowed = _clients(folder, key, asked.port)

    def client(rate: float | None, connections: int, seconds: float, count: int) -> dict[str, Any]:
        plan = folder / "plan.json"
        heads = [_head(asked.port, one) for one in tokens(key, asked.port, count)]
        plan.write_text(json.dumps({
            "port": asked.port, "bodies": paths, "heads": heads, "rate": rate,
            "connections": connections, "seconds": seconds,
        }))  # fmt: skip
        command = [sys.executable, "-m", "bench.hooks_client", str(plan)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    first = next(_head(asked.port, one) for one in tokens(key, asked.port, 1))
    with server(workspace, allowed, asked) as (process, begun):
        _wait(asked.port, process)
        _first(asked.port, first, bodies[0])
        print(
            f"from start to the first card: {time.perf_counter() - begun:.2f} s wall, "
            f"{_cpu_s(process.pid):.2f} CPU-s"
        )
        client(None, 4, 3.0, 1500)  # warm
        for rate, connections in ((asked.rate, 64), (None, asked.connections)):
            count = int((rate or 1200.0) * asked.seconds) + 1
            before, load = _cpu_s(process.pid), os.getloadavg()[0]
            found = client(rate, connections, asked.seconds, count)
            _print(found, rate, connections, _cpu_s(process.pid) - before, load)
        peaks = ", ".join(f"{one:.0f}" for one in _peaks_mb(process.pid))
        print(f"peak memory by process: {peaks} MB")


@contextmanager
def server(
    workspace: Workspace, allowed: Path, asked: argparse.Namespace
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A ``nof1 serve`` process, plain http on this machine, with tokens."""
    command = [
        sys.executable, "-m", "nof1", "serve", "--workspace", str(workspace.root),
        "--insecure-http-for-development", "--clients", str(allowed), "--port", str(asked.port),
        "--json",
    ]  # fmt: skip
    command += ["--workers", str(asked.workers)] if asked.workers > 1 else []
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | ONE_THREAD, stdout=subprocess.DEVNULL
    )
    try:
        yield process, begun
    finally:
        process.terminate()
        process.wait(20)


def _head(port: int, token: str) -> str:
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\n"
    )


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    import socket

    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit("the server did not start") from None
            time.sleep(0.01)
    raise SystemExit("the server did not start in time")


def _first(port: int, head: str, raw: bytes) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", port), 30) as line:
        text = head + f"Connection: close\r\nContent-Length: {len(raw)}\r\n\r\n"
        line.sendall(text.encode() + raw)
        answer = b""
        while part := line.recv(65_536):
            answer += part
    if b" 200 " not in answer[:20] or b'"cards"' not in answer:
        raise SystemExit(f"no card: {answer[:200]!r}")


def _print(
    found: dict[str, Any], rate: float | None, connections: int, cpu: float, load: float
) -> None:
    times = sorted(1000 * one for one in found["times"])
    count = len(times)
    what = f"at {rate:g} requests/s" if rate else f"saturated, {connections} connections"
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{what}: {count / found['wall']:.0f} requests/s, p50 {cuts[49]:.1f} ms, "
        f"p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms; server {1000 * cpu / count:.2f} CPU-ms a "
        f"request, client {1000 * found['cpu'] / count:.2f}; statuses {found['statuses']}; load "
        f"of the machine before {load:.1f}"
    )


def _family(pid: int) -> list[int]:
    """A process and its children."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid, *(each for one in text.split() for each in _family(int(one)))]


def _cpu_s(pid: int) -> float:
    ticks = 0
    for one in _family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_S


def _peaks_mb(pid: int) -> list[float]:
    found = []
    for one in _family(pid):
        for line in Path(f"/proc/{one}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                found.append(int(line.split()[1]) / 1024)
    return found
