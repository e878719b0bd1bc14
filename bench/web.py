"""The pages of ``nof1 serve``: server time, bytes, requests, first paint, on one workspace.

Walks from the first page along every link and takes the first page of each kind. Server time is
the median of warm requests over one kept connection; bytes are those on the wire of an empty
cache, in headless Chromium. Limits of issue 9: 150 ms, 400 kB, 12 requests, 1 s.
"""

from __future__ import annotations

import argparse
import http.client
import re
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import chromium
from bench.chromium import ROOT
from bench.site import served

MOST_MS, MOST_BYTES, MOST_REQUESTS, MOST_PAINT_MS = 150, 400_000, 12, 1000
PAGES, TIMES = 300, 7
PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({ type: 'largest-contentful-paint', buffered: true });
  setTimeout(() => done(NaN), 3000);
})"""


@dataclass(frozen=True)
class Measured:
    """One page: first and warm server milliseconds, bytes and requests of an empty cache, paint."""

    kind: str
    path: str
    first_ms: float
    warm_ms: float
    wire: int
    requests: int
    paint_ms: float

    @property
    def misses(self) -> str:
        """Which limits it misses."""
        over = (
            ("time", self.warm_ms > MOST_MS),
            ("bytes", self.wire > MOST_BYTES),
            ("requests", self.requests > MOST_REQUESTS),
            ("paint", self.paint_ms > MOST_PAINT_MS),
        )
        return " ".join(name for name, missed in over if missed)


class Line:
    """One kept connection to the server."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=300)

    def get(self, path: str) -> tuple[int, str, float]:
        """Status, text and milliseconds of a page."""
        begun = time.perf_counter()
        self._line.request("GET", path, headers={"Accept": "text/html"})
        answer = self._line.getresponse()
        raw = answer.read()
        spent = 1000 * (time.perf_counter() - begun)
        html = "text/html" in (answer.getheader("Content-Type") or "")
        return answer.status, raw.decode("utf-8", "replace") if html else "", spent


def kinds(line: Line) -> Iterator[tuple[str, str, float]]:
    """(kind, address, milliseconds of its first request) of the first page of each kind."""
    waiting, seen, known = deque(["/"]), {"/"}, set()
    for _ in range(PAGES):
        if not waiting:
            return
        path = waiting.popleft()
        status, text, spent = line.get(path)
        if status != 200:
            print(f"! {path}: status {status}", file=sys.stderr)
        found = re.search(r'<body class="site page-([\w-]+)"', text)
        if found is None:
            continue
        shape = (found[1], re.sub(r"[^/]*\d[^/]*", "*", urlsplit(path).path))
        if shape not in known:
            known.add(shape)
            yield found[1], path, spent
        for link in re.findall(r'<a [^>]*href="(/[^"#]*)', text):
            link = link.replace("&amp;", "&")
            if link not in seen and "format=" not in link:
                seen.add(link)
                waiting.append(link)


def in_browser(browser: Any, address: str) -> tuple[int, int, float]:
    """Bytes on the wire, requests, and the largest paint, with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    watch = context.new_cdp_session(page)
    watch.send("Network.enable")
    sizes: list[int] = []
    watch.on("Network.loadingFinished", lambda one: sizes.append(int(one["encodedDataLength"])))
    page.goto(address, wait_until="networkidle")
    painted = float(page.evaluate(PAINT) or "nan")
    context.close()
    return sum(sizes), len(sizes), painted


def main(arguments: list[str]) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="./dev bench web", description=__doc__)
    parser.add_argument("--workspace", type=Path, default=ROOT / "demo" / "workspace")
    asked = parser.parse_args(arguments)
    found: list[Measured] = []
    with served(asked.workspace) as base, chromium.started() as browser:
        for kind, path, first in list(kinds(Line(base))):
            line = Line(base)
            warm = statistics.median(line.get(path)[2] for _ in range(TIMES))
            found.append(Measured(kind, path, first, warm, *in_browser(browser, base + path)))
    print(f"{'page':24}{'first ms':>9}{'warm ms':>9}{'kB':>7}{'asked':>7}{'paint ms':>10}  misses")
    for one in found:
        print(
            f"{one.kind:24}{one.first_ms:9.0f}{one.warm_ms:9.0f}{one.wire / 1000:7.0f}"
            f"{one.requests:7}{one.paint_ms:10.0f}  {one.misses}"
        )
    missed = sum(bool(one.misses) for one in found)
    print(f"{len(found)} kinds of page, {missed} over a limit.")
    return 1 if missed else 0
