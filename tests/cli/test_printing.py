"""Printing to PDF: with a browser where there is one, and a plain way out where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nof1.cli import printing
from nof1.core.errors import UsageError


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = tmp_path / "a page é.html"
    made.write_text("<!doctype html><title>x</title><p>words", encoding="utf-8")
    return made


def stand_in(folder: Path, lines: str) -> str:
    """A program that stands in for the browser."""
    program = folder / "chromium"
    program.write_text(f"#!{sys.executable}\n{lines}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_without_a_browser_the_error_says_how_to_print_by_hand(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "browser", lambda: None)
    with pytest.raises(UsageError) as error:
        printing.to_pdf(page, page.with_suffix(".pdf"))
    assert "Save as PDF" in str(error.value.next_step)
    assert page.name in str(error.value.next_step)
    assert not page.with_suffix(".pdf").exists()


def test_the_browser_prints_a_pdf_and_gets_no_network(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (
        "import sys\n"
        "target = [a for a in sys.argv if a.startswith('--print-to-pdf=')][0].split('=', 1)[1]\n"
        "open(target, 'wb').write(b'%PDF-1.7 ' + ' '.join(sys.argv).encode())"
    )
    program = stand_in(page.parent, lines)
    monkeypatch.setattr(printing, "browser", lambda: program)
    told = printing.to_pdf(page, page.parent / "new" / "out.pdf").read_bytes().decode()
    assert "--headless" in told
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in told
    assert "--proxy-server=127.0.0.1:9" in told
    assert ("--no-sandbox" in told) is (hasattr(os, "geteuid") and os.geteuid() == 0)
    assert page.as_uri() in told


@pytest.mark.parametrize("lines", ["", "raise SystemExit(1)"])
def test_a_browser_that_prints_nothing_is_an_error(
    page: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    program = stand_in(page.parent, lines)
    monkeypatch.setattr(printing, "browser", lambda: program)
    with pytest.raises(UsageError, match="did not print"):
        printing.to_pdf(page, page.with_suffix(".pdf"))


def test_a_browser_that_never_ends_is_ended(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(page.parent, "import time\ntime.sleep(600)")
    monkeypatch.setattr(printing, "browser", lambda: program)
    monkeypatch.setattr(printing, "SECONDS", 0.5)
    with pytest.raises(UsageError, match="did not end"):
        printing.to_pdf(page, page.with_suffix(".pdf"))


def test_a_program_that_cannot_start_is_an_error(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "browser", lambda: str(page.parent / "nothing"))
    with pytest.raises(UsageError, match="could not be started"):
        printing.to_pdf(page, page.with_suffix(".pdf"))


def test_a_real_browser_prints(page: Path) -> None:
    if printing.browser() is None:
        pytest.skip("needs Chromium: apt install chromium")
    pdf = printing.to_pdf(page, page.with_suffix(".pdf"))
    assert pdf.read_bytes().startswith(b"%PDF-")
