"""A client of ``bench.hooks`` in a process of its own: ``python -m bench.hooks_client PLAN.json``.

It sends requests that were signed before over connections that stay open, either as fast as the
answers come (``rate`` null) or at a fixed rate, where the time of an answer counts from the moment
at which its request was due. It prints times, statuses and its own CPU time as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any


class Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.waiting: asyncio.Future[int] | None = None
        self.got = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the way to write."""
        self.transport = transport

    def ask(self, data: bytes) -> asyncio.Future[int]:
        """Send a request; the future gives the status when the whole answer is there."""
        self.got, self.waiting = b"", asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self.waiting

    def data_received(self, data: bytes) -> None:
        """Wait for as many bytes as the answer says."""
        self.got += data
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found or self.waiting is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self.waiting.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that ends within a request ends the run."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionError("the server closed the connection"))


async def lines(port: int, count: int) -> list[Line]:
    """Open connections."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(count)]


async def saturated(plan: dict[str, Any], requests: deque[bytes]) -> dict[str, Any]:
    """Each connection asks again as soon as it was answered, until the time is over."""
    until = time.perf_counter() + plan["seconds"]
    times: list[float] = []
    statuses: Counter[int] = Counter()

    async def one(line: Line) -> None:
        while requests and time.perf_counter() < until:
            begun = time.perf_counter()
            statuses[await line.ask(requests.popleft())] += 1
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(one(each) for each in await lines(plan["port"], plan["connections"])))
    return told(times, statuses, time.perf_counter() - begun)


async def paced(plan: dict[str, Any], requests: deque[bytes]) -> dict[str, Any]:
    """Requests at fixed moments, each on a free connection."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for each in await lines(plan["port"], plan["connections"]):
        free.put_nowait(each)
    times: list[float] = []
    statuses: Counter[int] = Counter()

    async def one(due: float, data: bytes) -> None:
        line = await free.get()
        statuses[await line.ask(data)] += 1
        times.append(time.perf_counter() - due)
        free.put_nowait(line)

    begun = time.perf_counter() + 0.05
    tasks = []
    for number in range(int(plan["seconds"] * plan["rate"])):
        due = begun + number / plan["rate"]
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(due, requests.popleft())))
    await asyncio.gather(*tasks)
    return told(times, statuses, time.perf_counter() - begun)


def told(times: list[float], statuses: Counter[int], wall: float) -> dict[str, Any]:
    """What is printed."""
    return {"times": times, "statuses": statuses, "wall": wall, "cpu": time.process_time()}


def run(path: str) -> None:
    """Send what the plan says."""
    plan = json.loads(Path(path).read_text())
    bodies = [Path(one).read_bytes() for one in plan["bodies"]]
    requests = deque(
        head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        for number, head in enumerate(plan["heads"])
        for body in (bodies[number % len(bodies)],)
    )
    work = saturated if plan["rate"] is None else paced
    print(json.dumps(asyncio.run(work(plan, requests))))


if __name__ == "__main__":
    run(sys.argv[1])
