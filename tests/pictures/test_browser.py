"""The pages in a real browser: charts are drawn, nothing is asked for, nothing hostile runs.

Needs Chromium (``apt install chromium``) and Playwright; skips by name without them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import page_samples
from nof1.pictures import pages


@pytest.mark.parametrize("kind", sorted(page_samples.ALL))
def test_a_hostile_page_is_drawn_and_stays_silent(chromium: Any, kind: str, tmp_path: Path) -> None:
    data = page_samples.ALL[kind](page_samples.HOSTILE)
    path = pages.write(kind, data, tmp_path / f"{kind}.html")
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    for place in page.locator("[data-chart]").all():
        place.locator("svg").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert wide <= 390


def test_the_keyboard_reaches_the_reasons(chromium: Any, tmp_path: Path) -> None:
    path = pages.write("patient", page_samples.patient(), tmp_path / "patient.html")
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    opened = page.locator("details[open] table").count()
    page.close()
    assert opened == 1
