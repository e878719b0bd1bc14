"""Screenshots of the demo's pages with headless Chromium (``./dev shot``).

The pages that open offline go into build/shots: wide, narrow, dark, and printed to PDF. The pages
of ``nof1 serve`` that the docs show go into docs/pictures. A page that asks for anything outside
itself, or breaks its own policy, fails the chore.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any, Literal

from bench import chromium
from bench.chromium import ROOT

VIEWS: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
    ("wide", 1240, "light"),
    ("narrow", 390, "light"),
    ("dark", 1240, "dark"),
)
# Pictures of the docs: name -> (address, height of the window). ">": the first link below it.
DOCS = {
    "home": ("/", 900),
    "patient": ("/patients/{patient}?at={at}", 1300),
    "what-if": ("/patients/{patient}/what-if?at={at}&ldl=60", 1000),
    "film": ("/patients/{patient}/films?at={at}>", 1150),
    "medicines": ("/patients/{patient}/medicines?at={at}", 1200),
    "advice": ("/patients/{patient}/advice?at={at}", 1000),
    "model": ("/models/{model}", 1300),
    "surveillance": ("/surveillance", 1500),
    "governance": ("/governance", 1000),
    "academy": ("/academy", 1000),
    "lesson": ("/academy/lessons/base-rates", 1100),
}
COLOURS = 200  # of a picture in the docs


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


def offline(browser: Any, files: list[Path], out: Path) -> list[str]:
    """All views of all files; returns the complaints."""
    complaints: list[str] = []
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        for name, width, scheme in VIEWS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            shoot(page, file, out, name, complaints)
            if name == "wide":
                page.pdf(path=out / f"{file.stem}.pdf", format="A4", print_background=True)
            page.close()
    return complaints


def for_docs(browser: Any, base: str, workspace: Path, out: Path) -> list[str]:
    """The pictures of the docs, from a server on the demo's workspace; returns the complaints."""
    told = json.loads((workspace / "demo.json").read_text(encoding="utf-8"))
    model = next(one.name for one in sorted((workspace / "models").iterdir()) if one.is_dir())
    out.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    for name, (address, height) in DOCS.items():
        where = base + address.format(patient=told["patient"], at=told["at"], model=model)
        page = browser.new_page(viewport={"width": 1280, "height": height})
        said = page.goto(where.removesuffix(">"), wait_until="networkidle")
        if where.endswith(">"):
            page.locator("main .card a").first.click()
            page.wait_for_load_state("networkidle")
        if page.locator("body.page-waiting").count():
            page.wait_for_selector("body:not(.page-waiting)", timeout=60_000)
        for place in page.locator("[data-chart]").all():
            if place.is_visible():
                place.locator("svg").first.wait_for()
        if said is None or said.status >= 400:
            complaints.append(f"{name}: status {said.status if said else 'none'}")
        (out / f"{name}.png").write_bytes(small(page.screenshot()))
        page.close()
    return complaints


def small(png: bytes) -> bytes:
    """The picture in few colours: a third of the bytes, and nobody sees a difference."""
    from PIL import Image

    kept = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=0)
    picture.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures of the demo in a folder (default: demo)."""
    from bench.site import served

    arguments = sys.argv[1:] if arguments is None else arguments
    folder = Path(arguments[0] if arguments else ROOT / "demo").resolve()
    if chromium.path() is None:
        print(
            f"Screenshots need Chromium, which is not installed.\n{chromium.INSTALL}",
            file=sys.stderr,
        )
        return 2
    files = sorted((folder / "report").rglob("*.html"))
    if not files:
        print(f"No pages in {folder.name}.\nNext step: ./dev demo", file=sys.stderr)
        return 2
    shots, docs = ROOT / "build" / "shots", ROOT / "docs" / "pictures"
    with chromium.started() as browser:
        complaints = offline(browser, files, shots)
        with served(folder / "workspace") as base:
            complaints += for_docs(browser, base, folder / "workspace", docs)
    print(f"{len(files)} pages, {len(VIEWS)} views each: {shots.relative_to(ROOT)}")
    print(f"{len(DOCS)} pictures of served pages: {docs.relative_to(ROOT)}")
    print("".join(f"! {complaint}\n" for complaint in complaints), end="")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
