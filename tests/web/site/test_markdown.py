"""The Markdown of a card as HTML: four elements, and nothing else whatever stands in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.advice.hooks.words import escaped, plain
from nof1.web.site.markdown import html, inline

ALLOWED = re.compile(r"</?(?:p|ul|li|strong|em)>")


def shown(text):
    """The words that a reader sees."""
    from html import unescape

    return unescape(ALLOWED.sub("", str(text)))


def test_what_a_card_writes():
    made = html("**Why.**\n- one *two*\n- three\n\n**Source.** A\\_B &amp; C")
    assert made == (
        "<p><strong>Why.</strong></p><ul><li>one <em>two</em></li><li>three</li></ul>"
        "<p><strong>Source.</strong> A_B &amp; C</p>"
    )


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](y)", "<img src=x onerror=y>",
     "`<b>`", "# head", "> quote", "**<b>**", "&lt;script&gt;", "\\<i\\>", "a\x00b", "***", "* *",
     "**a*b**c*"],
)  # fmt: skip
def test_nothing_else_becomes_markup(text):
    assert "<" not in ALLOWED.sub("", str(html(text)))


@given(st.text(max_size=300))
def test_any_text_stays_text(text):
    assert "<" not in ALLOWED.sub("", str(html(text)))


@given(st.text(max_size=200))
def test_words_that_a_card_escaped_are_shown_as_they_were(text):
    assert shown(inline(escaped(text))) == plain(text)


def test_a_text_without_end_is_cut():
    assert len(html("a" * 100_000)) < 21_000
