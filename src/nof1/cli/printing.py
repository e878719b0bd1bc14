"""Print a page to PDF with a browser that is on this machine: headless, and without any network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from nof1.core.errors import UsageError

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge"),
)
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS = (
    ("Google", "Chrome", "Application", "chrome.exe"),
    ("Microsoft", "Edge", "Application", "msedge.exe"),
)
SECONDS = 120
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
)


def browser() -> str | None:
    """The first of Chromium, Chrome and Edge that is found, or None."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    places = [Path(one) for one in MAC] if sys.platform == "darwin" else []
    for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if root := os.environ.get(name):
            places += [Path(root, *one) for one in WINDOWS]
    return next((str(one) for one in places if one.is_file()), None)


def to_pdf(page: Path, pdf: Path) -> Path:
    """Print ``page`` (a local HTML file) to ``pdf`` as its print style says.

    The browser gets an empty profile and no way to any host; its own sandbox stays on, unless the
    system's administrator (root) runs this, for whom it cannot be on.

    Raises
    ------
    UsageError : no browser is there, or it did not print; the message says how to print by hand.
    """
    program = browser()
    if program is None:
        raise _by_hand("There is no Chromium, Chrome or Edge on this machine to print with.", page)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="nof1-print-", ignore_cleanup_errors=True) as profile:
        made = Path(profile) / "page.pdf"
        command = [program, *QUIET, *(["--no-sandbox"] if root else [])]
        command += [f"--user-data-dir={profile}", f"--print-to-pdf={made}"]
        _run([*command, page.resolve().as_uri()], page)
        if not made.is_file() or made.read_bytes()[:5] != b"%PDF-":
            raise _by_hand(f"{Path(program).name} did not print the page.", page)
        pdf.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, pdf)
    return pdf


def _run(command: list[str], page: Path) -> None:
    """Run the browser; when it does not end, end it and all that it started."""
    nothing = subprocess.DEVNULL
    try:
        started = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )
    except OSError:
        raise _by_hand("The browser could not be started.", page) from None
    try:
        started.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(started.pid, signal.SIGKILL)
        started.kill()
        started.wait()
        raise _by_hand(f"The browser did not end within {SECONDS} seconds.", page) from None


def _by_hand(message: str, page: Path) -> UsageError:
    return UsageError(
        message,
        where="--pdf",
        allowed="Chromium, Google Chrome or Microsoft Edge",
        next_step=f"Open {page.name} in any browser and choose Print, then Save as PDF; or install "
        "Chromium.",
    )
