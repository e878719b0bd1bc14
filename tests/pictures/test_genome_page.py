"""The page about genes: read in a minute, never by colour alone, complete on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import page_samples
from nof1.pictures import pages
from nof1.pictures.views.genome import MANY, SEVERITY
from nof1.pictures.views.genome import context as context_of


def text_of(**changes: Any) -> str:
    return pages.render("genome", {**page_samples.genome(), **changes})


def order(html: str, *ids: str) -> list[int]:
    return [html.index(f'id="{name}"') for name in ids]


def test_the_action_list_comes_first_then_genes_not_checked_and_sources() -> None:
    places = order(text_of(), "todo", "act", "genes", "unchecked", "sources", "others")
    assert places == sorted(places)


def test_with_many_medicines_the_first_page_stays_short() -> None:
    """Names first; the words of each medicine follow after the sources, on pages of their own."""
    one = page_samples.genome()["act"][0]
    html = text_of(act=[one] * MANY)
    places = order(html, "todo", "genes", "unchecked", "sources", "act", "others")
    assert places == sorted(places)
    assert html.index('class="appendix"') < html.index('id="act"')


def test_every_action_has_a_word_and_a_sign() -> None:
    html = text_of()
    for row in page_samples.genome()["glance"]:
        tag = re.search(rf'<span class="tag \w+"><svg.*?</svg>\s*{row["word"]}</span>', html, re.S)
        assert tag, row["action"]


def test_signs_of_different_actions_are_drawn_differently() -> None:
    html = text_of()
    signs = {
        word: re.search(rf'<span class="tag \w+">(<svg.*?</svg>)\s*{word}</span>', html, re.S)
        for word in ("Avoid", "Alternative", "Reduce", "Increase", "Monitor", "Standard")
    }
    drawn = [match.group(1) for match in signs.values() if match]
    assert len(drawn) == len(set(drawn)) == len(signs)


def test_what_is_not_excluded_is_said_with_its_chance_and_what_settles_it() -> None:
    html = text_of()
    assert "<strong>Not excluded</strong> (about 3 in 1,000)" in html
    made = context_of(page_samples.genome())
    assert made["unsure"][0]["entries"][0]["other"]["severity"] == SEVERITY["avoid"]
    assert made["perhaps"] == ["HG-0001", "simvastatin"]


def test_old_knowledge_is_said_beside_the_actions_and_at_the_source() -> None:
    html = text_of()
    assert html.index("Old knowledge.") < html.index('id="genes"')
    assert "expired 2025-07-31" in html
    fresh = [{**one, "expired": False} for one in page_samples.genome()["knowledge"]]
    assert "Old knowledge." not in text_of(knowledge=fresh)


def test_a_reason_that_all_sources_share_stands_once() -> None:
    one = page_samples.genome()["act"][0]
    shared = [{**entry, "because": "CYP2C19 *2/*2"} for entry in one["entries"]]
    html = text_of(act=[{**one, "entries": shared}], watch=[], not_excluded=[])
    assert html.count("because CYP2C19 *2/*2") == 1


def test_nothing_to_act_on_is_said_and_is_no_all_clear() -> None:
    html = text_of(glance=[], act=[], watch=[], not_excluded=[])
    assert "Nothing to act on was found among the medicines that could be checked." in html
    assert "No answer here is no all-clear" in html


def test_the_page_needs_no_script_and_is_small() -> None:
    html = text_of()
    assert "<script" not in html
    assert len(html) < 60_000


def test_every_list_may_be_empty() -> None:
    full = page_samples.genome()
    empty = {name: type(value)() for name, value in full.items() if isinstance(value, list | dict)}
    html = text_of(**{**empty, "current": None, "build": None})
    assert "not known" in html


def test_it_prints_on_a4_with_the_actions_on_the_first_page(chromium: Any, tmp_path: Path) -> None:
    page_path = pages.write("genome", page_samples.genome(), tmp_path / "genome.html")
    page = chromium.new_page(viewport={"width": 703, "height": 1047})
    page.goto(page_path.as_uri())
    page.emulate_media(media="print")
    bottom = page.evaluate(
        "document.querySelector('#todo').closest('section').getBoundingClientRect().bottom"
    )
    wide = page.evaluate("document.documentElement.scrollWidth")
    paper = page.pdf(prefer_css_page_size=True)
    page.close()
    assert bottom < 1047
    assert wide <= 703
    assert re.search(rb"/MediaBox \[0 0 59[45]\.?\d* 84[12]", paper)  # A4 in points: 595 x 842
