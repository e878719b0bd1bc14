"""A stranger's words stay words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.advice.hooks.words import MARKUP, address, escaped, plain, shortened

HIDDEN = ("Cf", "Cs", "Co", "Cn")


@given(st.text(), st.integers(2, 200))
def test_a_line_has_no_breaks_no_hidden_characters_and_its_length(text, most):
    line = shortened(text, most)
    assert len(line) <= most
    assert line == plain(line)
    assert not any(c in line for c in "\n\r\t\u202e\u200b\x00\ud800")


@given(st.text())
def test_the_quick_way_to_a_line_gives_the_same(text):
    kinds = [(c, unicodedata.category(c)) for c in text]
    kept = [" " if kind == "Cc" else c for c, kind in kinds if kind not in HIDDEN]
    assert plain(text) == " ".join("".join(kept).split())


def test_cutting_is_marked_and_between_words():
    assert shortened("one two three", 9) == "one two…"
    assert shortened("short", 9) == "short"
    assert shortened("x" * 20, 5) == "xxxx…"


@given(st.text())
def test_every_mark_is_escaped(text):
    shown = escaped(text)
    for place, character in enumerate(shown):
        if MARKUP.fullmatch(character) and character != "\\":
            assert shown[place - 1] == "\\"
    assert "<" not in shown.replace("\\<", "")


def test_links_and_html_do_not_survive():
    shown = escaped("[click](javascript:alert(1)) <img src=x> &lt;b")
    assert shown == r"\[click\](javascript:alert(1)) \<img src=x\> &amp;lt;b"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            "Phansalkar 2012, PMC3422823, table 2",
            "https://pmc.ncbi.nlm.nih.gov/articles/PMC3422823/",
        ),
        ("CPIC; PMID 28198005", "https://pubmed.ncbi.nlm.nih.gov/28198005/"),
        ("doi 10.1000/x.y.", "https://doi.org/10.1000/x.y"),
        ("see https://hl7.org/fhir/R4/; page 2", "https://hl7.org/fhir/R4/"),
        ("labels, section 4", None),
    ],
)
def test_a_citation_leads_to_its_page(text, url):
    assert address(text) == url
