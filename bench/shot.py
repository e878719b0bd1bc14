"""Screenshots of the demo's pages with headless Chromium, into build/shots (``./dev shot``).

Each page is taken wide, narrow and dark, and printed to PDF. A page that asks for anything
outside itself, or breaks its own policy, fails the chore.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
VIEWS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("wide", 1240, "light"),
    ("narrow", 390, "light"),
    ("dark", 1240, "dark"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "Next step: sudo apt install chromium"


def browser_path() -> str | None:
    """The system's Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def shoot(page: Any, file: Path, out: Path, name: str, complaints: list[str]) -> None:
    """One picture of one page; console messages and requests to anywhere else are complaints."""
    address = file.as_uri()
    page.on("console", lambda message: complaints.append(f"{file.name}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"{file.name}: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url == address or request.url.startswith("data:")
            else complaints.append(f"{file.name}: asked for {request.url}")
        ),
    )
    page.goto(address, wait_until="load")
    for place in page.locator("[data-chart]").all():
        place.locator("svg").wait_for()
    page.screenshot(path=out / f"{file.stem}-{name}.png", full_page=True)


def shots(files: list[Path], out: Path) -> list[str]:
    """All views of all files; returns the complaints."""
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox"] if is_root() else []
        )
        for file in files:
            for name, width, scheme in VIEWS:
                page = browser.new_page(
                    viewport={"width": width, "height": 900}, color_scheme=scheme
                )
                shoot(page, file, out, name, complaints)
                if name == "wide":
                    page.pdf(path=out / f"{file.stem}.pdf", format="A4", print_background=True)
                page.close()
        browser.close()
    return complaints


def is_root() -> bool:
    """Whether this process is root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's sandbox refuses root


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures of the pages that open offline."""
    arguments = sys.argv[1:] if arguments is None else arguments
    folder = Path(arguments[0] if arguments else ROOT / "demo").resolve()
    if browser_path() is None:
        print(f"Screenshots need Chromium, which is not installed.\n{INSTALL}", file=sys.stderr)
        return 2
    files = sorted(folder.rglob("*.html"))
    if not files:
        print(f"No pages in {folder.name}.\nNext step: ./dev demo", file=sys.stderr)
        return 2
    out = ROOT / "build" / "shots"
    complaints = shots(files, out)
    print(f"{len(files)} pages, {len(VIEWS)} views each: {out.relative_to(ROOT)}")
    print("".join(f"! {complaint}\n" for complaint in complaints), end="")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
