"""Screenshots of the pages of ``nof1 serve``: ``./dev bench site /patients --width 390``.

Starts the server on a workspace (``--workspace``, else that of ``./dev demo``), takes each address
as a picture into build/shots, and complains when a page says something on the console, asks for
anything on another host, or is wider than its window.
"""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from bench import chromium
from bench.chromium import ROOT

OUT = ROOT / "build" / "shots"
PATIENCE_S = 90
SIGHTS = ("deuteranopia", "protanopia", "tritanopia", "achromatopsia", "blurredVision")


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The server's address, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "nof1", "serve", "--demo", "-w", str(workspace)]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(PATIENCE_S * 5):
        if process.poll() is not None:
            sys.exit(f"The server ended with {process.returncode}.")
        try:
            urlopen(f"{address}/health", timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.2)
    sys.exit("The server did not start.")


def shoot(
    browser: Any, base: str, path: str, width: int, dark: bool, sight: str | None = None
) -> list[str]:
    """One picture; what the page complained about."""
    found: list[str] = []
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    page.on("console", lambda said: found.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((base, "data:")) else found.append(f"asked {asked.url}")
        ),
    )
    if sight is not None:
        seen = page.context.new_cdp_session(page)
        seen.send("Emulation.setEmulatedVisionDeficiency", {"type": sight})
    answer = page.goto(base + path, wait_until="load")
    for place in page.locator("[data-chart]").all():
        if place.is_visible():
            place.locator("svg").first.wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        found.append(f"{wide} px wide in a window of {width}")
    if answer is None or answer.status >= 400:
        found.append(f"status {answer.status if answer else 'none'}")
    name = f"site{re.sub(r'[^a-zA-Z0-9]+', '-', path).rstrip('-') or '-home'}"
    page.screenshot(
        path=OUT / f"{name}-{width}{'-dark' if dark else ''}{f'-{sight}' if sight else ''}.png",
        full_page=True,
    )
    page.close()
    return [f"{path} at {width}: {one}" for one in found]


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", metavar="ADDRESS")
    parser.add_argument("--width", type=int, action="append")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--sight", choices=SIGHTS, help="as people see who see colours otherwise")
    parser.add_argument("--workspace", type=Path, default=ROOT / "demo" / "workspace")
    asked = parser.parse_args(arguments)
    OUT.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with served(asked.workspace) as base, chromium.started() as browser:
        for path in asked.paths:
            for width in asked.width or (1280, 390):
                complaints += shoot(browser, base, path, width, asked.dark, asked.sight)
    print("".join(f"! {one}\n" for one in complaints) + f"Pictures in {OUT.relative_to(ROOT)}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
